#!/usr/bin/env python3
"""Reads the stored exports with consumers that are not ours, and compares every figure with the rule that made them.
    pip install duckdb opentelemetry-proto prometheus_client
    python3 tests/check_exports.py > tests/golden/metrics/readers.txt      (in the root of the tree)
Nothing of Hearth's is used here: the expected figures come from the list of requests below."""
import duckdb, google.protobuf, prometheus_client
from collections import defaultdict
from google.protobuf import json_format
from importlib.metadata import version
from math import ceil, log2
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData, AGGREGATION_TEMPORALITY_DELTA
from prometheus_client.parser import text_string_to_metric_families

HERE = "tests/golden/metrics/"
LIMIT = 20
groups = defaultdict(list)  # (metric, cold, why) -> values
for i in range(120):
    cold, fallback = i % 3 == 0, i % 10 == 9
    why = ("quality", "true") if fallback else ("none", "false")
    values = {"ttft": 0 if i == 1 else 100 + 7 * (i % 4) + 900 * cold, "total": 900, "decode_rate": 30, "energy": 50,
              "prompt_tokens": 10 + i, "output_tokens": 20, "peak_rss": (i + 1) << 20}
    if i % 2: values["pii_redacted"] = 1
    for name, v in values.items(): groups["hearth." + name, cold, None].append(v)
    groups["hearth.requests", cold, why].append(1)
want = {k: v for k, v in groups.items() if len(v) >= LIMIT}
KIND = {"hearth.ttft": "h", "hearth.total": "h", "hearth.decode_rate": "h", "hearth.energy": "h", "hearth.peak_rss": "g"}
total = lambda name, vs: max(vs) if KIND.get(name) == "g" else sum(vs)
print(f"{len(groups)} groups, {len(want)} of at least {LIMIT} events")

# --- DuckDB ---
con = duckdb.connect()
rows = con.execute(open(HERE + "cells.sql").read()).fetchall()
assert len(rows) == len(want)
n = con.execute(f"SELECT count(*) FROM read_json_auto('{HERE}cells.ndjson')").fetchone()[0]
print(f"\nduckdb {version('duckdb')}: {n} cells; cells.sql says")
print("metric\tunit\tcold\tevents\tsum or peak\tmedian at most")
for metric, unit, cold, events, s, median in rows:
    cold_is = str(cold).lower() == "true"
    vs = next(v for (m, c, _), v in want.items() if m == metric and c == cold_is)
    assert events == len(vs) and s == total(metric, vs), (metric, events, s)
    if KIND.get(metric) == "h":
        true = sorted(vs)[ceil(len(vs) / 2) - 1]
        assert true <= median <= true * 2 ** (1 / 32) + 1, (metric, median, true)
    print(metric, unit, str(cold).lower(), events, s, median, sep="\t")

# --- OTLP: the published protocol definition; unknown fields are errors ---
seen = {}
for line in open(HERE + "otlp.jsonl"):
    data = json_format.Parse(line, MetricsData(), ignore_unknown_fields=False)
    again = json_format.Parse(json_format.MessageToJson(data), MetricsData())
    assert again == data and MetricsData.FromString(data.SerializeToString()) == data
    resource, = data.resource_metrics
    about = {a.key: a.value.WhichOneof("value") == "int_value" and a.value.int_value or a.value.string_value
             for a in resource.resource.attributes}
    assert about == {"hearth.epsilon_milli": "", "hearth.threshold": LIMIT, "hearth.noise": "none"}, about
    metric, = resource.scope_metrics[0].metrics
    body = getattr(metric, metric.WhichOneof("data"))
    point, = body.data_points
    labels = {a.key: a.value.string_value for a in point.attributes}
    why = (labels["reason"], labels["fallback"]) if "reason" in labels else None
    vs = want[metric.name, labels["cold"] == "true", why]
    assert labels["device_class"] == "phone" and labels["route"] == "local" and labels["ruleset"] == "7"
    assert point.time_unix_nano - point.start_time_unix_nano == 86400 * 10**9 and point.start_time_unix_nano == 20000 * 86400 * 10**9
    if metric.WhichOneof("data") == "exponential_histogram":
        buckets = defaultdict(int)
        for v in vs:
            if v: buckets[ceil(log2(v) * 32 - 1e-9) - 1] += 1
        got = {point.positive.offset + k: n for k, n in enumerate(point.positive.bucket_counts) if n}
        assert got == dict(buckets) and point.scale == 5 and point.zero_count == vs.count(0), (metric.name, got, buckets)
        assert point.count == len(vs) and point.sum == sum(vs) and body.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA
    else:
        assert point.as_int == total(metric.name, vs)
    seen[metric.name, labels["cold"] == "true", why] = 1
assert seen.keys() == want.keys()
print(f"\nopentelemetry-proto {version('opentelemetry-proto')}, protobuf {google.protobuf.__version__}: {len(seen)} lines parsed, "
      "no unknown field, equal again from JSON and from bytes, every figure as put in")

# --- Prometheus ---
families = {f.name: f for f in text_string_to_metric_families(open(HERE + "prometheus.txt").read())}
n = 0
for (name, cold, why), vs in want.items():
    f = families[name.replace(".", "_")]
    mine = [s for s in f.samples if s.labels.get("cold") == str(cold).lower()]
    one = lambda suffix: next(s.value for s in mine if s.name == f.name + suffix)
    assert f.type == {"h": "histogram", "g": "gauge"}.get(KIND.get(name), "counter")
    if f.type == "histogram":
        assert one("_count") == len(vs) and one("_sum") == sum(vs)
        for s in mine:
            if s.name == f.name + "_bucket": assert s.value == sum(v <= float(s.labels["le"]) for v in vs), s
    else:
        assert one("_total" if f.type == "counter" else "") == total(name, vs)
    n += len(mine)
assert families["hearth_epsilon_milli"].samples[0].value == 0 and families["hearth_threshold"].samples[0].value == LIMIT
print(f"\nprometheus_client {version('prometheus_client')}: {len(families)} families, {n} samples of figures, every one as put in")
