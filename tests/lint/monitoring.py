#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""monitoring.py - the dashboard against Grafana's JSON model, as far as a file alone can tell, and all
expressions against what Rolewall exports: promtool parses them. `--exprs` prints them, one a line."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
DIRECTORY = TOP / "packaging/monitoring"
PANEL_TYPES = {"stat", "timeseries", "table", "bargauge", "gauge", "row", "text"}
PANEL_KEYS = {"id", "type", "title", "gridPos", "targets", "fieldConfig", "options", "datasource"}
DASHBOARD_KEYS = {"uid", "title", "schemaVersion", "panels", "templating", "time", "annotations"}
COLUMNS = 24
problems = []


def complain(what):
    problems.append(what)


def metrics_exported():
    found = set()
    for name in ("user/report/metrics.c", "user/daemon/serve.c"):
        found |= set(re.findall(r'"(rolewall_[a-z_0-9]+)"', (TOP / name).read_text()))
    return found


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def check_panel(panel, before):
    title = panel.get("title", "?")
    for key in PANEL_KEYS - panel.keys():
        complain(f"{title}: has no {key}")
    if panel["type"] not in PANEL_TYPES:
        complain(f"{title}: there is no panel of type {panel['type']}")
    if any(panel["id"] == other["id"] for other in before):
        complain(f"{title}: another panel has its id")
    place = panel["gridPos"]
    if place.keys() != {"x", "y", "w", "h"} or place["x"] + place["w"] > COLUMNS or min(place["w"], place["h"]) < 1:
        complain(f"{title}: stands outside the grid")
    for other in before:
        if overlap(place, other["gridPos"]):
            complain(f"{title}: lies over {other['title']}")
    refs = [target["refId"] for target in panel["targets"]]
    if not refs or len(set(refs)) != len(refs):
        complain(f"{title}: targets need a refId each")
    for target in panel["targets"]:
        if target["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
            complain(f"{title}: its data source is not the variable")


def check_variables(dashboard):
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(dashboard["panels"])))
    for name in used - names:
        complain(f"the variable ${name} is not defined")


def expressions(dashboard):
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def concrete(expression):
    """As Grafana would send it."""
    return expression.replace("$__rate_interval", "1m").replace("$instance", ".*")


def check_parse(found):
    rules = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"dashboard:expr{i}", "expr": concrete(expr)} for i, expr in enumerate(found)]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump(rules, file)
        file.flush()
        run = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    if run.returncode:
        complain(f"promtool: {run.stderr}{run.stdout}")


def check_metrics(where, text, exported):
    for name in sorted(set(re.findall(r"\brolewall_[a-z_0-9]+", text)) - exported):
        complain(f"{where}: nobody exports {name}")


def main():
    dashboard = json.loads((DIRECTORY / "grafana-dashboard.json").read_text())
    found = expressions(dashboard)
    if sys.argv[1:] == ["--exprs"]:
        print("\n".join(map(concrete, found)))
        return 0
    for key in DASHBOARD_KEYS - dashboard.keys():
        complain(f"the dashboard has no {key}")
    for i, panel in enumerate(dashboard["panels"]):
        check_panel(panel, dashboard["panels"][:i])
    check_variables(dashboard)
    check_parse(found)
    exported = metrics_exported()
    check_metrics("dashboard", "\n".join(found), exported)
    alerts = re.findall(r"expr:\s*(.*?)\n\s*(?:for|labels):", (DIRECTORY / "rolewall.rules.yml").read_text(), re.S)
    check_metrics("alerts", "\n".join(alerts), exported)
    for problem in problems:
        print(f"monitoring: {problem}", file=sys.stderr)
    return bool(problems)


sys.exit(main())
