# SPDX-License-Identifier: Apache-2.0
"""Holds the map against what the kernel counted in each pod, as nstat and the control groups tell it."""

import collections

# Counters are read a moment before or after the map's window: that many may fall between.
SLACK = {"syn_retransmits": 3, "resets": 3, "listen_overflows": 3, "cpu_throttled_share": 0.01}
TOLERANCE = 0.05


def kernel_counts(before, after):
    """Growth of every counter, summed over the pods of a service."""
    services = collections.defaultdict(collections.Counter)
    for pod, counters in after["pods"].items():
        old = before["pods"].get(pod, {})
        for name, value in counters.items():
            if isinstance(value, (int, float)):
                services[counters["service"]][name] += value - old.get(name, 0)
    return services


def map_counts(view):
    """The same from the map: what a service did as client and as server, by the edges it has."""
    services = collections.defaultdict(collections.Counter)
    names = {node["id"]: node["name"] for node in view["nodes"]}
    for edge in view["edges"]:
        client, server, counts = names[edge["client"]], names[edge["server"]], edge["counts"]
        # The kernel has one counter for SYN and SYN-ACK, and one for every RST that left.
        services[client]["syn_retransmits"] += counts["retrans_syn"]
        services[server]["syn_retransmits"] += counts["retrans_synack"]
        services[client]["resets"] += counts["client_resets"]
        services[server]["resets"] += counts["server_resets"]
        services[server]["listen_overflows"] += counts["accept_overflow"]
    for node in view["nodes"]:
        services[node["name"]]["cpu_throttled_share"] = node["details"]["cpu_throttled"] or 0
    return services


def compare(before, after, view):
    """[{"what", "service", "kernel", "map", "agrees"}], where either side counted anything."""
    kernel, ours = kernel_counts(before, after), map_counts(view)
    out = []
    for service, counters in sorted(kernel.items()):
        periods = counters["nr_periods"]
        for what, truth in (("syn_retransmits", counters["TcpExtTCPSynRetrans"]),
                            ("resets", counters["TcpOutRsts"]),
                            ("listen_overflows", counters["TcpExtListenOverflows"]),
                            ("cpu_throttled_share", counters["nr_throttled"] / periods if periods else 0)):
            seen = ours[service][what]
            if truth or seen:
                agrees = abs(seen - truth) <= max(TOLERANCE * truth, SLACK[what])
                out.append({"what": what, "service": service, "kernel": round(truth, 4),
                            "map": round(seen, 4), "agrees": agrees})
    return out
