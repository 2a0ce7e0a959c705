# SPDX-License-Identifier: Apache-2.0
"""The shop's node: a network namespace with a bridge the pods hang on, and ClusterIPs by DNAT.

Every address lives inside namespaces made here; nothing is added to the machine's own network."""

import os
import secrets
import subprocess

BRIDGE = "cni0"
GATEWAY = "10.244.0.1"
PODS = "10.244.0.{}"
CLUSTER = "10.96.0.{}"
FIRST_POD = 10
DNS_PORT = 53


def run(*command, text=None, check=True):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def netns_path(name):
    return f"/run/netns/{name}"


def inside(netns, *command, **options):
    return run("nsenter", f"--net={netns_path(netns)}", "--", *command, **options)


class Node:
    def __init__(self, shop):
        self.shop = shop
        self.netns = f"{shop}-node"
        self.used = set()
        self.iptables = "iptables"

    def create(self):
        run("ip", "netns", "add", self.netns)
        run("ip", "-n", self.netns, "link", "set", "lo", "up")
        run("ip", "-n", self.netns, "link", "add", BRIDGE, "type", "bridge")
        run("ip", "-n", self.netns, "addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        run("ip", "-n", self.netns, "link", "set", BRIDGE, "up")
        if not os.path.isdir("/proc/sys/net/bridge"):
            run("modprobe", "br_netfilter")
        # Replies cross the bridge below IP; only with this they pass NAT and carry the ClusterIP again.
        for key in ("net.bridge.bridge-nf-call-iptables=1", "net.ipv4.ip_forward=1",
                    "net.ipv4.conf.all.send_redirects=0", f"net.ipv4.conf.{BRIDGE}.send_redirects=0"):
            inside(self.netns, "sysctl", "-q", "-w", key)
        self.iptables = self.choose_iptables()

    def choose_iptables(self):
        """The variant that knows what ClusterIPs need on this kernel."""
        for variant in ("iptables", "iptables-legacy"):
            rule = [variant, "-t", "nat", "-A", "PREROUTING", "-d", "192.0.2.1/32", "-p", "tcp", "-m", "statistic",
                    "--mode", "random", "--probability", "0.5", "-j", "DNAT", "--to-destination", "192.0.2.2"]
            try:
                inside(self.netns, *rule)
            except RuntimeError as error:
                problem = error
                continue
            inside(self.netns, variant, "-t", "nat", "-F", "PREROUTING")
            return variant
        raise RuntimeError(f"no iptables with DNAT and statistic: {problem}")

    def add_pod(self, netns):
        """A namespace on the bridge; returns its address."""
        number = next(n for n in range(FIRST_POD, 250) if n not in self.used)
        self.used.add(number)
        address = PODS.format(number)
        run("ip", "netns", "add", netns)
        veth = f"veth{secrets.token_hex(4)}"
        run("ip", "-n", self.netns, "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", netns)
        run("ip", "-n", self.netns, "link", "set", veth, "master", BRIDGE, "up")
        run("ip", "-n", netns, "link", "set", "lo", "up")
        run("ip", "-n", netns, "addr", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", netns, "link", "set", "eth0", "up")
        run("ip", "-n", netns, "route", "add", "default", "via", GATEWAY)
        return address

    def remove_pod(self, netns, address):
        run("ip", "netns", "del", netns, check=False)
        self.used.discard(int(address.rpartition(".")[2]))

    def balance(self, clusters):
        """Rewrites all ClusterIPs at once; clusters: [(service, cluster ip, port, [pod ip])]."""
        lines = ["*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]",
                 ":POSTROUTING ACCEPT [0:0]"]
        for service, cluster, port, pods in clusters:
            for left, pod in zip(range(len(pods), 0, -1), pods):
                share = f"-m statistic --mode random --probability {1 / left:.10f} " if left > 1 else ""
                for protocol in ("tcp", "udp") if port == DNS_PORT else ("tcp",):
                    lines.append(f"-A PREROUTING -d {cluster}/32 -p {protocol} -m {protocol} --dport {port} "
                                 f"-m comment --comment \"shop/{service}\" {share}"
                                 f"-j DNAT --to-destination {pod}:{port}")
        inside(self.netns, f"{self.iptables}-restore", text="\n".join(lines + ["COMMIT", ""]))


def remove_all(shop):
    """Removes every namespace of this shop; their links, rules and connections go with them."""
    if os.path.isdir("/run/netns"):
        for name in sorted(os.listdir("/run/netns")):
            if name.startswith(f"{shop}-"):
                run("ip", "netns", "del", name, check=False)
