# SPDX-License-Identifier: Apache-2.0
"""One pod: a service's process in its own namespaces and control groups."""

import hashlib
import os
import random
import secrets
import subprocess
import sys
import time
import uuid

import cgroup
import network
import paths
import process
from catalog import SHOP

LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # those Kubernetes draws names from


def pod_name(service):
    """Like a Deployment's: the same middle for all replicas, an end of its own for each."""
    stable = random.Random(int.from_bytes(hashlib.sha256(service.encode()).digest()[:8], "big"))
    middle = "".join(stable.choice("0123456789abcdef") for _ in range(9)) + stable.choice("456789bcdf")
    return f"{service}-{middle}-" + "".join(secrets.choice(LETTERS) for _ in range(5))


class Pod:
    def __init__(self, shop, node, service, dist):
        self.shop, self.node, self.service, self.dist = shop, node, service, dist
        self.name = pod_name(service.name)
        self.uid = str(uuid.uuid4())
        self.container = secrets.token_hex(32)
        self.netns = f"{shop}-{self.name}"
        self.groups = cgroup.PodGroups(self.uid, self.container)
        self.ip = ""
        self.launcher = None       # the process between us and the service
        self.launcher_started = None
        self.hogs = []
        self.stalls = []
        self.pid = 0               # the service's first process, as the host sees it
        self.started = None
        self.since = 0.0
        self.restarts = 0
        self.held_down = False     # fault "refuse": not to be restarted

    def create(self):
        self.groups.create(self.service.cpu, self.service.memory_mib)
        self.ip = self.node.add_pod(self.netns)

    def environment(self):
        state = paths.state_dir(self.shop)
        keep = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        fill = {"dist": self.dist, "src": SHOP, "state": state, "ip": self.ip}
        own = {key: value.format(**fill) for key, value in self.service.env.items()}
        return {**keep, "HOME": state, "HOSTNAME": self.name, "POD_NAME": self.name, "POD_IP": self.ip,
                "SHOP_PORT": str(self.service.port), "SHOP_CPU_US": str(self.service.cpu_us), **own,
                "SHOP_FAULT_FILE": os.path.join(state, "faults", self.service.name)}

    def wrap(self, command, pid_file=None, user="", backlog=""):
        state = paths.state_dir(self.shop)
        words = [os.path.join(self.dist, "bin/pod"), "--netns", network.netns_path(self.netns),
                 "--hostname", self.name, "--hosts", os.path.join(state, "hosts"),
                 "--resolv", os.path.join(state, "resolv.conf")]
        for directory in self.groups.directories:
            words += ["--cgroup", directory]
        for option, value in (("--pid-file", pid_file), ("--user", user), ("--backlog", backlog)):
            words += [option, str(value)] if value else []
        return words + ["--", *command]

    def start(self, stdin=subprocess.DEVNULL):
        state = paths.state_dir(self.shop)
        pid_file = os.path.join(state, "pids", self.name)
        if os.path.exists(pid_file):
            os.unlink(pid_file)
        fill = {"dist": self.dist, "src": SHOP, "state": state, "ip": self.ip}
        command = [word.format(**fill) for word in self.service.command]
        with open(self.log_path(), "ab") as log:
            self.launcher = subprocess.Popen(
                self.wrap(command, pid_file, self.service.user, self.service.backlog), stdin=stdin, stdout=log,
                stderr=log, env=self.environment(), start_new_session=True, cwd="/")
        self.launcher_started = process.start_time(self.launcher.pid)
        deadline = time.monotonic() + 5
        while not os.path.exists(pid_file):
            if self.launcher.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start; see {self.log_path()}")
            time.sleep(0.005)
        with open(pid_file, encoding="ascii") as file:
            self.pid = int(file.read())
        self.started = process.start_time(self.pid)
        self.since = time.monotonic()

    def log_path(self):
        return os.path.join(paths.state_dir(self.shop), "logs", f"{self.name}.log")

    def running(self):
        return self.launcher is not None and self.launcher.poll() is None

    def ready(self):
        if not self.running() or self.held_down:
            return False
        if self.service.port:
            return process.listens(self.pid, self.service.port)
        return time.monotonic() - self.since > 0.5

    def kill(self):
        """Ends the service's first process; its namespace takes all others with it."""
        process.end([(self.pid, self.started)])
        if self.launcher is not None:
            try:
                self.launcher.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.launcher.kill()
                self.launcher.wait()

    def hog(self):
        """A stranger that eats the pod's CPU quota."""
        self.hogs.append(subprocess.Popen(
            self.wrap(["sh", "-c", "while :; do :; done"]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd="/"))

    def end_hogs(self):
        for hog in self.hogs:
            hog.kill()  # its command dies with it
            hog.wait()
        self.hogs = []

    def stall(self, share):
        """Stops the processes for `share` of the time, again and again, as a disk or a collector does."""
        self.stalls.append(subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stall.py"),
             os.path.join(self.groups.directories[0], "cgroup.procs"), str(share)],
            stdin=subprocess.DEVNULL, start_new_session=True, cwd="/"))

    def end_stalls(self):
        for stall in self.stalls:
            stall.terminate()  # it lets them go on first
            stall.wait()
        self.stalls = []

    def remove(self):
        self.end_hogs()
        self.end_stalls()
        self.kill()
        self.groups.remove()
        self.node.remove_pod(self.netns, self.ip)

    def describe(self):
        return {"name": self.name, "ip": self.ip, "pid": self.pid, "started": self.started, "netns": self.netns,
                "uid": self.uid, "container_id": self.container, "cgroup": "/" + self.groups.path,
                "cgroup_directories": self.groups.directories, "restarts": self.restarts, "ready": self.ready(),
                "launcher": [self.launcher.pid, self.launcher_started] if self.launcher else None}
