#!/usr/bin/env bash
# One command from a fresh Debian machine with Swift to a chain that trains: installs, builds, starts a regtest node on the
# embedded corpus, mines, shows the held-out loss fall, sends a payment, exports the model, lets it answer, and stops.
set -euo pipefail
cd "$(dirname "$0")/.."
./Tests/install.sh
echo "== building (a few minutes, once) =="
swift build -c release --package-path Examples
bin=$PWD/Examples/.build/release

data=$(mktemp -d "${TMPDIR:-/tmp}/flowcoin-quickstart.XXXXXX")
port=${FLOW_PORT:-29655} rpcport=${FLOW_RPCPORT:-29656}
network=(-regtest "-datadir=$data" "-rpcport=$rpcport")
cli() { "$bin/flowcoin-cli" "${network[@]}" "$@"; }
finish() {
  status=$?
  cli stop >/dev/null 2>&1 || true
  [ -n "${daemon:-}" ] && wait "$daemon" 2>/dev/null || true
  [ "$status" -eq 0 ] || { echo "the node's log ended with:" >&2; tail -n 20 "$data/node.log" >&2; }
  rm -rf "$data"
}
trap finish EXIT

started=$SECONDS
echo "== starting a regtest node =="
"$bin/flowcoind" "${network[@]}" "-port=$port" >"$data/node.log" 2>&1 &
daemon=$!
for _ in $(seq 300); do
  cli getblockcount >/dev/null 2>&1 && break
  kill -0 "$daemon" 2>/dev/null || exit 1
  sleep 0.1
done

echo "== a wallet for the miner, one for a friend =="
cli createwallet miner false false "quickstart" >/dev/null
cli createwallet friend false false "quickstart" >/dev/null
mine_to=$(cli -rpcwallet=miner getnewaddress)
pay_to=$(cli -rpcwallet=friend getnewaddress)
echo "mining to $mine_to"

echo "== mining: every ticket is a training step; coins mature after 100 blocks =="
echo "held-out loss of the untrained model: $(cli getmodelinfo | grep '"heldoutloss"' | tr -dc '0-9.') nats a byte"
"$bin/flowminer" "${network[@]}" --address "$mine_to" --blocks 101

echo "== a payment =="
cli -rpcwallet=miner walletpassphrase quickstart 60
txid=$(cli -rpcwallet=miner sendtoaddress "$pay_to" 12.5)
echo "sent 12.5 FLOW in $txid"
"$bin/flowminer" "${network[@]}" --address "$mine_to" --blocks 1
echo "the friend's balance: $(cli -rpcwallet=friend getbalance) FLOW"

echo "== the model, as a file that llama.cpp loads =="
cli exportmodel "$data/model.gguf" f16
ls -l "$data/model.gguf" | awk '{ print $5 " bytes" }'
for question in "What is your name?" "What does the cow say?"; do
  echo "Q: $question"
  echo "A: $("$bin/flowchat" -m "$data/model.gguf" -p "$question" -n 24 --temp 0)"
done
echo "== done in $((SECONDS - started)) s after the build =="
