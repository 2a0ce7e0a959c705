#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include to the dependency law of ARCHITECTURE.md.

A stage includes base, schema, its own folder and the boundary header of the stage before it; agent
and server meet only in wire and schema. ALLOWED is the law as data: one row per folder, more than
the boundary header only with a reason. Usage: check_layers.py [repository root]
"""

import pathlib
import re
import sys

# folder -> what it may include besides itself; a trailing slash means the whole folder.
ALLOWED = {
    "src/base": [],
    "src/schema": ["base/"],
    "src/wire": ["base/", "schema/"],
    "src/agent/source": ["base/", "schema/", "bpf/abi/", "bpf/pano_sock_length.skel.h",
                         "bpf/pano_sys_exit.skel.h"],
    "src/agent/decode": ["base/", "schema/", "agent/source/source.h", "bpf/abi/"],
    "src/agent/flow": ["base/", "schema/", "agent/decode/event.h"],
    "src/agent/l7": ["base/", "schema/", "agent/flow/segment.h", "bpf/infer/"],
    # The matcher owns the parsers of its connection, so it needs the registry that makes them; the
    # connection's identity comes with the segment.
    "src/agent/session": ["base/", "schema/", "agent/l7/", "agent/flow/segment.h"],
    # Entities are found from process events and sent as wire::InstanceInfo.
    "src/agent/entity": ["base/", "schema/", "agent/decode/event.h", "wire/batch.h"],
    # Two kinds of input: requests, and connections with their TCP life.
    "src/agent/metric": ["base/", "schema/", "agent/session/request.h", "agent/flow/connection.h",
                         "agent/decode/event.h", "wire/batch.h"],
    "src/agent/sender": ["base/", "schema/", "wire/"],
    "src/agent": ["base/", "schema/", "wire/", "agent/", "bpf/abi/"],  # pipeline.cc: the wiring
    "src/server/ingest": ["base/", "schema/", "wire/"],
    "src/server/tag": ["base/", "schema/", "wire/batch.h"],
    "src/server/analysis": ["base/", "schema/"],
    # Capacity reads the folded graph of the analysis: the same rates, the same limits.
    "src/server/capacity": ["base/", "schema/", "server/analysis/"],
    # Live state is judged where it is kept: analysis is pure and is called from here.
    "src/server/live": ["base/", "schema/", "server/tag/row.h", "server/analysis/"],
    # A run keeps what live saw, and judges it: one more reader of live's windows.
    "src/server/run": ["base/", "schema/", "server/live/", "server/analysis/",
                       "server/tag/row.h"],
    # Rules look at the finished map; what they find is judged, grouped and sent from here.
    "src/server/alert": ["base/", "schema/", "server/live/", "server/analysis/",
                         "server/tag/row.h"],
    # A report tells a run: its numbers, its map, what was planned from it.
    "src/server/report": ["base/", "schema/", "server/run/", "server/live/", "server/analysis/",
                          "server/capacity/"],
    "src/server/store": ["base/", "schema/", "server/tag/row.h"],
    # Rows come back as what they were written from.
    "src/server/query": ["base/", "schema/", "server/store/", "server/tag/row.h"],
    # The API is the last stage: it answers from live, analysis, query and store alike.
    "src/server/api": ["base/", "schema/", "server/live/", "server/analysis/", "server/query/",
                       "server/run/", "server/report/", "server/alert/", "server/store/store.h",
                       "server/tag/row.h"],
    "src/server": ["base/", "schema/", "wire/", "server/"],  # pipeline.cc: the wiring
    "src/cli": ["base/", "schema/", "wire/", "agent/", "server/"],
    "bpf": ["bpf/"],  # promise_test.cc: the objects as they were compiled
    "bpf/abi": [],
    "bpf/infer": [],
    "bpf/maps": ["bpf/abi/", "bpf/lib/kernel.h", "bpf/lib/conn_state.h",
                 "bpf/lib/walked_call.h"],
    "bpf/lib": ["bpf/abi/", "bpf/maps/"],
    "bpf/probe": ["bpf/abi/", "bpf/maps/", "bpf/lib/"],
}
GENERATED = {"vmlinux.h"}
# Tests, benchmarks and fuzzers work against real counterparts: anything of their own side.
TEST_FILE = re.compile(r"_(test|bench|fuzz)\.(cc|h)$|_for_test\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
SUFFIXES = {".h", ".cc", ".c", ".hpp", ".cpp"}


def row_of(folder):
    """The most specific row that covers a folder."""
    while folder and folder not in ALLOWED:
        folder = folder.rpartition("/")[0]
    return folder


def resolve(root, source, include):
    """Path of an include from the repository root: bpf/ files name each other relatively."""
    if str(source).startswith("bpf/") and not include.startswith("bpf/"):
        path = pathlib.PurePosixPath(source.parent)
        for part in pathlib.PurePosixPath(include).parts:
            path = path.parent if part == ".." else path / part
        return str(path)
    if include.startswith("bpf/"):
        return include
    return "src/" + include


def side(folder):
    parts = folder.split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "src" else parts[0]


def is_allowed(row, target, is_test):
    short = target.removeprefix("src/")
    if row_of(str(pathlib.PurePosixPath(target).parent)) == row:
        return True
    for entry in ALLOWED[row]:
        if short == entry or (entry.endswith("/") and short.startswith(entry)):
            return True
    if not is_test:
        return False
    meeting = {"base", "schema", "wire", "bpf"}
    return side(target) == side(row) or side(target) in meeting


def check(root):
    problems = []
    checked = 0
    for path in sorted((root / "src").rglob("*")) + sorted((root / "bpf").rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        source = pathlib.PurePosixPath(path.relative_to(root).as_posix())
        row = row_of(str(source.parent))
        if not row:
            problems.append(f"{source}: folder {source.parent} has no row in ALLOWED")
            continue
        checked += 1
        text = path.read_text(encoding="utf-8", errors="replace")
        for match in INCLUDE.finditer(text):
            include = match.group(1)
            if pathlib.PurePosixPath(include).name in GENERATED:
                continue
            line = text.count("\n", 0, match.start(1)) + 1
            if row.startswith("src/") and "/" not in include:
                problems.append(f'{source}:{line}: "{include}": name it from the root of src/')
                continue
            target = resolve(root, source, include)
            if not is_allowed(row, target, bool(TEST_FILE.search(source.name))):
                problems.append(f"{source}:{line}: {row} may not include {include}")
    return checked, problems


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if root.is_file():
        root = root.parent.parent
    checked, problems = check(root)
    for problem in problems:
        print(problem)
    print(f"layers: {checked} files, {len(problems)} problems")
    return 1 if problems or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
