#!/usr/bin/env bash
# The one door to Hornet: ./h help
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$root/.cache
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

help() {
  cat <<'TEXT'
./h build                  publish the native executables to out/ (hornet, hornet-micro, cargo-wasi)
./h run [options] FILE     run a WebAssembly module with out/hornet, which is built first where it is missing or old
./h test [group...]        build everything once and run the test groups (./h test list names them)
./h bless [group...]       run the groups and rewrite the golden files that differ; look at the difference before you commit it
./h gen [--check]          write the generated code anew from its tables (--check: only say what is not current)
./h bench [--full]         measure everything in one run, subjects in turn: Hornet's tiers, Wasmtime, V8, native code; as table, JSON and
                           a page (docs/performance.md). ./h bench --help names the single benchmarks
./h fuzz [TARGET] [--seconds N] [--seed S]
                           compare the tiers with each other and with Wasmtime on generated modules, and more (docs/testing.md); what
                           differs is shrunk into artifacts/fuzz/ (default: all targets in turn; ./h fuzz --help names them)
./h fuzz TARGET... --guided   the same, keeping and changing cases that took a new branch of the compiler, the reader or the text
./h fuzz TARGET --afl      AFL++ makes the bytes (Debian: apt install afl++)
./h fuzz mutation [NAME...] [--seconds N]
                           which of the seeded mistakes of tests/mutants the fuzzers find, and how soon
./h fuzz properties [seconds] [group...]
                           let the property tests of the groups run for so long each (60 seconds)
./h explain WORD           what a word means here: a project, a test group, an operator (i32.rotl), a decision
./h explain FILE.wat       one module through every stage: text, bytes, operators, operand types, interpreter code,
                           IR after each pass that changed it, machine code beside its operators (--func NAME, --stage code, -O opt-level=0)
./h help                   this page

A first hour: ./h run samples/hello.wasm, then ./h test, then CONTRIBUTING.md.
What is expensive to make lies in .cache/, keyed by what it is made from; removing it is always safe.
HORNET_PLAIN=1 uses the plain .NET runtime instead of the native executable.
TEXT
}

# What ./h COMMAND --help says: its entry above, and what else there is to tell.
teach() {
  help | awk -v c="$1" '/^\.\/h / || /^$/ { show = $2 == c } show'
  case $1 in
    build)   printf '\nThe executables and what drives them in the tests:\n'; executables | sed 's/^/    /' ;;
    test|bless) printf '\nThe groups (processor seconds each may take, what it proves):\n'; tests list | sed 's/^/    /' ;;
    bench)   echo; cat "$root/bench/help.txt" ;;
    fuzz)    echo; cat "$root/tests/Hornet.Fuzz/help.txt" ;;
    explain)
      cat <<'TEXT'

    ./h explain Hornet.Native         a project: what it is for, what it may use
    ./h explain crash                 a test group
    ./h explain i32.rotl              an operator: its row in the table that reader, validator and tiers are made from
    ./h explain lean                  a decision: what RATIONALE.md says of it
    ./h explain FILE.wat              a module through every stage; the options are those of out/hornet explain:

TEXT
      if [ -x "$root/out/hornet" ]; then "$root/out/hornet" explain --help | sed 's/^/    /'; else echo "    (./h build makes out/hornet, whose 'explain --help' lists them)"; fi ;;
  esac
}

say()  { printf '%s\n' "$*" >&2; }
fail() { say "h: $*"; exit 1; }

has_sdk() { command -v dotnet >/dev/null 2>&1 && (cd "$root" && dotnet --version >/dev/null 2>&1); }
has_linker() { [ -z "${HORNET_PLAIN:-}" ] && { command -v clang || command -v gcc; } >/dev/null 2>&1; }

need_sdk() {
  has_sdk && return
  if command -v dotnet >/dev/null 2>&1; then
    say "h: the .NET SDK here does not satisfy global.json (wanted: $(grep -o '"version": "[^"]*"' "$root/global.json" | cut -d'"' -f4) or a later 10.0)."
    say "   Installed: $(cd / && dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | tr '\n' ' ')"
  else
    say "h: the .NET SDK 10 is missing: there is no 'dotnet' in PATH."
  fi
  say "   Get it from https://dotnet.microsoft.com/download/dotnet/10.0, or without root:"
  say "     curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 && export PATH=\$HOME/.dotnet:\$PATH"
  exit 1
}

# What an executable is made from, as one hash: the libraries, the settings, and its own folder.
source_key() {
  (cd "$root" && find src global.json Directory.Build.props Directory.Packages.props "$@" -type f -print0 | LC_ALL=C sort -zu | xargs -0 sha256sum | sha256sum | cut -c1-32)
}

rid() {
  local arch; case $(uname -m) in aarch64|arm64) arch=arm64 ;; *) arch=x64 ;; esac
  case $(uname -s) in Darwin) echo "osx-$arch" ;; *) echo "linux-$arch" ;; esac
}

# publish FOLDER NAME: a native executable in out/, made only when its sources have changed.
publish() {
  local folder=$1 name=$2 key stored; key=$(source_key "$folder")
  [ -x "$root/out/$name" ] && [ "$(cat "$root/out/.$name.key" 2>/dev/null)" = "$key" ] && return 0
  mkdir -p "$root/out"; stored=$cache/publish/$name/$key
  if [ ! -x "$stored" ]; then
    need_sdk
    say "h: publishing out/$name (about a minute) ..."
    dotnet publish "$root/$folder" -c Release -r "$(rid)" -v q -p:NuGetInteractive=false >"$root/out/.$name.log" 2>&1 \
      || { say "h: publishing failed:"; grep -E 'error|warning' "$root/out/.$name.log" | sort -u | head -20 >&2; return 1; }
    mkdir -p "$cache/publish/$name"; rm -f "$cache/publish/$name/"*
    cp "$root/artifacts/publish/${folder##*/}/release_$(rid)/$name" "$stored.new" && mv "$stored.new" "$stored" || return 1
  fi
  # By rename, so that a running copy is left alone.
  cp "$stored" "$root/out/.$name.new" && mv "$root/out/.$name.new" "$root/out/$name" && echo "$key" > "$root/out/.$name.key"
}

# The executables: the test group that drives each, its project, its name.
executables() {
  cat <<'TABLE'
cli       src/Hornet.Cli   hornet
cargowasi src/CargoWasi    cargo-wasi
wasi      src/Hornet.Micro hornet-micro
crash     tests/Hornet.Crash.Child crash-child
TABLE
}

build() {
  need_sdk
  has_linker || fail "NativeAOT needs clang or gcc to link, and neither is in PATH (Debian: apt install clang). ./h run FILE works without, on the plain runtime."
  local group folder name
  while read -r -u 3 group folder name; do publish "$folder" "$name" || exit 1; done 3< <(executables)
  executables | while read -r group folder name; do printf '%-12s %s MB\n' "$name" "$(awk -v b="$(stat -c %s "$root/out/$name")" 'BEGIN { printf "%.1f", b / 1e6 }')"; done
}

run() {
  [ $# -gt 0 ] || fail "run what? ./h run samples/hello.wasm"
  if has_linker && has_sdk; then publish src/Hornet.Cli hornet && exec "$root/out/hornet" run "$@"; fi
  if ! has_sdk; then
    [ -x "$root/out/hornet" ] || need_sdk
    say "h: no .NET SDK here, so out/hornet runs as it is; it may be older than its sources."
    exec "$root/out/hornet" run "$@"
  fi
  [ -n "${HORNET_PLAIN:-}" ] || say "h: no native executable can be linked here (clang or gcc is missing, or see above); using the plain runtime."
  plain && exec dotnet "$root/artifacts/bin/Hornet.Cli/release/hornet.dll" run "$@"
}

# The command on the plain runtime.
plain() {
  local key; key=$(source_key)
  [ -f "$root/artifacts/bin/Hornet.Cli/release/hornet.dll" ] && [ "$(cat "$cache/plain.key" 2>/dev/null)" = "$key" ] && return
  mkdir -p "$cache"
  dotnet build "$root/src/Hornet.Cli" -c Release -v q --nologo >"$cache/build.log" 2>&1 || { grep -E 'error ' "$cache/build.log" | sort -u | head -20 >&2; return 1; }
  echo "$key" > "$cache/plain.key"
}

# Lines "group budget project what" of tests/groups.txt, narrowed to the groups asked for.
groups() {
  local name budget what wanted=" $* "
  grep -v '^#' "$root/tests/groups.txt" | while read -r name budget what; do
    [ -n "$name" ] || continue
    [ "$wanted" = "  " ] || [[ $wanted == *" $name "* ]] || continue
    echo "$name $budget $what"
  done
}

attribute() { sed -n "s/.*<assembly [^>]*[ \"]$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -1; }

# The names and reasons of what was skipped, a line each, at most twenty.
skipped_names() {
  tr -d '\n' < "$1" | sed 's/<test /\n<test /g' | grep 'result="Skip"' \
    | sed 's/.*<test [^>]*name="\([^"]*\)".*<reason[^>]*>\(<!\[CDATA\[\)\{0,1\}\([^]<]*\).*/  skipped: \1: \3/; s/\\*&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' | head -20
}

tests() {
  local wanted name budget what folder exe report log rc start used p f s e note passed=0 failed=0 skipped=0
  local TIMEFORMAT='%0U %0S'
  if [ "${1:-}" = list ]; then groups | while read -r name budget what; do printf '%-10s %4s s  %s\n' "$name" "$budget" "$what"; done; return; fi
  for wanted in "$@"; do groups "$wanted" | grep -q . || fail "no test group '$wanted'; ./h test list names them"; done
  need_sdk
  cd "$root" || exit 1
  mkdir -p "$cache/results"
  start=$SECONDS
  build_all || { echo "0 passed, 1 failed"; return 1; }
  # The copy of the sources with seeded mistakes, of which the group fuzz looks for some.
  if groups "$@" | grep -q '^fuzz '; then "$root/artifacts/bin/Hornet.Fuzz/release/Hornet.Fuzz" mutation --build || failed=$((failed + 1)); fi
  if has_linker; then
    while read -r -u 3 name folder exe; do
      if groups "$@" | grep -q "^$name "; then publish "$folder" "$exe" || failed=$((failed + 1)); fi
    done 3< <(executables)
  else
    say "h: no linker for NativeAOT here: the command's tests use the plain runtime"
  fi
  printf 'built in %s s\n' $((SECONDS - start))
  printf '%-10s %7s %7s %7s   %s\n' group passed failed skipped "processor seconds / budget"
  while read -r -u 3 name budget what; do
    exe=$(executable "$name"); report=$cache/results/$name.xml; log=$cache/results/$name.log
    rm -f "$report"; start=$SECONDS; note=
    { time timeout -k 10 $((budget * 4)) "$exe" --no-ansi --progress off --results-directory "$cache/results" \
      --report-xunit-xml --report-xunit-xml-filename "$name.xml" >"$log" 2>&1 </dev/null; } 2>"$cache/results/$name.time"
    rc=$?; read -r used s <"$cache/results/$name.time"; used=$((used + s))
    p=$(attribute "$report" passed 2>/dev/null); f=$(attribute "$report" failed 2>/dev/null)
    s=$(attribute "$report" skipped 2>/dev/null); e=$(attribute "$report" errors 2>/dev/null)
    p=${p:-0}; s=${s:-0}; f=$((${f:-0} + ${e:-0}))
    # Exit code 8 says that no test ran: right only for a project that has no source yet.
    if [ $rc -eq 8 ] && ! compgen -G "$(project "$name")/*.cs" >/dev/null; then rc=0; note="no tests yet"; fi
    if [ $rc -eq 124 ] || [ $rc -eq 137 ]; then note="stopped after four times its budget by the clock"; f=$((f + 1))
    elif [ $rc -ne 0 ] && [ "$f" -eq 0 ]; then note="ended with exit code $rc"; f=1; fi
    if [ $used -gt "$budget" ]; then note="${note:+$note; }over its budget"; [ "$f" -gt 0 ] || f=1; fi
    printf '%-10s %7s %7s %7s   %4s s / %4s s, %4s s by the clock   %s\n' "$name" "$p" "$f" "$s" "$used" "$budget" $((SECONDS - start)) "$note"
    [ "$f" -eq 0 ] || { sed '/^$/d' "$log" | head -c 12000; say "(the whole log: ${log#"$root"/})"; }
    [ "$s" -eq 0 ] || skipped_names "$report"
    passed=$((passed + p)); failed=$((failed + f)); skipped=$((skipped + s))
  done 3< <(groups "$@")
  printf '%s passed, %s failed' $passed $failed
  [ $skipped -eq 0 ] || printf ', %s skipped' $skipped
  printf '\n'
  [ $failed -eq 0 ]
}

# Builds everything; says something only where it fails.
build_all() {
  mkdir -p "$cache"
  dotnet build "$root/Hornet.slnx" -c Release -v q --nologo >"$cache/build.log" 2>&1 && return
  grep -E '(error|warning) ' "$cache/build.log" | sort -u | head -30 >&2
  say "h: the build failed (the whole log: .cache/build.log)"; return 1
}

# The folder of a group: tests/Hornet.Wasm.Tests for the group "wasm"; and what it is built to.
project() {
  local p; for p in "$root"/tests/Hornet.*.Tests; do
    [ "$(echo "${p##*/}" | tr 'A-Z' 'a-z')" = "hornet.$1.tests" ] && { echo "$p"; return; }
  done
}
executable() { local p; p=$(project "$1"); p=${p##*/}; echo "$root/artifacts/bin/$p/release/$p"; }

fuzz() {
  if [ "${1:-}" != properties ]; then
    need_sdk
    dotnet build "$root/tests/Hornet.Fuzz" -c Release -v q --nologo -clp:NoSummary >&2 || fail "the build failed"
    exec "$root/artifacts/bin/Hornet.Fuzz/release/Hornet.Fuzz" "$@"
  fi
  shift
  local seconds=60
  case ${1:-} in ''|*[!0-9]*) ;; *) seconds=$1; shift ;; esac
  need_sdk; cd "$root" || exit 1
  build_all || exit 1
  local name rest file filters status=0
  while read -r -u 3 name rest; do
    # The classes that have a property; CsCheck reads from the environment how long it is to look for a counterexample.
    filters=()
    for file in $(grep -rlE '\.Sample\(' "$(project "$name")" --include='*.cs'); do filters+=(--filter-class "*.$(basename "$file" .cs)"); done
    [ ${#filters[@]} -gt 0 ] || continue
    echo "== $name, ${seconds} s for each property"
    CsCheck_Time=$seconds "$(executable "$name")" --no-ansi --progress off "${filters[@]}" || status=1
  done 3< <(groups "$@")
  return $status
}

# The same program for plain .NET, as it is built and ready to run, in out/first/.
first_result() {
  local key; key=$(source_key bench/FirstResult)
  [ "$(cat "$root/out/first/key" 2>/dev/null)" = "$key" ] && return
  say "h: publishing out/first ..."
  rm -rf "$root/out/first"; mkdir -p "$root/out/first"
  dotnet publish "$root/bench/FirstResult" -c Release -v q -o "$root/out/first/plain" >"$root/out/.first.log" 2>&1 \
    && dotnet publish "$root/bench/FirstResult" -c Release -r "$(rid)" --self-contained false -p:PublishReadyToRun=true -v q -o "$root/out/first/ready-to-run" >>"$root/out/.first.log" 2>&1 \
    || { say "h: what is measured on plain .NET is left out: publishing failed (out/.first.log)"; return 0; }
  echo "$key" > "$root/out/first/key"
}

bench() {
  need_sdk; cd "$root" || exit 1
  if [ "${1:-}" = micro ]; then shift; exec dotnet run --project bench/Hornet.MicroBench -c Release -v q -- "$@"; fi
  publish src/Hornet.Cli hornet && publish src/Hornet.Micro hornet-micro && publish bench/BareHello bare-hello && publish bench/CompileOnce compile-once && first_result && exec dotnet run --project bench/Hornet.Bench -c Release -v q -- "$@"
}

explain() {
  [ $# -gt 0 ] || fail "explain what? A project (Hornet.Wasm), a test group, an operator (i32.rotl), or a word of RATIONALE.md"
  if [ -f "$1" ]; then publish src/Hornet.Cli hornet && exec "$root/out/hornet" explain "$@"; fi
  cd "$root" || exit 1
  local word=$1 found=1
  grep -iF -- "$word" ARCHITECTURE.md | grep -E '^\| `|->' && found=0
  groups "$word" | while read -r name budget what; do echo "test group $name (budget $budget s): $what"; done
  if grep -qE "(^|[[:space:]])${word//./\\.}([[:space:]]|$)" src/Hornet.Wasm/Operators/wasm.ops; then
    grep -E "^#.*(mnemonic|code)" src/Hornet.Wasm/Operators/wasm.ops | tail -1
    grep -E "(^|[[:space:]])${word//./\\.}([[:space:]]|$)" src/Hornet.Wasm/Operators/wasm.ops; found=0
  fi
  # A decision: the question with its paragraphs, up to the next heading.
  awk -v w="$(echo "$word" | tr 'A-Z' 'a-z')" '/^# /{ show = 0 } /^## /{ show = index(tolower($0), w) > 0 } show { print; any = 1 } END { exit !any }' RATIONALE.md && found=0
  groups "$word" | grep -q . && found=0
  [ $found -eq 0 ] || { say "h: nothing here is called '$word'; it occurs in:"; grep -rlniF -- "$word" docs src --include='*.md' --include='*.cs' 2>/dev/null | head -8 >&2; return 1; }
}

command=${1:-help}; [ $# -eq 0 ] || shift
# hornet run has a help of its own.
case $command:${1:-} in build:*|test:*|bless:*|gen:*|bench:*|fuzz:*|explain:*) case ${1:-} in -h|--help|help) teach "$command"; exit ;; esac ;; esac
case $command in
  build)   build ;;
  run)     run "$@" ;;
  test)    tests "$@" ;;
  bless)   HORNET_BLESS=1 tests "$@" ;;
  gen)     need_sdk; cd "$root" && exec dotnet run --project eng/Hornet.Gen -c Release -v q -- "$root" "$@" ;;
  bench)   bench "$@" ;;
  fuzz)    fuzz "$@" ;;
  explain) explain "$@" ;;
  help|-h|--help) help ;;
  *) say "h: there is no '$command' here."; help >&2; exit 2 ;;
esac
