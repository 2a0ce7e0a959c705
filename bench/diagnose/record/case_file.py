# SPDX-License-Identifier: Apache-2.0
"""From what was captured to a question of docs/diagnose.md, with the truth beside it.

The target is chosen as somebody would who knows nothing but the symptoms: the outermost service where
it shows, and the metric that shows it."""

import collections
import gzip
import json
import os

ENTRY = "loadgenerator"
FRONT = "frontend"
MICRO = 1e-6
# The API's name of a metric -> the file's, and the factor between their units (step: one second).
OWN = {"latency_avg": ("latency_avg", MICRO), "latency_server_p95": ("latency_p95", MICRO),
       "request_rate": ("requests", 1), "errors": ("errors", 1), "in_flight": ("in_flight", 1),
       "cpu_usage": ("cpu_use", 1), "cpu_throttled": ("cpu_throttled", 1), "memory_used": ("memory_use", MICRO)}
CALL = {"latency_avg": ("latency_avg", MICRO), "latency": ("latency_p95", MICRO),
        "request_rate": ("requests", 1), "errors": ("errors", 1), "in_flight": ("in_flight", 1),
        "connect_latency_avg": ("connect_latency", MICRO), "connect_failures": ("connect_failures", 1),
        "retrans_syn": ("retrans_syn", 1)}


def rounded(value):
    """Four digits are as many as anybody measures."""
    return None if value is None else float(f"{value:.4g}")


def of(values, factor):
    out = [rounded(None if v is None else v * factor) for v in values]
    return [int(v) if v is not None and v == int(v) else v for v in out]


def own_latency(raw, server, window):
    """What a node takes as it sees itself: of each call the caller's mean less what lies between."""
    size = len(raw["nodes"][server][window]["latency_avg"])
    total, count = [0.0] * size, [0.0] * size
    for edge in raw["edges"]:
        if edge["server"] != server:
            continue
        seen = edge["windows"][window]
        for i, (mean, between, rate) in enumerate(zip(seen["latency_avg"], seen["latency_difference"],
                                                      seen["request_rate"])):
            if mean is not None and rate:
                total[i] += rate * (mean - (between or 0))
                count[i] += rate
    return [t / c if c else None for t, c in zip(total, count)]


def subjects(raw):
    """(subject, metric, values per window) of every series."""
    for name, windows in sorted(raw["nodes"].items()):
        for source, (metric, factor) in OWN.items():
            both = [own_latency(raw, name, n) if metric == "latency_avg" else window[source]
                    for n, window in enumerate(windows)]
            yield {"node": name}, metric, [of(values, factor) for values in both]
    for edge in sorted(raw["edges"], key=lambda e: (e["client"], e["server"])):
        for source, (metric, factor) in CALL.items():
            yield ({"edge": [edge["client"], edge["server"]]}, metric,
                   [of(window[source], factor) for window in edge["windows"]])


def windows_json(raw):
    """Baseline and incident. What is 0 or unknown in both is left out, but for the counts others are shares of."""
    out = [{"times": list(range(begin, end)), "series": []} for begin, end in raw["windows"]]
    for subject, metric, both in subjects(raw):
        if any(any(values) for values in both) or \
                metric in ("requests", "errors") and any(v is not None for values in both for v in values):
            for window, values in zip(out, both):
                window["series"].append({**subject, "metric": metric, "values": values})
    return out


class Totals:
    """What callers of a node saw in one window."""

    def __init__(self, raw, server, window):
        self.requests = self.errors = self.seconds = self.answered = 0.0
        self.size = raw["windows"][window][1] - raw["windows"][window][0]
        for edge in raw["edges"]:
            if edge["server"] != server:
                continue
            seen = edge["windows"][window]
            self.requests += sum(v or 0 for v in seen["request_rate"])
            self.errors += sum(v or 0 for v in seen["errors"]) + sum(v or 0 for v in seen["connect_failures"])
            for mean, rate in zip(seen["latency_avg"], seen["request_rate"]):
                if mean is not None and rate:
                    self.seconds += mean * rate * MICRO
                    self.answered += rate

    def per_second(self):
        return self.requests / self.size

    def failing(self):
        return self.errors / self.requests if self.requests else 0.0

    def mean(self):
        return self.seconds / self.answered if self.answered else 0.0


def symptom(raw, server):
    """The metric by which a node is worse than before, or None."""
    usual, now = Totals(raw, server, 0), Totals(raw, server, 1)
    if not usual.requests:
        return None
    if now.failing() > usual.failing() + 0.01:
        return "errors"
    if now.mean() > 1.25 * usual.mean() + 0.002:
        return "latency"
    # Deeper down counts fall by chance as well: which pages people ask for.
    if server == FRONT and now.per_second() < 0.75 * usual.per_second():
        return "throughput"
    return None


def choose_target(raw):
    """The outermost node that is worse, seen from the entry; (node, metric, whether anything is worse)."""
    callees = collections.defaultdict(set)
    for edge in raw["edges"]:
        callees[edge["client"]].add(edge["server"])
    queue, seen = [FRONT], {FRONT}
    while queue:
        level = sorted(queue)
        for node in level:
            if found := symptom(raw, node):
                return node, found, True
        queue = sorted({c for node in level for c in callees[node]} - seen)
        seen.update(queue)
    return FRONT, "latency", False


def question(raw, planned):
    """None: the fault shows nowhere, so there is nothing to ask."""
    node, metric, shows = choose_target(raw)
    if planned.truth and not shows:
        return None
    if not planned.truth:
        node, metric = FRONT, "latency"
    calls = sorted({(e["client"], e["server"]) for e in raw["edges"] if e["client"] != e["server"]})
    baseline, incident = windows_json(raw)
    return {"entry": ENTRY, "target": {"node": node, "metric": metric}, "calls": calls,
            "baseline": baseline, "incident": incident,
            "truth": list(planned.truth), "fault": planned.fault, "view": planned.load}


def write(folder, planned, asked):
    """Compressed, and the same bytes whenever it is written."""
    path = os.path.join(folder, f"{planned.name}.json.gz")
    text = json.dumps(asked, separators=(",", ":"), sort_keys=False) + "\n"
    with open(path + ".new", "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=9) as packed:
            packed.write(text.encode())
    os.replace(path + ".new", path)
    return path
