#!/usr/bin/env bash
# Measures the SDK and shows the figures: a table on the terminal, and in Benchmarks/.build/results results.json and an SVG a suite.
#
#   Benchmarks/run.sh [--quick] [SUITE…]      suites: Kernels Training Inference Hashing Codec Wallet (all of them)
#   Benchmarks/run.sh --build                 only installs and builds what a run needs
#
# --quick gives each line a tenth of a second instead of half a one. A run is worth something on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")"
suites=()
for argument; do
  case $argument in
    --quick) export FLOW_BENCHMARK_SECONDS=0.1 ;;
    --build) build_only=yes ;;
    Kernels | Training | Inference | Hashing | Codec | Wallet) suites+=("$argument") ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[ ${#suites[@]} -gt 0 ] || suites=(Kernels Training Inference Hashing Codec Wallet)

../Tests/install.sh
echo "building" >&2
swift build -c release --product report >&2
swift package benchmark list >.build/lines.txt || { cat .build/lines.txt >&2; exit 1; }
[ -z "${build_only:-}" ] || exit 0

results=.build/results
rm -rf "$results"
mkdir -p "$results"
for suite in "${suites[@]}"; do
  echo "measuring: $suite" >&2
  mkdir -p "$results/$suite"
  swift package --allow-writing-to-package-directory benchmark --target "^$suite\$" --format jmh --path "$results/$suite" --no-progress \
    >"$results/$suite/log.txt" 2>&1 || { tail -20 "$results/$suite/log.txt" >&2; exit 1; }
  mv "$results/$suite"/*.jmh.json "$results/$suite.jmh.json"
done
"$(swift build -c release --show-bin-path)/report" suite "$results" | tee "$results/table.txt"
echo "written: Benchmarks/$results/{results.json,table.txt,*.svg}" >&2
