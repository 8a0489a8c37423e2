#!/usr/bin/env bash
# Writes the man pages and the shell completions of all programs, made from their options: Examples/packaging/make.sh FOLDER
# Programs must be built (swift build -c release --package-path Examples).
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: make.sh FOLDER" >&2; exit 2; }
mkdir -p "$1/man1" "$1/bash-completion" "$1/zsh-completion" "$1/fish-completion"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
for program in flowcoind flowcoin-cli flowminer flowchat; do
  built=.build/release/$program
  [ -x "$built" ] || { echo "$built is not built: swift build -c release --package-path Examples" >&2; exit 1; }
  "$built" --generate-completion-script bash >"$out/bash-completion/$program"
  "$built" --generate-completion-script zsh >"$out/zsh-completion/_$program"
  "$built" --generate-completion-script fish >"$out/fish-completion/$program.fish"
  python3 packaging/manual.py "$built" >"$out/man1/$program.1"
done
