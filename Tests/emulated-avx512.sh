#!/usr/bin/env bash
# Runs the kernels and whole trajectories on an emulated processor with AVX-512 VNNI, for machines that have none: Bochs (a Tiger Lake with two
# cores) boots Debian's kernel with flowminer and Tests/CrossKernels/kernels.c, and every digest is compared with this processor's.
# Needs (Debian): bochs bochs-term bochsbios vgabios isolinux syslinux-common genisoimage busybox-static cpio libopenblas-dev, and the clang that comes
# with Swift. The kernel is the file that KERNEL names, one of /boot, or downloaded from Debian. Takes long: see Documentation/Testing.md.
set -euo pipefail
cd "$(dirname "$0")/.."
packages="bochs bochs-term bochsbios vgabios isolinux syslinux-common genisoimage busybox-static cpio libopenblas-dev"
for needed in bochs genisoimage cpio script /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 \
  /usr/share/bochs/BIOS-bochs-latest /usr/share/bochs/VGABIOS-lgpl-latest /bin/busybox; do
  command -v "$needed" >/dev/null || [ -f "$needed" ] || {
    echo "expected $needed, found none: apt-get install $packages" >&2
    exit 1
  }
done
command -v swift >/dev/null || { echo "expected swift on the path, found none" >&2; exit 1; }
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
networks=${*:-small}
for network in $networks; do
  [ "$network" = small ] || [ "$network" = regtest ] || { echo "expected networks small or regtest, got $network" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
guest=$work/guest disc=$work/disc
mkdir -p "$guest"/{bin,dev,proc,tmp,tests} "$disc/isolinux"

kernel=${KERNEL:-$(find /boot -name 'vmlinuz-*-cloud-amd64' | sort | tail -n 1)}
if [ -z "$kernel" ]; then
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -1)
  (cd "$work" && apt-get download "${package:-linux-image-cloud-amd64}" >/dev/null && dpkg-deb -x linux-image-*.deb image) || {
    echo "expected a kernel for the emulated machine: apt-get install linux-image-cloud-amd64, or name a vmlinuz in KERNEL" >&2
    exit 1
  }
  kernel=$(ls "$work"/image/boot/vmlinuz-*)
fi

# Regtest's model with fewer tokens a step and 4 steps, its router in 16 bits so that both widths of products run: about a sixth of the work.
echo "-regtest" >"$guest/tests/regtest.network"
echo "-network /tests/small.json" >"$guest/tests/small.network"
cat >"$guest/tests/small.json" <<'END'
{"name":"regtest","magic":"d52e0cf1","p2pPort":29555,"rpcPort":29556,"addressPrefix":"rfl",
"model":{"embeddingLength":64,"layerCount":2,"headCount":2,"expertCount":8,"expertsPerToken":2,"expertWidth":128,"contextLength":32,"batchSize":4},
"training":{"stepsPerBlock":4,"firstPayingStep":1,"initialisationSeed":1774051200,"peakLearningRate":[{"height":0,"units":2048}],"warmupSteps":8,"balancingWeight":10000,"linearBits":8,"attentionBits":8,"routerBits":16},
"powLimit":"201fffff","retargets":false,"blockInterval":600,"retargetPeriod":2016,"halvingInterval":210000,"corpusLength":80000,
"corpusRoot":"0000000000000000000000000000000000000000000000000000000000000000","replayBudget":{"sixteenCoreSeconds":60,"twoCoreSeconds":600},
"genesisTime":1774051200,"genesisMessage":"","genesisModelRoot":"0000000000000000000000000000000000000000000000000000000000000000"}
END

# What runs there, and what it gives here.
swift build -c release --package-path Examples --product flowminer
flowminer=$(swift build -c release --package-path Examples --show-bin-path)/flowminer
"$clang" -O2 -Wall -Wno-psabi -ISources/CFlowKernels/include -ITests/CHostState/include Sources/CFlowKernels/*.c Tests/CHostState/host_state.c \
  Tests/CrossKernels/kernels.c -o "$work/kernels"
printf '#include <stdio.h>\nchar *openblas_get_corename(void);\nint main(void) { return puts(openblas_get_corename()) < 0; }\n' >"$work/corename.c"
"$clang" "$work/corename.c" -lopenblas -o "$work/corename"
"$work/kernels" >"$work/kernels.here" 2>/dev/null
for network in $networks; do
  # shellcheck disable=SC2046
  (cd "$guest" && "$flowminer" $(sed "s|/tests|tests|" "tests/$network.network") --conformance --backend reference) >"$work/$network.here"
done

cp "$flowminer" "$work/kernels" "$work/corename" "$guest/tests/"
for network in $networks; do
  printf '%s\n' "$network openblas SkylakeX 1" "$network avx512vnni Haswell 1" "$network openblas SkylakeX 2" "$network avx512vnni Haswell 2" \
    "$network avx512vnni Haswell 3" "$network openblas Haswell 1"
done >"$guest/tests/trajectories"
ldd "$flowminer" "$work/kernels" "$work/corename" | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do cp -L --parents "$library" "$guest"; done
cp /bin/busybox "$guest/bin/"
cat >"$guest/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
flush() { head -c 4096 /dev/zero | tr '\0' '\n'; }
run() {
  name=$1
  shift
  env "$@" >/tmp/output 2>/tmp/errors
  status=$?
  echo "begin $name"
  cat /tmp/output
  echo "end $name $status"
  while read -r line; do echo "note $name $line"; done </tmp/errors
  flush
}
trajectory() {
  run "$1-$2-$3-$4" "OPENBLAS_CORETYPE=$3" "OPENBLAS_NUM_THREADS=$4" /tests/flowminer $(cat "/tests/$1.network") --conformance --backend "$2" --threads "$4"
}
run flags grep -m1 flags /proc/cpuinfo
run processors grep -c '^processor' /proc/cpuinfo
run core-SkylakeX OPENBLAS_CORETYPE=SkylakeX /tests/corename
run core-Haswell OPENBLAS_CORETYPE=Haswell /tests/corename
while read -r network backend core threads; do trajectory "$network" "$backend" "$core" "$threads"; done </tests/trajectories
run kernels /tests/kernels
echo "all done"
flush
poweroff -f
END
chmod +x "$guest/init"
(cd "$guest" && find . | cpio -o -H newc --quiet) >"$disc/initrd"
cp "$kernel" "$disc/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$disc/isolinux/"
# Bochs 2.7 reports sizes of PKU's and XSAVES's state at which Linux would give up AVX, and FSRM without ERMS, at which its memmove fails.
cat >"$disc/isolinux/isolinux.cfg" <<'END'
DEFAULT linux
LABEL linux
  KERNEL /vmlinuz
  INITRD /initrd
  APPEND console=ttyS0,115200 mitigations=off panic=-1 loglevel=1 cryptomgr.notests clearcpuid=pku,xsaves,xsavec,fsrm
END
genisoimage -quiet -o "$work/disc.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table -J -R "$disc"
cat >"$work/bochsrc" <<END
config_interface: textconfig
display_library: term
cpu: model=tigerlake, count=2, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=2048, host=2048
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/disc.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial
clock: sync=none
log: $work/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
END
echo continue >"$work/commands"

# Bochs opens a terminal of its own for its screen, and stands still when nobody reads it. The serial line comes in pieces of 4,096 bytes.
touch "$work/serial" "$work/screen"
TERM=xterm setsid script -qc "bochs -q -f $work/bochsrc -rc $work/commands" /dev/null </dev/null >"$work/screen" 2>&1 &
emulator=$!
disown
stop() {
  kill -KILL -- "-$emulator" 2>/dev/null || true
  # The emulator itself is in the session of its terminal.
  pkill -KILL -f "^bochs-bin .*$work/bochsrc" || true
  rm -rf "$work"
}
trap stop EXIT
reading=
deadline=$((SECONDS + ${LIMIT:-7200}))
while kill -0 "$emulator" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ] && ! grep -aq '^all done' "$work/serial"; do
  sleep 2
  terminal=$(sed -n 's/.*connected to screen "\(.*\)".*/\1/p' "$work/screen" | head -1)
  if [ -z "$reading" ] && [ -n "$terminal" ]; then
    cat "$terminal" >/dev/null 2>&1 &
    reading=yes
  fi
done
tr -d '\r' <"$work/serial" | sed '/^$/d' >"$work/text"
grep -q '^all done$' "$work/text" || {
  echo "expected the emulated machine to end its runs within ${LIMIT:-7200} s (LIMIT); its last lines:" >&2
  tail -20 "$work/text" "$work/bochs.log" >&2
  exit 1
}
grep '^note ' "$work/text" || true

# Every run that began must have ended well, and given the same text.
wrong=0
there() { sed -n "/^begin $1\$/,/^end $1 0\$/p" "$work/text" | sed '1d;$d'; }
expect() {
  if ! grep -q "^end $1 0\$" "$work/text"; then
    echo "$1: $(grep "^end $1 " "$work/text" || echo "did not run")" >&2
    wrong=1
  elif ! diff <(there "$1") "$2" >&2; then
    echo "$1: differs from this processor's" >&2
    wrong=1
  fi
}
for flag in avx512f avx512bw avx512dq avx512vl avx512_vnni; do
  grep -q "^flags.* $flag\b" "$work/text" || { echo "the emulated processor lacks $flag" >&2; wrong=1; }
done
echo 2 >"$work/two"
expect processors "$work/two"
for core in SkylakeX Haswell; do
  echo "$core" >"$work/core"
  expect "core-$core" "$work/core"
done
trajectories=$(tr ' \n' '- ' <"$guest/tests/trajectories")
for name in $trajectories; do expect "$name" "$work/${name%%-*}.here"; done
expect kernels "$work/kernels.here"
for line in 'products [0-9a-f]*, 0 wrong' '[0-9]* pointwise operations, 0 differ'; do
  grep -q "^note kernels level 2: $line" "$work/text" || { echo "the AVX-512 level of the kernels did not run" >&2; wrong=1; }
done
[ "$wrong" -eq 0 ] || exit 1
echo "emulated AVX-512: $(wc -l <"$work/kernels.here") digests of the kernels and $(wc -w <<<"$trajectories") trajectories (${trajectories% }) are the same here and on an emulated Tiger Lake"
