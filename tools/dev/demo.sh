#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev demo [--headless] [--json FILE] ...: see tools/demo/demo.py --help
set -euo pipefail
source "$(dirname "$0")/env.sh"
case " $* " in *' --help '*|*' -h '*) exec python3 tools/demo/demo.py --help ;; esac
need_root "the demo (eBPF capture and the shop's pods)" demo
install_packages build shop
ensure_node
ensure_chdb
say "building panoscope"
build_preset release --target panoscope
say "building the shop"
build_preset release --target shop
exec python3 tools/demo/demo.py "$@"
