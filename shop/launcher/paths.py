# SPDX-License-Identifier: Apache-2.0
"""Where a shop keeps what it needs while it is up."""

import json
import os

RUN = "/run/panoscope-shop"


def state_dir(shop):
    return os.path.join(RUN, shop)


def socket_path(shop):
    return os.path.join(state_dir(shop), "control")


def report_path(shop):
    return os.path.join(state_dir(shop), "report.jsonl")


def read_state(shop):
    """The last state written, or None when no such shop is up."""
    try:
        with open(os.path.join(state_dir(shop), "state.json"), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def write_state(shop, state):
    path = os.path.join(state_dir(shop), "state.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file, indent=1)
    os.replace(path + ".new", path)


def shops():
    return sorted(os.listdir(RUN)) if os.path.isdir(RUN) else []
