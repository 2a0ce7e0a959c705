#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What capture costs those it watches.

nginx and redis at saturation, with and without the agent, in pairs whose order is drawn by lot. The
figure to trust is the server's own CPU time per request (/proc/PID/schedstat); throughput is listed too,
but neighbours of a shared machine move it more than we do. Then one thread's cost per socket call, and
the kernel's own time per program. Prints a table; --json FILE keeps everything.

The agent is a command: by default capture alone (pano_drain). Give another with --agent, for example
  --agent "build/release/src/cli/panoscope up --data /tmp/bench" --ready-seconds 6
"""
import argparse
import json
import os
import random
import re
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test"))

from free_port import free_port  # noqa: E402


def wait_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"no server came up on port {port}")


def children_of(pid):
    found = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                found += children_of(int(child))
    except OSError:
        pass
    return found


def cpu_ns(pids):
    """Time on CPU of all threads of these processes."""
    total = 0
    for pid in pids:
        try:
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/schedstat") as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Agent:
    """The agent under test, from start to its last words."""

    def __init__(self, command, ready_seconds):
        self.process = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)
        if "pano_drain" in command:
            if self.process.stdout.readline().strip() != "ready":
                sys.exit("the agent did not start: it needs root and a kernel with BTF")
        else:
            time.sleep(ready_seconds)
            if self.process.poll() is not None:
                sys.exit(f"the agent ended at once: {command}")
        self.begin_cpu = cpu_ns([self.process.pid])
        self.begin_time = time.monotonic()

    def stop(self):
        used = cpu_ns([self.process.pid]) - self.begin_cpu
        cores = used / 1e9 / (time.monotonic() - self.begin_time)
        rss = rss_kib(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            out, _ = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, _ = self.process.communicate()
        words = {}
        for line in out.splitlines():
            if line.startswith("{"):
                words = json.loads(line)
        return {"cores": cores, "rss_mib": rss / 1024, "cpu_ns": used, **words}


class Nginx:
    name = "nginx, 'return 200', 32 connections"

    def __init__(self, folder):
        self.port = free_port()
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w") as f:
            f.write(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 "hello from the bench\\n"; }} }} }}
""")
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", conf],
                                        stderr=subprocess.DEVNULL)
        wait_port(self.port)

    def load(self, seconds):
        """Requests done, and seconds they took."""
        out = subprocess.run(["wrk", "-t1", "-c32", "--latency", f"-d{seconds}s",
                              f"http://127.0.0.1:{self.port}/cart?user=7"],
                             capture_output=True, text=True, check=True).stdout
        found = re.search(r"(\d+) requests in ([\d.]+)s", out)
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out)
        unit = {"us": 1, "ms": 1000, "s": 1000000}[p99.group(2)]
        return int(found.group(1)), float(found.group(2)), float(p99.group(1)) * unit


class Redis:
    name = "redis GET, 50 connections"

    def __init__(self, folder):
        self.port = free_port()
        self.rate = 20000
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", folder], stdout=subprocess.DEVNULL)
        wait_port(self.port)

    def load(self, seconds):
        count = int(self.rate * seconds)
        begin = time.monotonic()
        out = subprocess.run(["redis-benchmark", "-p", str(self.port), "-c", "50", "-n", str(count),
                              "-t", "get", "--csv"], capture_output=True, text=True,
                             check=True).stdout
        took = time.monotonic() - begin
        row = [r for r in out.splitlines() if r.startswith('"GET"')][0].replace('"', "").split(",")
        self.rate = float(row[1])
        return count, took, float(row[6]) * 1000


def stop(server):
    server.process.terminate()
    server.process.wait()


def measure(server, seconds):
    pids = children_of(server.process.pid)
    before = cpu_ns(pids)
    requests, took, p99_us = server.load(seconds)
    return {"cpu_ns": (cpu_ns(pids) - before) / requests, "rate": requests / took, "p99_us": p99_us,
            "requests": requests}


def side_by_side(kind, options):
    with tempfile.TemporaryDirectory(prefix="pano-bench-") as folder:
        server = kind(folder)
        try:
            measure(server, 1)  # warm
            pairs, agents = [], []
            for number in range(options.pairs):
                pair = {}
                for on in random.sample([False, True], 2):
                    agent = Agent(options.agent, options.ready_seconds) if on else None
                    pair["on" if on else "off"] = measure(server, options.seconds)
                    if agent:
                        agents.append({**agent.stop(), "requests": pair["on"]["requests"]})
                pairs.append(pair)
                print(f"  {kind.name}: pair {number + 1} of {options.pairs}: "
                      f"{pair['off']['cpu_ns']:.0f} -> {pair['on']['cpu_ns']:.0f} ns/request",
                      file=sys.stderr)
        finally:
            stop(server)
    return summarise(kind.name, pairs, agents)


def change(pairs, key):
    """Median of the pairs' own changes, in per cent, with the quartiles."""
    changes = sorted(100 * (p["on"][key] / p["off"][key] - 1) for p in pairs if p["off"][key])
    if not changes:
        return None
    quarters = statistics.quantiles(changes, n=4) if len(changes) > 1 else [changes[0]] * 3
    return {"median": statistics.median(changes), "low": quarters[0], "high": quarters[2]}


def summarise(name, pairs, agents):
    lost = {}
    for agent in agents:
        for cause, count in agent.get("losses", {}).items():
            lost[cause] = lost.get(cause, 0) + count
    median = statistics.median
    return {
        "name": name, "pairs": pairs, "agents": agents,
        "cpu_ns_off": median(p["off"]["cpu_ns"] for p in pairs),
        "cpu_ns_on": median(p["on"]["cpu_ns"] for p in pairs),
        "cpu_change": change(pairs, "cpu_ns"), "rate_change": change(pairs, "rate"),
        "p99_change": change(pairs, "p99_us"),
        "rate_off": median(p["off"]["rate"] for p in pairs),
        "rate_on": median(p["on"]["rate"] for p in pairs),
        "agent_cores": median(a["cores"] for a in agents),
        "agent_rss_mib": max(a["rss_mib"] for a in agents),
        "agent_ns_per_event": median([a["cpu_ns"] / a["events"] for a in agents if a.get("events")]
                                     or [0]),
        "lost": lost if any("losses" in a for a in agents) else None,
    }


def io_loop(options):
    """ns per socket call of one thread: without, with payload of two sizes, with skipped sockets."""
    program = os.path.join(options.build, "bench/overhead/pano_io_loop")
    out = {}

    def loop(size):
        return float(subprocess.run([program, str(size), "200"], capture_output=True, text=True,
                                    check=True).stdout)

    cases = [("64 B, payload copied", 64, ""), ("1024 B, payload copied", 1024, ""),
             ("64 B, counters only", 64, " auto skip"), ("64 B, sys_exit tier", 64, " sys_exit")]
    drain = os.path.join(options.build, "bench/overhead/pano_drain")
    for name, size, arguments in cases:
        costs = []
        for _ in range(max(3, options.pairs // 2)):
            sides = {}
            for on in random.sample([False, True], 2):
                agent = Agent(drain + arguments, 0) if on else None
                sides[on] = loop(size)
                if agent:
                    agent.stop()
            costs.append(sides[True] - sides[False])
        out[name] = statistics.median(costs)
        print(f"  {name}: {out[name]:.0f} ns per socket call", file=sys.stderr)
    return out


def program_times(options):
    """The kernel's own statistics: ns per run of each program, under redis."""
    drain = os.path.join(options.build, "bench/overhead/pano_drain")
    switch = "/proc/sys/kernel/bpf_stats_enabled"
    names = ("socket_send", "socket_receive", "tcp_state", "walk_storage", "tcp_retransmit")
    with open(switch) as f:
        before = f.read()
    agent = Agent(drain, 0)
    try:
        with open(switch, "w") as f:
            f.write("1")
        with tempfile.TemporaryDirectory(prefix="pano-bench-") as folder:
            server = Redis(folder)
            try:
                server.load(2)
            finally:
                stop(server)
        shown = json.loads(subprocess.run(["bpftool", "prog", "show", "-j"], capture_output=True,
                                          text=True, check=True).stdout)
        mine = {int(i) for i in re.findall(r"prog_id:\s+(\d+)", fdinfo(agent.process.pid))}
        return {p["name"]: {"runs": p["run_cnt"], "ns": p["run_time_ns"] / p["run_cnt"]}
                for p in shown if p["id"] in mine and p.get("name") in names and p.get("run_cnt")}
    finally:
        with open(switch, "w") as f:
            f.write(before)
        agent.stop()


def fdinfo(pid):
    out = []
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}") as f:
            out.append(f.read())
    return "\n".join(out)


def show(result):
    def percent(c):
        return "-" if c is None else f"{c['median']:+6.1f} % [{c['low']:+.1f} .. {c['high']:+.1f}]"
    for w in result["workloads"]:
        print(f"\n{w['name']} ({len(w['pairs'])} pairs, median of the pairs' changes [quartiles])")
        print(f"  server CPU per request  {w['cpu_ns_off']:8.0f} -> {w['cpu_ns_on']:8.0f} ns   "
              f"{percent(w['cpu_change'])}")
        print(f"  throughput              {w['rate_off']:8.0f} -> {w['rate_on']:8.0f} /s   "
              f"{percent(w['rate_change'])}")
        if w["p99_change"]:
            print(f"  p99 latency             {'':27}{percent(w['p99_change'])}")
        print(f"  agent                   {w['agent_cores']:.3f} cores, {w['agent_rss_mib']:.0f} MiB, "
              f"{w['agent_ns_per_event']:.0f} ns per event")
        lost = None if w["lost"] is None else {k: v for k, v in w["lost"].items() if v}
        print(f"  events lost             {'not told by this agent' if lost is None else lost or 0}")
    if result["io_loop"]:
        print("\none thread, cost per socket call")
        for name, ns in result["io_loop"].items():
            print(f"  {name:28} {ns:6.0f} ns")
    if result["programs"]:
        print("\nkernel's own statistics (an empty program reads about 65 ns here)")
        for name, p in result["programs"].items():
            print(f"  {name:28} {p['ns']:6.0f} ns x {p['runs']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    parser.add_argument("--agent", help="command that starts the agent")
    parser.add_argument("--ready-seconds", type=float, default=5,
                        help="how long another agent takes until it sees")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of load in each half of a pair")
    parser.add_argument("--only", choices=["nginx", "redis", "loop", "programs"])
    parser.add_argument("--json", help="write all figures to this file")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("the overhead benchmark loads eBPF: run it as root")
    options.agent = options.agent or os.path.join(options.build, "bench/overhead/pano_drain")
    wanted = [options.only] if options.only else ["nginx", "redis", "loop", "programs"]
    result = {"agent": options.agent, "load_average": os.getloadavg()[0],
              "workloads": [side_by_side(kind, options)
                            for key, kind in (("nginx", Nginx), ("redis", Redis)) if key in wanted],
              "io_loop": io_loop(options) if "loop" in wanted else {},
              "programs": program_times(options) if "programs" in wanted else {}}
    show(result)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
