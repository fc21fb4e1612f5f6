#!/usr/bin/env bash
# brawn hash, compress, decompress, encrypt and decrypt against the tools of the field, in the same run: best of RUNS, MB/s of
# the plain bytes.
#   cargo build --profile dist -p brawn-cli && bench/streams.sh
# Runs on a machine that does nothing else; tools that are not on PATH are left out and named.
# PEAK=1 measures memory instead: the peak of each verb at a stream of PEAK_GB (5), which may run on a machine in use.
set -euo pipefail
cd "$(dirname "$0")/.."
BRAWN="${BRAWN:-${CARGO_TARGET_DIR:-target}/dist/brawn}"
SIZE_MB="${SIZE_MB:-512}" RUNS="${RUNS:-3}" THREADS="${THREADS:-2}"
[ -x "$BRAWN" ] || { echo "no $BRAWN: cargo build --profile dist -p brawn-cli"; exit 2; }
[ "${PEAK:-}" = 1 ] || awk '$1 > 1.5 { print "the machine is busy (load " $1 "): figures would say little"; exit 1 }' /proc/loadavg || exit 2

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# Real files: what this system's own programs, libraries and texts are.
tar c -C / usr/bin usr/lib usr/share 2>/dev/null | head -c "$((SIZE_MB << 20))" >"$work/data.tar" || true
bytes="$(stat -c %s "$work/data.tar")"
[ "$bytes" -ge "$((SIZE_MB << 20))" ] || { echo "/usr gives only $bytes bytes"; exit 2; }
cat "$work/data.tar" >/dev/null # into the page cache

# Memory: the stream is the tar over and over, through a pipe; what is compressed lies in a file in between.
if [ "${PEAK:-}" = 1 ]; then
  times="$(("${PEAK_GB:-5}" * 1024 / SIZE_MB))"
  endless() { for _ in $(seq "$times"); do cat "$work/data.tar"; done; }
  peak() { # name, command...; from stdin to $work/out
    local name="$1"
    shift
    python3 -c '
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{sys.argv[1]:34} {peak:7.1f} MB peak", "" if code == 0 else f"(ended with {code})", file=sys.stderr)
sys.exit(code)' "$name" "$@"
  }
  echo "$(nproc) cores, $THREADS threads, $times x $bytes bytes"
  for names in blake3 sha256 blake3,sha256,md5,crc64nvme; do
    endless | peak "brawn hash -a $names" "$BRAWN" hash -j "$THREADS" -a "$names" - >/dev/null
  done
  for format in zstd gzip bgzf lz4; do
    endless | peak "brawn compress --format $format" "$BRAWN" compress -j "$THREADS" --quiet --format "$format" -c - >"$work/packed"
    peak "brawn decompress, $format" "$BRAWN" decompress -j "$THREADS" --quiet -c - <"$work/packed" | cmp - <(endless)
  done
  if command -v zstd >/dev/null; then
    endless | zstd -q -1 -T0 -c >"$work/packed"
    peak "brawn decompress, one zstd frame" "$BRAWN" decompress -j "$THREADS" --quiet -c - <"$work/packed" | cmp - <(endless)
  fi
  rm -f "$work/packed"
  "$BRAWN" keygen -o "$work/key" 2>/dev/null
  recipient="$("$BRAWN" keygen -y "$work/key")"
  endless | peak "brawn encrypt" "$BRAWN" encrypt -j "$THREADS" --quiet -r "$recipient" -o - - >"$work/sealed"
  peak "brawn decrypt" "$BRAWN" decrypt -j "$THREADS" --quiet -i "$work/key" -c - <"$work/sealed" | cmp - <(endless)
  exit 0
fi

row() { # name, command...; its output goes to $work/out
  local name="$1" best=""
  shift
  if ! command -v "$1" >/dev/null; then echo "$name: not on PATH"; return; fi
  for _ in $(seq "$RUNS"); do
    local begun ended
    # What lies there is not theirs to free.
    rm -f "$work/out"
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
# The same bytes as files of 4 MB.
mkdir "$work/files"
split -b 4M "$work/data.tar" "$work/files/"
row "brawn hash -a sha256, 4 MB files" "$BRAWN" hash -j "$THREADS" -a sha256 "$work/files/"
row "openssl dgst -sha256, 4 MB files" openssl dgst -sha256 "$work/files/"*
row "brawn compress, zstd 3" "$BRAWN" compress -j "$THREADS" --quiet -c "$work/data.tar"
row "zstd -3 -T$THREADS" zstd -q -3 "-T$THREADS" -c "$work/data.tar"
row "brawn compress --format gzip" "$BRAWN" compress -j "$THREADS" --quiet --format gzip -c "$work/data.tar"
row "brawn compress --format bgzf" "$BRAWN" compress -j "$THREADS" --quiet --format bgzf -c "$work/data.tar"
row "bgzip -@$THREADS" bgzip "-@$THREADS" -c "$work/data.tar"
row "brawn compress --format lz4" "$BRAWN" compress -j "$THREADS" --quiet --format lz4 -c "$work/data.tar"
row "lz4" lz4 -q -c "$work/data.tar"
row "pigz -p$THREADS" pigz "-p$THREADS" -c "$work/data.tar"
row "gzip" gzip -c "$work/data.tar"

# Of what brawn wrote, and of what the tools wrote: one gzip member, BGZF, one zstd frame.
"$BRAWN" compress -j "$THREADS" --quiet --format gzip "$work/data.tar" -o "$work/own.gz"
"$BRAWN" compress -j "$THREADS" --quiet "$work/data.tar" -o "$work/own.zst"
"$BRAWN" compress -j "$THREADS" --quiet --format lz4 "$work/data.tar" -o "$work/own.lz4"
gzip -c "$work/data.tar" >"$work/foreign.gz"
! command -v bgzip >/dev/null || bgzip -@ "$THREADS" -c "$work/data.tar" >"$work/foreign.bgz"
! command -v zstd >/dev/null || zstd -q -3 "-T$THREADS" -c "$work/data.tar" >"$work/foreign.zst"
for name in own.gz foreign.gz foreign.bgz own.zst foreign.zst own.lz4; do
  file="$work/$name"
  [ -e "$file" ] || { echo "$name: the tool that writes it is not on PATH"; continue; }
  "$BRAWN" decompress -j "$THREADS" --quiet -c "$file" | cmp - "$work/data.tar"
  row "brawn decompress, $name" "$BRAWN" decompress -j "$THREADS" --quiet -c "$file"
  case "$name" in
    *.zst) row "zstd -d, $name" zstd -q -dc "$file" ;;
    *.lz4) row "lz4 -d, $name" lz4 -q -dc "$file" ;;
    *.bgz) row "bgzip -d -@$THREADS, $name" bgzip -d "-@$THREADS" -c "$file" ;;
    *)
      row "pigz -d, $name" pigz -dc "$file"
      row "gzip -d, $name" gzip -dc "$file"
      ;;
  esac
done
if "$BRAWN" keygen -o "$work/key" 2>/dev/null; then
  recipient="$("$BRAWN" keygen -y "$work/key")"
  row "brawn encrypt" "$BRAWN" encrypt -j "$THREADS" --quiet -r "$recipient" -o - "$work/data.tar"
  cp "$work/out" "$work/data.tar.age"
  row "age" age -r "$recipient" "$work/data.tar"
  row "rage" rage -r "$recipient" "$work/data.tar"
  row "brawn decrypt" "$BRAWN" decrypt -j "$THREADS" --quiet -i "$work/key" -c "$work/data.tar.age"
  cmp "$work/out" "$work/data.tar"
  row "age -d" age -d -i "$work/key" "$work/data.tar.age"
  row "rage -d" rage -d -i "$work/key" "$work/data.tar.age"
else
  echo "brawn encrypt: this build is without the feature encrypt"
fi
