# SPDX-License-Identifier: Apache-2.0
"""End to end: the overloaded shop, watched by a panoscope that came later. Prints 'N passed, N failed'."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "test"), os.path.join(ROOT, "tools", "demo")]

from checks import checks_of, conclude, run_checks  # noqa: E402
from panoscope import Panoscope  # noqa: E402
from phase import entry_edge, measure, sleep_until  # noqa: E402
from receiver import Receiver  # noqa: E402
from shop import Shop  # noqa: E402

BINARY = os.environ.get("PANOSCOPE", os.path.join(ROOT, "build/release/src/cli/panoscope"))
LISTEN = "127.0.0.1:18686"
USERS = 1500


class Story:
    """Checks run in order: each leaves the shop and the server to the next."""

    def __init__(self):
        self.shop = Shop(os.path.join(ROOT, "shop/shop"))
        self.data = tempfile.mkdtemp(prefix="panoscope-e2e-")
        self.panoscope = None
        self.began = None

    def start(self):
        self.panoscope = Panoscope(BINARY, LISTEN, self.data, os.path.join(self.data, "panoscope.log"))
        self.panoscope.wait_ready()

    def check_existing_connections_within_5_s(self):
        self.start()
        expected = {("loadgenerator", "frontend"), ("frontend", "productcatalog"), ("frontend", "cart"),
                    ("cart", "redis"), ("featureflag", "postgresql"), ("shipping", "quote"),
                    ("checkout", "kafka"), ("recommendation", "productcatalog")}
        deadline = self.panoscope.started + 5
        missing = expected
        while missing and time.time() < deadline:
            view = self.panoscope.get("/api/v1/map")
            names = {n["id"]: n["name"] for n in view["nodes"]}
            missing = expected - {(names[e["client"]], names[e["server"]]) for e in view["edges"]}
            time.sleep(0.2)
        assert not missing, f"not on the map after 5 s: {sorted(missing)}"

    def check_truth_against_the_load_generator(self):
        record, view = measure(self.shop, self.panoscope, USERS, 15, 30, print)
        self.began, self.losses = record["from"], view["losses"]
        self.record = record
        ours, theirs = record["entry_edge"], record["loadgen"]
        print(json.dumps({"ours": ours, "theirs": theirs}))
        assert theirs["requests"] > 1000, theirs
        assert abs(ours["requests"] - theirs["requests"]) <= 0.005 * theirs["requests"], (ours, theirs)
        assert abs(ours["errors"] - theirs["failed"]) <= max(0.005 * theirs["requests"], 1), (ours, theirs)
        for name in ("p50_ms", "p95_ms", "p99_ms"):
            assert abs(ours[name] - theirs[name]) <= 0.05 * theirs[name] + 0.2, (name, ours, theirs)

    def check_truth_against_the_kernels_own_counts(self):
        wrong = [t for t in self.record["truth"] if not t["agrees"]]
        seen = {t["what"] for t in self.record["truth"]}
        assert {"syn_retransmits", "listen_overflows", "cpu_throttled_share"} <= seen, seen
        assert not wrong, wrong

    def check_next_to_nothing_is_lost(self):
        lost = {cause: count for cause, count in self.losses.items() if cause.startswith("l7_")}
        print(json.dumps(lost))
        for cause in ("l7_request_lost", "l7_gap_in_headers", "l7_orphan_response"):
            assert lost.get(cause, 0) <= 0.005 * self.record["loadgen"]["requests"], lost

    def check_a_crashed_server_is_followed(self):
        """1,500 connections break, are refused, and come back to a new process, some from a port used before."""
        begin = int(time.time()) + 1
        sleep_until(begin)
        self.shop.kill("frontend")
        end = begin + 25
        sleep_until(end + 2.5)
        view = self.panoscope.get(f"/api/v1/map?from={begin}&to={end}")
        names = {n["id"]: n["name"] for n in view["nodes"]}
        ours, theirs = entry_edge(view, names), self.shop.report(begin, end)
        print(json.dumps({"ours": ours, "theirs": theirs}))
        assert theirs["broken"] > 50 and theirs["connect_errors"] > 500, theirs
        assert abs(ours["requests"] - theirs["requests"]) <= max(0.005 * theirs["requests"], 1), (ours, theirs)
        assert abs(ours["errors"] - theirs["failed"]) <= max(0.005 * theirs["requests"], 1), (ours, theirs)
        strangers = [f"{names[e['client']]} -> {names[e['server']]}" for e in view["edges"]
                     if "unknown" in names[e["client"]] + names[e["server"]]]
        assert not strangers, strangers

    def check_productcatalog_is_the_bottleneck(self):
        assert self.record["verdict"]["bottleneck"] == "productcatalog", self.record["verdict"]

    def check_many_alerts_of_one_cause_are_one_message(self):
        """Built-in rules only: a route is all that is set up."""
        receiver = Receiver()
        route = self.panoscope.post("/api/v1/alerts/routes", {"name": "e2e", "kind": "webhook", "url": receiver.url})
        try:
            named = receiver.wait_for(lambda m: m["group"] == "bottleneck:productcatalog", 90)
            time.sleep(10)  # more victims are no news
            again = [m for m in receiver.messages if m["group"] == "bottleneck:productcatalog"]
        finally:
            self.panoscope.delete(f"/api/v1/alerts/routes/{route['id']}")
            receiver.close()
        assert len(named) == 1 and len(again) == 1, [(m["group"], m["title"]) for m in receiver.messages]
        message = again[0]
        assert message["status"] == "firing" and message["cause"] == "productcatalog", message
        others = [(m["group"], m["title"], m["victims"]) for m in receiver.messages if m is not message]
        assert len(message["alerts"]) > 1 and any("frontend" in v for v in message["victims"]), (message, others)
        assert message["path"][-1] == "productcatalog" and message["evidence"], message
        assert message["sentence"] in message["text"] and "productcatalog" in message["sentence"], message

    def check_scale_is_found_without_being_told(self):
        begin = time.time()
        self.shop.scale("productcatalog", 2)
        deadline = time.time() + 10
        while time.time() < deadline:
            events = self.panoscope.get(f"/api/v1/events?from={int(begin) - 1}&to={int(time.time()) + 1}")
            if any(e["kind"] == "scale" and e["service"] == "productcatalog" for e in events["events"]):
                return
            time.sleep(0.5)
        raise AssertionError(f"no scale event: {events}")

    def check_engine_crash_leaves_the_map_alive(self):
        children = subprocess.run(["pgrep", "-P", str(self.panoscope.process.pid)], text=True,
                                  stdout=subprocess.PIPE).stdout.split()
        assert children, "the engine's process was not found"
        for pid in children:
            os.kill(int(pid), signal.SIGKILL)
        first = self.panoscope.get("/api/v1/map")["time"]
        time.sleep(3)
        view = self.panoscope.get("/api/v1/map")
        assert view["time"] > first and view["edges"], (first, view["time"])
        deadline = time.time() + 20
        while not self.panoscope.get("/api/v1/status")["store"]["up"]:
            assert time.time() < deadline, "the engine did not come back"
            time.sleep(0.5)

    def check_kill_9_keeps_all_but_the_last_second(self):
        self.panoscope.process.kill()
        self.panoscope.process.wait()
        killed = int(time.time())
        self.start()
        end = killed - 3
        deadline = time.time() + 20
        while True:
            view = self.panoscope.get(f"/api/v1/map?from={end - 10}&to={end}")
            names = {n["id"]: n["name"] for n in view["nodes"]}
            edge = entry_edge(view, names)
            if edge and edge["requests"] > 0:
                break
            assert time.time() < deadline, "nothing stored from before the kill"
            time.sleep(0.5)
        theirs = self.shop.report(end - 10, end)
        assert abs(edge["requests"] - theirs["requests"]) <= max(0.02 * theirs["requests"], 2), (edge, theirs)

    def check_page_is_served(self):
        page = subprocess.run(["curl", "-s", f"http://{LISTEN}/"], text=True, stdout=subprocess.PIPE).stdout
        assert "<title>Panoscope" in page, page[:200]

    def check_without_rights_it_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as data:
            os.chmod(data, 0o777)
            process = subprocess.Popen(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
                 BINARY, "up", "--listen", "127.0.0.1:18687", "--data", os.path.join(data, "d")],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            time.sleep(4)
            status = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                                     "http://127.0.0.1:18687/healthz"], text=True, stdout=subprocess.PIPE).stdout
            process.terminate()
            text = process.communicate(timeout=20)[0]
        assert "root" in text or "CAP_BPF" in text, text
        assert status == "200", (status, text)

    def close(self):
        if self.panoscope:
            self.panoscope.stop()
        self.shop.down()


def main():
    story = Story()
    try:
        story.shop.up()
        story.shop.load(USERS)
        sleep_until(time.time() + 15)
        counts = run_checks(checks_of(vars(Story), story))
    finally:
        story.close()
    return conclude(*counts)


if __name__ == "__main__":
    sys.exit(main())
