#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds files, functions, folders and names to a size and shape one can read.

Errors fail; notes (files over the wanted size) are counted. Usage: check_shape.py [root] [--notes]
"""

import pathlib
import re
import subprocess
import sys

FILE_WANTED, FILE_HARD, TEST_HARD = 400, 800, 1200
FUNCTION_HARD = 60
# Functions that are one table of data, not a sequence of steps.
TABLES = {("src/schema/table.cc", "MakeTables")}
FOLDER_HARD = 25  # units (a stem with its .h, .cc, _test.cc counts once)
PATH_HARD = 60
RECORDED = ".json.gz"  # data named by what it holds, opened by programs only
CODE = {".h", ".cc", ".c", ".ts", ".tsx", ".py", ".sh", ".js", ".mjs", ".css", ".go", ".java",
        ".php", ".rb"}
CXX = {".h", ".cc", ".c"}
SPDX = {".h", ".cc", ".c", ".ts", ".tsx", ".py", ".sh"}
FORBIDDEN = re.compile(r"(^|[_.-])(utils?|common|managers?|helpers?)([_.-]|$)", re.IGNORECASE)
TEST_FILE = re.compile(r"([_.-](test|bench|fuzz)\.)|_for_test\.h$|^(test|bench)/|/e2e/")
STRIP = re.compile(
    r'R"(?P<d>[^()\s\\]{0,16})\((?:.|\n)*?\)(?P=d)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*|/\*(?:.|\n)*?\*/|^[ \t]*#(?:\\\n|[^\n])*",
    re.MULTILINE)
TYPE_OR_SPACE = re.compile(r"\b(namespace|class|struct|union|enum)\b|extern\s*$")


def without_text(source):
    """The source with strings, comments and directives blanked, lines kept."""
    return STRIP.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), source)


def functions(source):
    """(first line, line count, head) of each function body at namespace or class scope."""
    code = without_text(source)
    stack = []  # (is a function, first line of its head, head)
    head_start, depth_in_function, line = 0, 0, 1
    for i, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char in ";}" or char == "{":
            head = code[head_start:i]
            head_start = i + 1
            if char == "{":
                outside = depth_in_function == 0
                body = outside and ")" in head and not TYPE_OR_SPACE.search(head.split("(")[0])
                stack.append((body, line - head.lstrip().count("\n"), head))
                depth_in_function += body or not outside
            elif char == "}" and stack:
                body, first, head_of_body = stack.pop()
                if depth_in_function > 0:
                    depth_in_function -= 1
                if body:
                    yield first, line - first + 1, head_of_body


def tracked(root):
    run = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True, check=False)
    names = run.stdout.split("\n") if run.returncode == 0 else []
    if not any(names):  # an unpacked archive
        skip = {"build", "node_modules", ".git", "dist", "__pycache__"}
        names = [p.relative_to(root).as_posix() for p in root.rglob("*")
                 if p.is_file() and not skip & set(p.relative_to(root).parts)]
    return sorted(n for n in set(names) if n and (root / n).is_file())


def check_file(root, name, errors, notes):
    path = root / name
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.count("\n") + (not text.endswith("\n"))
    is_test = bool(TEST_FILE.search(name))
    limit = TEST_HARD if is_test or path.suffix == ".css" else FILE_HARD
    if lines > limit:
        errors.append(f"{name}: {lines} lines, at most {limit}")
    elif lines > FILE_WANTED and not is_test:
        notes.append(f"{name}: {lines} lines, {FILE_WANTED} wanted")
    if path.suffix in SPDX and "SPDX-License-Identifier:" not in text[:400]:
        errors.append(f"{name}: no SPDX-License-Identifier line")
    if path.suffix in CXX and not is_test:
        for first, count, head in functions(text):
            table = any(name == where and what in head for where, what in TABLES)
            if count > FUNCTION_HARD and not table:
                errors.append(f"{name}:{first}: function of {count} lines, at most {FUNCTION_HARD}")


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parent.parent
    root = root.resolve()
    errors, notes, folders, checked = [], [], {}, 0
    for name in tracked(root):
        path = pathlib.PurePosixPath(name)
        if path.parts[0] in {"third_party", "testdata"} or "node_modules" in path.parts:
            continue
        if len(name) > PATH_HARD and not name.endswith(RECORDED):
            errors.append(f"{name}: path of {len(name)} characters, at most {PATH_HARD}")
        for part in path.parts:
            if FORBIDDEN.search(part):
                errors.append(f"{name}: '{part}' says nothing: name it for what it does")
        if path.suffix not in CODE:
            continue
        checked += 1
        if path.parts[0] in {"src", "bpf"}:
            stem = re.sub(r"_(test|bench|fuzz)$", "", path.stem)
            folders.setdefault(str(path.parent), set()).add(stem)
        check_file(root, name, errors, notes)
    for folder, stems in sorted(folders.items()):
        if len(stems) > FOLDER_HARD:
            errors.append(f"{folder}: {len(stems)} units, at most {FOLDER_HARD}")
    for line in errors + (notes if "--notes" in sys.argv else []):
        print(line)
    print(f"shape: {checked} files, {len(errors)} problems, {len(notes)} over the wanted size")
    return 1 if errors or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
