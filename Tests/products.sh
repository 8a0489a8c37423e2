#!/usr/bin/env bash
# Each product builds and links alone, as a dependency of somebody else's package, from a clone of this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q "$repository" "$work/flow"
revision=$(git rev-parse HEAD)
git -C "$work/flow" checkout -q --detach "$revision"
products=$(grep -oE '\.library\(name: "Flow[A-Za-z0-9]+"' Package.swift | grep -oE 'Flow[A-Za-z0-9]+')
mkdir -p "$work/user"
{
  echo '// swift-tools-version: 6.1'
  echo 'import PackageDescription'
  echo 'let package = Package(name: "user", dependencies: ['
  echo "    .package(url: \"$work/flow\", revision: \"$revision\"),"
  echo '], targets: ['
  for product in $products; do
    mkdir -p "$work/user/Sources/Use$product"
    printf 'import %s\nprint("%s links alone")\n' "$product" "$product" > "$work/user/Sources/Use$product/main.swift"
    echo "    .executableTarget(name: \"Use$product\", dependencies: [.product(name: \"$product\", package: \"flow\")]),"
  done
  echo '])'
} > "$work/user/Package.swift"
count=0
for product in $products; do
  swift build --package-path "$work/user" --product "Use$product" -q
  "$work/user/.build/debug/Use$product"
  count=$((count + 1))
done
echo "$count products build alone"
