# SPDX-License-Identifier: Apache-2.0
"""A pod's control groups, named as Kubernetes names them: kubepods/burstable/pod<uid>/<container id>."""

import os
import signal
import time

PERIOD_US = 100_000
# Weights when the machine is busy: the pods together like several ordinary processes, each by its limit.
ALL_PODS_SHARES = 4096
UNLIMITED_CPU = 1.0
V1 = ("cpu", "cpuacct", "memory", "pids")


def mounts():
    """Where control groups are made: {controller: directory}; the key "unified" stands for version 2."""
    found = {}
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, directory, kind, options = line.split()[:4]
            if kind == "cgroup":
                for controller in set(options.split(",")) & set(V1):
                    found.setdefault(controller, directory)
            elif kind == "cgroup2":
                with open(os.path.join(directory, "cgroup.controllers"), encoding="ascii") as controllers:
                    if "cpu" in controllers.read().split():
                        found["unified"] = directory
    return {"unified": found["unified"]} if "unified" in found and "cpu" not in found else \
        {controller: found[controller] for controller in V1 if controller in found}


def write(directory, name, text):
    with open(os.path.join(directory, name), "w", encoding="ascii") as file:
        file.write(str(text))


class PodGroups:
    def __init__(self, uid, container):
        self.roots = mounts()
        if not self.roots:
            raise RuntimeError("no cgroup hierarchy with the cpu controller")
        self.path = f"kubepods/burstable/pod{uid}/{container}"
        self.directories = sorted({os.path.join(root, self.path) for root in self.roots.values()})

    def of(self, controller):
        root = self.roots.get(controller) or self.roots.get("unified")
        return root and os.path.join(root, self.path)

    def create(self, cpu, memory_mib):
        unified = "unified" in self.roots
        for directory in self.directories:
            os.makedirs(directory, exist_ok=True)
        if unified:
            self.delegate()
            self.limit_cpu(cpu)
            write(self.of("cpu"), "cpu.weight", max(1, round(100 * (cpu or UNLIMITED_CPU))))
            write(self.of("memory"), "memory.max", memory_mib << 20)
            return
        write(os.path.join(self.roots["cpu"], "kubepods"), "cpu.shares", ALL_PODS_SHARES)
        write(os.path.dirname(self.of("cpu")), "cpu.shares", round(1024 * (cpu or UNLIMITED_CPU)))
        self.limit_cpu(cpu)
        if self.of("memory"):
            write(self.of("memory"), "memory.limit_in_bytes", memory_mib << 20)

    def limit_cpu(self, cpu):
        """Cores; 0: no limit. May be changed at any time."""
        if "unified" in self.roots:
            write(self.of("cpu"), "cpu.max", f"{int(cpu * PERIOD_US) if cpu else 'max'} {PERIOD_US}")
            return
        write(self.of("cpu"), "cpu.cfs_period_us", PERIOD_US)
        write(self.of("cpu"), "cpu.cfs_quota_us", int(cpu * PERIOD_US) if cpu else -1)

    def delegate(self):
        directory = self.roots["unified"]
        for part in self.path.split("/"):
            write(directory, "cgroup.subtree_control", "+cpu +memory +pids")
            directory = os.path.join(directory, part)

    def processes(self):
        try:
            with open(os.path.join(self.directories[0], "cgroup.procs"), encoding="ascii") as file:
                return [int(line) for line in file]
        except FileNotFoundError:
            return []

    def signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def remove(self):
        remove(self.directories)


def remove(directories, timeout=3.0):
    """Removes the groups, ending what still runs in them, and the parents nobody else uses."""
    for directory in directories:
        deadline = time.monotonic() + timeout
        while os.path.isdir(directory):
            try:
                os.rmdir(directory)
            except OSError:
                end_members(directory)
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
        for _ in range(3):  # pod<uid>, burstable, kubepods
            directory = os.path.dirname(directory)
            try:
                os.rmdir(directory)
            except OSError:
                break


def end_members(directory):
    try:
        with open(os.path.join(directory, "cgroup.procs"), encoding="ascii") as file:
            for line in file:
                os.kill(int(line), signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass
