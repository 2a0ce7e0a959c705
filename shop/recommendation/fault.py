# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: lines "NAME VALUE" in the file named by SHOP_FAULT_FILE, read at most twice a second."""

import asyncio
import os
import random
import time

MAX_AGE_S = 0.5
MEBIBYTE = 1 << 20


class Fault(Exception):
    """This call is to fail."""


class Faults:
    def __init__(self):
        self.path = os.environ.get("SHOP_FAULT_FILE", "")
        self.read = 0.0
        self.values = {}
        self.leaked = []
        self.held = asyncio.Lock()

    def value(self, name):
        now = time.monotonic()
        if now - self.read > MAX_AGE_S:
            self.read = now
            self.values = {}
            try:
                with open(self.path, encoding="ascii") as lines:
                    self.values = {k: float(v) for k, v in (line.split() for line in lines if line.strip())}
            except FileNotFoundError:
                pass
        return self.values.get(name, 0)

    async def suffer(self):
        if self.value("slow") > 0:
            await asyncio.sleep(self.value("slow") / 1000)
        if self.value("lock") > 0:
            async with self.held:
                await asyncio.sleep(self.value("lock") / 1000)
        if self.value("leak") > 0:
            self.leaked.append(b"x" * int(self.value("leak") * MEBIBYTE))
        if random.random() < self.value("errors"):
            raise Fault("fault: errors")
