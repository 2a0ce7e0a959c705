# SPDX-License-Identifier: Apache-2.0
"""One phase of the story: settle, measure whole seconds, hold the map against the load generator."""

import collections
import time

from truth import compare

SIX = ("traffic", "request_rate", "errors", "latency", "connect_latency", "connect_failures")
# Seconds that the reading of the kernel's counters is begun ahead of its moment.
ARMING = 4


def sleep_until(when):
    while (left := when - time.time()) > 0:
        time.sleep(min(left, 0.5))


def entry_edge(view, names):
    """The edge from the load generator to the frontend, as totals and percentiles of the window."""
    for edge in view["edges"]:
        if (names[edge["client"]], names[edge["server"]]) == ("loadgenerator", "frontend"):
            counts, details = edge["counts"], edge["details"]
            return {
                "requests": counts["response"],
                "errors": counts["client_error"] + counts["server_error"] + counts["timeout"],
                "p50_ms": details["latency_p50"] / 1000,
                "p95_ms": details["latency_p95"] / 1000,
                "p99_ms": details["latency_p99"] / 1000,
            }
    return None


def measure(shop, panoscope, users, settle, seconds, say):
    """Returns the phase's record without its name."""
    say(f"settling for {settle} s")
    begin = int(time.time() + settle) + 1
    sleep_until(begin - ARMING)
    truth_before = shop.truth(begin)
    end = begin + seconds
    say(f"measuring for {seconds} s")
    sleep_until(end - ARMING)
    truth_after = shop.truth(end)
    # The map's second is complete shortly after it ended; late responses belong to later seconds.
    sleep_until(end + 2.5)
    view = panoscope.get(f"/api/v1/map?from={begin}&to={end}")
    diagnosis = panoscope.get(f"/api/v1/diagnosis?from={begin}&to={end}")
    names = {node["id"]: node["name"] for node in view["nodes"]}
    edges = [
        {"client": names[e["client"]], "server": names[e["server"]], "protocol": e["protocol"],
         **{metric: e["metrics"][metric] for metric in SIX}, "state": e["state"],
         "counts": e["counts"]}
        for e in view["edges"]]
    return {
        "from": begin, "to": end,
        "replicas": {n["name"]: n["replicas"] for n in view["nodes"] if n["replicas"]},
        "users": users,
        "loadgen": shop.report(begin, end),
        "entry_edge": entry_edge(view, names),
        "edges": edges,
        "states": dict(collections.Counter(e["state"] for e in view["edges"])),
        "verdict": {key: diagnosis[key] for key in ("bottleneck", "sentence", "path", "evidence")},
        "truth": compare(truth_before, truth_after, view),
    }, view
