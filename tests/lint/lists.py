#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""lists.py - what is listed in several places is the same in all of them.

Reasons, kinds of lines of the feed, verbs, and the keys of the files: for each that is missing
somewhere, the place is named. CONTRIBUTING.md says how to add one.
"""
import json
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
complaints = []


def text(path):
    return (TOP / path).read_text()


def schema(path):
    return json.loads(text("packaging/schema/" + path))


def rows(path, macro):
    """The argument lists of X(...) in the definition of `macro`."""
    body = re.search(rf"#define {macro}\(X\).*?[^\\]\n", text(path), re.S)[0]
    return [[part.strip() for part in row.split(",")] for row in re.findall(r"X\(([^()]*)", body)]


def need(what, where, found):
    if not found:
        complaints.append(f"{where}: {what} is missing")


def same(noun, where, wanted, found):
    for name in sorted(set(wanted) ^ set(found)):
        complaints.append(f"{where}: the {noun} {name} " +
                          ("is missing" if name in wanted else "is not known elsewhere"))


def check_reasons():
    reasons = [(row[1], row[2].strip('"'), row[3]) for row in rows("include/rolewall/abi.h", "RW_REASONS")]
    drops = [name for _, name, verdict in reasons if verdict == "DROP"]
    common = schema("output/common.json")["$defs"]
    style, page = text("user/web/page/page.css"), text("docs/man/rolewall.8.scd.in")
    model = "".join(path.read_text() for path in (TOP / "tests/oracle").glob("*.c"))

    same("reason", "packaging/schema/output/common.json: drop", drops, common["drop"]["enum"])
    same("reason", "packaging/schema/output/common.json: pass",
         [name for _, name, verdict in reasons if verdict == "PASS"], common["pass"]["enum"])
    for constant, name, verdict in reasons:
        need(f"the reason `{name}`", "docs/verdict.md", f"`{name}`" in text("docs/verdict.md"))
        need(f"the reason *{name}*", "docs/man/rolewall.8.scd.in", f"*{name}*" in page)
        # No packet has it.
        if constant != "BIND_DENIED":
            need(f"RW_REASON_{constant}", "tests/oracle/", re.search(rf"RW_REASON_{constant}\b", model))
        if verdict == "DROP":
            need(f"the colour --{name}, by day and by night", "user/web/page/page.css",
                 len(re.findall(rf"--{name}:", style)) == 2)
            need(f"the class .r-{name}", "user/web/page/page.css", f".r-{name} " in style)


def check_feed():
    kinds = [row[1] for row in rows("user/report/feed.h", "FEED_BROADCASTS")]
    comment = text("user/report/feed.h").split("*/")[1]
    script = text("user/web/page/main.js")

    same("kind", "packaging/schema/output/feed.json", [*kinds, "attempt", "ready", "omitted"],
         schema("output/feed.json")["$defs"])
    for kind in kinds:
        need(f"the kind {kind}", "user/report/feed.h, the comment", re.search(rf"^ \*\t{kind}\t", comment, re.M))
        need(f"a handler for {kind}", "user/web/page/main.js", re.search(rf"^\t{kind}: ", script, re.M))


def check_verbs():
    verbs = [row[0] for row in rows("user/cli/main.c", "VERBS")]
    table = re.findall(r"^\| (`.*?) \|", text("README.md"), re.M)
    told = {verb for row in table for verb in re.findall(r"`([a-z]+)", row)}
    files = {path.stem for path in (TOP / "packaging/schema/output").glob("*.json")}

    same("verb", "packaging/schema/output/", verbs, files - {"common", "feed"})
    same("verb", "tests/e2e/test_json.sh", verbs, re.findall(r"^documents_([a-z]+)\(\)", text("tests/e2e/test_json.sh"), re.M))
    for verb in verbs:
        need(f"the verb `{verb}`", "README.md", verb in told or verb == "help")


def fields(path, name):
    return re.findall(r'\{"(\w+)",', re.search(rf"struct field {name}\[\] = \{{(.*?)\n\}};", text(path), re.S)[1])


def check_keys():
    role, node, cluster, flows = (schema(name + ".json") for name in ("role", "node", "cluster", "flows"))
    service = role["$defs"]["service"]["properties"]
    told = schema("output/roles.json")["$defs"]["role"]["properties"]["services"]["items"]["properties"]
    as_others = {"name": "service", "table": "zones", "from": "zones"}

    for path, name, where, found in (
            ("service.c", "service_fields", "role.json: service", service),
            ("role.c", "role_fields", "role.json", role["properties"]),
            ("node.c", "node_fields", "node.json", node["properties"]),
            ("interface.c", "interface_fields", "node.json: interface", node["$defs"]["interface"]["properties"]),
            ("flows.c", "flow_fields", "flows.json: flows", flows["properties"]["flows"]["items"]["properties"]),
            ("flows.c", "flows_fields", "flows.json", flows["properties"]),
            ("cluster.c", "cluster_fields", "cluster.json", cluster["properties"])):
        same("key", "packaging/schema/" + where, fields("user/policy/" + path, name), set(found) - {"$schema"})
    for key in service:
        need(f"the key {as_others.get(key, key)} of a service", "user/cli/cmd_roles.c and packaging/schema/output/roles.json",
             as_others.get(key, key) in told)
        need(f"the key {key} of a service", "tests/fuzz/fuzz_policy.c",
             f'\\"{key}\\"' in text("tests/fuzz/fuzz_policy.c"))


def check_decisions():
    """Each has a number of its own, in its name and its heading, and a line in the index."""
    index, seen = text("docs/decisions/README.md"), {}
    for path in sorted((TOP / "docs/decisions").glob("[0-9]*.md")):
        where, number = f"docs/decisions/{path.name}", path.name[:4]
        if number in seen:
            complaints.append(f"{where}: {seen[number]} has the number, too")
        seen[number] = path.name
        need(f"the heading {int(number)}.", where, path.read_text().startswith(f"# {int(number)}. "))
        need(path.name, "docs/decisions/README.md", f"[{number}]({path.name})" in index)


def main():
    check_reasons()
    check_feed()
    check_verbs()
    check_keys()
    check_decisions()
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return bool(complaints)


sys.exit(main())
