# SPDX-License-Identifier: Apache-2.0
"""Removes whatever a shop left: after `down`, after a crash, twice in a row."""

import os
import shutil
import sys

import cgroup
import network
import paths
import process


def pods(state):
    return [pod for service in state.get("services", []) for pod in service["pods"]]


def remove(shop):
    state = paths.read_state(shop) or {}
    end = [pod["launcher"] for pod in pods(state) if pod["launcher"]]
    end += [[pod["pid"], pod["started"]] for pod in pods(state)]
    process.end(end)
    for pod in pods(state):
        cgroup.remove(pod["cgroup_directories"])
    network.remove_all(shop)
    shutil.rmtree(paths.state_dir(shop), ignore_errors=True)
    try:
        os.rmdir(paths.RUN)
    except OSError:
        pass


def janitor(shop):
    """Waits for the supervisor's end, however it comes (its pipe closes), and cleans up behind it."""
    sys.stdin.buffer.read()
    remove(shop)
