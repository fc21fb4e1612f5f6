#!/usr/bin/env bash
# The benchmarks of the library, in one Markdown file: bench/.work/criterion.md. Some five minutes when built; needs python3.
#
#     bench/criterion.sh              # all but fairness, which takes a minute and a half more
#     bench/criterion.sh --fairness
set -euo pipefail
bench="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "$bench/.work"
results="$bench/.work/criterion.md"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$bench/.work/criterion}"
cd "$bench/criterion"

echo "building" >&2
cargo build --release --quiet --bins
cargo bench --quiet --no-run --bench bridge --bench helpers
bins="$CARGO_TARGET_DIR/release"
rm -rf "$CARGO_TARGET_DIR/criterion"
{
  echo "# Benchmarks of the library"
  echo
  echo "$(uname -sm), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), load $(cut -d ' ' -f 1 /proc/loadavg) before, $(date -u +%F), $(rustc --version), commit $(git rev-parse --short HEAD)"
  echo
  echo '## Round trips: `round-trip`'
  echo
  "$bins/round-trip"
  echo
  echo '## Thresholds: `crossing`'
  echo
  "$bins/crossing"
} >"$results"
echo "criterion" >&2
log="$bench/.work/criterion.log"
cargo bench --quiet --bench bridge --bench helpers -- --noplot --warm-up-time 0.5 --measurement-time 3 >"$log" 2>&1 ||
  { tail "$log" >&2; exit 1; }
{
  echo
  echo '## Criterion: `cargo bench -- --noplot --warm-up-time 0.5 --measurement-time 3`'
  echo
  python3 "$bench/criterion/table.py" "$CARGO_TARGET_DIR/criterion"
} >>"$results"
if [ "${1:-}" = --fairness ]; then
  echo "fairness" >&2
  { echo; echo '## Fairness: `fairness`'; echo; "$bins/fairness"; } >>"$results"
fi
{ echo; echo "Load $(cut -d ' ' -f 1 /proc/loadavg) after."; } >>"$results"
cat "$results"
