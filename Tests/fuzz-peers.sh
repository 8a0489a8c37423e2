#!/usr/bin/env bash
# Feeds RUNS (1,000,000) programs to the decoders and the state machine of a peer's connection, under libFuzzer and
# AddressSanitizer: pieces of a stream, whole messages with right checksums, time that passes, requests that let answers in.
# Fails on a crash, on an input that takes longer than 60 s of the clock, and where something does not hold that must hold
# whatever a peer does (Tests/FlowP2PTests/PeerProgram.swift). The last lines say how many inputs there were.
#
#   ./Tests/fuzz-peers.sh [RUNS [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-1000000}
seed=${2:-1}
package=Tests/Fuzz
swift build -c release --package-path "$package" --sanitize address --sanitize fuzzer \
  -Xswiftc -enable-testing --product FuzzPeers

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
python3 - "$work/corpus" <<'PYTHON'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
commands = """version verack ping pong getaddr addr inv getdata notfound getheaders headers sendheaders block tx
mempool feefilter getmodel model getcorpus corpus""".split()
# Work enough, an inbound connection, a handshake, requests for two things of each kind, then the message.
start = bytes([255, 255, 255, 255, 0, 2, 0]) + b"".join(bytes([5, 2, kind]) for kind in range(4))
file = json.load(open("Tests/Vectors/flow/network-messages.json"))
for number, case in enumerate(file["messages"] + file["malformed"]):
    payload = bytes.fromhex(case["payload"])[:4095]
    step = bytes([1, commands.index(case["command"])]) + len(payload).to_bytes(2, "big") + payload
    (folder / f"message-{number}").write_bytes(start + step)
PYTHON
# Inputs that broke something are kept where the caller is told.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
"$package/.build/release/FuzzPeers" "$work/corpus" -runs="$runs" -seed="$seed" -max_len=16384 -timeout=60 \
  -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$package/.build/"
