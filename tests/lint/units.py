#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
units.py - would the oldest systemd refuse one of our units?

RHEL 8 has 239, Ubuntu 20.04 has 245. A directive that is newer is ignored there, with a warning: that
is right for what only shuts one more door (HARDENING), and wrong for all else. Of values that came
later the same is asked. A directive that is not in this table has to be looked up in systemd's NEWS.
"""
import glob
import sys

FLOOR = 239

# Directive: the version that brought it. 0: long before.
SINCE = {
    "Description": 0, "Documentation": 0, "DefaultDependencies": 0, "Wants": 0, "Before": 0, "After": 0,
    "Conflicts": 0, "RequiresMountsFor": 201, "ConditionPathExists": 0, "ConditionKernelCommandLine": 0,
    "WantedBy": 0, "Type": 0, "EnvironmentFile": 0, "ExecStart": 0, "ExecReload": 0, "Restart": 0,
    "RestartSec": 0, "RestartPreventExitStatus": 189, "WatchdogSec": 0, "TimeoutStartSec": 188,
    "RuntimeDirectory": 211, "RuntimeDirectoryPreserve": 235, "StateDirectory": 235,
    "StateDirectoryMode": 235, "LogsDirectory": 235, "LogsDirectoryMode": 235, "LimitMEMLOCK": 0,
    "UMask": 0, "DynamicUser": 235, "SupplementaryGroups": 0, "CapabilityBoundingSet": 0,
    "AmbientCapabilities": 229, "NoNewPrivileges": 187, "ProtectSystem": 214, "ProtectHome": 214,
    "ReadWritePaths": 231, "PrivateTmp": 0, "PrivateDevices": 209, "ProtectKernelModules": 232,
    "ProtectKernelTunables": 232, "ProtectControlGroups": 232, "RestrictAddressFamilies": 211,
    "RestrictNamespaces": 233, "RestrictRealtime": 231, "RemoveIPC": 232, "LockPersonality": 235,
    "MemoryDenyWriteExecute": 231, "KeyringMode": 235, "SystemCallArchitectures": 209,
    "SystemCallFilter": 187, "SystemCallErrorNumber": 209, "IPAddressDeny": 235, "IPAddressAllow": 235,
    "MemoryMax": 231, "TasksMax": 227, "User": 0, "StandardInput": 0, "StandardOutput": 0, "StandardError": 0,
    "InaccessiblePaths": 231, "CollectMode": 236, "PartOf": 0, "ListenStream": 0, "SocketMode": 0,
    "DirectoryMode": 0, "Accept": 0, "MaxConnections": 0, "RemoveOnStop": 214,
    "RestrictSUIDSGID": 242, "ProtectHostname": 242, "ProtectKernelLogs": 244, "ProtectClock": 245,
    "ProtectProc": 247, "ProcSubset": 247,
}

# Without these the service does all that it does with them.
HARDENING = {"RestrictSUIDSGID", "ProtectHostname", "ProtectKernelLogs", "ProtectClock", "ProtectProc",
             "ProcSubset"}

# Values, and the version that brought them.
VALUES = {
    ("Type", "exec"): 240, ("Type", "notify-reload"): 253, ("ProtectSystem", "strict"): 232,
    ("SystemCallFilter", "@system-service"): 239, ("SystemCallFilter", "@privileged"): 231,
    ("SystemCallFilter", "@resources"): 231, ("SystemCallFilter", "@known"): 248,
    ("SystemCallFilter", "@sandbox"): 249, ("RuntimeDirectoryPreserve", "restart"): 235,
}


def complaint(name, value):
    if name not in SINCE:
        return "is not in the table: which version of systemd brought it?"
    if SINCE[name] > FLOOR and name not in HARDENING:
        return f"came with systemd {SINCE[name]}, and an older one would ignore it"
    for word in value.lstrip("~").split():
        if VALUES.get((name, word), 0) > FLOOR:
            return f"has the value {word}, which came with systemd {VALUES[name, word]}"
    return None


def lines(path):
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if line and line[0] not in "#;[":
                yield number, *line.split("=", 1)


def main():
    bad = 0
    for path in sys.argv[1:] or sorted(glob.glob("packaging/systemd/*.service") + glob.glob("packaging/systemd/*.socket")):
        for number, name, value in lines(path):
            what = complaint(name, value)
            if what:
                print(f"{path}:{number}: {name} {what}", file=sys.stderr)
                bad = 1
    return bad


sys.exit(main())
