#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole of it on live traffic: shop, load, panoscope, page's API. Needs root and a release build.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 -u test/e2e/story.py
