#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What capture costs those it watches: see overhead.py --help.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
exec python3 bench/overhead/overhead.py "$@"
