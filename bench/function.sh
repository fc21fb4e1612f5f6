#!/usr/bin/env bash
# What brawn adds to a function: size, cold start and warm round trip of hello world on it and on bare lambda_runtime.
#
#     bench/function.sh [COLD [WARM]]     # 40 cold starts and 4000 warm invocations of each by default: half a minute
set -euo pipefail
cold="${1:-40}" warm="${2:-4000}"
cd "$(dirname "$0")/function"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/../.work/function}"
cargo build --release --quiet
echo "$(uname -sm), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), load $(cut -d ' ' -f 1 /proc/loadavg), $(date -u +%F), $(rustc --version)"
echo
built="$CARGO_TARGET_DIR/release"
"$built/measure" "$cold" "$warm" "$built/bare" "$built/hello" "$built/hello-compute"
