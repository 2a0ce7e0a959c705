#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev lint [--tidy]
set -euo pipefail
source "$(dirname "$0")/env.sh"
install_packages build lint
bash tools/lint.sh
if [ "${1:-}" = --tidy ]; then
  say "clang-tidy (every warning is an error)"
  build_preset tidy
  git ls-files 'src/*.cc' | xargs -P "$JOBS" -n 4 clang-tidy-19 --quiet -p build/tidy
fi
