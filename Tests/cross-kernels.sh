#!/usr/bin/env bash
# Compiles the C kernels for 64-bit ARM, runs them under qemu and compares every digest with this processor's.
# Needs (Debian): qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross, and the clang that comes with Swift.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in qemu-aarch64 aarch64-linux-gnu-gcc swift; do
  command -v "$tool" >/dev/null || {
    echo "expected $tool, found none: apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross" >&2
    exit 1
  }
done
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(Sources/CFlowKernels/*.c Tests/CHostState/host_state.c Tests/CrossKernels/kernels.c)
flags=(-O2 -Wall -Wno-psabi -ISources/CFlowKernels/include -ITests/CHostState/include)

"$clang" "${flags[@]}" "${sources[@]}" -o "$work/here"
mkdir "$work/arm"
for source in "${sources[@]}"; do
  "$clang" --target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu -I/usr/aarch64-linux-gnu/include "${flags[@]}" -c "$source" \
    -o "$work/arm/$(basename "$source").o"
done
aarch64-linux-gnu-gcc -static "$work"/arm/*.o -o "$work/there"

dump=aarch64-linux-gnu-objdump
if "$dump" -d --no-show-raw-insn "$work"/arm/pointwise_*.o "$work"/arm/product_*.o | grep -E '	(fmla|fmls|fn?madd|fn?msub)	'; then
  echo "fused multiply-add in the kernels for ARM" >&2
  exit 1
fi
"$dump" -d --no-show-raw-insn "$work/arm/product_neon.c.o" | grep sdot >/dev/null || { echo "expected sdot in the NEON kernel" >&2; exit 1; }

"$work/here" >"$work/here.txt"
qemu-aarch64 -cpu max "$work/there" >"$work/there.txt"
diff "$work/here.txt" "$work/there.txt"
echo "cross kernels: $(wc -l <"$work/here.txt") digests are the same on $(uname -m) and aarch64"
