#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""manual.py - the manual of the files explains every key that their schemas know, and no other.

The manual of the program is made from what the program says of itself (packaging/man/verbs.sh).
"""
import json
import re
import sys


def keys_of(schema, *path):
    for step in path:
        schema = schema[step]
    return set(schema["properties"])


def terms_of(page):
    """Words that stand alone and in bold at the beginning of a paragraph: *vpn\\_only*."""
    with open(page, encoding="utf-8") as text:
        return {
            match.replace("\\", "")
            for match in re.findall(r"^\t?\*([a-z0-9_\\]+)\*$", text.read(), re.MULTILINE)
        }


def main():
    failed = 0
    with open("packaging/schema/node.json", encoding="utf-8") as file:
        node = json.load(file)
    with open("packaging/schema/role.json", encoding="utf-8") as file:
        role = json.load(file)
    with open("packaging/schema/profile.json", encoding="utf-8") as file:
        profile = json.load(file)
    expected = {
        "docs/man/rolewall.json.5.scd.in": keys_of(node),
        "docs/man/rolewall-roles.5.scd.in": keys_of(role)
        | keys_of(role, "$defs", "service")
        | keys_of(role, "$defs", "clues")
        | keys_of(profile),
    }
    for page, keys in expected.items():
        terms = terms_of(page)
        for key in sorted(keys - terms - {"$schema"}):
            print(f"{page}: the key \"{key}\" is not explained", file=sys.stderr)
            failed = 1
        for term in sorted(terms - keys):
            print(f"{page}: there is no key \"{term}\"", file=sys.stderr)
            failed = 1
    return failed


sys.exit(main())
