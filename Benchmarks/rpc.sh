#!/usr/bin/env bash
# Compares how many calls a second flowcoind and litecoind answer, in one run with one client: 64 connections, one call at a time on each.
#
#   Benchmarks/rpc.sh [SECONDS [ROUNDS]]      1 second a turn, 15 rounds
#
# Needs Debian's litecoind (apt-get install litecoind). Both keep an empty regtest chain in a folder of their own; they take turns, and
# the ratio is the median of the rounds' ratios. A run is worth something on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-1} rounds=${2:-15}
command -v litecoind >/dev/null || { echo "litecoind is missing: apt-get install litecoind" >&2; exit 2; }

work=$(mktemp -d)
pids=()
finish() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"; }
trap finish EXIT

swift build -c release --package-path Examples --product flowcoind >&2
swiftc -O Benchmarks/RPC/load.swift -o "$work/load"
read -r flow lite port < <(python3 - <<'PY'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets))
PY
)
mkdir "$work/flow" "$work/lite"
"$(swift build -c release --package-path Examples --show-bin-path)/flowcoind" -regtest -datadir="$work/flow" -port="$port" -nolisten \
  -rpcport="$flow" -rpcuser=u -rpcpassword=p >"$work/flow.log" 2>&1 &
pids+=($!)
# A queue that holds a call of each client: beyond it litecoind refuses.
litecoind -regtest -datadir="$work/lite" -server -listen=0 -rpcport="$lite" -rpcuser=u -rpcpassword=p -rpcworkqueue=128 >"$work/lite.log" 2>&1 &
pids+=($!)
for port in "$flow" "$lite"; do
  for _ in $(seq 300); do
    curl -sf -u u:p --data '{"method":"getblockcount","id":1}' "http://127.0.0.1:$port/" >/dev/null && break
    sleep 0.1
  done
done

for method in getblockcount getblockchaininfo; do
  for _ in $(seq "$rounds"); do
    read -r ours refused < <("$work/load" "$flow" u:p 64 "$seconds" $method)
    read -r theirs refusedToo < <("$work/load" "$lite" u:p 64 "$seconds" $method)
    echo "$method $ours $theirs $refused $refusedToo"
  done
done | tee "$work/rounds" | awk '{ print "  " $1 ": flowcoind " $2 "/s, litecoind " $3 "/s, refused " $4 " and " $5 }' >&2
python3 - "$work/rounds" <<'PY'
import statistics, sys
rows = [line.split() for line in open(sys.argv[1])]
for method in dict.fromkeys(row[0] for row in rows):
    rounds = [(int(row[1]), int(row[2])) for row in rows if row[0] == method]
    ours, theirs = (statistics.median(round[i] for round in rounds) for i in (0, 1))
    ratio = statistics.median(ours / theirs for ours, theirs in rounds)
    print(f"{method}: flowcoind {ours:.0f}/s, litecoind {theirs:.0f}/s, {ratio:.2f} times")
PY
