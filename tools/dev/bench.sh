#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev bench overhead|parse|live|store [OPTIONS]: side-by-side measurements, apart from the tests.
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
  parse|live|store|analysis|wire)
    ensure_node; ensure_chdb
    case "$name" in parse) target=pano_l7_bench ;; *) target=pano_${name}_bench ;; esac
    say "building $target"
    build_preset bench --target "$target"
    exec "$(find build/bench -name "$target" -type f -perm -u+x)" "$@" ;;
  *) die "which benchmark? ./dev bench overhead | parse | live | store | analysis" ;;
esac
