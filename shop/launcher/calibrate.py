# SPDX-License-Identifier: Apache-2.0
"""How much of its work a service must do per call to cost the CPU time the story needs on this machine."""

import json
import os
import subprocess

from catalog import SHOP


def passes(service, dist):
    """Passes per call so that they take service.work_us of CPU time, and the measured cost of one."""
    environment = {**os.environ, "GOMAXPROCS": "1",
                   "SHOP_PRODUCTS": os.path.join(SHOP, "productcatalog/products.json")}
    costs = []
    for _ in range(3):
        out = subprocess.run([os.path.join(dist, "bin", service.name), "calibrate"], env=environment, check=True,
                             stdout=subprocess.PIPE).stdout
        costs.append(json.loads(out)["pass_ns"])
    cost = min(costs)
    return max(1, round(service.work_us * 1000 / cost)), cost
