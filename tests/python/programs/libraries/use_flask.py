"""Flask: an application with routes, a template and a session, asked by its client and served over a real socket."""

import threading
import urllib.request

import flask
from werkzeug.serving import make_server

application = flask.Flask("cells")
application.secret_key = "key"


@application.post("/greet/<name>")
def greet(name):
    flask.session["seen"] = flask.session.get("seen", 0) + 1
    return {"hello": name, "sent": flask.request.json, "seen": flask.session["seen"]}


@application.get("/")
def page():
    return flask.render_template_string("<b>{{ text }}</b>", text="a < b")


@application.errorhandler(404)
def nothing(error):
    return "nothing", 404


with application.test_client() as client:
    assert client.post("/greet/ada", json=[1]).json == {"hello": "ada", "sent": [1], "seen": 1}
    assert client.post("/greet/ada", json=[]).json["seen"] == 2
    assert client.get("/no").status_code == 404
server = make_server("127.0.0.1", 0, application, threaded=True)
threading.Thread(target=server.serve_forever).start()
with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/") as answer:
    assert answer.read() == b"<b>a &lt; b</b>"
server.shutdown()
server.server_close()
print("done")
