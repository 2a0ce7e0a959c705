#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev fuzz [SECONDS]: builds all fuzz targets (libFuzzer, ASan, UBSan) and runs each for SECONDS.
set -euo pipefail
source "$(dirname "$0")/env.sh"
seconds=${1:-10}
install_packages build test fuzz
say "building fuzz targets"
build_preset fuzz
status=0 count=0
while read -r target; do
  name=$(basename "$target")
  corpus=testdata/corpus/${name%_fuzz}
  work=build/fuzz/corpus/$name
  mkdir -p "$work"
  say "$name for $seconds s"
  "$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/" "$work" $([ ! -d "$corpus" ] || echo "$corpus") > "build/logs/$name.log" 2>&1 || {
    status=1; tail -n 30 "build/logs/$name.log"; }
  grep -E 'stat::(number_of_executed_units|peak_rss_mb)' "build/logs/$name.log" || true
  count=$((count + 1))
done < <(find build/fuzz -name '*_fuzz' -type f -perm -u+x | sort)
[ "$count" -gt 0 ] || die "no fuzz target was built"
[ "$status" = 0 ] && say "$count fuzz targets, no finding"
exit "$status"
