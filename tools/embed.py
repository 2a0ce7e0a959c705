#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed.py FOLDER OUT BUILT: writes OUT/page.S and OUT/page.cc with every file of FOLDER, gzipped."""

import gzip
import hashlib
import os
import sys

TEXT = """// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "server/api/static_files.h"

extern "C" {{
{declarations}
}}

namespace pano::api {{
namespace {{
std::string_view Bytes(const char* begin, const char* end) {{
  return {{begin, static_cast<size_t>(end - begin)}};
}}
}}  // namespace

std::span<const EmbeddedFile> EmbeddedFiles() {{
  static const std::array<EmbeddedFile, {count}> kFiles{{{{
{rows}
  }}}};
  return kFiles;
}}

bool PageEmbedded() {{ return {built}; }}

}}  // namespace pano::api
"""


def main():
    folder, out, built = sys.argv[1:4]
    os.makedirs(out, exist_ok=True)
    files = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    if not files:
        sys.exit(f"{folder} is empty: was the page built?")
    assembly, declarations, rows = ['.section .note.GNU-stack,"",@progbits', ".section .rodata"], [], []
    for number, path in enumerate(files):
        with open(path, "rb") as source:
            content = source.read()
        packed = os.path.join(out, f"file{number}.gz")
        with open(packed, "wb") as target:
            target.write(gzip.compress(content, 9, mtime=0))
        begin, end = f"pano_page_{number}", f"pano_page_{number}_end"
        assembly += [f".global {begin}", f".global {end}", f"{begin}:", f'.incbin "{packed}"', f"{end}:"]
        declarations.append(f"extern const char {begin}[];\nextern const char {end}[];")
        etag = hashlib.sha256(content).hexdigest()[:20]
        name = "/" + os.path.relpath(path, folder)
        rows.append(f'      {{"{name}", "\\"{etag}\\"", Bytes({begin}, {end})}},')
    with open(os.path.join(out, "page.S"), "w") as target:
        target.write("\n".join(assembly) + "\n")
    with open(os.path.join(out, "page.cc"), "w") as target:
        target.write(TEXT.format(declarations="\n".join(declarations), count=len(files),
                                 rows="\n".join(rows), built="true" if built == "1" else "false"))


main()
