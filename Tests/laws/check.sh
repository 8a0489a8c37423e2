#!/usr/bin/env bash
# The laws of the house (Documentation/Architecture.md), checked as text: arrows point down, C modules stay in marked files,
# no unsafeFlags, nothing that ends the caller's process, no file above 800 lines; and what unguarded.py sees of places that outside data may trap.
set -euo pipefail
cd "$(dirname "$0")/../.."
failures=0
fail() { echo "law broken: $*"; failures=$((failures + 1)); }

allowed() {
  case "$1" in
    FlowEncoding) echo "" ;;
    FlowCrypto) echo "FlowEncoding" ;;
    FlowTraining) echo "FlowEncoding FlowCrypto" ;;
    FlowConsensus) echo "FlowTraining FlowEncoding FlowCrypto" ;;
    FlowTensor) echo "" ;;
    FlowTensorOpenBLAS) echo "FlowTensor" ;;
    FlowGGUF) echo "" ;;
    FlowModel) echo "FlowTraining FlowTensor FlowGGUF FlowCrypto FlowEncoding" ;;
    FlowStore) echo "FlowEncoding" ;;
    FlowP2P) echo "FlowEncoding FlowCrypto" ;;
    FlowJSON) echo "" ;;
    FlowRPC) echo "FlowJSON" ;;
    FlowGrammar) echo "FlowJSON" ;;
    FlowWallet) echo "FlowConsensus FlowTraining FlowCrypto FlowEncoding" ;;
    FlowNode) echo "FlowConsensus FlowTraining FlowCrypto FlowEncoding FlowTensor FlowTensorOpenBLAS FlowModel FlowGGUF FlowStore FlowP2P FlowRPC FlowJSON" ;;
    *) return 1 ;;
  esac
}
imports() { # pattern, folder → file:module pairs
  grep -rHoE "^[[:space:]]*(@[A-Za-z_]+[[:space:]]+|public[[:space:]]+|internal[[:space:]]+|package[[:space:]]+)*import[[:space:]]+$1" "$2" --include='*.swift' |
    sed -E 's/^([^:]+):.*import[[:space:]]+/\1:/' || true
}

for folder in Sources/Flow*; do
  target=${folder##*/}
  ok=$(allowed "$target") || { fail "$target has no entry in the table of arrows"; continue; }
  while IFS=: read -r file module; do
    [ -z "$module" ] || [ "$module" = "$target" ] && continue
    case " $ok " in *" $module "*) ;; *) fail "$file imports $module: the arrow points the wrong way" ;; esac
  done < <(imports 'Flow[A-Za-z0-9]+' "$folder")
done

# The bugs that the simulation has to find still fit the code that they are planted in.
for bug in Tests/FlowNodeTests/Simulation/Bugs/*.patch; do
  git apply --check "$bug" 2>/dev/null || fail "$bug does not apply any more: plant the same bug in today's code"
done

# C modules only in files that carry their name.
for pair in CSodium:_sodium CLibB2:_libb2 COpenBLAS:_openblas CLevelDB:_leveldb; do
  module=${pair%%:*}; suffix=${pair##*:}
  while IFS=: read -r file _; do
    [ -z "$file" ] && continue
    case "$file" in *"$suffix.swift") ;; *) fail "$file imports $module but its name does not end in $suffix.swift" ;; esac
  done < <(imports "$module\b" Sources)
done

# Libraries that are loaded at run time, likewise.
while IFS=: read -r file _; do
  case "$file" in ''|*_cuda.swift) ;; *) fail "$file calls dlopen but its name does not end in _cuda.swift" ;; esac
done < <(grep -rnE '\bdlopen\(' Sources --include='*.swift' || true)

# The pure rooms know no Foundation.
for folder in FlowEncoding FlowCrypto FlowTraining FlowConsensus FlowTensor FlowTensorOpenBLAS FlowGGUF FlowModel FlowStore FlowRPC; do
  while IFS=: read -r file _; do
    [ -n "$file" ] && fail "$file imports Foundation"
  done < <(imports 'Foundation[A-Za-z]*' "Sources/$folder")
done

# The inference kernels may fuse multiply and add, so nothing but inference may call them.
while read -r file; do
  case "$file" in Sources/FlowModel/Inference/*) ;; *) fail "$file uses the inference kernels, whose bits are not consensus" ;; esac
done < <(grep -rlE 'cflow_inference' Sources --include='*.swift' || true)

# No floating point in consensus.
for folder in FlowTraining FlowConsensus; do
  grep -rnE '\b(Float|Double|Float16|CGFloat)\b' "Sources/$folder" --include='*.swift' | grep -vE '^\S+:[0-9]+:[[:space:]]*//' && fail "$folder uses floating point"
done

grep -qs unsafeFlags Package.swift Examples/Package.swift && fail "unsafeFlags in a manifest"
grep -rnE '\b(fatalError|try!|as!|precondition\(false)' Sources --include='*.swift' | grep -vE '^\S+:[0-9]+:[[:space:]]*//' && fail "a call that ends the caller's process"
grep -rnwE 'TODO|FIXME|XXX|HACK|unimplemented|stub' Sources Examples/Sources --include='*.swift' --include='*.c' && fail "an unfinished place"
while read -r lines file; do
  [ "$file" != total ] && [ "$lines" -gt 800 ] && fail "$file has $lines lines"
done < <(find Sources Examples/Sources \( -name '*.swift' -o -name '*.c' -o -name '*.h' \) -print0 | xargs -0 wc -l)
for file in $(grep -rlE '\b(float|double)\b' Sources/CFlowKernels --include='*.c' || true); do
  grep -q 'STDC FP_CONTRACT OFF' "$file" || fail "$file lacks #pragma STDC FP_CONTRACT OFF"
done

# Nothing from outside traps.
python3 Tests/laws/unguarded.py ||
  fail "a place where outside data may trap: guard it, or say in Tests/laws/unguarded-allowed.txt why it cannot"

# Nothing is public that nobody else uses. `Tests/documented.py` compiles the examples that count as a use.
python3 Tests/laws/unused-public.py || fail "public symbols that no program, library or example uses: make them internal, or show them in use"

# No sub-folder reaches itself through another.
python3 Tests/laws/circles.py || fail "folders of a target stand in a circle"

# What Bitcoin Core tests has its place here.
python3 Tests/laws/checklist.py || fail "Documentation/Checklist.md does not agree with Core's lists or with the tests that it names"

[ "$failures" -eq 0 ] || { echo "$failures laws broken"; exit 1; }
echo "laws hold"
