#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command and flag of the real binary, against real servers: help, wrong flags, nobody there,
JSON that is JSON, exit codes. Usage: cli_test.py PANOSCOPE MAP_SERVER. Ends with the counts."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from checks import checks_of, conclude, run_checks  # noqa: E402
from free_port import free_port  # noqa: E402

PANOSCOPE, MAP_SERVER = sys.argv[1], sys.argv[2]
OK, ERROR, USAGE, OVER = 0, 1, 2, 3
# What each command needs beyond its flags to be a whole command line.
ARGUMENTS = {"query": ["SELECT 1"], "mark": ["a mark"], "run": ["list"], "compare": ["a", "b"]}


def run(*words, stdin="", **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PANOSCOPE_")}
    return subprocess.run([PANOSCOPE, *words], input=stdin, text=True, capture_output=True, timeout=120,
                          env={**env, **environment}, check=False)


def expect(result, code, out="", err=""):
    said = f"exit {result.returncode}\n--- stdout\n{result.stdout[-2000:]}\n--- stderr\n{result.stderr[-2000:]}"
    assert result.returncode == code, f"exit code {code} expected: {said}"
    assert re.search(out, result.stdout), f"/{out}/ expected on stdout: {said}"
    assert re.search(err, result.stderr), f"/{err}/ expected on stderr: {said}"
    return result


def commands():
    text = expect(run("--help"), OK, "Exit codes").stdout
    listed = text[re.search(r"(?im)^subcommands:$", text).end():]
    return re.findall(r"(?m)^  ([a-z-]+) ", listed)


def flags_of(command):
    return set(re.findall(r"(--[a-z0-9-]+)", expect(run(command, "--help"), OK).stdout))


class Process:
    """A server that prints its address; ended when the block is."""

    def __init__(self, *words):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, text=True)
        deadline = time.time() + 60
        while True:
            self.log.seek(0)
            text = self.log.read()
            found = re.search(r"http://127\.0\.0\.1:\d+", text)
            if found:
                self.url = found.group(0)
                return
            assert self.process.poll() is None and time.time() < deadline, f"{words} never came up: {text}"
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.seek(0)
        return code, self.log.read()


def wait_for(probe):
    deadline = time.time() + 60
    while time.time() < deadline:
        answer = probe()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError("never came true")


# --- without a server

def check_help_of_every_command():
    names = commands()
    assert {"up", "config", "map", "diagnose", "query", "events", "mark", "doctor", "version"} <= set(names), names
    for name in names:
        result = expect(run(name, "--help"), OK, "--help")
        assert result.stderr == "", result.stderr


def check_wrong_words_are_usage_errors():
    expect(run(), USAGE, err="subcommand is required")
    expect(run("no-such-command"), USAGE)
    for name in commands():
        expect(run(name, *ARGUMENTS.get(name, []), "--no-such-flag"), USAGE, err="no-such-flag")
    for name in ("query", "mark"):
        expect(run(name), USAGE, err="required")
    for name in ("map", "diagnose", "events"):
        expect(run(name, "--from", "yesterday"), USAGE, err="from")


def check_nobody_there_is_an_error_with_a_hint():
    url = f"http://127.0.0.1:{free_port()}"
    asking = [n for n in commands() if "--url" in flags_of(n)]
    assert {"map", "diagnose", "query", "events", "mark"} <= set(asking), asking
    for name in sorted(set(asking) & {"map", "diagnose", "query", "events", "mark"}):
        words = [name, *ARGUMENTS.get(name, [])]
        expect(run(*words, "--url", url), ERROR, "^$", "nothing answers at .*\n.*panoscope up")
        expect(run(*words, PANOSCOPE_URL=url), ERROR, "^$", re.escape(url))
    expect(run("map", "--url", "ftp://x"), ERROR, "^$", "not an http:// address")


def check_version():
    version = expect(run("version"), OK, r"^panoscope \d+\.\d+\.\d+\n$").stdout.split()[1]
    assert json.loads(expect(run("version", "--json"), OK).stdout)["version"] == version


def check_doctor():
    expect(run("doctor"), OK, "on Linux")
    report = json.loads(expect(run("doctor", "--json"), OK).stdout)
    names = {f["name"] for f in report["findings"]}
    assert {"rights", "kernel types (BTF)", "database engine (chDB)"} <= names, names
    for finding in report["findings"]:
        assert finding["available"] or finding["lost"] or finding["said"], finding


def check_config_round_trip_and_errors():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "p.yaml")
        flags = ["--listen", "127.0.0.1:9999", "--no-store", "--limit", "cart.latency=200ms", "--name", "node=web"]
        printed = expect(run("config", *flags), OK, "cart.latency: 200ms").stdout
        with open(path, "w", encoding="utf-8") as out:
            out.write(printed)
        again = json.loads(expect(run("config", "--json", "--config", path), OK).stdout)
        assert again["listen"] == {"value": "127.0.0.1:9999", "from": again["listen"]["from"]}, again
        assert again["listen"]["from"].startswith(path + ":"), again
        assert again["store"]["value"] is False and again["limit"]["value"] == {"cart.latency": "200ms"}, again
        assert again["tier"]["value"] == "auto", again
        by_environment = json.loads(expect(run("config", "--json", PANOSCOPE_CONFIG=path, PANOSCOPE_DATA="/d"),
                                           OK).stdout)
        assert by_environment["data"] == {"value": "/d", "from": "flag or environment"}, by_environment
        # Every key is a flag of up, and the other way round.
        keys = {f"--{key}" for key in again}
        given = {f for f in flags_of("up") if not f.startswith("--no-")} - {"--help", "--config"}
        assert keys == given, keys ^ given
        with open(path, "a", encoding="utf-8") as out:
            out.write("colour: red\n")
        line = printed.count("\n") + 1
        for command in ("config", "up"):
            expect(run(command, "--config", path), ERROR, "^$", f"{re.escape(path)}:{line}: there is no key 'colour'")


def check_up_refuses_what_cannot_be():
    expect(run("up", "--tier", "magic"), ERROR, err="not a capture tier")
    expect(run("up", "--listen", "127.0.0.1:99999", "--no-store", "--tier", "none"), ERROR, err="not an address")
    expect(run("up", "--listen", "0.0.0.0:0", "--no-store", "--tier", "none"), ERROR, err="needs a token")
    expect(run("up", "--timeout", "0"), USAGE, err="timeout")
    expect(run("up", "--limit", "latency=fast"), USAGE, err="no limit of latency")
    with socket.socket() as taken, tempfile.TemporaryDirectory() as data:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        expect(run("up", "--listen", listen, "--no-store", "--tier", "none", "--data", data), ERROR,
               err="cannot listen on .*\n.*another server")


# --- against servers

def check_commands_against_a_map_that_is_over():
    with Process(MAP_SERVER, "--phase-seconds", "600") as server:
        at = ["--url", server.url]
        wait_for(lambda: "productcatalog" in run("diagnose", *at).stdout)
        wait_for(lambda: re.search(r"(?m)^over +.*productcatalog", run("map", *at).stdout))
        expect(run("map", *at), OK, r"state +client +server")
        bad = expect(run("map", "--problems", *at), OK).stdout
        assert not re.search(r"(?m)^ok ", bad), bad
        live = json.loads(expect(run("map", "--json", *at), OK).stdout)
        names = {n["id"]: n["name"] for n in live["nodes"]}
        assert {"frontend", "productcatalog", "cart"} <= set(names.values()), names
        past = json.loads(expect(run("map", "--json", "--at", str(live["time"]), *at), OK).stdout)
        assert past["time"] == live["time"] and not past["live"], past["time"]
        begin = live["to"] - 1
        ranged = json.loads(expect(run("map", "--json", "--from", str(begin), "--to", str(live["to"]), *at),
                                   OK).stdout)
        assert (ranged["from"], ranged["to"]) == (begin, live["to"]), (ranged["from"], ranged["to"])
        assert all("counts" in e for e in ranged["edges"])
        expect(run("map", "--at", "1000", *at), ERROR, "^$", "nothing is kept of that time")
        expect(run("map", "--from", "20", "--to", "10", *at), ERROR, "^$", "from must be before to")

        verdict = json.loads(expect(run("diagnose", "--json", *at), OVER).stdout)
        assert verdict["bottleneck"] == "productcatalog", verdict
        expect(run("diagnose", *at), OVER, "productcatalog.*\n\npath: .*productcatalog")
        expect(run("diagnose", "--at", str(live["time"]), *at), OVER, "productcatalog")

        expect(run("mark", "step two: 中", *at), OK)
        mark = json.loads(expect(run("mark", "--json", "third", *at), OK).stdout)
        assert mark["text"] == "third" and mark["kind"] == "mark", mark
        now = str(int(time.time()))
        listed = expect(run("events", "--from", str(int(now) - 60), "--to", str(int(now) + 60), *at), OK).stdout
        assert "step two: 中" in listed, listed
        events = json.loads(expect(run("events", "--json", *at), OK).stdout)["events"]
        assert [e["text"] for e in events if e["kind"] == "mark"][-2:] == ["step two: 中", "third"], events
        expect(run("query", "SELECT 1", *at), ERROR, "^$", "store")
        code, log = server.end()
        assert code == 0, log


def check_up_and_query_with_a_store():
    data = tempfile.mkdtemp(prefix="panoscope-cli-")
    try:
        with Process(PANOSCOPE, "up", "--tier", "none", "--listen", "127.0.0.1:0", "--data", data, "--token", "s3",
                     "--limit", "latency=250ms", "--limit", "web->cart.errors=off") as server:
            at = ["--url", server.url]
            expect(run("map", *at), ERROR, "^$", "token is needed.*\n.*--token")
            expect(run("map", "--token", "wrong", *at), ERROR, "^$", "token")
            at += ["--token", "s3"]
            expect(run("map", *at), OK, "no traffic seen yet")
            expect(run("diagnose", *at), OVER, "nothing to judge")  # no traffic is not health
            expect(run("query", "SELECT 40 + 2 AS answer, 'x' AS text", *at), OK, r"answer +text\n +42 +x\n", "1 rows")
            expect(run("query", "-", *at, stdin="SELECT 1 AS piped"), OK, "piped")
            rows = json.loads(expect(run("query", "--json", "SELECT number FROM system.numbers LIMIT 3", *at),
                                     OK).stdout)["rows"]
            assert [int(r[0]) for r in rows] == [0, 1, 2], rows
            expect(run("query", "DROP TABLE edge", *at), ERROR, "^$", "only SELECT")
            expect(run("query", "SELECT * FROM no_such_table", *at), ERROR, "^$", "no_such_table")
            expect(run("query", "SHOW TABLES", PANOSCOPE_URL=server.url, PANOSCOPE_TOKEN="s3"), OK, "edge_1m")
            code, log = server.end()
            assert code == 0, log
            assert "s3" not in log, "the token is on the log"
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(conclude(*run_checks(checks_of(globals(), sys.modules[__name__]))))
