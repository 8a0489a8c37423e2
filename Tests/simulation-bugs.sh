#!/usr/bin/env bash
# Plants one bug after the other (Tests/FlowNodeTests/Simulation/Bugs) in a copy of the tree and lets the simulation look for it:
# each must be found within 500 seeds. Not part of CI: each bug is a build. Arguments: the first letters of some bugs' names.
# FLOW_BUG_FOLDER names a folder that keeps the copy and what was built.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
copy=${FLOW_BUG_FOLDER:-$(mktemp -d)}
cleanup() {
  git worktree remove --force "$copy/tree" 2>/dev/null || true
  [ -n "${FLOW_BUG_FOLDER:-}" ] || rm -rf "$copy"
}
trap cleanup EXIT
git worktree add --quiet --force --detach "$copy/tree" HEAD
missed=0
for bug in "$root"/Tests/FlowNodeTests/Simulation/Bugs/*.patch; do
  name=$(basename "$bug" .patch)
  if [ $# -gt 0 ]; then
    wanted=0
    for prefix in "$@"; do [[ "$name" == "$prefix"* ]] && wanted=1; done
    [ "$wanted" -eq 1 ] || continue
  fi
  git -C "$copy/tree" checkout --quiet .
  git -C "$copy/tree" apply "$bug"
  output=$(FLOW_SIMULATION_SEEDS=${FLOW_SIMULATION_SEEDS:-0..<500} swift test -c release --package-path "$copy/tree" \
    --scratch-path "$copy/build" --filter SimulationTests 2>&1) && status=0 || status=$?
  found=$(grep -oE 'seed [0-9]+, at [^:]*: .*' <<<"$output" | head -1 || true)
  if [ "$status" -ne 0 ] && [ -n "$found" ]; then
    echo "found  $name: $found"
  else
    echo "MISSED $name (status $status)"
    tail -5 <<<"$output"
    missed=$((missed + 1))
  fi
done
[ "$missed" -eq 0 ] || exit 1
