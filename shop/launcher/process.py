# SPDX-License-Identifier: Apache-2.0
"""Processes by pid and start time, so that a reused pid is never mistaken for ours."""

import os
import signal
import time


def start_time(pid):
    """In clock ticks since boot; None when there is no such process or it is a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def alive(pid, started):
    return started is not None and start_time(pid) == started


def end(processes, timeout=5.0):
    """Ends [pid, start time] pairs with SIGKILL and waits until they are gone."""
    for pid, started in processes:
        if alive(pid, started):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    deadline = time.monotonic() + timeout
    while any(alive(pid, started) for pid, started in processes) and time.monotonic() < deadline:
        time.sleep(0.02)


def listens(pid, port):
    """Whether a socket in the process's network namespace listens on the port."""
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
                for line in file.readlines()[1:]:
                    words = line.split()
                    if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                        return True
        except OSError:
            return False
    return False
