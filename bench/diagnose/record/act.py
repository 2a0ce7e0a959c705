# SPDX-License-Identifier: Apache-2.0
"""Does what a plan says to the shop, and undoes it."""

import os
import signal
import subprocess
import tempfile

TABLE_LOCK = "BEGIN; LOCK TABLE flag IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(0.4); COMMIT; SELECT pg_sleep(0.1);\n"
BUSY = "local x = 0 for i = 1, 300000 do x = x + i end return x"
STRANGERS = {
    # A migration that locks the table others read, most of the time.
    "table-lock": lambda ip: (["psql", "-q", "-h", ip, "-U", "shop", "postgres"], TABLE_LOCK * 2000),
    # Somebody else's queries that keep the one thread busy.
    "heavy-queries": lambda ip: (["redis-cli", "-h", ip, "-r", "100000", "EVAL", BUSY, "0"], ""),
}


class Actor:
    """What is done is kept, so that undo() leaves nothing behind."""

    def __init__(self, shop):
        self.shop = shop
        self.done = []
        self.strangers = []

    def pods(self, service):
        return next(s["pods"] for s in self.shop.status()["services"] if s["name"] == service)

    def do(self, act):
        self.done.append(act)
        if act.what == "users":
            self.shop.begin_load(int(act.value))
        elif act.what in STRANGERS:
            for pod in self.pods(act.service):
                self.let_in(act, pod)
        else:
            self.shop.fault(act.what, act.service, act.value)

    def let_in(self, act, pod):
        command, text = STRANGERS[act.what](pod["ip"])
        with tempfile.TemporaryFile("w+") as script:
            script.write(text)
            script.seek(0)
            self.strangers.append(subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{pod['netns']}", "--", *command], stdin=script,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))

    def end_strangers(self):
        for stranger in self.strangers:
            if stranger.poll() is None:
                os.kill(stranger.pid, signal.SIGKILL)
            stranger.wait()
        self.strangers = []

    def undo(self, users):
        """Back to `users` shoppers and no fault."""
        self.end_strangers()
        done, self.done = self.done, []
        for act in done:
            if act.what == "users":
                self.shop.begin_load(users)
            elif act.what not in STRANGERS:
                self.shop.fault(act.what, act.service, None, off=True)
            if act.what == "leak":
                self.shop.kill(act.service)  # what leaked stays until the process ends
