#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/dev/ctest.sh PRESET LABEL: runs the tests of a label and adds up the cases inside them (a
# GoogleTest executable counts its cases, any other test counts one): "N passed, N failed".
set -uo pipefail
source "$(dirname "$0")/env.sh"
preset=$1 label=$2
exclude=()
[ "$preset" != asan-ubsan ] && [ "$preset" != tsan ] || exclude=(-LE unsanitized)
log=build/logs/ctest-$preset-$label.log
ctest --test-dir "build/$preset" -L "^$label\$" "${exclude[@]}" --no-tests=error --verbose -j 1 > "$log" 2>&1
awk '
  function settle(ok) { if (!counted) { if (ok) pass++; else { fail++; print "    failed: " name } } }
  /^test [0-9]+$/ { counted = 0; failed_here = 0 }
  /Start +[0-9]+: / { name = $NF }
  /\[  PASSED  \] [0-9]+ test/ { match($0, /PASSED  \] [0-9]+/); pass += substr($0, RSTART + 10, RLENGTH - 10); counted = 1 }
  /\[  FAILED  \] [0-9]+ test/ { match($0, /FAILED  \] [0-9]+/); n = substr($0, RSTART + 10, RLENGTH - 10); fail += n; failed_here = n; counted = 1 }
  /\[  FAILED  \] [A-Za-z]/ { if (!seen[$0]++) print }
  /\[  SKIPPED \] [0-9]+ test/ { print "    skipped tests count as failed: " $0; match($0, /SKIPPED \] [0-9]+/); fail += substr($0, RSTART + 10, RLENGTH - 10) }
  / Test +#[0-9]+: .*Passed/ { settle(1) }
  / Test +#[0-9]+: .*(\*\*\*|Failed)/ { if (!counted || !failed_here) { fail++; print "    died: " $0 } }
  END { printf "%d passed, %d failed\n", pass, fail }
' "$log"
! grep -qE '^The following tests FAILED|No tests were found' "$log" || { grep -aE 'Failure|Error|error:|what\(\)' "$log" | head -40; exit 1; }
