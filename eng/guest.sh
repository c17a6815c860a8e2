#!/usr/bin/env bash
# Makes guest programs and fetches what tests and benchmarks need, once: everything lies in .cache/, keyed by what it is made from.
#   eng/guest.sh c FILE.c [clang options]       a WASI module built by clang; prints its path
#   eng/guest.sh native FILE.c|FILE.rs          the same program for this machine, by gcc -O2 or rustc -O; prints its path
#   eng/guest.sh rust FOLDER|FILE.rs            a crate without dependencies (or one file), for wasm32-wasi; prints the module's path
#   eng/guest.sh npm PACKAGE@VERSION FILE       a file of an npm package; prints its path
#   eng/guest.sh browser                        a Chromium that can run without a display, from Debian where it is missing; prints its path
# Exit code 3 means "not here": a tool that is not installed or a registry out of reach, named on stderr. Any other failure is 1.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache/guests
mkdir -p "$cache"

missing() { echo "$*" >&2; exit 3; }
key() { sha256sum | cut -c1-24; }
# made TARGET COMMAND...: runs the command with a scratch name as its last argument, and renames only what succeeded.
made() {
  local target=$1 scratch=$1.$$; shift
  [ -e "$target" ] || { "$@" "$scratch" >&2 && mv "$scratch" "$target"; } || { rm -rf "$scratch"; exit 1; }
  echo "$target"
}

kind=${1:-}; shift
case $kind in
  c)
    command -v clang >/dev/null || missing "clang is not installed"
    [ -f /usr/include/wasm32-wasi/stdio.h ] || missing "wasi-libc is not installed"
    source=$1; shift
    # Headers beside the source are part of what it is made from.
    k=$({ clang --version | head -1; echo "$@"; cat "$source"; cat "$(dirname "$source")"/*.h 2>/dev/null; } | key)
    made "$cache/$(basename "$source" .c)-$k.wasm" clang --target=wasm32-wasi -O2 "$source" "$@" -o ;;
  native)
    if [ "${1%.rs}" != "$1" ]; then
      [ -x /usr/bin/rustc ] || missing "Debian's rustc is not installed"
      k=$({ /usr/bin/rustc --version; cat "$(dirname "$1")"/*.rs; } | key)
      made "$cache/$(basename "$1" .rs)-$k.native" env -u RUSTFLAGS -u RUSTUP_TOOLCHAIN /usr/bin/rustc --edition 2021 -O "$1" -o
      exit
    fi
    command -v gcc >/dev/null || missing "gcc is not installed"
    k=$({ gcc --version | head -1; cat "$1"; cat "$(dirname "$1")"/*.h 2>/dev/null; } | key)
    made "$cache/$(basename "$1" .c)-$k.native" gcc -O2 "$1" -lm -o ;;
  rust)
    # Debian's, by path: another cargo or rustc earlier in PATH has other targets and another registry.
    [ -x /usr/bin/rustc ] || missing "Debian's rustc is not installed"
    [ -d /usr/lib/rustlib/wasm32-wasi ] || missing "libstd-rust-dev-wasm32 is not installed"
    if [ -f "$1" ]; then
      k=$({ /usr/bin/rustc --version; cat "$1"; } | key)
      made "$cache/$(basename "$1" .rs)-$k.wasm" env -u RUSTFLAGS -u RUSTUP_TOOLCHAIN /usr/bin/rustc --edition 2021 --target wasm32-wasi -O "$1" -o
    else
      [ -x /usr/bin/cargo ] || missing "Debian's cargo is not installed"
      name=$(sed -n 's/^name *= *"\(.*\)"/\1/p' "$1/Cargo.toml" | head -1)
      k=$({ /usr/bin/rustc --version; cd "$1" && find . -type f -not -path './target/*' | LC_ALL=C sort | xargs cat; } | key)
      build() {
        (cd "$1" && env -u RUSTFLAGS -u RUSTUP_TOOLCHAIN PATH="/usr/bin:/bin" CARGO_HOME="$root/.cache/cargo" CARGO_TARGET_DIR="$cache/$name-target" \
          /usr/bin/cargo build --quiet --offline --release --target wasm32-wasi) && cp "$cache/$name-target/wasm32-wasi/release/$name.wasm" "$2"
      }
      made "$cache/$name-$k.wasm" build "$1"
    fi ;;
  npm)
    command -v npm >/dev/null || missing "npm is not installed"
    folder=$cache/npm/$1
    if [ ! -f "$folder/.done" ]; then
      rm -rf "$folder"; mkdir -p "$folder"
      (cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund --ignore-scripts "$1" >/dev/null 2>&1 && touch .done) \
        || missing "npm could not fetch $1 (the registry cannot be reached?)"
    fi
    package=${1%@*}
    [ -f "$folder/node_modules/$package/$2" ] || { echo "$1 has no file $2" >&2; exit 1; }
    echo "$folder/node_modules/$package/$2" ;;
  browser)
    found() { command -v chromium || command -v chromium-browser || command -v google-chrome || command -v chrome; }
    found && exit
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || missing "no Chromium is installed, and only root can install Debian's"
    { apt-get install -y --no-install-recommends chromium || { apt-get update && apt-get install -y --no-install-recommends chromium; }; } >/dev/null 2>&1
    found || missing "no Chromium is installed, and Debian's could not be" ;;
  *) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac
