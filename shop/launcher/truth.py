# SPDX-License-Identifier: Apache-2.0
"""What the kernel itself counted, per pod: the measure others are held against. All counters only grow."""

import contextlib
import os
import time

COUNTERS = ("TcpExtTCPSynRetrans", "TcpOutRsts", "TcpExtListenOverflows", "TcpExtListenDrops", "TcpRetransSegs",
            "TcpAttemptFails", "TcpActiveOpens", "TcpPassiveOpens", "TcpExtTCPTimeouts")


def parse_tables(tables):
    """As nstat names them: pairs of lines, names over values."""
    found = {}
    for text in tables:
        lines = text.splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            prefix = names.partition(":")[0]
            for name, value in zip(names.split()[1:], values.split()[1:]):
                found[prefix + name] = int(value)
    return {name: found[name] for name in COUNTERS if name in found}


def parse_cpu(stats, usages):
    """Throttling and use of the pod's control group, version 1 or 2, in nanoseconds."""
    out = {}
    for text in stats:
        stat = {words[0]: int(words[1]) for words in map(str.split, text.splitlines()) if len(words) == 2}
        if "nr_throttled" in stat:
            out["nr_periods"] = stat["nr_periods"]
            out["nr_throttled"] = stat["nr_throttled"]
            out["throttled_ns"] = stat.get("throttled_time", stat.get("throttled_usec", 0) * 1000)
        if "usage_usec" in stat:
            out["cpu_usage_ns"] = stat["usage_usec"] * 1000
    for text in filter(None, usages):
        out["cpu_usage_ns"] = int(text)
    return out


class PodFiles:
    """The files that tell of a pod, open beforehand: reading them all then takes an instant."""

    def __init__(self, service, pod, stack):
        self.pod = pod
        self.known = {"service": service, "ip": pod["ip"], "netns": pod["netns"]}
        self.stack = stack
        # An open file stays with the network namespace, whatever becomes of the process.
        self.tables = self.open(f"/proc/{pod['pid']}/net/{table}" for table in ("snmp", "netstat"))
        groups = pod["cgroup_directories"]
        self.stats = self.open(os.path.join(directory, "cpu.stat") for directory in groups)
        self.usages = self.open(os.path.join(directory, "cpuacct.usage") for directory in groups)

    def open(self, paths):
        files = []
        for path in paths:
            with contextlib.suppress(OSError):  # the process is down, or the group is of the other version
                files.append(self.stack.enter_context(open(path, "rb", buffering=0)))
        return files

    def read(self):
        self.read_at = time.time()
        self.texts = [[read_text(file) for file in files] for files in (self.tables, self.stats, self.usages)]

    def counters(self):
        tables, stats, usages = self.texts
        return {**self.known, "read_at": self.read_at, **parse_tables(tables), **parse_cpu(stats, usages)}


def read_text(file):
    try:
        return os.pread(file.fileno(), 1 << 16, 0).decode("ascii")
    except OSError:
        return ""  # the control group is gone


def wait_until(moment):
    """Ahead of the shop's own processes for the CPU: a second of the map ends where it ends."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    time.sleep(max(0, moment - time.time()))


def truth(state, moment=None):
    """The counters of every pod, now or at a moment to come (Unix seconds)."""
    with contextlib.ExitStack() as stack:
        pods = [PodFiles(service["name"], pod, stack) for service in state["services"] for pod in service["pods"]]
        if moment is not None:
            wait_until(moment)
        for pod in pods:
            pod.read()
        return {"pods": {pod.pod["name"]: pod.counters() for pod in pods}}
