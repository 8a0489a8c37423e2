#!/usr/bin/env bash
# Feeds RUNS (1,000,000) broken files to the GGUF reader, the checks of a model, the decoders, the tokenizer and the
# loader of the inference engine, under libFuzzer and AddressSanitizer. Half of the files are broken field by field
# (Tests/FlowGGUFTests/FileMutator.swift), half by libFuzzer. Fails on a crash, an input that takes longer than 1 s of the
# processor (or 300 s of the clock: a machine may be busy), and an allocation by FlowGGUF above twice the file (or
# 32 KiB). The last lines say how many inputs there were, the slowest, and the largest allocation.
#
#   ./Tests/fuzz-gguf.sh [RUNS [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-1000000}
seed=${2:-1}
package=Tests/Fuzz
swift build -c release --package-path "$package" --sanitize address --sanitize fuzzer \
  -Xswiftc -enable-testing --product FuzzGGUF

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
python3 - "$work/corpus" <<'PYTHON'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
for file in json.load(open("Tests/Vectors/gguf/valid_gguf_py_0.19.0.json")):
    (folder / f"valid-{file['name']}").write_bytes(bytes.fromhex(file["hex"]))
for case in json.load(open("Tests/Vectors/gguf/malformed.json"))["cases"]:
    (folder / f"malformed-{case['name']}").write_bytes(bytes.fromhex(case["hex"]))
PYTHON
# Inputs that broke something are kept where the caller is told.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
"$package/.build/release/FuzzGGUF" "$work/corpus" -runs="$runs" -seed="$seed" -max_len=32768 -timeout=300 \
  -malloc_limit_mb=64 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$package/.build/"
