#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""schema.py FILE... - are the documents in FILE as the schema of its name says?

FILE is .../NAME.json or .../NAME.ANYTHING.json, its documents stand one behind the other, and the
schema is packaging/schema/output/NAME.json. The schemas allow what a later version may add; here a
field that they do not name is an error, so that none goes undescribed.
"""
import json
import pathlib
import sys
import urllib.parse

import jsonschema

DIRECTORY = pathlib.Path(__file__).resolve().parents[2] / "packaging/schema/output"


def absolute(schema, uri):
    """The same, but references name their file."""
    if isinstance(schema, list):
        return [absolute(part, uri) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: urllib.parse.urljoin(uri, part) if key == "$ref" else absolute(part, uri)
            for key, part in schema.items()}


def closed(schema, store):
    """The same, but objects have no other properties than those named, here or where "$ref" leads."""
    if isinstance(schema, list):
        return [closed(part, store) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and "properties" in schema:
        uri, way = schema["$ref"].split("#/")
        base = store[uri]
        for step in way.split("/"):
            base = base[step]
        schema = {"type": "object", "required": base["required"] + schema["required"],
                  "properties": base["properties"] | schema["properties"]}
    made = {key: closed(part, store) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def validator(name):
    uri = (DIRECTORY / f"{name}.json").as_uri()
    store = {path.as_uri(): absolute(json.loads(path.read_text()), path.as_uri())
             for path in [*DIRECTORY.glob("*.json"), *DIRECTORY.parent.glob("*.json")]}
    if uri not in store:
        sys.exit(f"schema: there is no {DIRECTORY}/{name}.json")
    store = {path: closed(schema, store) for path, schema in store.items()}
    jsonschema.Draft202012Validator.check_schema(store[uri])
    resolver = jsonschema.RefResolver(uri, store[uri], store=store)
    return jsonschema.Draft202012Validator(store[uri], resolver=resolver)


def documents(text):
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        found, at = decoder.raw_decode(text, at)
        yield found


def main():
    failed = count = 0
    for path in map(pathlib.Path, sys.argv[1:]):
        schema = validator(path.name.split(".")[0])
        for document in documents(path.read_text()):
            count += 1
            error = next(schema.iter_errors(document), None)
            # Of the kinds that it may be, the one that it comes nearest to is the one that is meant.
            while error and error.context:
                error = max(error.context, key=lambda deeper: len(deeper.absolute_path))
            if error:
                print(f"{path.name}: {error.json_path}: {error.message}\n    {json.dumps(document)[:2000]}", file=sys.stderr)
                failed = 1
    print(f"# {count} documents")
    return failed or not count


sys.exit(main())
