#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
source "$(dirname "$0")/env.sh"
mapfile -t missing < <(missing_packages build node test shop lint fuzz)
if [ "${#missing[@]}" -gt 0 ]; then
  echo "packages: ${#missing[@]} missing (./dev install): ${missing[*]}"
else
  echo "packages: all installed"
fi
echo "node: $(node --version 2>/dev/null || echo missing)   npm: $(npm --version 2>/dev/null || echo missing)"
if [ -x build/release/src/cli/panoscope ]; then
  exec build/release/src/cli/panoscope doctor "$@"
fi
echo "panoscope: not built yet (./dev build)"
