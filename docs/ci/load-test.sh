#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One load test as a gate: a run around the command, its report, and the comparison with the last good run
# of the main branch. Needs panoscope, jq, and a server (PANOSCOPE_URL, PANOSCOPE_TOKEN).
#   load-test.sh NAME LABEL=VALUE... -- COMMAND...
# Writes load.txt, report.html, report.md, compare.json. Exit code: that of `panoscope`: 0 within, 1 it could
# not be done, 3 an objective or a budget was exceeded.
set -euo pipefail

name=${1:?"load-test.sh NAME LABEL=VALUE... -- COMMAND..."}
shift
labels=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  labels+=(--label "$1")
  shift
done
shift
[ $# -gt 0 ] || { echo "load-test.sh: no command after --" >&2; exit 2; }

# Before this run begins, so that it cannot be its own baseline.
baseline=$(panoscope run list --json |
  jq -r '[.runs[] | select(.labels.branch == "main" and .state == "done" and .objectives_met != false)][0].id // empty')

id=$(panoscope run start --name "$name" "${labels[@]}")
trap 'panoscope run stop "$id" >/dev/null 2>&1 || true' EXIT
"$@" | tee load.txt
panoscope run stop "$id"
trap - EXIT
panoscope run attach "$id" load.txt || echo "load-test.sh: the load generator's report was not read; the run stands without it" >&2
panoscope report "$id" -o report.html
panoscope report "$id" -o report.md

verdict=0
panoscope run show "$id" || verdict=$?
if [ -n "$baseline" ]; then
  panoscope compare "$baseline" "$id" ${BUDGETS:+--budget "$BUDGETS"} --json > compare.json || worse=$?
  panoscope compare "$baseline" "$id" ${BUDGETS:+--budget "$BUDGETS"} || true
  [ "${worse:-0}" -le "$verdict" ] || verdict=$worse
else
  echo "no finished run labelled branch=main yet: nothing to compare with"
fi
exit "$verdict"
