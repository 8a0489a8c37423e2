#!/usr/bin/env bash
# Installs the system libraries that FlowCoin links, where they are missing. Debian and Ubuntu.
set -euo pipefail
packages=(libsodium-dev libb2-dev libopenblas-dev libleveldb-dev libzmq3-dev pkg-config)
# `--tests` adds what only the tests need.
[ "${1:-}" = --tests ] && packages+=(binutils bible-kjv bsdextrautils)
# The real model of a test and NVIDIA's run-time compiler come from PyPI.
[ "${1:-}" = --tests ] && ! python3 -m pip --version >/dev/null 2>&1 && packages+=(python3-pip)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || {
  echo "These system packages are missing and apt-get is not here to install them: ${missing[*]}" >&2
  exit 1
}
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run as root, or install sudo: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
