#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The article's load test, played on the shop: 1,500 users, four phases, a verdict for each."""

import argparse
import json
import os
import signal
import sys
import tempfile
import time

from load_test import LoadTest
from panoscope import Panoscope
from phase import measure
from shop import Shop

STORY = (
    ("productcatalog x1, cart x1", None),
    ("productcatalog x2", ("productcatalog", 2)),
    ("productcatalog x3", ("productcatalog", 3)),
    ("cart x2", ("cart", 2)),
)


def parse():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="end by itself after the last phase")
    parser.add_argument("--json", metavar="FILE", help="write what was measured")
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--settle-seconds", type=int, default=25, help="after each change (25)")
    parser.add_argument("--phase-seconds", type=int, default=45, help="measured per phase (45)")
    parser.add_argument("--listen", default="127.0.0.1:8686")
    parser.add_argument("--keep", action="store_true", help="leave shop and page running at the end")
    parser.add_argument("--screenshots", metavar="DIR", help="one picture of the page per phase")
    parser.add_argument("--report", metavar="FILE", default="build/demo/report.html",
                        help="the run's report (build/demo/report.html; .md and .json beside it)")
    parser.add_argument("--binary", default="build/release/src/cli/panoscope")
    parser.add_argument("--shop", default="shop/shop")
    return parser.parse_args()


def say(text):
    print(f"\033[1m==> {text}\033[0m", flush=True)


def table(record):
    worst = sorted(record["edges"], key=lambda e: -(e["latency"] or 0))[:8]
    for e in worst:
        print(f"    {e['client']:>16} -> {e['server']:<16} {e['protocol']:<8}"
              f" {(e['request_rate'] or 0):8.1f} /s  p95 {(e['latency'] or 0) / 1000:9.1f} ms"
              f"  errors {(e['errors'] or 0):6.2f} /s  connect fail {(e['connect_failures'] or 0):6.2f} /s"
              f"  {e['state']}")
    print(f"    load generator: {record['loadgen']}")
    print(f"    map:            {record['entry_edge']}")
    print(f"    kernel's own counts: {agreement(record['truth'])}")
    print(f"    verdict: {record['verdict']['sentence']}", flush=True)


def agreement(truth):
    """How many of the kernel's numbers the map agrees with, and those it does not."""
    wrong = [f"{t['what']} of {t['service']}: kernel {t['kernel']}, map {t['map']}"
             for t in truth if not t["agrees"]]
    return f"{len(truth) - len(wrong)} of {len(truth)} agree" + "".join(f"; {w}" for w in wrong)


def first_map(panoscope, seconds=15):
    """Seconds from the start until the map shows edges between named services."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        try:
            view = panoscope.get("/api/v1/map")
            if len(view["edges"]) >= 10:
                return time.time() - panoscope.started, len(view["edges"])
        except OSError:
            pass
        time.sleep(0.2)
    return None, 0


def play(options, shop, panoscope, out):
    for number, (name, change) in enumerate(STORY, 1):
        say(f"phase {number} of {len(STORY)}: {name}")
        if change:
            service, replicas = change
            shop.scale(service, replicas)
        panoscope.post("/api/v1/events", {"kind": "mark", "text": f"phase {number}: {name}"})
        record, view = measure(shop, panoscope, options.users, options.settle_seconds,
                               options.phase_seconds, say)
        out["phases"].append({"name": name, **record})
        out["losses"] = view["losses"]
        table(record)
        if options.screenshots:
            picture(options, panoscope, number)


def picture(options, panoscope, number):
    os.makedirs(options.screenshots, exist_ok=True)
    path = os.path.join(options.screenshots, f"phase-{number}.png")
    os.system(f"node web/tools/screenshot.mjs {panoscope.address}/ {path}")


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shop = Shop(options.shop)
    data = tempfile.mkdtemp(prefix="panoscope-demo-")
    out = {"phases": [], "losses": {}}
    panoscope = None
    try:
        say("starting the shop")
        shop.up()
        say(f"{options.users} users come in")
        shop.load(options.users)
        time.sleep(12)  # connections and processes older than the agent are the normal case
        say("attaching panoscope")
        panoscope = Panoscope(options.binary, options.listen, data, os.path.join(data, "panoscope.log"))
        panoscope.wait_ready()
        shown, edges = first_map(panoscope)
        out["first_map_s"] = shown
        say(f"{edges} edges on the map {shown:.1f} s after the start" if shown else "no map yet")
        say(f"the page: {panoscope.address}/")
        test = LoadTest(panoscope, options.binary, options.users)
        play(options, shop, panoscope, out)
        run = test.finish(shop.generator_report(), options.report, options.users)
        out["run"] = {"id": test.id, "steps": len(run["steps"]), "reconciliation": run["loadgen"][0]["reconciliation"]}
        say(f"the report: {options.report}")
        say("verdicts: " + ", ".join(str(p["verdict"]["bottleneck"] or "none") for p in out["phases"]))
        print(f"    losses: {out['losses']}")
        if options.json:
            with open(options.json, "w") as file:
                json.dump(out, file, indent=1)
            say(f"written: {options.json}")
        if not options.headless:
            say(f"the shop and the page stay: {panoscope.address}/   (Ctrl-C ends both)")
            while panoscope.process.poll() is None:
                time.sleep(1)
    except KeyboardInterrupt:
        print()
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            say("taking the shop down")
            if panoscope:
                panoscope.stop()
            shop.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
