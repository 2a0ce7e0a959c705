#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
source "$(dirname "$0")/env.sh"
case "${1:-help}" in
  up|load|scale|fault) need_root "the shop's pods (network namespaces, cgroups)" "shop $*"
    install_packages build shop; ensure_node ;;
esac
exec shop/shop "$@"
