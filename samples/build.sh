#!/usr/bin/env bash
# Builds the checked-in samples/*.wasm from their sources.
# Needs clang, lld, wasi-libc and the wasm32 compiler run-time (Debian 12: apt install clang lld wasi-libc libclang-rt-14-dev-wasm32).
set -eu
cd "$(dirname "$0")"
for source in *.c; do
  "${CLANG:-clang}" --target=wasm32-wasi -Os -Wl,--strip-debug -o "${source%.c}.wasm" "$source"
  ls -l "${source%.c}.wasm" | awk '{ print $NF, $5, "bytes" }'
done
