#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
schema.py - role, profile, node, cluster and flows files against packaging/schema.

What the project ships has to be valid. So has what its tests call accepted; and what they call
refused for its shape has to be invalid, so that an editor with the schema says the same as
"rolewall check". (A schema cannot know which roles and services there are, nor count a prefix's
bits; those are not asked.)
"""
import glob
import json
import os
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("schema: python3-jsonschema is not installed; 'make deps' installs it")

DIRECTORY = "packaging/schema"
# Refused by rolewall for what no schema can know.
BEYOND_SCHEMA = """
    interface-twice key-twice-escaped key-twice long-line management-host-bits-ipv6
    management-host-bits management-length management-mapped-prefix management-mapped
    management-name management-octal management-short profile-typo profile-unknown
    profile-without-every-node protocol-twice protocol-typo sources-host-bits
    sources-two-zones-ipv6 sources-two-zones vpn-only-internal vpn-only-of-another-role
    vpn-only-ssh vpn-only-typo zone-twice copied every-node range-backward range-too-far
    service-key-twice cluster-address-in-two-zones cluster-address-twice
    cluster-flows-unknown cluster-missing-file cluster-no-such-node
    cluster-profile-disagrees cluster-role-typo cluster-roles-disagree
    cluster-roles-missing-in-node cluster-word-without-cluster set-and-service set-file-bad
    set-file-missing set-host-bits set-host-twice set-in-never-ban-unknown set-of-cluster-twice
    set-on-unknown set-or-zone-unknown set-prefix-in-from set-unknown
    limit-ban-of-a-small-burst limit-of-loopback limit-of-udp limits-of-udp
    limits-unknown-service
""".split()


def validators():
    schemas = {}
    for path in glob.glob(DIRECTORY + "/*.json"):
        with open(path, encoding="utf-8") as file:
            schemas[os.path.basename(path)] = json.load(file)
    found = {}
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        # References are file names, beside each other.
        resolver = jsonschema.RefResolver(name, schema, store=schemas)
        found[name[: -len(".json")]] = jsonschema.Draft202012Validator(schema, resolver=resolver)
    return found


def complaints(validator, path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    return [f"{path}: {e.json_path}: {e.message}" for e in validator.iter_errors(data)]


def role_kind(path):
    name = os.path.basename(path)[: -len(".json")]
    return name if name in ("flows", "profile") else "role"


def files():
    """Pairs (schema, path) of what has to be valid."""
    for path in sorted(glob.glob("roles/*/*.json")):
        yield role_kind(path), path
    for path in sorted(glob.glob("tests/unit/golden/cluster/*.json")):
        yield "cluster", path
    for path in sorted(glob.glob("tests/unit/golden/accepted/*.json")):
        yield "node", path
    for path in sorted(glob.glob("docs/examples/*/*.json")):
        yield ("cluster" if path.endswith("/cluster.json") else "node"), path


def refused():
    for path in sorted(glob.glob("tests/unit/golden/refused/*.json")):
        # Node files that are right, and name a role file that is not.
        if not os.path.basename(path).startswith("role-"):
            yield "node", path
    for path in sorted(glob.glob("tests/unit/golden/roles/broken/*.json")):
        yield "role", path


def is_valid(validator, path):
    try:
        return not complaints(validator, path)
    except (ValueError, RecursionError):
        return False


def main():
    schema = validators()
    found, count = [], 0
    for kind, path in files():
        found += complaints(schema[kind], path)
        count += 1
    for kind, path in refused():
        name = os.path.basename(path)[: -len(".json")]
        if is_valid(schema[kind], path) and name not in BEYOND_SCHEMA:
            found.append(f"{path}: refused by rolewall, but valid by the schema")
    for line in found:
        print(line, file=sys.stderr)
    if not count:
        sys.exit("schema: no file was looked at")
    sys.exit(1 if found else 0)


main()
