#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Format, layers, shape and names of the whole tree. Ends with "N passed, N failed".
# tools/lint.sh [--fix]: with --fix, reformats instead of complaining.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0

check() {  # check NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "lint: $name failed"
  fi
}

format() {
  local mode=(--dry-run --Werror)
  [ "${1:-}" != --fix ] || mode=(-i)
  git ls-files -co --exclude-standard 'src/*.h' 'src/*.cc' 'test/*.h' 'test/*.cc' 'bench/*.cc' |
    xargs -r clang-format-19 "${mode[@]}"
}

check format format "${1:-}"
check layers python3 tools/check_layers.py
check shape python3 tools/check_shape.py
check checks python3 tools/check_test.py --quiet
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
