# SPDX-License-Identifier: Apache-2.0
"""A shop of its own name comes up, serves, scales, breaks in every known way, mends, and leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test"))

from checks import checks_of, conclude, run_checks  # noqa: E402

SHOP = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "shop")
NAME = f"test{os.getpid()}"
USERS = 60
SERVED = ("frontend", "productcatalog", "recommendation", "cart", "checkout", "currency", "payment", "ad", "email",
          "shipping", "quote", "featureflag", "accounting", "frauddetection", "redis", "postgresql", "kafka")


def call(*arguments, check=True):
    return subprocess.run([SHOP, *map(str, arguments), "--name", NAME], check=check, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ask(*arguments):
    return json.loads(call(*arguments, "--json").stdout)


def pods(service):
    return next(s["pods"] for s in ask("status")["services"] if s["name"] == service)


def report(begin, end):
    return ask("load", "report", "--from", begin, "--to", end)


def watch(seconds):
    """What the shoppers saw in the coming seconds."""
    begin = int(time.time()) + 1
    while time.time() < begin + seconds + 1.2:
        time.sleep(0.1)
    return report(begin, begin + seconds)


def wait_for(what, condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.5)


def bytes_in(service):
    """Received by the service's pods so far."""
    total = 0
    for pod in pods(service):
        with open(f"/proc/{pod['pid']}/net/dev", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.strip().startswith("eth0"))
    return total


def remains():
    """Everything a shop of this name could leave behind."""
    left = [f"namespace {name}" for name in os.listdir("/run/netns") if name.startswith(f"{NAME}-")] \
        if os.path.isdir("/run/netns") else []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"/run/panoscope-shop/{NAME}/".encode() in file.read():
                    left.append(f"process {pid}")
        except OSError:
            pass
    with open("/proc/self/mounts", encoding="utf-8") as file:
        left += [f"mount {line.split()[1]}" for line in file if NAME in line]
    if os.path.exists(f"/run/panoscope-shop/{NAME}"):
        left.append("state directory")
    return left


class Smoke:
    """Checks run in order: each leaves the shop to the next as it found it."""

    def __init__(self):
        self.groups = []

    def check_up_brings_every_service(self):
        call("up")
        status = ask("status")
        self.groups = [directory for service in status["services"] for pod in service["pods"]
                       for directory in pod["cgroup_directories"]]
        up = {service["name"] for service in status["services"] if service["pods"] and
              all(pod["ready"] and pod["alive"] for pod in service["pods"])}
        assert up == set(SERVED), sorted(set(SERVED) ^ up)
        assert len({pod["ip"] for s in status["services"] for pod in s["pods"]}) == len(SERVED)

    def check_pods_look_like_pods(self):
        pod = pods("productcatalog")[0]
        own = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "pid", "uts", "mnt")}
        for kind, link in own.items():
            assert os.readlink(f"/proc/{pod['pid']}/ns/{kind}") != link, kind
        host = subprocess.run(["nsenter", f"--uts=/proc/{pod['pid']}/ns/uts", "hostname"], text=True, check=True,
                              stdout=subprocess.PIPE).stdout.strip()
        assert host == pod["name"] and host.startswith("productcatalog-"), host
        with open(f"/proc/{pod['pid']}/cgroup", encoding="ascii") as file:
            assert f"/kubepods/burstable/pod{pod['uid']}/{pod['container_id']}" in file.read()

    def check_shoppers_are_served_by_every_service(self):
        before = {service: bytes_in(service) for service in SERVED}
        assert ask("load", USERS)["connected"] == USERS
        wait_for("every service to be asked",
                 lambda: all(bytes_in(service) > before[service] + 500 for service in SERVED), 90)
        seen = watch(5)
        assert seen["requests"] > 5 and seen["errors"] == 0, seen
        assert 0 < seen["p50_ms"] <= seen["p95_ms"] <= seen["p99_ms"] < 7500, seen

    def check_orders_reach_the_books(self):
        for service in ("accounting", "frauddetection"):
            wait_for(f"an order in {service}'s log", lambda name=service: "order " in call("logs", name).stdout, 60)

    def check_report_counts_by_second(self):
        end = int(time.time()) - 1
        whole = report(end - 6, end)
        parts = [report(end - 6, end - 3), report(end - 3, end)]
        assert whole["requests"] == sum(part["requests"] for part in parts), (whole, parts)
        assert whole["seconds"] == 6, whole

    def check_truth_counts_only_up(self):
        before = ask("truth")["pods"]
        moment = time.time() + 2
        after = ask("truth", "--at", moment)["pods"]
        assert set(before) == set(after)
        for name, pod in after.items():
            for key in ("TcpExtTCPSynRetrans", "TcpOutRsts", "TcpExtListenOverflows", "TcpExtListenDrops"):
                assert pod[key] >= before[name][key], (name, key)
            assert pod["read_at"] >= moment, (name, pod["read_at"], moment)
        busy = next(pod for name, pod in after.items() if pod["service"] == "productcatalog")
        assert busy["cpu_usage_ns"] > 0 and "nr_throttled" in busy, busy

    def check_scale_brings_traffic_to_the_new_pod_and_back(self):
        result = ask("scale", "productcatalog", 2)
        assert len(result["pods"]) == 2
        fresh = next(pod for pod in pods("productcatalog") if pod["name"] == result["pods"][1])
        usage = os.path.join(next(d for d in fresh["cgroup_directories"]), "")
        assert os.path.isdir(usage)
        served = lambda: ask("truth")["pods"][fresh["name"]]["TcpPassiveOpens"] > 3  # noqa: E731
        wait_for("connections to the new pod", served)
        ask("scale", "productcatalog", 1)
        assert len(pods("productcatalog")) == 1
        assert not os.path.exists(fresh["cgroup_directories"][0])

    def check_fault_slow(self):
        ask("fault", "slow", "ad", "--value", 400)
        wait_for("slow ads", lambda: watch(4)["p99_ms"] >= 400)
        ask("fault", "slow", "ad", "--value", 10)
        wait_for("ads that are not so slow", lambda: watch(4)["p99_ms"] < 400)
        ask("fault", "slow", "ad", "--off")
        wait_for("quick ads", lambda: watch(4)["p99_ms"] < 400)

    def check_fault_errors(self):
        self.breaks("errors", "productcatalog", "--value", 0.5)

    def check_fault_refuse(self):
        self.breaks("refuse", "currency")

    def check_fault_hang(self):
        self.breaks("hang", "recommendation")

    def breaks(self, name, service, *options):
        """The shoppers see errors while the fault is on, and none once it is off."""
        ask("fault", name, service, *options)
        wait_for(f"errors from {name}", lambda: watch(4)["errors"] > 0)
        ask("fault", name, service, "--off")
        wait_for(f"no errors after {name}", lambda: watch(4)["errors"] == 0, 60)

    def check_fault_lock(self):
        ask("fault", "lock", "productcatalog", "--value", 300)
        wait_for("a queue at the lock", lambda: watch(4)["p95_ms"] > 600)
        ask("fault", "lock", "productcatalog", "--off")
        wait_for("the queue to go", lambda: watch(4)["p95_ms"] < 600)

    def check_fault_lossy(self):
        pod = pods("cart")[0]["name"]
        before = ask("truth")["pods"][pod]["TcpRetransSegs"]
        ask("fault", "lossy", "cart")
        wait_for("retransmits", lambda: ask("truth")["pods"][pod]["TcpRetransSegs"] > before + 3)
        ask("fault", "lossy", "cart", "--off")
        wait_for("no errors after lossy", lambda: watch(4)["errors"] == 0, 60)

    def check_fault_cpu_hog(self):
        pod = pods("productcatalog")[0]["name"]
        before = ask("truth")["pods"][pod]["nr_throttled"]
        ask("fault", "cpu-hog", "productcatalog")
        wait_for("throttling", lambda: ask("truth")["pods"][pod]["nr_throttled"] > before + 20)
        ask("fault", "cpu-hog", "productcatalog", "--off")

    def check_fault_throttle(self):
        pod = pods("productcatalog")[0]["name"]
        before = ask("truth")["pods"][pod]
        begin = time.time()
        ask("fault", "throttle", "productcatalog", "--value", 0.02)
        wait_for("throttling", lambda: ask("truth")["pods"][pod]["nr_throttled"] > before["nr_throttled"] + 20)
        after, lasted = ask("truth")["pods"][pod], time.time() - begin
        cores = (after["cpu_usage_ns"] - before["cpu_usage_ns"]) / lasted / 1e9
        assert cores < 0.05, cores
        ask("fault", "throttle", "productcatalog", "--off")
        wait_for("no errors after throttle", lambda: watch(4)["errors"] == 0, 60)

    def check_fault_stall(self):
        usual = watch(4)["p95_ms"]
        ask("fault", "stall", "cart", "--value", 0.9)
        wait_for("stalls", lambda: watch(4)["p95_ms"] > usual + 100)
        ask("fault", "stall", "cart", "--off")
        wait_for("an end of stalls", lambda: watch(4)["p95_ms"] < usual + 100)

    def check_fault_leak_ends_in_an_oom_kill_and_a_restart(self):
        ask("fault", "leak", "productcatalog", "--value", 40)
        wait_for("a restart", lambda: pods("productcatalog")[0]["restarts"] > 0, 90)
        ask("fault", "leak", "productcatalog", "--off")
        wait_for("no errors after leak", lambda: watch(4)["errors"] == 0, 60)

    def check_unknown_names_are_refused_in_one_line(self):
        for arguments in (("scale", "nobody", 2), ("fault", "slow", "nobody"), ("fault", "slow", "redis")):
            done = call(*arguments, check=False)
            assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done

    def check_shoppers_leave(self):
        assert ask("load", "stop")["connected"] == 0

    def check_down_leaves_nothing(self):
        call("down")
        assert not remains(), remains()
        assert not [group for group in self.groups if os.path.exists(group)]
        call("down")  # twice is as good as once

    def check_fault_dns_with_a_name_server_of_its_own(self):
        call("up", "--no-build", "--dns")
        ask("load", USERS)
        wait_for("orders", lambda: "order " in call("logs", "accounting").stdout, 60)
        assert watch(4)["errors"] == 0
        self.breaks("dns", "checkout")

    def check_crash_leaves_nothing(self):
        supervisor, _ = ask("status")["supervisor"]
        os.kill(supervisor, signal.SIGKILL)
        wait_for("the janitor", lambda: not remains(), 20)


def main():
    if os.geteuid() != 0:
        print("the shop's tests need root")
        return 1
    smoke = Smoke()
    try:
        counts = run_checks(checks_of(vars(Smoke), smoke))
    finally:
        call("down", check=False)
    return conclude(*counts)


if __name__ == "__main__":
    sys.exit(main())
