#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev build [PRESET] [TARGET...]
set -euo pipefail
source "$(dirname "$0")/env.sh"
preset=${1:-release}
shift || true
groups=(build test)
[ "$preset" != fuzz ] || groups+=(fuzz)
install_packages "${groups[@]}"
ensure_node
ensure_chdb
say "building ($preset)"
if [ "$#" -gt 0 ]; then build_preset "$preset" --target "$@"; else build_preset "$preset"; fi
