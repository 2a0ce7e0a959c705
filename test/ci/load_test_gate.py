#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/ci/load-test.sh as a pipeline calls it: real nginx, real wrk, a real agent and store.
Usage: load_test_gate.py PANOSCOPE. Ends with the counts. Needs root."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "test"), str(ROOT / "tools" / "demo")]

from checks import checks_of, conclude, run_checks  # noqa: E402
from free_port import free_port  # noqa: E402
from panoscope import Panoscope  # noqa: E402

BINARY = os.path.abspath(sys.argv[1])
SCRIPT = ROOT / "docs" / "ci" / "load-test.sh"
NONE = {"latency": None, "errors": None, "connect_latency": None, "connect_failures": None, "traffic": None,
        "request_rate": None}


class Gate:
    """Checks run in order: the first run is the baseline of the others."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="panoscope-gate-"))
        self.nginx_port = free_port()
        self.nginx = self.panoscope = None

    def start(self):
        self.nginx = self.start_nginx()
        self.panoscope = Panoscope(BINARY, f"127.0.0.1:{free_port()}", str(self.folder / "data"),
                                   str(self.folder / "panoscope.log"))
        self.panoscope.wait_ready()
        # Whatever else goes on on this machine is not judged.
        self.limit({"service": "nginx", "metric": "errors", "limit": 0})

    def start_nginx(self):
        (self.folder / "index.html").write_text("a page\n")
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {self.folder}; proxy_temp_path {self.folder};\n"
            f"fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};\n"
            f"server {{ listen 127.0.0.1:{self.nginx_port}; root {self.folder}; }} }}\n")
        os.chmod(self.folder, 0o755)
        return subprocess.Popen(["nginx", "-c", str(self.folder / "nginx.conf")])

    def limit(self, override):
        self.panoscope.put("/api/v1/limits", {"defaults": NONE, "overrides": [override]})

    def runs(self, query=""):
        return self.panoscope.get("/api/v1/runs" + query)["runs"]

    def run(self, branch, *command, budgets=""):
        """Exit code, what was said, and the folder the script wrote to."""
        where = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        if budgets:
            (where / "budgets.yaml").write_text(budgets)
        environment = {**os.environ, "PANOSCOPE_URL": self.panoscope.address,
                       "PATH": os.path.dirname(BINARY) + os.pathsep + os.environ["PATH"],
                       "BUDGETS": "budgets.yaml" if budgets else ""}
        words = command or ("wrk", "-t1", "-c4", "-d8s", "--latency", f"http://127.0.0.1:{self.nginx_port}/")
        result = subprocess.run(["bash", str(SCRIPT), f"{branch} test", f"branch={branch}", "--", *words], cwd=where,
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=180, check=False)
        return result.returncode, result.stdout, where

    def check_the_first_run_has_nothing_to_compare_with(self):
        code, said, where = self.run("main")
        assert code == 0, said
        assert "nothing to compare with" in said and not (where / "compare.json").exists(), said
        report = (where / "report.html").read_text()
        assert "nginx" in report and "Requests/sec" in (where / "load.txt").read_text(), report[:2000]
        newest = self.runs("?label=branch=main")[0]
        assert newest["labels"] == {"branch": "main"} and newest["state"] == "done", newest
        detail = self.panoscope.get(f"/api/v1/runs/{newest['id']}")
        assert [r["reconciliation"] for r in detail["loadgen"]], "wrk's report is not attached"

    def check_within_its_budget(self):
        code, said, where = self.run("feature", budgets='edges:\n  "wrk > nginx": {latency_p99: 10s}\n')
        assert code == 0, said
        comparison = json.loads((where / "compare.json").read_text())
        assert comparison["budgets"] and not any(b["over"] for b in comparison["budgets"]), comparison["budgets"]

    def check_over_its_budget(self):
        code, said, where = self.run("feature", budgets='edges:\n  "wrk > nginx": {latency_p99: 1us}\n')
        assert code == 3, (code, said)
        assert any(b["over"] for b in json.loads((where / "compare.json").read_text())["budgets"]), said

    def check_an_unmet_objective(self):
        self.limit({"service": "nginx", "metric": "latency", "limit": 1})
        code, said, _ = self.run("feature")
        assert code == 3, (code, said)

    def check_a_load_generator_that_fails_ends_its_run(self):
        before = len(self.runs("?label=branch=feature"))
        code, said, _ = self.run("feature", "false")
        assert code == 1, (code, said)
        after = self.runs("?label=branch=feature")
        assert len(after) == before + 1, (before, after)
        assert not [run for run in after if run["state"] == "running"], after

    def end(self):
        if self.panoscope:
            self.panoscope.stop()
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    gate = Gate()
    try:
        gate.start()
        counts = run_checks(checks_of(vars(Gate), gate))
    finally:
        gate.end()
    return conclude(*counts)


if __name__ == "__main__":
    sys.exit(main())
