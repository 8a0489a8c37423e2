#!/bin/sh
# Runs schemathesis on the server's own description, without a key and with one.
#
#     pip install schemathesis
#     Tests/Compatibility/check_schemathesis.sh Examples/.build/release/flowchat out/chat.gguf [EXAMPLES]
#
# All of schemathesis' checks and phases are on, with wrong data as well as right data. The model is the one that check_openai_client.py
# uses, with its own context: right data must be accepted, and messages of some hundred tokens are drawn. Exit status 0 when it finds no failure.
set -eu
program=$(realpath "$1") model=$(realpath "$2") examples=${3:-60}
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT

run() {
    "$program" serve -m "$model" --port 0 2>"$folder/log" & server=$!
    for _ in $(seq 100); do grep -q 'is ready' "$folder/log" && break; sleep 0.1; done
    url=$(sed -n 's|.*listens on \(http://[^ ]*\)/,.*|\1|p' "$folder/log")
    # In the folder, where it keeps what it found: an earlier run must not decide what this one asks.
    (cd "$folder" && schemathesis run "$url/openapi.json" --checks all --mode all --max-examples "$examples" --seed 20261125 --workers 1 \
        --request-timeout 30 --continue-on-failure --generation-database none "$@")
    curl -sf "$url/health" >/dev/null
    kill $server
    wait $server
}

run
FLOWCHAT_API_KEY=sk-check run --header 'Authorization: Bearer sk-check'
