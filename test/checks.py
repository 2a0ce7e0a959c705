# SPDX-License-Identifier: Apache-2.0
"""in: checks, each a function that raises when it is not content; out: a line for each, and the exit code.

A suite ends with `conclude`, whose last line is what the runner counts by: "N passed, N failed".
"""

import subprocess
import sys
import traceback


def checks_of(names, owner):
    """The functions of `owner` that begin with check_, in the order of `names`."""
    return [(name[len("check_"):].replace("_", " "), getattr(owner, name)) for name in list(names)
            if name.startswith("check_")]


def run_checks(checks):
    """Each answers for itself: after one that fails the next ones still run. Answers passed, failed."""
    passed = failed = 0
    for name, check in checks:
        try:
            check()
            passed += 1
            print("ok  ", name, flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print("FAIL", name, flush=True)
            if isinstance(error, subprocess.CalledProcessError):
                print(error.stderr)
            traceback.print_exc(file=sys.stdout)
    return passed, failed


def conclude(passed, failed):
    """Nothing run is nothing passed."""
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0
