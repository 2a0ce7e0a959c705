#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev bench overhead|reaction|compare|parse|store|analysis|live|diagnose [OPTIONS]: side-by-side measurements, apart from the tests.
set -euo pipefail
source "$(dirname "$0")/env.sh"
name=${1:-}
shift || true
install_packages build test
case "$name" in
  overhead)
    need_root "the overhead benchmark (eBPF)" "bench overhead"
    ensure_node; ensure_chdb
    build_preset release
    exec bash bench/overhead/run.sh "$@" ;;
  reaction)
    need_root "the reaction benchmark (eBPF)" "bench reaction"
    ensure_node; ensure_chdb
    build_preset release --target panoscope
    exec node bench/reaction/run.mjs "$@" ;;
  compare)
    need_root "the comparison benchmark (the shop's network namespaces, eBPF)" "bench compare"
    install_packages shop
    ensure_node; ensure_chdb
    build_preset release --target panoscope
    exec python3 bench/compare/compare.py "$@" ;;
  parse|store|analysis|live)
    ensure_node; ensure_chdb
    case "$name" in
      parse) target=pano_session_bench ;;
      store) target=pano_query_bench ;;
      analysis) target=pano_analysis_bench ;;
      live) target=pano_api_bench ;;
    esac
    say "building $target"
    build_preset bench --target "$target"
    exec "$(find build/bench -name "$target" -type f -perm -u+x)" "$@" ;;
  diagnose)
    ensure_node; ensure_chdb
    say "building diagnose_bench"
    build_preset release --target diagnose_bench
    exec build/release/bench/diagnose/diagnose_bench "$@" ;;
  *) die "which benchmark? ./dev bench overhead | reaction | compare | parse | store | analysis | live | diagnose" ;;
esac
