# SPDX-License-Identifier: Apache-2.0
"""stall.py PROCS SHARE: stops every process listed in the file PROCS for SHARE of each quarter second.

Ends, and lets them go on, when told to (SIGTERM), when its parent ends, and when the list is gone or empty."""

import os
import signal
import sys
import time

PERIOD_S = 0.25


def signal_all(path, number):
    """False when nobody is left."""
    try:
        with open(path, encoding="ascii") as file:
            processes = [int(line) for line in file]
    except OSError:
        return False
    for pid in processes:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    return bool(processes)


def main():
    path, share = sys.argv[1], float(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    parent = os.getppid()
    try:
        while os.getppid() == parent and signal_all(path, signal.SIGSTOP):
            time.sleep(share * PERIOD_S)
            signal_all(path, signal.SIGCONT)
            time.sleep((1 - share) * PERIOD_S)
    finally:
        signal_all(path, signal.SIGCONT)


main()
