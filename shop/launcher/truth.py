# SPDX-License-Identifier: Apache-2.0
"""What the kernel itself counted, per pod: the measure others are held against. All counters only grow."""

import os

COUNTERS = ("TcpExtTCPSynRetrans", "TcpOutRsts", "TcpExtListenOverflows", "TcpExtListenDrops", "TcpRetransSegs",
            "TcpAttemptFails", "TcpActiveOpens", "TcpPassiveOpens", "TcpExtTCPTimeouts")


def kernel_counters(pid):
    """As nstat names them, of the network namespace the process is in."""
    found = {}
    for table in ("snmp", "netstat"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            lines = file.read().splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            prefix = names.partition(":")[0]
            for name, value in zip(names.split()[1:], values.split()[1:]):
                found[prefix + name] = int(value)
    return {name: found[name] for name in COUNTERS if name in found}


def read_pairs(path):
    try:
        with open(path, encoding="ascii") as file:
            return {words[0]: int(words[1]) for words in map(str.split, file) if len(words) == 2}
    except OSError:
        return {}


def read_number(path):
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def cpu_counters(directories):
    """Throttling and use of the pod's control group, version 1 or 2, in nanoseconds."""
    out = {}
    for directory in directories:
        stat = read_pairs(os.path.join(directory, "cpu.stat"))
        if "nr_throttled" in stat:
            out["nr_periods"] = stat["nr_periods"]
            out["nr_throttled"] = stat["nr_throttled"]
            out["throttled_ns"] = stat.get("throttled_time", stat.get("throttled_usec", 0) * 1000)
        if "usage_usec" in stat:
            out["cpu_usage_ns"] = stat["usage_usec"] * 1000
        usage = read_number(os.path.join(directory, "cpuacct.usage"))
        if usage is not None:
            out["cpu_usage_ns"] = usage
    return out


def truth(state):
    pods = {}
    for service in state["services"]:
        for pod in service["pods"]:
            try:
                counters = kernel_counters(pod["pid"])
            except OSError:
                counters = {}  # the process is down
            pods[pod["name"]] = {"service": service["name"], "ip": pod["ip"], "netns": pod["netns"], **counters,
                                 **cpu_counters(pod["cgroup_directories"])}
    return {"pods": pods}
