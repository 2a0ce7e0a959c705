#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for report_reader_fuzz (from testdata/loadgen) and run_file_fuzz (made here):
testdata/corpus/report_reader/, testdata/corpus/run_file/. Formats: the fuzzers' own sources."""
import json
import os
import struct

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Order of the registry in report_reader.cc.
TOOLS = ["shop", "k6", "vegeta", "wrk", "ab", "hey", "locust", "jmeter"]


def put(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(content)


for name in sorted(os.listdir(ROOT + "/testdata/loadgen")):
    if name == "README.md":
        continue
    tool = next(t for t in TOOLS if name.startswith(t))
    text = open("%s/testdata/loadgen/%s" % (ROOT, name), "rb").read()[:6000]
    put("%s/testdata/corpus/report_reader/%s" % (ROOT, name), bytes([TOOLS.index(tool)]) + text)
    put("%s/testdata/corpus/report_reader/auto_%s" % (ROOT, name), bytes([len(TOOLS)]) + text)


def piece(kind, raw):
    return bytes([kind]) + struct.pack("<H", len(raw)) + raw


def bucket(at, seconds):
    # One edge (id 5): client seen, metric 0 = 9, a histogram of one entry, no connect histogram;
    # server unseen. One node (id 2): 1 second, 1 replica, metric 0 = 7. One loss.
    data = bytes([1, 5, 1, 1, 9, 1, 40, 3, 0, 0, 1, 2, 1, 1, 1, 7, 1, 2]) + b"xx" + bytes([4])
    return struct.pack("<QIIBII", at, seconds, seconds, 0, 0, len(data)) + data


INFO = {"id": "20260101-000000-0000", "name": "n", "state": "done", "origin": "manual", "begin": 1000, "end": 1010,
        "labels": {"a": "b"}, "limits": {"defaults": {"latency": 1}, "overrides": []},
        "marks": [{"time": 1003, "text": "m", "step": True}],
        "events": [{"time": 1004.5, "kind": "scale", "service": "s", "text": "t"}],
        "verdicts": [{"from": 1000, "to": 1010, "status": "bottleneck", "bottleneck": "s"}],
        "loadgen": [{"tool": "wrk", "requests": 3, "quantiles": {"0.5": 1}, "histogram": [[3, 1]]}]}
NAMES = {"bucket_seconds": 1, "nodes": [[1, "wrk", "", 4, []], [2, "s", "", 0, [[3, "s-1", 9, 0]]]],
         "edges": [[5, 1, 2, 80, 20, 6]]}
METRICS = {"edge": ["request", "response"], "instance": ["cpu_usage"]}

seed = (piece(1, json.dumps(METRICS).encode()) + piece(3, b"".join(bucket(1000 + i, 1) for i in range(10))) +
        piece(2, json.dumps(NAMES).encode()) + piece(4, json.dumps(INFO).encode()) +
        piece(5, json.dumps({"id": INFO["id"], "state": "done"}).encode()))
put(ROOT + "/testdata/corpus/run_file/whole", seed)
put(ROOT + "/testdata/corpus/run_file/coarse", seed.replace(b'"bucket_seconds": 1', b'"bucket_seconds": 2'))
put(ROOT + "/testdata/corpus/run_file/magic", b"PANORUN\n\x01\x00\x00\x00")
