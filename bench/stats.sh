#!/usr/bin/env bash
# brawn stats against DuckDB and Polars, in the same run: best of RUNS, the file read included, CPU seconds beside.
#   cargo build --profile dist -p brawn-cli && pip install duckdb polars && bench/stats.sh
# Runs on a machine that does nothing else. Both get THREADS threads.
# LARGE=1: also 50 MB, 500 MB and 5 GB through a pipe, with the peak of memory.
set -euo pipefail
cd "$(dirname "$0")/.."
BRAWN="${BRAWN:-${CARGO_TARGET_DIR:-target}/dist/brawn}"
ROWS="${ROWS:-1900000}" RUNS="${RUNS:-3}" PYTHON="${PYTHON:-python3}"
export THREADS="${THREADS:-2}" POLARS_MAX_THREADS="${THREADS:-2}"
[ -x "$BRAWN" ] || { echo "no $BRAWN: cargo build --profile dist -p brawn-cli"; exit 2; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export WORK="$work" ROWS
# An id and sixteen columns of normal numbers with four decimals: 298 MB with 1.9 million rows.
"$PYTHON" - <<'PY'
import os, random
random.seed(1)
base = [["%.4f" % random.gauss(100 * (k + 1), 30 * (k + 1)) for k in range(16)] for _ in range(4000)]
with open(os.environ["WORK"] + "/a.csv", "w") as f:
    f.write("id," + ",".join(f"x{k}" for k in range(16)) + "\n")
    for row in range(int(os.environ["ROWS"])):
        values = list(base[random.randrange(4000)])
        for _ in range(2):
            values[random.randrange(16)] = "%.4f" % random.uniform(-1000, 1000)
        f.write(f"{row}," + ",".join(values) + "\n")
PY
bytes="$(stat -c %s "$work/a.csv")"
cat "$work/a.csv" >/dev/null # into the page cache

cat >"$work/duckdb_columns.py" <<'PY'
import duckdb, os
con = duckdb.connect()
con.execute(f"SET threads={os.environ['THREADS']}")
con.execute(f"SUMMARIZE SELECT * FROM read_csv('{os.environ['WORK']}/a.csv')").fetchall()
PY
cat >"$work/duckdb_rows.py" <<'PY'
import duckdb, os
con, work = duckdb.connect(), os.environ["WORK"]
con.execute(f"SET threads={os.environ['THREADS']}")
x = "[" + ",".join(f"x{k}" for k in range(16)) + "]"
con.execute(f"COPY (SELECT id, list_avg({x}), list_median({x}), list_stddev_samp({x}) FROM read_csv('{work}/a.csv')) TO '{work}/out.csv'")
PY
cat >"$work/polars_columns.py" <<'PY'
import os, polars
polars.read_csv(os.environ["WORK"] + "/a.csv").describe()
PY
cat >"$work/polars_rows.py" <<'PY'
import os, polars
x = polars.concat_list([f"x{k}" for k in range(16)])
table = polars.read_csv(os.environ["WORK"] + "/a.csv")
rows = table.select("id", x.list.mean().alias("mean"), x.list.median().alias("median"), x.list.std().alias("std"))
rows.write_csv(os.environ["WORK"] + "/out.csv")
PY

row() { # name, command...
  local name="$1" best=""
  shift
  for _ in $(seq "$RUNS"); do
    local line
    line="$({ TIMEFORMAT='%R %U %S'; time "$@" >/dev/null 2>&1; } 2>&1)"
    if [ -z "$best" ] || awk -v a="${line%% *}" -v b="${best%% *}" 'BEGIN { exit !(a < b) }'; then best="$line"; fi
  done
  awk -v name="$name" -v bytes="$bytes" -v line="$best" 'BEGIN {
    split(line, t, " ")
    printf "%-28s %7.2f s  %7.1f MB/s  %6.2f s CPU\n", name, t[1], bytes / 1e6 / t[1], t[2] + t[3] }'
}

echo "$(nproc) cores, $THREADS threads, $bytes bytes, $ROWS rows, best of $RUNS"
row "columns: brawn stats" "$BRAWN" stats -j "$THREADS" --quiet --json "$work/a.csv"
row "columns: duckdb SUMMARIZE" "$PYTHON" "$work/duckdb_columns.py"
row "columns: polars describe" "$PYTHON" "$work/polars_columns.py"
row "rows: brawn stats --per row" "$BRAWN" stats -j "$THREADS" --quiet --per row --key id -f --to "$work/out.rows.csv" "$work/a.csv"
row "rows: duckdb lists" "$PYTHON" "$work/duckdb_rows.py"
row "rows: polars lists" "$PYTHON" "$work/polars_rows.py"
[ -n "${LARGE:-}" ] || exit 0

cat >"$work/large.py" <<'PY'
import os, resource, subprocess, sys, time
work, megabytes = os.environ["WORK"], int(sys.argv[1])
# In small pieces: a child's peak is its parent's where that is more.
table = open(work + "/a.csv", "rb")
header, began, left = table.readline(), time.time(), megabytes * 1_000_000
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
child.stdin.write(header)
while left > 0:
    piece = table.read(min(left, 1 << 20))
    left -= len(piece)
    if not piece:
        table.seek(len(header))
    elif left > 0:
        child.stdin.write(piece)
    else:
        child.stdin.write(piece[: piece.rindex(b"\n") + 1])
child.stdin.close()
assert child.wait() == 0
wall, used = time.time() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print("%-22s %6d MB %7.2f s %7.1f MB/s  peak %4d MB" % ("columns, a pipe", megabytes, wall, megabytes / wall, used.ru_maxrss / 1024))
PY
for megabytes in 50 500 5000; do
  "$PYTHON" "$work/large.py" "$megabytes" "$BRAWN" stats -j "$THREADS" --quiet --json -
done
