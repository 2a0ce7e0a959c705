#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev lint [--tidy [PATH...]]: PATH limits clang-tidy to files below it, e.g. src/agent/flow.
set -euo pipefail
source "$(dirname "$0")/env.sh"
install_packages build lint
bash tools/lint.sh
if [ "${1:-}" = --tidy ]; then
  shift
  [ "$#" -gt 0 ] || set -- src
  say "clang-tidy (every warning is an error)"
  # Compile commands and generated headers are all it needs; nothing is compiled for the host.
  build_preset tidy --target pano_sock_length_skeleton pano_sys_exit_skeleton
  python3 tools/tidy.py build/tidy "$@"
fi
