# SPDX-License-Identifier: Apache-2.0
"""What the load generator saw: one line of JSON per second, added up on demand."""

import json
import math
import os


def seconds(path, begin, end):
    """The records of wall-clock seconds begin <= second < end."""
    if not os.path.exists(path):
        return
    with open(path, encoding="ascii") as file:
        for line in file:
            if not line.endswith("\n"):
                return  # being written
            record = json.loads(line)
            if begin <= record["second"] < end:
                yield record


def last(path):
    """The newest complete record, or None."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - 262144))
            lines = file.read().split(b"\n")[:-1]
        return json.loads(lines[-1]) if lines else None
    except (FileNotFoundError, ValueError):
        return None


def percentile(ordered, share):
    """Nearest rank; None of nothing."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def report(path, begin, end):
    """Completed responses of [begin, end), their latencies and errors; "failed" adds requests whose connection broke."""
    latencies, statuses = [], {}
    totals = {"started": 0, "connect_errors": 0, "broken": 0}
    covered = 0
    for record in seconds(path, begin, end):
        covered += 1
        latencies += record["latencies_us"]
        for status, count in record["errors"].items():
            statuses[status] = statuses.get(status, 0) + count
        for name in totals:
            totals[name] += record[name]
    latencies.sort()
    in_ms = {f"p{round(share * 100)}_ms": value and value / 1000
             for share, value in ((share, percentile(latencies, share)) for share in (0.5, 0.95, 0.99))}
    errors = sum(statuses.values())
    return {"requests": len(latencies), "errors": errors, "failed": errors + totals["broken"], **in_ms,
            "errors_by_status": statuses, **totals, "seconds": covered, "per_second": round(len(latencies) / covered, 1) if covered else 0.0}
