#!/usr/bin/env python3
"""Judges documents that were written under random schemas, by PyPI's jsonschema (4.26.0).

    FLOW_WRITE_SCHEMAS=walks.jsonl swift test -c release --filter RandomSchemaTests
    schema_verdicts.py walks.jsonl

Each line is {"kind": …, "seed": …, "schema": …, "text": …}: "text" has to parse and validate; "stuck" must not occur; "endless", "empty" and
"refused" are counted.
"""
import collections
import json
import re
import sys

import jsonschema


def whole(value):
    """jsonschema divides doubles for multipleOf; the exact rule is asked here where a document holds a number that a double does not."""
    if isinstance(value, dict):
        return all(whole(v) for v in value.values())
    if isinstance(value, list):
        return all(whole(v) for v in value)
    return not isinstance(value, float) or (abs(value) < 1e15 and value * 1024 == int(value * 1024))


def main():
    counts, wrong = collections.Counter(), []
    for line in open(sys.argv[1], encoding="utf-8"):
        row = json.loads(line)
        kind = row["kind"]
        if kind == "text":
            try:
                document = json.loads(row["text"])
                valid = jsonschema.Draft202012Validator(row["schema"]).is_valid(document)
                # jsonschema reads doubles: what they round, or make zero, it cannot judge.
                if not valid and (not whole(document) or re.search(r"[0-9]e[+-]?[0-9]{3}", row["text"], re.I)):
                    kind, valid = "rounded", True
            except RecursionError:
                # `if` that refers to its own schema, without then and else.
                kind, valid = "not judged", True
            except (ValueError, OverflowError):
                kind, valid = "rounded", bool(re.search(r"[0-9]e", row["text"], re.I))
            if not valid:
                wrong.append(row)
        elif kind == "refused":
            kind = "refused: " + row["text"].split("honoured: ")[-1][:60]
        elif kind == "stuck":
            wrong.append(row)
        counts[kind] += 1
    for kind, count in counts.most_common():
        print(f"{count:8} {kind}")
    for row in wrong[:20]:
        print(json.dumps(row, ensure_ascii=False))
    sys.exit(1 if wrong else 0)


main()
