#!/usr/bin/env bash
# Installs what is missing, builds and tests everything: the libraries, then the programs as subprocesses.
# The last line says how many tests ran.
set -euo pipefail
cd "$(dirname "$0")/.."
./Tests/install.sh --tests
FLOW_SMOLLM2_MODEL=$(./Tests/fetch-smollm2.sh)
FLOW_NVRTC=$(./Tests/fetch-nvrtc.sh)
export FLOW_SMOLLM2_MODEL FLOW_NVRTC
# As many seeds of the simulation as fit into four minutes.
export FLOW_SIMULATION_SEEDS=${FLOW_SIMULATION_SEEDS:-0..<10000} FLOW_SIMULATION_SECONDS=${FLOW_SIMULATION_SECONDS:-240}
export FLOW_WALLET_SEEDS=${FLOW_WALLET_SEEDS:-1000}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run_tests() { # package folder, options
  swift test -c release --package-path "$1" "${@:2}" 2>&1 | tee -a "$log"
}

# Networks by themselves, since what waits for a peer would wait too long beside what trains; and those by themselves that take both cores for as long as they may.
networks='FlowP2PTests\.'
alone='SimulationTests|LedgerPropertyTests'
run_tests . --filter "$networks"
run_tests . --skip-build --skip "$networks|$alone"
run_tests . --skip-build --filter "$alone"
# The programs are tested as they are shipped: one build serves both.
swift build -c release --build-tests --package-path Examples
run_tests Examples --skip-build
# The simulation of a network's first days: seconds.
run_tests Benchmarks/Start

# "Test run with N tests in M suites passed after …" is Swift Testing's closing line, one for each run.
read -r passed runs < <(grep -oE 'Test run with [0-9]+ tests?( in [0-9]+ suites?)? passed' "$log" | awk '{ sum += $4; runs += 1 } END { print sum + 0, runs + 0 }')
skipped=$(grep -cE '^. Test .* skipped' "$log" || true)
if [ "$runs" -ne 5 ] || [ "$passed" -eq 0 ] || [ "$skipped" -ne 0 ]; then
  echo "expected five passing test runs without a skipped test, saw $runs runs, $passed passed, $skipped skipped" >&2
  exit 1
fi
echo "tests: $passed passed, 0 failed, 0 skipped"
