#!/usr/bin/env bash
# Loads the real cuBLAS on a machine without an NVIDIA GPU: the backend must say why it cannot run, and nothing may crash.
# Downloads about 450 MB (PyPI's nvidia-cublas). Needs python3 with pip, and flowminer, which it builds.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -e /dev/nvidia0 ]; then
  echo "expected a machine without an NVIDIA GPU, found /dev/nvidia0; run 'flowminer --backend cublas --conformance' here instead" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download -q --no-deps --dest "$work" nvidia-cublas
python3 -m zipfile -e "$work"/nvidia_cublas-*.whl "$work/wheel"
folder=$(dirname "$(find "$work/wheel" -name 'libcublas.so.*' | head -n 1)")
swift build -c release --package-path Examples --product flowminer
miner=Examples/.build/release/flowminer

expect() { # text, status wanted, command…
  local text=$1 wanted=$2 status=0 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  if [ "$status" -ne "$wanted" ] || ! grep -qF "$text" <<<"$output"; then
    printf 'expected status %s and "%s" from: %s\ngot status %s and:\n%s\n' "$wanted" "$text" "$*" "$status" "$output" >&2
    exit 1
  fi
}
expect "cublasCreate_v2 returned status 1" 0 env LD_LIBRARY_PATH="$folder" "$miner" --backend list
expect "cublasCreate_v2 returned status 1" 1 env LD_LIBRARY_PATH="$folder" "$miner" -regtest --conformance --backend cublas
expect "libcublas.so.13" 0 "$miner" --backend list
echo "cuBLAS without a GPU: loaded, refused with its reason, no crash"
