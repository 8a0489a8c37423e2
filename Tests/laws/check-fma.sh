#!/usr/bin/env bash
# No fused multiply-add in the code that consensus arithmetic runs through (Documentation/Protocol/Arithmetic.md), read from the compiled objects:
# a compiler that contracts a·b + c would change bits on some processors only. Also: vpmaddubsw, which saturates, is nowhere, and the
# kernels that are meant to be there are. Builds the release objects if they are missing.
#   check-fma.sh [folder with the built objects]
set -euo pipefail
cd "$(dirname "$0")/../.."
objects=${1:-.build/release}
[ -d "$objects/CFlowKernels.build" ] || swift build -c release --target FlowModel

dump=$(command -v objdump || command -v llvm-objdump || true)
[ -n "$dump" ] || { echo "expected objdump (Debian package binutils) to read the objects, found none" >&2; exit 1; }

failures=0
checked=0
fail() { echo "check-fma: $*" >&2; failures=$((failures + 1)); }
fused='(vfn?m(add|sub)[a-z0-9]*|fmla|fmls|fn?m(add|sub))'

for target in CFlowKernels FlowTensor FlowTensorOpenBLAS FlowModel; do
  for object in "$objects/$target.build"/*.o; do
    [ -e "$object" ] || continue
    # Running a model is not consensus: these three files may fuse, and nothing else (Documentation/Inference.md).
    case "$target/${object##*/}" in
      CFlowKernels/inference_avx2.c.o | CFlowKernels/inference_avx512.c.o | CFlowKernels/inference_neon.c.o) continue ;;
    esac
    checked=$((checked + 1))
    # Function names in front of each instruction, so that a finding says where it is.
    found=$("$dump" -d --no-show-raw-insn "$object" |
      awk -v fused="^$fused\$" '/^[0-9a-f]+ <.*>:$/ { name = $2 } /^ *[0-9a-f]+:/ && $2 ~ fused { print name, $2 }' |
      sort | uniq -c | head -20)
    [ -z "$found" ] || fail "fused multiply-add in $object: $found"
  done
done
[ "$checked" -gt 0 ] || fail "no objects in $objects: expected a release build; run swift build -c release"

kernels=$(for object in "$objects/CFlowKernels.build"/*.o; do "$dump" -d --no-show-raw-insn "$object"; done)
has() { grep -qE "$1" <<<"$kernels"; }
if [ "$(uname -m)" = x86_64 ]; then
  has 'vpmaddwd' || fail "the AVX2 product is missing: no vpmaddwd"
  has 'vpdpbusd' || fail "the AVX-512 product is missing: no vpdpbusd"
  has '%zmm' || fail "the AVX-512 kernels are missing: no 512-bit register"
fi
has 'pmaddubsw' && fail "vpmaddubsw saturates and must not be used"

[ "$failures" -eq 0 ] || exit 1
echo "check-fma: $checked objects, no fused multiply-add"
