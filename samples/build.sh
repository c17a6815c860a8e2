#!/usr/bin/env bash
# Builds the checked-in samples/*.wasm from their sources; a source's first line may name options of its own ("// clang: ...").
# Needs clang, lld, wasi-libc and the wasm32 compiler run-time (Debian 12: apt install clang lld wasi-libc libclang-rt-14-dev-wasm32).
set -eu
cd "$(dirname "$0")"
for source in *.c; do
  options=$(sed -n '1s|^// clang: ||p' "$source")
  # shellcheck disable=SC2086  # options are words
  "${CLANG:-clang}" --target=wasm32-wasi -Os $options -Wl,--strip-debug -o "${source%.c}.wasm" "$source"
  chmod -x "${source%.c}.wasm"
  ls -l "${source%.c}.wasm" | awk '{ print $NF, $5, "bytes" }'
done
