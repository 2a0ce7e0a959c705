# SPDX-License-Identifier: Apache-2.0
"""The shop's own process: makes pods, keeps them running, obeys one command at a time.

All children are started by this thread: they are told to die with the thread that started them."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

import cleanup
import load
import network
import paths
import process
from catalog import CONNECTION_AGE_MS, SHOP, has_broker, services
from fault import Faults
from pod import Pod

READY_S = 60
RESTART_S = 1.0
LOAD = "loadgenerator"


class Supervisor:
    def __init__(self, shop, dist, say, with_dns):
        self.shop, self.dist, self.say, self.with_dns = shop, dist, say, with_dns
        self.services = {service.name: service for service in services(dist, with_dns)}
        self.pods = {name: [] for name in self.services}
        self.node = network.Node(shop)
        self.faults = Faults(shop, self.node)
        self.crashed = {}          # pod name: when it was found dead
        self.notes = [] if has_broker(dist) else [
            "kafka is a stand-in (librdkafka's mock cluster, the same protocol): the broker is not here"]
        self.stopping = False

    # --- coming up

    def up(self):
        state = paths.state_dir(self.shop)
        for directory in ("logs", "pids", "faults"):
            os.makedirs(os.path.join(state, directory))
        os.chmod(state, 0o755)
        self.write_names(state)
        self.prepare_postgresql(state)
        self.prepare_kafka(state)
        self.node.create()
        for wave in sorted({service.wave for service in self.services.values()} - {9}):
            group = [service for service in self.services.values() if service.wave == wave]
            for service in group:
                self.add_pod(service)
            self.wait_ready([pod for service in group for pod in self.pods[service.name]])
            self.say("up: " + ", ".join(service.name for service in group))
        self.save()

    def write_names(self, state):
        """The services' names go to /etc/hosts of every pod, or to the shop's own DNS server."""
        names = [f"{self.cluster_ip(s)} {s.name}\n" for s in self.services.values() if s.port]
        files = {"hosts": ["127.0.0.1 localhost\n"] + ([] if self.with_dns else names), "names": names,
                 "resolv.conf": [f"nameserver {self.cluster_ip(self.services['dns'])}\n"] if self.with_dns else []}
        for name, lines in files.items():
            with open(os.path.join(state, name), "w", encoding="ascii") as file:
                file.writelines(lines)

    def prepare_postgresql(self, state):
        data = os.path.join(state, "postgresql")
        os.makedirs(data)
        shutil.chown(data, "postgres", "postgres")
        initdb = os.path.join(os.path.dirname(self.services["postgresql"].command[0]), "initdb")
        network.run("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", initdb, "-D", data,
                    "-A", "trust", "-U", "shop", "--no-sync", "-E", "UTF8", "--locale=C")
        with open(os.path.join(data, "pg_hba.conf"), "a", encoding="ascii") as file:
            file.write("host all all 10.244.0.0/16 trust\n")

    @staticmethod
    def prepare_kafka(state):
        with open(os.path.join(SHOP, "kafka/server.properties"), encoding="ascii") as file:
            text = file.read().replace("{state}", state)
        with open(os.path.join(state, "kafka.properties"), "w", encoding="ascii") as file:
            file.write(text)

    def cluster_ip(self, service):
        return network.CLUSTER.format(10 + list(self.services).index(service.name))

    def add_pod(self, service):
        pod = Pod(self.shop, self.node, service, self.dist)
        self.pods[service.name].append(pod)
        self.save()
        pod.create()
        self.save()
        self.start(pod)
        self.faults.adopt(pod)
        return pod

    def start(self, pod):
        pod.start(subprocess.PIPE if pod.service.name == LOAD else subprocess.DEVNULL)
        self.save()

    def wait_ready(self, pods):
        deadline = time.monotonic() + READY_S
        while waiting := [pod for pod in pods if not pod.ready()]:
            for pod in waiting:
                if not pod.running():
                    raise RuntimeError(f"{pod.name} ended: {tail(pod.log_path())}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready after {READY_S} s: {', '.join(pod.name for pod in waiting)}")
            time.sleep(0.02)
        self.balance()

    def balance(self):
        self.node.balance([
            (service.name, self.cluster_ip(service), service.port,
             [pod.ip for pod in self.pods[service.name] if pod.ready() or pod.held_down])
            for service in self.services.values() if service.port])
        self.save()

    # --- commands

    def load(self, users):
        path = paths.report_path(self.shop)
        if users and not self.pods[LOAD]:
            self.wait_ready([self.add_pod(self.services[LOAD])])
        for pod in self.pods[LOAD]:
            pod.launcher.stdin.write(f"users {users}\n".encode())
            pod.launcher.stdin.flush()
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self.pods[LOAD]:
            record = load.last(path)
            if record and record["users"] == users and (record["connected"] == users):
                break
            time.sleep(0.1)
        self.save()
        record = load.last(path) or {}
        return {"users": users, "connected": record.get("connected", 0)}

    def scale(self, name, replicas):
        service = self.known(name)
        if name == LOAD or replicas < 1:
            raise ValueError("replicas must be 1 or more, and the load generator has one")
        pods = self.pods[name]
        added = [self.add_pod(service) for _ in range(replicas - len(pods))]
        try:
            self.wait_ready(added)
        except RuntimeError:
            for pod in added:
                pods.remove(pod)
                pod.remove()
            raise
        leaving = pods[replicas:]
        if leaving:
            self.pods[name] = pods[:replicas]
            self.balance()
            time.sleep(CONNECTION_AGE_MS / 1000 + 1 if "SHOP_CONNECTION_AGE_MS" in service.env else 0.5)
            for pod in leaving:
                pod.remove()
        self.save()
        return {"service": name, "replicas": len(self.pods[name]), "pods": [pod.name for pod in self.pods[name]]}

    def fault(self, name, service, value=None, off=False):
        if name == "dns" and not self.with_dns:
            raise ValueError("names come from /etc/hosts here; bring the shop up with --dns for this fault")
        changed = self.faults.set(name, self.known(service), self.pods[service], value, off)
        if name == "refuse" and off and changed:
            for pod in self.pods[service]:
                self.start(pod)
            self.wait_ready(self.pods[service])
        self.save()
        return {"fault": name, "service": service, "on": not off, "changed": changed}

    def known(self, name):
        if name not in self.services:
            raise ValueError(f"no service {name}; there are: {', '.join(self.services)}")
        return self.services[name]

    def stop(self):
        self.stopping = True
        return {"stopped": True}

    def obey(self, request):
        commands = {"load": self.load, "scale": self.scale, "fault": self.fault, "stop": self.stop}
        return commands[request.pop("command")](**request)

    # --- staying up

    def mend(self):
        """Restarts what ended on its own, as a kubelet does."""
        for pods in self.pods.values():
            for pod in pods:
                if pod.running() or pod.held_down or pod.launcher is None:
                    continue
                found = self.crashed.setdefault(pod.name, time.monotonic())
                if time.monotonic() - found < RESTART_S:
                    continue
                del self.crashed[pod.name]
                print(f"{pod.name} ended with {pod.launcher.returncode}: restarting", flush=True)
                pod.restarts += 1
                self.start(pod)

    def serve(self):
        path = paths.socket_path(self.shop)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen(16)
            self.say("ready")
            while not self.stopping:
                if select.select([listener], [], [], 0.5)[0]:
                    self.answer(listener.accept()[0])
                self.mend()

    def answer(self, connection):
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            try:
                reply = {"ok": self.obey(json.loads(stream.readline()))}
            except (ValueError, RuntimeError, OSError, TypeError, KeyError) as error:
                reply = {"error": str(error)}
            try:
                stream.write(json.dumps(reply) + "\n")
            except BrokenPipeError:
                pass

    def save(self):
        paths.write_state(self.shop, {
            "name": self.shop, "supervisor": [os.getpid(), process.start_time(os.getpid())],
            "node_netns": self.node.netns, "notes": self.notes, "faults": self.faults.on,
            "services": [
                {"name": service.name, "language": service.language, "port": service.port,
                 "cluster_ip": self.cluster_ip(service) if service.port else None, "cpu_limit": service.cpu,
                 "replicas": len(self.pods[service.name]),
                 "pods": [pod.describe() for pod in self.pods[service.name]]}
                for service in self.services.values()]})


def tail(path, size=400):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()[-size:].strip()
    except FileNotFoundError:
        return "no log"


def supervise(shop, dist, progress_fd, with_dns):
    """Runs until told to stop; the janitor cleans up whatever way this ends."""
    progress = os.fdopen(progress_fd, "w", encoding="utf-8")

    def say(line):
        print(line, flush=True)
        if not progress.closed:
            progress.write(line + "\n")
            progress.flush()
            if line == "ready":
                progress.close()

    cleaner = subprocess.Popen([sys.executable, os.path.join(SHOP, "shop"), "_janitor", shop],
                               stdin=subprocess.PIPE, start_new_session=True)
    supervisor = Supervisor(shop, dist, say, with_dns)

    def terminate(*_):
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, terminate)
    signal.signal(signal.SIGINT, terminate)
    try:
        supervisor.up()
        supervisor.serve()
    except (RuntimeError, OSError) as error:
        if not progress.closed:
            say(f"failed: {error}")
        raise
    finally:
        cleanup.remove(shop)
        cleaner.kill()
        cleaner.wait()
