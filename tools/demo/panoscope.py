# SPDX-License-Identifier: Apache-2.0
"""A running `panoscope up` and its HTTP API (docs/api.md)."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request


class Panoscope:
    def __init__(self, binary, listen, data, log_path, *more):
        self.address = f"http://{listen}"
        self.log_path = log_path
        self.started = time.time()
        self.log = open(log_path, "w")
        self.process = subprocess.Popen(
            [binary, "up", "--listen", listen, "--data", data, *more],
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)

    def get(self, path, timeout=30):
        with urllib.request.urlopen(self.address + path, timeout=timeout) as response:
            return json.load(response)

    def post(self, path, body):
        return self.send("POST", path, body)

    def put(self, path, body):
        return self.send("PUT", path, body)

    def delete(self, path):
        return self.send("DELETE", path)

    def send(self, method, path, body=None):
        request = urllib.request.Request(self.address + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def wait_ready(self, seconds=30):
        """Waits for /healthz; a process that ended tells why through its log."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"panoscope ended at once:\n{self.tail()}")
            try:
                urllib.request.urlopen(self.address + "/healthz", timeout=2).read()
                return time.time() - self.started
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"panoscope did not answer within {seconds} s:\n{self.tail()}")

    def tail(self, lines=20):
        with open(self.log_path) as log:
            return "".join(log.readlines()[-lines:])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.kill(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
