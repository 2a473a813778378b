#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""includes.py [TREE] - who may include whom.

Rooms have ranks, and a file includes only rooms below its own, by the path from user/. Within a room
the modules (x.h and x.c are one) form no circle. policy/, tables/ and util/ know no libbpf, host/ no BPF; what
fills a struct error never prints; bpf/ shares include/rolewall/ with user/, and nothing else.
"""
import pathlib
import re
import sys

RANKS = [["util"], ["policy"], ["tables"], ["edit", "host"], ["kernel/object"], ["kernel/generation"], ["kernel/attach"],
         ["kernel/commit"], ["kernel/lists"], ["kernel/observe"], ["report"],
         ["daemon", "live", "preflight"], ["cli", "web", "names"]]
RANK = {room: number for number, rooms in enumerate(RANKS) for room in rooms}
SILENT = ("policy/", "tables/", "edit/", "host/", "kernel/", "report/", "preflight/")
ROOM_FILES = 60  # 30 modules; cli/ has a file for each verb

tree = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
complaints = []


def lines(directory):
    for path in sorted((tree / directory).rglob("*.[ch]")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield path, number, line


def complain(path, number, line, why):
    complaints.append(f"{path.relative_to(tree)}:{number}: {line.strip()}\n    {why}")


def check_ranks():
    """Returns module -> {module: where it is included}."""
    arrows = {}
    for path, number, line in lines("user"):
        name = path.relative_to(tree / "user")
        module = arrows.setdefault(str(name.with_suffix("")), {})
        found = re.match(r'\s*#\s*include "([^"]+)"', line)
        if not found:
            continue
        target, room = found[1], str(name.parent)
        if str(pathlib.PurePath(target).parent) not in RANK or not (tree / "user" / target).exists():
            complain(path, number, line, "an include is written from user/: ROOM/module.h")
        elif room != str(pathlib.PurePath(target).parent) and RANK[room] <= RANK[str(pathlib.PurePath(target).parent)]:
            complain(path, number, line, f"{room}/ may not include {pathlib.PurePath(target).parent}/")
        else:
            module[target[:-2]] = f"{path.relative_to(tree)}:{number}"
    return arrows


def check_circles(arrows):
    """Each circle once, from its first module on."""
    done, way = set(), []

    def visit(module):
        if module in way:
            circle = way[way.index(module):] + [module]
            complaints.append("a circle of modules:\n" + "\n".join(
                f"    {arrows[a][b]}: {a} -> {b}" for a, b in zip(circle, circle[1:])))
        elif module not in done:
            done.add(module)
            way.append(module)
            for target in sorted(arrows.get(module, {})):
                if target != module:
                    visit(target)
            way.pop()

    for module in sorted(arrows):
        visit(module)


def check_rooms():
    for room in RANK:
        files = len(list((tree / "user" / room).glob("*.[ch]")))
        if room != "cli" and files > ROOM_FILES:
            complaints.append(f"user/{room}: {files} files: two rooms would be easier to live in")


def check_purity():
    for path, number, line in lines("user"):
        name = str(path.relative_to(tree / "user"))
        if name.startswith(("policy/", "tables/", "util/")) and re.search(r"#include <(bpf/|libmnl|rolewall\.skel)", line):
            complain(path, number, line, "policy/, tables/ and util/ are pure: no libbpf, no netlink")
        if name.startswith("host/") and re.search(r"#include <(bpf/|rolewall\.skel)", line):
            complain(path, number, line, "host/ knows no BPF")
        if name.startswith(SILENT) and name.endswith(".c") and re.search(
                r"^(?!.*(snprintf|vfprintf)).*(\b(printf|puts|putchar|perror)\(|std(out|err)\b)", line):
            complain(path, number, line, "only cli/, web/ and the daemon's logger print: fill a struct error")
    for directory in ("bpf", "include"):
        for path, number, line in lines(directory):
            if re.search(r"#include .*(user/|\.\./)", line):
                complain(path, number, line, "bpf/ shares only rolewall/abi.h")


check_circles(check_ranks())
check_rooms()
check_purity()
for complaint in complaints:
    print(complaint, file=sys.stderr)
sys.exit(bool(complaints))
