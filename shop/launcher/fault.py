# SPDX-License-Identifier: Apache-2.0
"""Faults with a known cause: some suffered inside our own services, some done to any pod from the outside."""

import os
import signal

import network
import paths

# Read by the services themselves; the value is what is used when none is given.
INSIDE = {"slow": 300, "errors": 0.3, "leak": 2, "lock": 50}
INSIDE_UNIT = {"slow": "ms added to each call", "errors": "share of calls that fail",
               "leak": "MiB kept per call", "lock": "ms each call holds a lock all share"}
# Those from the outside that take a value.
DEGREE = {"throttle": 0.05, "stall": 0.8}
OUTSIDE = {"refuse": "nothing listens on the port", "hang": "the processes stand still",
           "lossy": "a fifth of the packets is lost both ways", "cpu-hog": "a stranger eats the CPU quota",
           "dns": "nothing that is looked up is found",
           "throttle": f"the CPU quota is cut to --value cores ({DEGREE['throttle']})",
           "stall": f"the processes stand still for --value of each quarter second ({DEGREE['stall']})"}
LOSS = "0.2"
NAMES = sorted([*INSIDE, *OUTSIDE])


class Faults:
    """What is switched on: {service: {fault: value}}."""

    def __init__(self, shop, node):
        self.shop, self.node = shop, node
        self.on = {}

    def set(self, name, service, pods, value, off):
        if name not in NAMES:
            raise ValueError(f"no fault {name}; there are: {', '.join(NAMES)}")
        if name in INSIDE and not service.own:
            raise ValueError(f"{service.name} is not our code; it takes: {', '.join(OUTSIDE)}")
        active = self.on.setdefault(service.name, {})
        wanted = None if off else {**INSIDE, **DEGREE}.get(name, 1) if value is None else value
        if active.get(name) == wanted:
            return False
        if name in active and name in OUTSIDE and not off:  # to another degree
            for pod in pods:
                self.apply(name, pod, off=True)
        if off:
            del active[name]
        else:
            active[name] = wanted
        self.write(service.name)
        for pod in pods:
            self.apply(name, pod, off)
        return True

    def write(self, service):
        path = os.path.join(paths.state_dir(self.shop), "faults", service)
        inside = {name: value for name, value in self.on[service].items() if name in INSIDE}
        with open(path + ".new", "w", encoding="ascii") as file:
            file.writelines(f"{name} {value:g}\n" for name, value in inside.items())
        os.replace(path + ".new", path)

    def apply(self, name, pod, off):
        """Does a fault from the outside to one pod; those inside read their file."""
        if name == "refuse":
            pod.held_down = not off
            if not off:
                pod.kill()
        elif name == "hang":
            pod.groups.signal(signal.SIGCONT if off else signal.SIGSTOP)
        elif name == "cpu-hog":
            if off:
                pod.end_hogs()
            else:
                pod.hog()
        elif name == "throttle":
            pod.groups.limit_cpu(pod.service.cpu if off else self.on[pod.service.name][name])
        elif name == "stall":
            if off:
                pod.end_stalls()
            else:
                pod.stall(self.on[pod.service.name][name])
        elif name in ("lossy", "dns"):
            for rule in self.rules(name):
                network.inside(pod.netns, self.node.iptables, "-D" if off else "-A", *rule)

    @staticmethod
    def rules(name):
        if name == "lossy":
            return [[chain, "-m", "statistic", "--mode", "random", "--probability", LOSS, "-j", "DROP"]
                    for chain in ("INPUT", "OUTPUT")]
        return [["OUTPUT", "-p", protocol, "--dport", "53", "-j", "DROP"] for protocol in ("udp", "tcp")]

    def adopt(self, pod):
        """A pod that came later suffers what its service suffers."""
        for name in self.on.get(pod.service.name, {}):
            if name in OUTSIDE:
                self.apply(name, pod, off=False)
