#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the demo shop in every way of plan.py and keeps what Panoscope saw of it as cases with their truth.

Cases that are there already are passed over, so it may be ended at any time and called again. It needs root."""

import argparse
import glob
import gzip
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
sys.path.insert(0, os.path.join(ROOT, "tools/demo"))

import case_file  # noqa: E402
import plan  # noqa: E402
from act import Actor  # noqa: E402
from capture import capture  # noqa: E402
from panoscope import Panoscope  # noqa: E402
from shop import Shop  # noqa: E402

HEALTHY_S = 22
SETTLE_S = 4
INCIDENT_S = 20
CALM_S = 6          # in a row
PATIENCE_S = 45     # then the shop is started anew
OLD_S = 150         # a healthy window may be this old when a fault begins
LATE_S = 2.5        # the map's second is whole that long after it ended


def say(text):
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}", flush=True)


class RecordedShop(Shop):
    def __init__(self, path, built):
        super().__init__(path)
        self.built = built

    def up(self):
        self.run("up", *(["--no-build", "--build", self.built] if self.built else []), quiet=True)

    def down(self):
        self.run("down", quiet=True)

    def load(self, users):
        self.run("load", users, quiet=True)

    def scale(self, service, replicas):
        self.run("scale", service, replicas, quiet=True)

    def begin_load(self, users):
        """Without waiting until all are connected: an overloaded shop may never take them."""
        process = subprocess.Popen([self.path, "load", str(users)], stdout=subprocess.DEVNULL)
        try:
            process.wait(SETTLE_S)
        except subprocess.TimeoutExpired:
            pass

    def fault(self, name, service, value=None, off=False):
        extra = (["--value", value] if value is not None else []) + (["--off"] if off else [])
        self.run("fault", name, service, *extra, quiet=True)


class Recorder:
    def __init__(self, options):
        self.options = options
        self.shop = RecordedShop(options.shop, options.built)
        self.actor = Actor(self.shop)
        self.panoscope = None
        self.load = None
        self.services = set()
        self.healthy = None       # the last healthy window
        self.usual = None         # p95 at the entry, us

    # --- shop and panoscope

    def start(self, load):
        self.stop()
        say(f"the shop starts; {load.users} shoppers")
        self.shop.up()
        self.services = {s["name"] for s in self.shop.status()["services"]}
        for service, replicas in load.replicas:
            self.shop.scale(service, replicas)
        self.shop.load(load.users)
        self.load = load
        data = tempfile.mkdtemp(prefix="panoscope-record-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            listen = "127.0.0.1:%d" % free.getsockname()[1]
        self.panoscope = Panoscope(self.options.binary, listen, data, os.path.join(data, "log"))
        self.panoscope.wait_ready()
        self.usual, self.healthy = None, None
        time.sleep(15)  # a new shop warms up
        now = int(time.time())
        self.usual = self.entry(now - 10, now)["latency"]
        say(f"p95 at the entry {self.usual / 1000:.1f} ms")

    def stop(self):
        self.actor.end_strangers()
        self.actor = Actor(self.shop)
        if self.panoscope:
            self.panoscope.stop()
            self.panoscope = None
            self.shop.down()

    def entry(self, begin, end):
        """The edge from the load generator, over whole seconds."""
        view = self.panoscope.get(f"/api/v1/map?from={begin}&to={end}")
        names = {node["id"]: node["name"] for node in view["nodes"]}
        for edge in view["edges"]:
            if (names[edge["client"]], names[edge["server"]]) == (plan.LOADGEN, case_file.FRONT):
                return edge["metrics"]
        raise RuntimeError("no calls from the load generator on the map")

    # --- waiting

    def is_calm(self, second):
        metrics = self.entry(second - 4, second)
        latency = metrics["latency"]
        return latency is not None and latency <= 1.5 * self.usual + 5000 and not metrics["errors"] \
            and not metrics["connect_failures"]

    def wait_calm(self):
        """False: it does not get calm."""
        deadline = time.time() + PATIENCE_S
        since = time.time()
        while time.time() < deadline:
            if not self.is_calm(int(time.time() - 1)):
                since = time.time()
            elif time.time() - since >= CALM_S:
                return True
            time.sleep(0.5)
        return False

    def sleep_until(self, when):
        while (left := when - time.time()) > 0:
            time.sleep(min(left, 0.5))

    # --- one case

    def watch(self, seconds):
        begin = int(time.time()) + 1
        self.sleep_until(begin + seconds)
        return [begin, begin + seconds]

    def record(self, planned):
        load = plan.LOADS[planned.load]
        if self.load != load or self.panoscope is None:
            self.start(load)
        if not self.wait_calm():
            say("it does not calm down")
            self.start(load)
            self.wait_calm()
        if not planned.truth:
            return self.record_healthy(planned)
        if not self.healthy or time.time() - self.healthy[1] > OLD_S:
            self.watch_healthy(planned)
        for act in planned.acts:
            self.actor.do(act)
        time.sleep(SETTLE_S)
        incident = self.watch(INCIDENT_S)
        self.actor.undo(load.users)
        self.sleep_until(incident[1] + LATE_S)
        if any(act.what == "users" for act in planned.acts):
            time.sleep(CALM_S)  # those who leave finish first
        return self.keep(planned, [self.healthy, incident])

    def watch_healthy(self, planned):
        """A new healthy window; with the one before it, a healthy run that came through faults in between."""
        before, self.healthy = self.healthy, self.watch(HEALTHY_S)
        if before:
            self.sleep_until(self.healthy[1] + LATE_S)
            self.keep(plan.healthy_before(planned), [before, self.healthy])

    def record_healthy(self, planned):
        for act in planned.acts:
            self.actor.do(act)
            time.sleep(12)
        before = self.watch(HEALTHY_S)
        after = self.watch(INCIDENT_S)
        self.actor.undo(self.load.users)
        self.healthy = None if planned.acts else after
        self.sleep_until(after[1] + LATE_S)
        return self.keep(planned, [before, after])

    def keep(self, planned, windows):
        raw = capture(self.panoscope, self.services, windows)
        raw["usual_us"] = self.usual
        if self.options.raw:
            with gzip.open(os.path.join(self.options.raw, f"{planned.name}.raw.json.gz"), "wt") as file:
                json.dump(raw, file)
        return convert(self.options, planned, raw)

    def run(self, wanted):
        deadline = time.time() + 60 * self.options.minutes
        for number, planned in enumerate(wanted, 1):
            if time.time() > deadline:
                say("time is up for now")
                return
            say(f"{number} of {len(wanted)}: {planned.name}")
            try:
                self.record(planned)
            except (OSError, RuntimeError, subprocess.CalledProcessError, statistics.StatisticsError) as error:
                say(f"{planned.name} failed: {error}")
                self.stop()


def convert(options, planned, raw):
    asked = case_file.question(raw, planned)
    if asked is None:
        say(f"    {planned.name} shows nowhere: no case")
        if options.raw:
            open(os.path.join(options.raw, f"{planned.name}.silent"), "w").close()
        return
    path = case_file.write(options.out, planned, asked)
    say(f"    {asked['target']['node']} {asked['target']['metric']}, {os.path.getsize(path)} bytes")


def convert_all(options, every):
    for path in sorted(glob.glob(os.path.join(options.raw, "*.raw.json.gz"))):
        name = os.path.basename(path).removesuffix(".raw.json.gz")
        planned = every.get(name)
        if planned is None and "-healthy-before-" in name:
            planned = plan.Planned(name, name.partition("-")[0], "healthy")
        if planned is not None:
            with gzip.open(path, "rt") as file:
                convert(options, planned, json.load(file))


def is_there(options, planned):
    there = [os.path.join(options.out, f"{planned.name}.json.gz")]
    if options.raw:
        there.append(os.path.join(options.raw, f"{planned.name}.silent"))
    return any(map(os.path.exists, there))


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default=os.path.join(ROOT, "bench/diagnose/recorded"))
    parser.add_argument("--raw", metavar="DIR", help="keep what the API said as well, to convert it again")
    parser.add_argument("--convert", action="store_true", help="only make the cases of --raw again")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no case later than this")
    parser.add_argument("--only", metavar="TEXT", default="", help="cases whose name holds this")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build/release/src/cli/panoscope"))
    parser.add_argument("--shop", default=os.path.join(ROOT, "shop/shop"))
    parser.add_argument("--built", metavar="DIR", help="a build folder whose shop is built already")
    return parser.parse_args()


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs(options.out, exist_ok=True)
    if options.raw:
        os.makedirs(options.raw, exist_ok=True)
    every = [planned for planned in plan.everything() if options.only in planned.name]
    if options.convert:
        convert_all(options, {planned.name: planned for planned in every})
        return
    wanted = [planned for planned in every if not is_there(options, planned)]
    recorder = Recorder(options)
    try:
        recorder.run(wanted)
    finally:
        recorder.stop()
    say(f"{sum(is_there(options, p) for p in every)} of {len(every)} are there")


if __name__ == "__main__":
    main()
