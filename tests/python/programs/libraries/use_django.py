"""Django: settings, a model on SQLite with its queries, a template, and a view that is asked by Django's client.

Note: in a cell queries need `DJANGO_ALLOW_ASYNC_UNSAFE`, as in ipykernel: a loop runs.
"""

import os

import django
from django.conf import settings

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()

from django.db import connection, models
from django.http import JsonResponse
from django.template import engines
from django.test import Client
from django.urls import path


class City(models.Model):
    name = models.CharField(max_length=50, unique=True)
    people = models.IntegerField(default=0)

    class Meta:
        app_label = "cities"


def biggest(request, least):
    found = City.objects.filter(people__gte=least).order_by("-people")
    return JsonResponse({"cities": list(found.values_list("name", flat=True))})


urlpatterns = [path("cities/<int:least>", biggest)]

with connection.schema_editor() as editor:
    editor.create_model(City)
City.objects.create(name="Berlin", people=3_700_000)
City.objects.bulk_create([City(name="Paris", people=2_100_000), City(name="Bonn", people=330_000)])
assert City.objects.aggregate(models.Sum("people")) == {"people__sum": 6_130_000}
assert Client().get("/cities/1000000").json() == {"cities": ["Berlin", "Paris"]}
template = engines["django"].from_string("{% for city in cities %}{{ city.name|upper }} {% endfor %}")
assert template.render({"cities": City.objects.order_by("name")}) == "BERLIN BONN PARIS "
print("done")
