# SPDX-License-Identifier: Apache-2.0
"""The demo shop through its own command line."""

import json
import os
import signal
import subprocess


class Shop:
    def __init__(self, path):
        self.path = path

    def run(self, *arguments, quiet=False):
        return subprocess.run([self.path, *map(str, arguments)], check=True,
                              stdout=subprocess.DEVNULL if quiet else None)

    def ask(self, *arguments):
        out = subprocess.run([self.path, *map(str, arguments), "--json"], check=True,
                             stdout=subprocess.PIPE).stdout
        return json.loads(out)

    def up(self):
        self.run("up")

    def down(self):
        self.run("down")

    def load(self, users):
        self.run("load", users)

    def scale(self, service, replicas):
        self.run("scale", service, replicas)

    def kill(self, service):
        """Ends its processes at once; the shop starts them again, as a cluster would."""
        for known in self.status()["services"]:
            for pod in known["pods"] if known["name"] == service else []:
                os.kill(pod["pid"], signal.SIGKILL)

    def report(self, begin, end):
        return self.ask("load", "report", "--from", begin, "--to", end)

    def generator_report(self):
        """The load generator's own file, second by second."""
        return self.ask("load", "report")["file"]

    def truth(self, moment):
        """The kernel's counters of every pod, read at that moment to come."""
        return self.ask("truth", "--at", moment)

    def status(self):
        return self.ask("status")
