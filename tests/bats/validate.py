#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""validate.py SCHEMA DOCUMENT: exit status 0 when the document is valid, else says why not.

References to other files of SCHEMA's directory are replaced by what they name; nothing is fetched.
"""
import json
import pathlib
import sys

import jsonschema


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def inline(node, document, directory):
    if isinstance(node, list):
        return [inline(item, document, directory) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name, _, pointer = node["$ref"].partition("#")
        target = load(directory / name) if name else document
        found = target
        for word in filter(None, pointer.split("/")):
            found = found[word]
        return inline(found, target, directory)
    # an id would be taken for an address to fetch
    return {
        key: inline(value, document, directory)
        for key, value in node.items()
        if key not in ("id", "$id") or not isinstance(value, str)
    }


def main():
    schema_path = pathlib.Path(sys.argv[1])
    schema = load(schema_path)
    schema = inline(schema, schema, schema_path.parent)
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(load(sys.argv[2])))
    for error in errors:
        print("/" + "/".join(map(str, error.path)) + ": " + error.message)
    sys.exit(1 if errors else 0)


main()
