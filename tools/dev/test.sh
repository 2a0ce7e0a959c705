#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev test [--fast] [--only NAME]: unit, kernel, store, server, page and shop tests. Ends with the
# counts in one line: "N passed, N failed". --only tsan is not part of the whole run.
set -uo pipefail
source "$(dirname "$0")/env.sh"
fast=0 only=
while [ "$#" -gt 0 ]; do
  case "$1" in
    --fast) fast=1 ;;
    --only) only=$2; shift ;;
    *) die "unknown option $1; ./dev test [--fast] [--only NAME]" ;;
  esac
  shift
done
set -e
[ "$fast" = 1 ] || need_root "the kernel and shop tests (eBPF, network namespaces)" test
install_packages build test lint $([ "$fast" = 1 ] || echo shop)
ensure_node
ensure_chdb
set +e
passed=0 failed=0
declare -a broken=()
mkdir -p build/logs

# suite NAME COMMAND...: runs it; the last "N passed, N failed" line it prints is what counts.
suite() {
  local name=$1; shift
  [ -z "$only" ] || [ "$only" = "$name" ] || return 0
  say "$name"
  local log=build/logs/test-$name.log line
  if "$@" > "$log" 2>&1; then :; else
    local status=$?
    tail -n 40 "$log"
  fi
  line=$(grep -aoE '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  if [ -z "$line" ]; then
    [ "${status:-0}" = 0 ] && status=1
    echo "    $name printed no result; whole output in $log"
    failed=$((failed + 1)); broken+=("$name")
    return 0
  fi
  echo "    $line"
  set -- $line
  passed=$((passed + $1))
  failed=$((failed + $3))
  if [ "$3" != 0 ] || [ "${status:-0}" != 0 ]; then
    [ "$3" != 0 ] || failed=$((failed + 1))
    broken+=("$name")
  fi
  status=0
}

if [ "$only" = tsan ]; then
  say "building (ThreadSanitizer)"
  build_preset tsan --target threaded_tests || die "the build failed"
  suite tsan bash tools/dev/ctest.sh tsan tsan
  echo "$passed passed, $failed failed"
  exit "$((failed > 0))"
fi
# Built beside the suites that mostly wait, before those that the load could disturb.
asan_build=
start_asan_build() {
  [ -z "$only" ] || [ "$only" = asan ] || return 0
  set -m  # a process group of its own: all of it ends where this does
  (
    renice -n 19 -p "$BASHPID" > /dev/null
    build_preset asan-ubsan --target sanitized_tests
  ) > build/logs/build-asan.log 2>&1 &
  asan_build=$!
  set +m
}
trap '[ -z "$asan_build" ] || kill -- "-$asan_build" 2> /dev/null' EXIT
finish_asan_build() {
  [ -n "$asan_build" ] || return 0
  say "building (ASan and UBSan)"
  wait "$asan_build" || { tail -n 40 build/logs/build-asan.log; broken+=(asan-build); failed=$((failed + 1)); }
  asan_build=
}

say "building (release)"
build_preset release || die "the build failed"
[ "$fast" = 1 ] || start_asan_build
suite unit bash tools/dev/ctest.sh release unit
suite lint bash tools/lint.sh
if [ "$fast" = 0 ]; then
  suite web npm --prefix web run --silent test:count
  finish_asan_build
  suite kernel bash tools/dev/ctest.sh release kernel
  suite asan bash tools/dev/ctest.sh asan-ubsan asan
  suite shop bash shop/test/run.sh
  suite e2e bash test/e2e/run.sh
fi
[ "${#broken[@]}" = 0 ] || echo "broken: ${broken[*]} (logs in build/logs)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
