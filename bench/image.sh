#!/usr/bin/env bash
# brawn against sharp: the same photos, the same output, on two cores, in one run.
#
#   cargo build --profile dist -p brawn-cli
#   bench/image.sh [--photos DIR] [--photo FILE] [--runs N] [--only a,b,c,d] [--cpus 0,1] [--sharp-only]
#
# bench/README.md says what is compared. Everything it makes goes to bench/.work.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() {
  printf 'bench: %s\n' "$1" >&2
  exit 1
}

cpus=0,1
sharp_only=
arguments=()
while (($#)); do
  case $1 in
    -h | --help)
      sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --cpus) cpus=${2:?--cpus needs a list such as 0,1} && shift ;;
    --cpus=*) cpus=${1#*=} ;;
    --sharp-only) sharp_only=1 && arguments+=("$1") ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

command -v node >/dev/null || fail 'node is needed (20.9 or newer)'
command -v npm >/dev/null || fail 'npm is needed, to install sharp'
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 9) ? 0 : 1)' ||
  fail "node 20.9 or newer is needed, this is $(node --version)"

BRAWN=${BRAWN:-${CARGO_TARGET_DIR:-$here/../target}/dist/brawn}
if [[ -z $sharp_only && ! -x $BRAWN ]]; then
  fail "no $BRAWN: run 'cargo build --profile dist -p brawn-cli', or set BRAWN"
fi
export BRAWN

pin=()
if (($(getconf _NPROCESSORS_ONLN) > 2)); then
  if command -v taskset >/dev/null; then
    pin=(taskset -c "$cpus")
  else
    echo 'bench: no taskset here: brawn gets --threads 2 and sharp two pictures at a time instead' >&2
    export BENCH_UNPINNED=1
  fi
fi
exec ${pin[@]+"${pin[@]}"} node "$here/image.mjs" ${arguments[@]+"${arguments[@]}"}
