#!/usr/bin/env bash
# Feeds RUNS (1,000,000) inputs to the decoders of headers, blocks and transactions and to the order of events of a BlockTree, under
# libFuzzer and AddressSanitizer. Fails on a crash, a broken promise, and an input that takes longer than 10 s.
#
#   ./Tests/fuzz-chain.sh [RUNS [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-1000000}
seed=${2:-1}
package=Tests/Fuzz
swift build -c release --package-path "$package" --sanitize address --sanitize fuzzer \
  -Xswiftc -enable-testing --product FuzzChain
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
python3 - "$work/corpus" <<'PYTHON'
import json, pathlib, re, sys
folder = pathlib.Path(sys.argv[1])
number = 0
for name in ("chain-blocks", "chain-transactions", "chain-genesis"):
    text = pathlib.Path(f"Tests/Vectors/flow/{name}.json").read_text()
    for found in set(re.findall(r'"((?:[0-9a-f]{2}){100,4000})"', text)):
        (folder / f"{name}-{number}").write_bytes(b"\0" + bytes.fromhex(found))
        number += 1
for kind in (1, 2):
    (folder / f"events-{kind}").write_bytes(bytes([kind]) + bytes((7 * i) % 251 for i in range(300)))
PYTHON
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
"$package/.build/release/FuzzChain" "$work/corpus" -runs="$runs" -seed="$seed" -max_len=8192 -len_control=0 -keep_seed=1 -timeout=10 -rss_limit_mb=2048 \
  -print_final_stats=1 -artifact_prefix="$package/.build/"
