# SPDX-License-Identifier: Apache-2.0
"""The demo kept as a run: what panoscope saw, the load generator's own report beside it, a report to send on."""

import os
import subprocess


class LoadTest:
    """Begun when made; `finish` ends it."""

    def __init__(self, panoscope, binary, users):
        self.panoscope, self.binary = panoscope, binary
        self.id = panoscope.post("/api/v1/runs", {
            "name": f"{users} shoppers", "labels": {"shop": "demo"},
            "notes": "One shop, four phases. After each, what was named the bottleneck gets one more instance."})["id"]

    def command(self, *arguments):
        subprocess.run([self.binary, *arguments, "--url", self.panoscope.address], check=True,
                       stdout=subprocess.DEVNULL)

    def finish(self, generator_report, path, users):
        """Writes the report to `path` (.html) and, beside it, as Markdown and JSON."""
        self.panoscope.post(f"/api/v1/runs/{self.id}/stop", {})
        self.command("run", "attach", self.id, generator_report, "--tool", "shop")
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        stem = os.path.splitext(path)[0]
        for ending in ("html", "md", "json"):
            self.command("report", self.id, "--users", str(users), "-o", f"{stem}.{ending}")
        return self.panoscope.get(f"/api/v1/runs/{self.id}")
