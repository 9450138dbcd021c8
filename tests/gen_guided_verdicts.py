#!/usr/bin/env python3
"""gen_guided_verdicts.py TEXTS: judges what `GUIDE_TEXTS=TEXTS HEARTH_GUIDE_ALL=1 build/tests/test_guide_mask` wrote, by
jsonschema 4.26.0 (with rfc3339-validator, rfc3986-validator, fqdn for its formats) under tests/golden/guided/schemas.jsonl."""
import json, sys
from jsonschema import Draft202012Validator, FormatChecker

schemas = [json.loads(line) for line in open("tests/golden/guided/schemas.jsonl")]
valid = [Draft202012Validator(s, format_checker=FormatChecker()) for s in schemas]
count = bad = 0
for row in open(sys.argv[1]):
    line, text = row.split()
    text = bytes.fromhex(text).decode("utf-8")  # strict
    errors = [e.message[:200] for e in valid[int(line) - 1].iter_errors(json.loads(text))]
    count += 1
    if errors:
        bad += 1
        print(line, errors[0], text[:200])
print(f"{count} texts, {bad} invalid")
