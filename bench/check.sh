#!/usr/bin/env bash
# How long `brawn check` takes, and how much memory, on other people's async code and on one file of 4 MB.
#
#   bench/check.sh [--lines N] [--cpus 0,1] [--runs N]
#
# Input: the sources of crates that Cargo has fetched already (~/.cargo/registry), the async ones first. All rules are on.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lines=100000 cpus=0,1 runs=5
while (($#)); do
  case $1 in
    --lines) lines=$2 && shift ;;
    --cpus) cpus=$2 && shift ;;
    --runs) runs=$2 && shift ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 2 ;;
  esac
  shift
done

cargo build --quiet --release --manifest-path "$here/../Cargo.toml" -p brawn-check --example check
check=${CARGO_TARGET_DIR:-$here/../target}/release/examples/check
pinned=()
command -v taskset >/dev/null && pinned=(taskset -c "$cpus")

work=$here/.work/check
rm -rf "$work" && mkdir -p "$work/crates"
registry=$(echo "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/ | cut -d' ' -f1)
count=0
# The async crates by name, then whatever else there is, until there are enough lines.
for crate in "$registry"{tokio,hyper,h2,tower,reqwest,axum,lambda,aws-,async-,futures}*/ "$registry"*/; do
  [[ -f $crate/Cargo.toml && ! -e $work/crates/$(basename "$crate") ]] || continue
  cp -r "$crate" "$work/crates/"
  # Nothing but what the checker reads, and no workspace of their own.
  own=$(find "$work/crates/$(basename "$crate")/src" -name '*.rs' -exec cat {} + 2>/dev/null | wc -l)
  count=$((count + own))
  ((count >= lines)) && break
done
((count >= lines)) || { echo "only $count lines in $registry: fetch more with cargo" >&2; exit 1; }

# What is found in other people's libraries is little; with the fixtures there is something to compare.
cp -r "$here/../crates/brawn-check/tests/fixtures" "$work/crates/"
run() { "${pinned[@]}" "$check" "$@"; }
run -j 1 "$work/crates" >"$work/one.json" 2>/dev/null || exit 1
for threads in 2 3 8; do
  run -j $threads "$work/crates" 2>/dev/null | cmp - "$work/one.json" || { echo "-j $threads: another report" >&2; exit 1; }
done
echo "the same report with 1, 2, 3 and 8 threads"
for threads in 1 2; do
  for _ in $(seq "$runs"); do
    echo "-j $threads: $(run -j $threads "$work/crates" 2>&1 >/dev/null)"
  done
done

mkdir "$work/large"
# As long as a file may be; longer ones are named and passed over.
yes 'pub fn f(a: &[u8]) -> usize { let b = a.iter().map(|c| usize::from(*c)).sum::<usize>(); b + a.len() }' |
  head -n 40000 >"$work/large/lib.rs" || true
echo "one file of 4 MB: $(run -j 2 "$work/large" 2>&1 >/dev/null)"
