# SPDX-License-Identifier: Apache-2.0
"""shop: the demo shop's command line."""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time

import cleanup
import load
import paths
import process
import truth
from catalog import SHOP
from fault import INSIDE, INSIDE_UNIT, NAMES, OUTSIDE

ROOT = os.path.dirname(SHOP)


class Failure(Exception):
    """Shown to the user in one line."""


def running_state(shop):
    state = paths.read_state(shop)
    if state is None or not process.alive(*state["supervisor"]):
        raise Failure(f"no shop is up; start it with: {sys.argv[0]} up")
    return state


def ask(shop, command, **arguments):
    running_state(shop)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(paths.socket_path(shop))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps({"command": command, **arguments}) + "\n")
            stream.flush()
            reply = stream.readline()
    if not reply:
        raise Failure("the shop ended while it was asked")
    reply = json.loads(reply)
    if "error" in reply:
        raise Failure(reply["error"])
    return reply["ok"]


def build(arguments):
    """The shop's programs, made when they are missing or old; returns where they are."""
    directory = os.path.join(ROOT, arguments.build)
    if not arguments.no_build:
        quiet = {"stdout": sys.stderr}
        if not os.path.exists(os.path.join(directory, "build.ninja")):
            subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, **quiet)
        subprocess.run(["cmake", "--build", directory, "--target", "shop"], check=True, **quiet)
    return os.path.join(directory, "shop")


def up(arguments):
    if os.geteuid() != 0:
        raise Failure("the shop's pods need root (network namespaces, control groups)")
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", arguments.name):
        raise Failure("a shop's name is up to 16 small letters and digits")
    state = paths.read_state(arguments.name)
    if state and process.alive(*state["supervisor"]):
        raise Failure(f"shop {arguments.name} is up already")
    dist = build(arguments)
    cleanup.remove(arguments.name)  # what a crash may have left
    os.makedirs(paths.state_dir(arguments.name))
    reader, writer = os.pipe()
    began = time.monotonic()
    with open(os.path.join(paths.state_dir(arguments.name), "supervisor.log"), "wb") as log:
        subprocess.Popen([sys.executable, os.path.join(SHOP, "shop"), "_supervise", arguments.name, dist, str(writer),
                          "dns" if arguments.dns else "hosts"],
                         pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                         cwd="/")
    os.close(writer)
    line = ""
    with os.fdopen(reader, encoding="utf-8") as progress:
        for line in map(str.strip, progress):
            if line.startswith("failed: "):
                raise Failure(line)
            if not arguments.json and line != "ready":
                print(line, flush=True)
    if line != "ready":
        raise Failure("the shop ended before it was up")
    state = running_state(arguments.name)
    show(arguments, {"up": True, "seconds": round(time.monotonic() - began, 1), "notes": state["notes"]},
         "\n".join([*state["notes"], f"the shop is up after {time.monotonic() - began:.1f} s"]))


def down(arguments):
    state = paths.read_state(arguments.name)
    if state and process.alive(*state["supervisor"]):
        try:
            ask(arguments.name, "stop")
        except (Failure, OSError):
            pass  # it did not answer: taken down all the same
        deadline = time.monotonic() + 20
        while process.alive(*state["supervisor"]) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.end([state["supervisor"]])
    cleanup.remove(arguments.name)
    show(arguments, {"down": True}, "the shop is down")


def load_command(arguments):
    what = arguments.what
    if what == "report":
        end = arguments.to if arguments.to is not None else int(time.time())
        begin = arguments.begin if arguments.begin is not None else end - 30
        path = paths.report_path(arguments.name)
        result = {"file": path, **load.report(path, begin, end)}
        show(arguments, result, ", ".join(f"{key} {value}" for key, value in result.items()))
        return
    if what != "stop" and not what.isdigit():
        raise Failure("load takes a number of users, stop or report")
    result = ask(arguments.name, "load", users=0 if what == "stop" else int(what))
    if arguments.duration:
        begin = int(time.time())
        time.sleep(arguments.duration)
        ask(arguments.name, "load", users=0)
        result["report"] = load.report(paths.report_path(arguments.name), begin, begin + arguments.duration)
    show(arguments, result, f"{result['connected']} of {result['users']} shoppers are connected")


def scale(arguments):
    result = ask(arguments.name, "scale", name=arguments.service, replicas=arguments.replicas)
    show(arguments, result, f"{result['service']} has {result['replicas']}: {', '.join(result['pods'])}")


def fault(arguments):
    result = ask(arguments.name, "fault", **{"name": arguments.fault, "service": arguments.service,
                                             "value": arguments.value, "off": arguments.off})
    show(arguments, result, f"{arguments.fault} is {'on' if result['on'] else 'off'} at {arguments.service}")


def status(arguments):
    state = running_state(arguments.name)
    for service in state["services"]:
        for pod in service["pods"]:
            pod["alive"] = process.alive(pod["pid"], pod["started"])
    record = load.last(paths.report_path(arguments.name)) or {}
    state["load"] = {key: record.get(key, 0) for key in ("users", "connected", "completed")}
    lines = [f"{'service':<16}{'language':<10}{'replicas':<10}{'limit':<8}{'address':<18}pods"]
    for service in state["services"]:
        address = f"{service['cluster_ip']}:{service['port']}" if service["port"] else "-"
        limit = f"{service['cpu_limit']:.2f}" if service["cpu_limit"] else "-"
        pods = " ".join(pod["name"] + ("" if pod["alive"] else " (down)") for pod in service["pods"])
        lines.append(f"{service['name']:<16}{service['language']:<10}{service['replicas']:<10}{limit:<8}"
                     f"{address:<18}{pods}")
    lines.append(f"load: {state['load']['connected']} of {state['load']['users']} shoppers connected")
    for service, faults in state["faults"].items():
        lines += [f"fault {name} at {service}" for name in faults]
    show(arguments, state, "\n".join(lines + state["notes"]))


def truth_command(arguments):
    result = truth.truth(running_state(arguments.name), arguments.at)
    show(arguments, result, json.dumps(result, indent=1))


def logs(arguments):
    directory = os.path.join(paths.state_dir(arguments.name), "logs")
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    for name in names:
        if name.startswith(arguments.service or ""):
            print(f"== {name}")
            with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
                print("".join(file.readlines()[-arguments.lines:]), end="")


def show(arguments, result, text):
    print(json.dumps(result) if arguments.json else text, flush=True)


def parser():
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="answer in JSON")
    shared.add_argument("--name", default=os.environ.get("SHOP_NAME", "shop"), help="of the shop; several may be up")
    top = argparse.ArgumentParser(prog="shop", description="The demo shop on network-namespace pods.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, function, text, **options):
        command = commands.add_parser(name, parents=[shared], help=text, description=text, **options)
        command.set_defaults(function=function)
        return command

    command = add("up", up, "start every service, wait until all are ready")
    command.add_argument("--build", default=os.environ.get("SHOP_BUILD", "build/release"), help="build folder")
    command.add_argument("--no-build", action="store_true", help="take what is built already")
    command.add_argument("--dns", action="store_true", help="names by a DNS server of the shop, not by /etc/hosts")
    command = add("load", load_command, "have N shoppers | stop | report --from T --to T")
    command.add_argument("what", metavar="N|stop|report")
    command.add_argument("--duration", type=int, help="seconds; then stop and report")
    command.add_argument("--from", dest="begin", type=float, help="seconds since the epoch")
    command.add_argument("--to", type=float, help="not included")
    command = add("scale", scale, "have this many replicas; returns when they are ready")
    command.add_argument("service")
    command.add_argument("replicas", type=int)
    kinds = [f"  {name:<9} {INSIDE_UNIT[name]} ({INSIDE[name]})" for name in INSIDE]
    kinds += [f"  {name:<9} {text}" for name, text in OUTSIDE.items()]
    command = add("fault", fault, "break a service in a known way", epilog="\n".join(kinds),
                  formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("fault", choices=NAMES)
    command.add_argument("service")
    command.add_argument("--value", type=float)
    command.add_argument("--off", action="store_true")
    add("status", status, "services, pods, load, faults")
    command = add("truth", truth_command, "what the kernel counted in each pod")
    command.add_argument("--at", type=float, help="read at this moment to come (Unix seconds), not now")
    add("down", down, "end everything, leave nothing")
    command = add("logs", logs, "the last lines of a service's logs")
    command.add_argument("service", nargs="?")
    command.add_argument("--lines", type=int, default=20)
    return top


def main():
    # How the shop's own processes start themselves; not for people.
    if sys.argv[1:2] == ["_supervise"]:
        from supervisor import supervise
        supervise(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5] == "dns")
        return 0
    if sys.argv[1:2] == ["_janitor"]:
        cleanup.janitor(sys.argv[2])
        return 0
    arguments = parser().parse_args()
    try:
        arguments.function(arguments)
    except (Failure, subprocess.CalledProcessError) as failure:
        print(f"shop: {failure}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    return 0
