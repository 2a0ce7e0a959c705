#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over the sources of a compile database, each file once per content.

A file is skipped when what the compiler would see of it, the checks and their version are those of
a run that found nothing: the keys of such runs are files in BUILD/tidy-clean. Files changed against
the main branch come first, so that what is at fault shows early.
Usage: tidy.py BUILD [PATH...]    PATH: files below it only (default: src)
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

TIDY = "clang-tidy-19"
# They are what their library's macros make of them.
LEFT_OUT = ("_fuzz.cc", "_bench.cc")


def changed():
    """Paths that differ from where this branch left main, and what is not committed."""
    out = set()
    for words in (["diff", "--name-only", "main...HEAD"], ["diff", "--name-only", "HEAD"]):
        result = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        out.update(result.stdout.split())
    return out


def seen_by_compiler(entry):
    """The preprocessed text, or nothing when it does not preprocess."""
    words = [w for w in shlex.split(entry["command"]) if not w.endswith("ccache")]
    for flag in ("-o", "-MF", "-MT"):
        while flag in words:
            at = words.index(flag)
            del words[at:at + 2]
    words = [w for w in words if w not in ("-c", "-MD")]
    result = subprocess.run([*words, "-E", "-w"], cwd=entry["directory"], capture_output=True, check=False)
    return result.stdout if result.returncode == 0 else b""


class Tidy:
    def __init__(self, root, build):
        self.root, self.build = root, build
        self.clean = build / "tidy-clean"
        self.clean.mkdir(exist_ok=True)
        version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
        self.salt = version + (root / ".clang-tidy").read_bytes()

    def check(self, entry):
        """Path, what was found (empty: nothing), whether it was known."""
        path = str(pathlib.Path(entry["file"]).relative_to(self.root))
        text = seen_by_compiler(entry)
        key = self.clean / hashlib.sha256(self.salt + path.encode() + text).hexdigest()
        if text and key.exists():
            key.touch()
            return path, "", True
        result = subprocess.run([TIDY, "--quiet", "-p", str(self.build), entry["file"]], cwd=self.root,
                                capture_output=True, text=True, check=False)
        if result.returncode == 0:
            if text:
                key.touch()
            return path, "", False
        return path, result.stdout + result.stderr, False

    def forget_old(self):
        for key in self.clean.iterdir():
            if key.stat().st_mtime < time.time() - 30 * 86400:
                key.unlink()


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    build = pathlib.Path(sys.argv[1]).resolve()
    below = [p.rstrip("/") for p in sys.argv[2:]] or ["src"]
    first = changed()
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], root)
        wanted = any(path == b or path.startswith(b + "/") for b in below)
        if wanted and path.endswith(".cc") and not path.endswith(LEFT_OUT):
            entries[path] = entry
    order = sorted(entries, key=lambda path: (path not in first, path))
    if not order:
        print("tidy: no such source in the compile database")
        return 1
    tidy, bad, known = Tidy(root, build), 0, 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count()))) as pool:
        for done, job in enumerate(concurrent.futures.as_completed(
                [pool.submit(tidy.check, entries[path]) for path in order]), 1):
            path, found, was_known = job.result()
            known += was_known
            if found:
                bad += 1
                print(f"{path}:\n{found}", flush=True)
            elif not was_known and done % 10 == 0:
                print(f"    {done} of {len(order)}", flush=True)
    tidy.forget_old()
    print(f"tidy: {len(order)} files, {known} known to be clean, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
