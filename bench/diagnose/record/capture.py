# SPDX-License-Identifier: Apache-2.0
"""Two windows of a running Panoscope, as its API tells them: second by second, every node and call."""

NODE = ("latency_avg", "latency", "latency_p50", "latency_p99", "latency_server_p95", "request_rate", "errors",
        "in_flight", "connect_latency_avg", "connect_failures", "retrans_syn",
        "cpu_usage", "cpu_throttled", "memory_used")
EDGE = ("latency_avg", "latency", "latency_difference", "request_rate", "errors", "in_flight",
        "connect_latency_avg", "connect_failures", "retrans_syn")


def capture(panoscope, services, windows):
    """{"nodes": {name: [per window {metric: values}]}, "edges": [...]}: only of the shop's own services."""
    view = panoscope.get(f"/api/v1/map?from={windows[0][0]}&to={windows[-1][1]}")
    names = {node["id"]: node["name"] for node in view["nodes"] if node["name"] in services}
    raw = {"windows": windows, "nodes": {}, "edges": []}
    for node, name in names.items():
        raw["nodes"][name] = [series(panoscope, "node", node, NODE, window) for window in windows]
    for edge in view["edges"]:
        if edge["client"] in names and edge["server"] in names:
            raw["edges"].append({
                "client": names[edge["client"]], "server": names[edge["server"]], "protocol": edge["protocol"],
                "windows": [series(panoscope, "edge", edge["id"], EDGE, window) for window in windows]})
    return raw


def series(panoscope, kind, number, metrics, window):
    begin, end = window
    return panoscope.get(f"/api/v1/series?{kind}={number}&metrics={','.join(metrics)}"
                         f"&from={begin}&to={end}&step=1")["series"]
