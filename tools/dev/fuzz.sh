#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev fuzz [SECONDS] [TARGET...]: builds the fuzz targets alone (libFuzzer, ASan, UBSan) and runs
# each for SECONDS on its seeds (testdata/corpus) and on what earlier runs found (build/fuzz-corpus).
# Ends with a finding's input in build/fuzz-findings, and then with an exit code of 1.
set -euo pipefail
source "$(dirname "$0")/env.sh"
seconds=10
if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1; shift; fi
install_packages build test fuzz
say "building the fuzz targets"
[ "$#" -gt 0 ] && targets=("$@") || targets=(fuzzers)
build_preset fuzz --target "${targets[@]}"
findings=build/fuzz-findings status=0 count=0
mkdir -p "$findings" build/logs
while read -r target; do
  name=$(basename "$target")
  [ "$#" = 0 ] || [[ " $* " == *" $name "* ]] || continue
  seeds=testdata/corpus/${name%_fuzz} work=build/fuzz-corpus/$name log=build/logs/$name.log
  [ -d "$seeds" ] || die "$name has no seeds: put some into $seeds"
  mkdir -p "$work"
  verdict=ok
  "$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$findings/$name-" "$work" "$seeds" > "$log" 2>&1 ||
    { verdict=FINDING; status=1; }
  number() { grep -aoE "$1[^0-9]*[0-9]+" "$log" | grep -oE '[0-9]+$' | tail -n 1; }
  printf '%-18s %10s runs  %6s edges covered  %5s MB  %s\n' "$name" \
    "$(number 'stat::number_of_executed_units:')" "$(number ' cov:')" "$(number 'stat::peak_rss_mb:')" "$verdict"
  [ "$verdict" = ok ] || grep -aE 'ERROR|SUMMARY|runtime error|Test unit written' "$log" | sed 's/^/    /'
  count=$((count + 1))
done < <(find build/fuzz -name '*_fuzz' -type f -perm -u+x | sort)
[ "$count" -gt 0 ] || die "no fuzz target was built"
if [ "$status" = 0 ]; then say "$count fuzz targets, $seconds s each, no finding"
else say "findings in $findings, whole output in build/logs"; fi
exit "$status"
