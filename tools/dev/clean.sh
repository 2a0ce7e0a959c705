#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev clean [--all]: --all also removes fetched engines and runtimes (build/_*).
set -euo pipefail
source "$(dirname "$0")/env.sh"
if [ -x shop/shop ]; then shop/shop down >/dev/null 2>&1 || true; fi
shopt -s nullglob
for entry in build/*; do
  case "$entry" in build/_*) [ "${1:-}" = --all ] || continue ;; esac
  rm -rf "$entry"
done
rm -rf web/dist data
[ "${1:-}" != --all ] || rm -rf build web/node_modules
say "clean"
