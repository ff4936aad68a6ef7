use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, from_value, json, to_value};

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

fn in_file(path: &Path) -> History {
    History::open(Location::File(path.to_owned()))
}

/// A session that ran `cells`, and ended.
fn past_session(path: &Path, cells: &[&str]) {
    let history = in_file(path);
    for (line, code) in (1..).zip(cells) {
        history.record(line, code, code);
    }
    history.end(LIMIT);
}

/// The rows that the history answers to the content of a `history_request`.
fn ask(history: &History, request: Value) -> Value {
    let request: HistoryRequest = from_value(request).unwrap();
    to_value(history.query(&request)).unwrap()["history"].take()
}

fn tail(history: &History, n: u64) -> Value {
    ask(history, json!({"hist_access_type": "tail", "n": n}))
}

#[test]
fn a_query_sees_what_was_recorded_before_it() {
    let history = History::open(Location::Memory);
    for line in 1..=100 {
        let code = format!("x = {line}\n");
        history.record(line, &code, &code);
        assert_eq!(tail(&history, 1), json!([[1, line, format!("x = {line}")]]));
    }
    assert_eq!(
        tail(&history, 3),
        json!([[1, 98, "x = 98"], [1, 99, "x = 99"], [1, 100, "x = 100"]])
    );
}

#[test]
fn a_tail_without_a_number_has_ten() {
    let history = History::open(Location::Memory);
    (1..=20).for_each(|line| history.record(line, "x", "x"));
    let rows = ask(&history, json!({"hist_access_type": "tail"}));
    assert_eq!(rows.as_array().map(Vec::len), Some(10));
    assert_eq!(rows[9], json!([1, 20, "x"]));
}

#[test]
fn a_tail_ends_with_this_session_though_another_began_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    let ours = in_file(&path);
    ours.record(1, "ours", "ours");
    assert_eq!(tail(&ours, 9), json!([[1, 1, "ours"]]));
    past_session(&path, &["a", "b"]);
    assert_eq!(
        tail(&ours, 9),
        json!([[2, 1, "a"], [2, 2, "b"], [1, 1, "ours"]])
    );
    assert_eq!(tail(&ours, 2), json!([[2, 2, "b"], [1, 1, "ours"]]));
}

#[test]
fn a_range_is_of_one_session() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    past_session(&path, &["a", "b", "c"]);
    past_session(&path, &["d"]);
    let history = in_file(&path);
    ["e", "f", "g"]
        .iter()
        .zip(1..)
        .for_each(|(code, line)| history.record(line, code, code));
    let range = |session: i64, start: i64, stop: Option<i64>| {
        let request =
            json!({"hist_access_type": "range", "session": session, "start": start, "stop": stop});
        ask(&history, request)
    };
    assert_eq!(
        range(0, 1, None),
        json!([[0, 1, "e"], [0, 2, "f"], [0, 3, "g"]])
    );
    assert_eq!(range(0, 1, Some(3)), json!([[0, 1, "e"], [0, 2, "f"]]));
    assert_eq!(range(0, -2, None), json!([[0, 2, "f"], [0, 3, "g"]]));
    assert_eq!(range(0, 1, Some(-1)), json!([[0, 1, "e"], [0, 2, "f"]]));
    assert_eq!(range(3, 3, Some(99)), json!([[3, 3, "g"]]));
    assert_eq!(range(-1, 1, None), json!([[2, 1, "d"]]));
    assert_eq!(range(-2, 2, None), json!([[1, 2, "b"], [1, 3, "c"]]));
    assert_eq!(range(1, 0, Some(2)), json!([[1, 1, "a"]]));
    assert_eq!(range(1, 0, Some(0)).as_array().map(Vec::len), Some(3));
    assert_eq!(range(-9, 0, None), json!([]));
}

#[test]
fn a_search_takes_globs() {
    let history = History::open(Location::Memory);
    let cells = [
        "import os",
        "x = 1",
        "import sys",
        "x = 1",
        "print(x)\nimport re",
    ];
    cells
        .iter()
        .zip(1..)
        .for_each(|(code, line)| history.record(line, code, code));
    let search = |pattern: Value, n: Option<u64>, unique: bool| {
        ask(
            &history,
            json!({"hist_access_type": "search", "pattern": pattern, "n": n, "unique": unique}),
        )
    };
    assert_eq!(
        search(json!("import*"), None, false),
        json!([[1, 1, "import os"], [1, 3, "import sys"]])
    );
    assert_eq!(
        search(json!("*import ??"), None, false),
        json!([[1, 1, "import os"], [1, 5, cells[4]]])
    );
    assert_eq!(search(json!("x = 1"), None, true), json!([[1, 4, "x = 1"]]));
    assert_eq!(
        search(json!("x*"), Some(1), false),
        json!([[1, 4, "x = 1"]])
    );
    assert_eq!(
        search(Value::Null, Some(2), true),
        json!([[1, 4, "x = 1"], [1, 5, cells[4]]])
    );
    assert_eq!(search(json!("nothing"), None, false), json!([]));
}

#[test]
fn outputs_come_when_they_are_wanted() {
    let history = History::open(Location::Memory);
    history.record(1, "x = 1", "x = 1");
    history.record(2, "x", "x");
    history.record_output(2, "1");
    history.record(3, "long", "long");
    history.record_output(3, &"y".repeat(LONGEST_OUTPUT + 1));
    let expected = json!([["x = 1", null], ["x", "1"], ["long", null]]);
    let requests = [
        json!({"hist_access_type": "tail", "n": 9, "output": true}),
        json!({"hist_access_type": "range", "output": true, "raw": false}),
        json!({"hist_access_type": "search", "output": true}),
        json!({"hist_access_type": "search", "output": true, "unique": true}),
    ];
    for request in requests {
        let rows = ask(&history, request.clone());
        let texts: Vec<&Value> = rows.as_array().unwrap().iter().map(|row| &row[2]).collect();
        assert_eq!(json!(texts), expected, "{request}");
    }
}

#[test]
fn exit_is_not_remembered() {
    let history = History::open(Location::Memory);
    for code in [
        "exit",
        "quit()",
        " exit ( 0 )",
        "exit\n",
        "exits",
        "exit = 1",
        "quit, x",
    ] {
        history.record(code.len().try_into().unwrap(), code, code);
    }
    let rows = tail(&history, 99);
    let texts: Vec<&Value> = rows.as_array().unwrap().iter().map(|row| &row[2]).collect();
    assert_eq!(json!(texts), json!(["exits", "quit, x", "exit = 1"]));
}

#[test]
fn a_line_that_comes_again_begins_a_session() {
    let history = History::open(Location::Memory);
    history.record(1, "a", "a");
    assert_eq!(tail(&history, 9), json!([[1, 1, "a"]]));
    history.record(1, "b", "b");
    assert_eq!(tail(&history, 9), json!([[1, 1, "a"], [2, 1, "b"]]));
}

#[test]
fn the_end_of_a_session_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made").join("history.sqlite");
    past_session(&path, &["a", "b"]);
    let file = Connection::open(&path).unwrap();
    let sql = "SELECT num_cmds, end >= start AND length(end) = 26, remark FROM sessions";
    let session = file.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    assert_eq!(session.unwrap(), (2, true, String::new()));
}

#[test]
fn a_damaged_file_is_left_alone_and_history_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    let damage = "this is no database ".repeat(100);
    fs::write(&path, &damage).unwrap();
    let history = in_file(&path);
    history.record(1, "a", "a");
    assert_eq!(tail(&history, 9), json!([[1, 1, "a"]]));
    history.end(LIMIT);
    assert_eq!(fs::read_to_string(&path).unwrap(), damage);
}

#[test]
fn a_place_where_no_file_can_be_made_does_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let not_a_directory = directory.path().join("file");
    fs::write(&not_a_directory, "").unwrap();
    for path in [
        not_a_directory.join("history.sqlite"),
        directory.path().to_owned(),
    ] {
        let history = in_file(&path);
        history.record(1, "a", "a");
        assert_eq!(tail(&history, 9), json!([[1, 1, "a"]]));
    }
}

#[test]
fn a_file_that_another_process_locks_keeps_the_session_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    past_session(&path, &["old"]);
    let history = in_file(&path);
    history.record(1, "a", "a");
    history.record_output(1, "A");
    assert_eq!(tail(&history, 9), json!([[1, 1, "old"], [2, 1, "a"]]));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    history.record(2, "b", "b");
    let request = json!({"hist_access_type": "tail", "n": 9, "output": true});
    assert_eq!(
        ask(&history, request),
        json!([[2, 1, ["a", "A"]], [2, 2, ["b", null]]])
    );
    other.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn what_memory_stood_in_for_is_written_when_the_file_can_be() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    let history = in_file(&path);
    history.record(1, "a", "a");
    assert_eq!(tail(&history, 9), json!([[1, 1, "a"]]));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    history.record(2, "b", "b");
    assert_eq!(tail(&history, 9), json!([[1, 1, "a"], [1, 2, "b"]]));
    other.execute_batch("ROLLBACK").unwrap();
    history.record(3, "c", "c");
    history.record_output(3, "C");
    history.end(LIMIT);
    let request = json!({"hist_access_type": "tail", "n": 9, "output": true});
    assert_eq!(
        ask(&in_file(&path), request),
        json!([[1, 1, ["a", null]], [1, 2, ["b", null]], [1, 3, ["c", "C"]]])
    );
}

#[test]
fn a_pattern_that_is_refused_costs_only_its_answer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    past_session(&path, &["old"]);
    let history = in_file(&path);
    let pattern = "*a".repeat(100_000);
    assert_eq!(
        ask(
            &history,
            json!({"hist_access_type": "search", "pattern": pattern})
        ),
        json!([])
    );
    assert_eq!(tail(&history, 9), json!([[1, 1, "old"]]));
}

#[test]
fn nothing_waits_for_a_history_that_ended() {
    let history = History::open(Location::Memory);
    history.end(LIMIT);
    history.record(1, "a", "a");
    assert_eq!(tail(&history, 9), json!([]));
    history.end(LIMIT);
}

#[test]
fn a_counter_that_is_set_back_begins_a_session_whenever_it_is_written() {
    let history = History::open(Location::Memory);
    // At once, so that some of them are written together.
    for code in ["a", "b", "c"] {
        history.record(1, code, code);
    }
    let rows = tail(&history, 9);
    assert_eq!(rows, json!([[1, 1, "a"], [2, 1, "b"], [3, 1, "c"]]));
}

#[test]
fn the_python_of_a_cell_is_kept_beside_what_was_typed() {
    let history = History::open(Location::Memory);
    history.record(1, "get_ipython().run_line_magic('ls', '')\n", "%ls");
    let request = json!({"hist_access_type": "tail", "n": 1, "raw": false});
    let python = "get_ipython().run_line_magic('ls', '')";
    assert_eq!(ask(&history, request), json!([[1, 1, python]]));
    assert_eq!(tail(&history, 1), json!([[1, 1, "%ls"]]));
}

#[test]
fn a_session_tells_its_number_and_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite");
    past_session(&path, &["old"]);
    let history = in_file(&path);
    history.record(1, "new", "new");
    let session = history.session().unwrap();
    assert_eq!((session.number, session.file), (2, Some(path.clone())));
    // What was recorded is in the file by then.
    let count = "SELECT count(*) FROM history WHERE session = 2";
    let written: i64 = Connection::open(path)
        .unwrap()
        .query_row(count, [], |row| row.get(0))
        .unwrap();
    assert_eq!(written, 1);
    assert_eq!(
        History::open(Location::Memory).session().unwrap().file,
        None
    );
}
