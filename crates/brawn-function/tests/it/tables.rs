//! A table put into a bucket becomes rows of a real PostgreSQL database.

use brawn_testing::{Postgres, S3Server};
use serde_json::{Value, json};

use crate::Function;
use crate::events::s3;

const TABLE: &str = "id,a,b,c\nx,1,2,6\n\"y\n,z\",4,5,6\nbad,1\nw,7,8,9\n";

fn put(server: &S3Server, table: &str) {
    let folder = server.bucket("inbox").join("in");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("m 1.csv"), table).expect("written");
}

fn counts(reply: &Value) -> [&Value; 3] {
    ["ok", "skipped", "rejected"].map(|name| &reply["summary"][name])
}

#[test]
fn an_uploaded_table_is_rows_once_for_each_version() {
    let Some(database) = Postgres::start() else { return };
    database.sql("postgres", "CREATE DATABASE numbers");
    let server = S3Server::start();
    put(&server, TABLE);
    let recipe = json!({
        "job": "stats", "per": "row", "key": ["id"], "max_rejects": "50%",
        "to": database.url("numbers"), "table": "m", "mode": "replace",
    });
    let function = Function::start(Some(&recipe), &server.variables());
    let event = s3(&["in/m+1.csv"]);
    let reply = function.respond(&event);
    assert_eq!(counts(&reply), [1, 0, 0], "{reply}");
    let statistics = &reply["items"][0]["facts"]["statistics"];
    assert_eq!((&statistics["rows"], &statistics["rejects"]), (&json!(3), &json!(1)), "{reply}");
    let rows =
        || database.sql("numbers", "SELECT id || ':' || mean || ':' || count FROM m ORDER BY line");
    assert_eq!(rows(), ["x:3:3", "y", ",z:5:3", "w:8:3"]);
    let rejects = database.sql("numbers", "SELECT line || ' ' || error_type FROM m_rejects");
    assert_eq!(rejects, ["5 MISSING COLUMNS"]);
    // Lambda delivers an event at least once.
    let again = function.respond(&event);
    assert_eq!(counts(&again), [0, 1, 0], "{again}");
    assert_eq!(rows().len(), 4);
    // Another version takes the place of the first, and a bad one changes nothing.
    put(&server, "id,a\nv,5\n");
    assert_eq!(counts(&function.respond(&event)), [1, 0, 0]);
    assert_eq!(rows(), ["v:5:1"]);
    put(&server, "id,a\nv,5\nbad\nbad\n");
    let bad = function.respond(&event);
    assert_eq!(counts(&bad), [0, 0, 1], "{bad}");
    assert_eq!(rows(), ["v:5:1"]);
    let log = function.log();
    assert!(!log.contains(database.password()), "a password is in the log");
}
