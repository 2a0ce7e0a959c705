#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the recordings of testdata/exchange into seeds for session_fuzz:
testdata/corpus/session/PROTOCOL/.
The format is that of src/agent/session/fuzz_program.h. Recordings above 8 KiB are cut."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Order of the registry.
PROTOCOLS = ["http1", "http2", "redis", "tls", "mysql", "postgresql", "kafka", "dns"]

for protocol in sorted(os.listdir(ROOT + "/testdata/exchange")):
    folder = "%s/testdata/exchange/%s" % (ROOT, protocol)
    os.makedirs("%s/testdata/corpus/session/%s" % (ROOT, protocol), exist_ok=True)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".txt"):
            continue
        calls = b""
        for line in open(folder + "/" + name):
            if line[0] not in "<>":
                continue
            body = bytes.fromhex(line.split()[2])[:4096]
            calls += bytes([line[0] == "<"]) + len(body).to_bytes(2, "little") + body
        udp = name == "udp.txt"
        for kind, pick in (("known", PROTOCOLS.index(protocol)), ("inferred", 0xF0 if udp else 0xE0)):
            with open("%s/testdata/corpus/session/%s/%s_%s" % (ROOT, protocol, name[:-4], kind), "wb") as out:
                out.write(bytes([pick]) + calls[:8192])
