#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fetch.sh DIRECTORY: the Kafka broker's jars into DIRECTORY/jars, once. Never fails: without them the shop takes its
# stand-in broker and says so. DIRECTORY/why tells what was missing.
directory=$1
[ ! -f "$directory/jars/complete" ] || exit 0
mkdir -p "$directory"
[ -z "$(find "$directory/why" -mmin -60 2> /dev/null)" ] || exit 0  # failed lately: not again at every build
rm -rf "$directory/jars"
if ! command -v mvn > /dev/null; then
  echo "maven is not installed" > "$directory/why"
elif timeout 180 mvn -q -B --strict-checksums -f "$(dirname "$0")/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$directory/jars" > "$directory/fetch.log" 2>&1; then
  touch "$directory/jars/complete"
  rm -f "$directory/why"
else
  rm -rf "$directory/jars"
  echo "its jars could not be fetched (see $directory/fetch.log)" > "$directory/why"
fi
exit 0
