#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
source "$(dirname "$0")/env.sh"
install_packages build test shop lint fuzz
ensure_node
ensure_chdb
say "everything that ./dev needs is installed"
