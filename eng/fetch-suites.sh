#!/usr/bin/env bash
# Fills .suites/ with the public conformance suites, each at the commit that the tests were written against. Data: never committed, never edited.
# Tests look for them in HORNET_SUITES (HORNET_WASI_TESTSUITE for the last one), then beside the project's root, then in .suites/.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
from=${HORNET_SUITES_FROM:-https://github.com/WebAssembly}

# suite FOLDER REPOSITORY COMMIT: one commit, without its history.
suite() {
  local folder=$root/.suites/$1
  [ "$(cat "$folder/.commit" 2>/dev/null)" = "$3" ] && { echo "$1: there"; return; }
  rm -rf "$folder.new"; git init -q "$folder.new"
  git -C "$folder.new" fetch -q --depth 1 "$from/$2" "$3"
  git -C "$folder.new" checkout -q FETCH_HEAD
  rm -rf "$folder.new/.git" "$folder"; mv "$folder.new" "$folder"; echo "$3" > "$folder/.commit"
  echo "$1: $2 at $3"
}

mkdir -p "$root/.suites"
suite spec            testsuite       193e551ff22663995b1ac95dc62344133669e14b
suite component-model component-model 6d281648bd89caf885a7adcc412962dbd2425ab7
# The programs of the WASI testsuite, built by its own CI.
suite wasi-testsuite  wasi-testsuite  9f80ca35444cfd9e63100725615140a346652e6c
