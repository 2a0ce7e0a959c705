#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does `panoscope compare` tell a small regression of one service, and nothing between equal windows?

The demo shop runs at one load. Some services wait --base milliseconds in every call, as if for a disk.
Windows follow each other, in turns as it is and with one service answering a share later; each window is
compared with its neighbours (one differs) and with the next of its kind (equal). What is kept allows
--again: the same windows, compared by another binary, without the shop. It needs root."""

import argparse
import json
import os
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
sys.path.insert(0, os.path.join(ROOT, "tools/demo"))

from panoscope import Panoscope  # noqa: E402
from shop import Shop  # noqa: E402

LATE_S = 2.5  # the map's second is whole that long after it ended
# They take a delay of a fraction of a millisecond; those on Node wait whole ones.
SLOWED = ("recommendation", "shipping", "checkout", "quote", "ad", "productcatalog", "cart", "email")


def say(text):
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}", flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__)
    parser.add_argument("--users", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=10, help="pairs of windows: one as it is, one slowed (10)")
    parser.add_argument("--window", type=int, default=60, help="seconds (60)")
    parser.add_argument("--settle", type=int, default=5, help="seconds between windows (5)")
    parser.add_argument("--warm", type=int, default=240, help="seconds before the first (240): compilers at run time")
    parser.add_argument("--base", type=float, default=20, help="milliseconds those services wait anyway (20)")
    parser.add_argument("--share", type=float, default=0.1, help="of its mean latency a service is slowed by (0.1)")
    parser.add_argument("--services", default=",".join(SLOWED), help="slowed in turn")
    parser.add_argument("--keep", default="build/compare", help="folder of the store and of windows.json")
    parser.add_argument("--again", action="store_true", help="compare what is kept, without the shop")
    parser.add_argument("--listen", default="127.0.0.1:8687")
    parser.add_argument("--binary", default="build/release/src/cli/panoscope")
    parser.add_argument("--shop", default="shop/shop")
    return parser.parse_args()


class Bench:
    def __init__(self, options):
        self.options = options
        self.shop = Shop(options.shop)
        self.windows = []   # {"from", "to", "slowed": service or None}
        self.panoscope = None

    def start_panoscope(self, *extra):
        keep = self.options.keep
        os.makedirs(keep, exist_ok=True)
        self.panoscope = Panoscope(self.options.binary, self.options.listen, os.path.join(keep, "data"),
                                   os.path.join(keep, "log"), *extra)
        self.panoscope.wait_ready()

    def means(self, begin, end):
        """Mean latency of each service as its callers see it, us, and its calls per second."""
        view = self.panoscope.get(f"/api/v1/map?from={begin}&to={end}")
        names = {node["id"]: node["name"] for node in view["nodes"]}
        total, count = {}, {}
        for edge in view["edges"]:
            name, mean = names[edge["server"]], edge["details"]["latency_avg"]
            if mean:
                answered = edge["counts"]["response"]
                total[name] = total.get(name, 0) + mean * answered
                count[name] = count.get(name, 0) + answered
        return {name: (total[name] / count[name], count[name] / (end - begin)) for name in count if count[name]}

    def window(self, slowed):
        time.sleep(self.options.settle)
        begin = int(time.time()) + 1
        end = begin + self.options.window
        while time.time() < end:
            time.sleep(min(0.5, max(0.01, end - time.time())))
        self.windows.append({"from": begin, "to": end, "slowed": slowed})

    def slow(self, service, ms):
        off = [] if ms else ["--off"]
        self.shop.run("fault", "slow", service, "--value", ms, *off, quiet=True)

    def record(self):
        self.shop.up()
        for service in ("productcatalog", "cart"):
            self.shop.scale(service, 2)
        self.shop.load(self.options.users)
        self.start_panoscope()
        services = self.options.services.split(",")
        base = self.options.base
        for service in services if base else []:
            self.slow(service, base)
        say("the shop warms up")
        time.sleep(self.options.warm)
        self.window(None)
        for n in range(self.options.rounds):
            service = services[n % len(services)]
            time.sleep(LATE_S)
            last = self.windows[-1]
            mean, rate = self.means(last["from"], last["to"])[service]
            late = mean * self.options.share / 1000
            say(f"round {n + 1} of {self.options.rounds}: {service}, {mean / 1000:.2f} ms at {rate:.1f}/s, "
                f"is slowed by {late:.3f} ms")
            self.slow(service, base + late)
            self.window(service)
            self.slow(service, base)
            self.window(None)
        time.sleep(LATE_S)
        with open(os.path.join(self.options.keep, "windows.json"), "w", encoding="ascii") as file:
            json.dump(self.windows, file, indent=1)

    def compare(self, a, b):
        process = subprocess.run(
            [self.options.binary, "compare", f"{a['from']}..{a['to']}", f"{b['from']}..{b['to']}",
             "--url", self.panoscope.address, "--json"], stdout=subprocess.PIPE, check=False)
        if process.returncode not in (0, 3):
            raise RuntimeError(f"compare ended with {process.returncode}")
        return json.loads(process.stdout)

    def judge_differing(self):
        """Neighbours: one service differs, and with it those who call it."""
        pairs = [(a, b) for a, b in zip(self.windows, self.windows[1:]) if a["slowed"] != b["slowed"]]
        found = first = strange = 0
        for a, b in pairs:
            service, way = (b["slowed"], "worse") if b["slowed"] else (a["slowed"], "better")
            answer = self.compare(a, b)
            touched = callers(answer["edges"], service)
            mine = next(s for s in answer["services"] if s["service"] == service)["metrics"]
            hit = any(d["direction"] == way for name, d in mine.items() if name.startswith("latency") or name == "own_time")
            told = [(line.get("service") or line["server"], line["text"]) for line in answer["ranked"]]
            found += hit
            first += bool(told) and told[0][0] == service
            strange += any(name not in touched for name, _ in told)
            say(f"{service} {way}: {'found' if hit else 'MISSED'} (p {mine['latency_avg']['p']:.2g}, "
                f"mean {mine['latency_avg']['change']:+.1%})")
            for name, text in told:
                print(f"             {'    ' if name in touched else '(?) '}{text}")
        return f"one slowed: found {found} of {len(pairs)}, told first {first}, with a stranger beside {strange}"

    def judge_equal(self):
        """Every second window is the next one's equal."""
        wanted = [w for w in self.windows if not w["slowed"]]
        wrong = 0
        for a, b in zip(wanted, wanted[1:]):
            answer = self.compare(a, b)
            wrong += answer["verdict"] not in ("same", "shared")
            say(f"equal: {answer['sentence']}")
            for line in answer["ranked"][1:]:
                print(f"             {line['text']}")
        return f"equal: told to differ {wrong} of {len(wanted) - 1}"


def callers(edges, service):
    """The service and all who call it, at whatever remove."""
    out, new = set(), {service}
    while new:
        out |= new
        new = {e["client"] for e in edges if e["server"] in out} - out
    return out


def main():
    options = parse()
    bench = Bench(options)
    try:
        if options.again:
            with open(os.path.join(options.keep, "windows.json"), encoding="ascii") as file:
                bench.windows = json.load(file)
            bench.start_panoscope("--tier", "none")
        else:
            bench.record()
        print(bench.judge_differing(), bench.judge_equal(), sep="\n")
    finally:
        if bench.panoscope:
            bench.panoscope.stop()
        if not options.again:
            bench.shop.down()


if __name__ == "__main__":
    main()
