#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gets the embedded engine (libchdb.so, pinned and checked by the lock file) into build/_chdb,
# once; all build presets share it. Usage: third_party/chdb/fetch.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=${1:-$here/../../build/_chdb}
mkdir -p "$into"
into=$(cd "$into" && pwd)
exec 9>"$into/.lock"
flock 9
library=$into/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so
if [ -f "$library" ] && cmp -s "$here/package-lock.json" "$into/package-lock.json" &&
   [ -f "$into/.complete" ]; then
  exit 0
fi
rm -f "$into/.complete"
cp "$here/package.json" "$here/package-lock.json" "$into/"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefix "$into" >&2
[ -f "$library" ] || { echo "npm finished, but $library is not there" >&2; exit 1; }
touch "$into/.complete"
