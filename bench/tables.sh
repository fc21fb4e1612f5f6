#!/usr/bin/env bash
# Rows into SQLite and PostgreSQL, against a bare loop of prepared inserts and a bare binary COPY, in turn.
#   bench/tables.sh [ROWS [ROUNDS]]
# PG_URL names a server to use; otherwise one is started in a temporary folder, where its programs are installed. Runs on a
# machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
ROWS="${1:-1000000}" ROUNDS="${2:-5}"
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/tables"
export CARGO_TARGET_DIR
cargo build --quiet --release --manifest-path bench/tables/Cargo.toml
bench="$CARGO_TARGET_DIR/release/brawn-tables"
awk '$1 > 1.5 { print "the machine is busy (load " $1 "): figures would say little" }' /proc/loadavg
"$bench" sqlite "$ROWS" "$ROUNDS"

if [ -n "${PG_URL:-}" ]; then
  "$bench" "$PG_URL" "$ROWS" "$ROUNDS"
  exit
fi
postgres="$(command -v postgres || ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -1 || true)"
[ -n "$postgres" ] || { echo "no PostgreSQL server is installed: left out"; exit 0; }
programs="$(dirname "$(readlink -f "$postgres")")"
work="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || { kill -INT "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to be root
  chown 65534:65534 "$work"
  as=(setpriv --reuid 65534 --regid 65534 --clear-groups --pdeathsig INT)
fi
cd "$work"
"${as[@]}" "$programs/initdb" -U brawn --auth trust -E UTF8 --locale C -D "$work/data" >/dev/null
port=$((20000 + RANDOM % 20000))
"${as[@]}" "$programs/postgres" -D "$work/data" -h 127.0.0.1 -k "" -p "$port" \
  -c shared_buffers=256MB -c max_wal_size=4GB >"$work.log" 2>&1 &
server=$!
until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do sleep 0.1; done
"$bench" "postgres://brawn@127.0.0.1:$port/postgres?sslmode=disable" "$ROWS" "$ROUNDS"
rm -f "$work.log"
