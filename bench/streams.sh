#!/usr/bin/env bash
# brawn hash, compress and decompress against the tools of the field, in the same run: best of RUNS, MB/s of the plain bytes.
#   cargo build --profile dist -p brawn-cli && bench/streams.sh
# Runs on a machine that does nothing else; tools that are not on PATH are left out and named.
set -euo pipefail
cd "$(dirname "$0")/.."
BRAWN="${BRAWN:-${CARGO_TARGET_DIR:-target}/dist/brawn}"
SIZE_MB="${SIZE_MB:-512}" RUNS="${RUNS:-3}" THREADS="${THREADS:-2}"
[ -x "$BRAWN" ] || { echo "no $BRAWN: cargo build --profile dist -p brawn-cli"; exit 2; }
awk '$1 > 1.5 { print "the machine is busy (load " $1 "): figures would say little"; exit 1 }' /proc/loadavg || exit 2

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# Real files: what this system's own programs, libraries and texts are.
tar c -C / usr/bin usr/lib usr/share 2>/dev/null | head -c "$((SIZE_MB << 20))" >"$work/data.tar" || true
bytes="$(stat -c %s "$work/data.tar")"
[ "$bytes" -ge "$((SIZE_MB << 20))" ] || { echo "/usr gives only $bytes bytes"; exit 2; }
cat "$work/data.tar" >/dev/null # into the page cache

row() { # name, command...; its output goes to $work/out
  local name="$1" best=""
  shift
  if ! command -v "$1" >/dev/null; then echo "$name: not on PATH"; return; fi
  for _ in $(seq "$RUNS"); do
    local begun ended
    begun="$(date +%s%N)"
    "$@" >"$work/out"
    ended="$(date +%s%N)"
    [ -n "$best" ] && [ "$best" -le "$((ended - begun))" ] || best="$((ended - begun))"
  done
  awk -v name="$name" -v bytes="$bytes" -v ns="$best" -v size="$(stat -c %s "$work/out")" 'BEGIN {
    printf "%-34s %9.1f MB/s  %12d bytes out\n", name, bytes / 1048576 / (ns / 1e9), size }'
}

echo "$(nproc) cores, $THREADS threads, $bytes bytes, best of $RUNS"
row "brawn hash -a blake3" "$BRAWN" hash -j "$THREADS" -a blake3 "$work/data.tar"
row "b3sum" b3sum --num-threads "$THREADS" "$work/data.tar"
row "brawn hash -a sha256" "$BRAWN" hash -j "$THREADS" -a sha256 "$work/data.tar"
row "openssl dgst -sha256" openssl dgst -sha256 "$work/data.tar"
row "sha256sum" sha256sum "$work/data.tar"
row "brawn compress, zstd 3" "$BRAWN" compress -j "$THREADS" --quiet -c "$work/data.tar"
row "zstd -3 -T$THREADS" zstd -q -3 "-T$THREADS" -c "$work/data.tar"
row "brawn compress --format gzip" "$BRAWN" compress -j "$THREADS" --quiet --format gzip -c "$work/data.tar"
row "pigz -p$THREADS" pigz "-p$THREADS" -c "$work/data.tar"
row "gzip" gzip -c "$work/data.tar"

# Of what brawn wrote, and of what the tools wrote: one gzip member, BGZF, one zstd frame.
"$BRAWN" compress -j "$THREADS" --quiet --format gzip "$work/data.tar" -o "$work/own.gz"
"$BRAWN" compress -j "$THREADS" --quiet "$work/data.tar" -o "$work/own.zst"
gzip -c "$work/data.tar" >"$work/foreign.gz"
! command -v bgzip >/dev/null || bgzip -@ "$THREADS" -c "$work/data.tar" >"$work/foreign.bgz"
! command -v zstd >/dev/null || zstd -q -3 "-T$THREADS" -c "$work/data.tar" >"$work/foreign.zst"
for name in own.gz foreign.gz foreign.bgz own.zst foreign.zst; do
  file="$work/$name"
  [ -e "$file" ] || { echo "$name: the tool that writes it is not on PATH"; continue; }
  "$BRAWN" decompress -j "$THREADS" --quiet -c "$file" | cmp - "$work/data.tar"
  row "brawn decompress, $name" "$BRAWN" decompress -j "$THREADS" --quiet -c "$file"
  case "$name" in
    *.zst) row "zstd -d, $name" zstd -q -dc "$file" ;;
    *.bgz) row "bgzip -d -@$THREADS, $name" bgzip -d "-@$THREADS" -c "$file" ;;
    *)
      row "pigz -d, $name" pigz -dc "$file"
      row "gzip -d, $name" gzip -dc "$file"
      ;;
  esac
done
