#!/usr/bin/env bash
# Prints the path of NVIDIA's run-time compiler (58 MB), which compiles the CUDA kernels in a test without a GPU: from PyPI's package
# nvidia-cuda-nvrtc, fetched once.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.build/nvrtc
mkdir -p "$folder"
library=$(find "$folder" -name 'libnvrtc.so.13' | head -n 1)
if [ -z "$library" ]; then
  download=$(mktemp -d)
  trap 'rm -rf "$download"' EXIT
  python3 -m pip download -q --no-deps --only-binary :all: --dest "$download" nvidia-cuda-nvrtc==13.5.37 >&2
  python3 -m zipfile -e "$download"/nvidia_cuda_nvrtc-*.whl "$download/wheel"
  found=$(find "$download/wheel" -name 'libnvrtc.so.13' | head -n 1)
  [ -n "$found" ] || { echo "expected libnvrtc.so.13 in PyPI's nvidia-cuda-nvrtc 13.5.37, found none" >&2; exit 1; }
  # Its own headers lie in a second library beside it.
  mv "$(dirname "$found")"/libnvrtc-builtins.so.* "$found" "$folder/"
  library=$folder/libnvrtc.so.13
fi
echo "$PWD/$library"
