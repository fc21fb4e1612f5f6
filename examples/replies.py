#!/usr/bin/env python3
"""The replies that the examples are compared with, computed by other means than the examples.

    python3 examples/replies.py            # compares
    python3 examples/replies.py --write    # writes

Python's own library and nothing else. `chunks` is the exception: which bytes a compressor makes is its own affair, so
its reply is not computed here but unpacked and compared with the event.
"""

import base64
import csv
import gzip
import json
import math
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).parent
WRITE = "--write" in sys.argv


def wrapped(n):
    """In 64 bits, two's complement."""
    n &= (1 << 64) - 1
    return n - (1 << 64) if n >> 63 else n


def read(path):
    return json.loads((HERE / path).read_text())


def alike(one, other):
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
    return one == other


def reply(name, value, file="reply.json"):
    path = HERE / name / file
    if WRITE:
        path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    elif not alike(value, read(path)):
        sys.exit(f"{path} is not what Python computes: {value}")
    print(f"{name}/{file}")


def repeated(n, times, plus):
    for _ in range(times):
        n = wrapped(n * 31 + plus)
    return n


def numbers():
    return {"results": [repeated(n, 10_000, 17) for n in read("numbers/event.json")["numbers"]]}


def data_points():
    event = read("data-points/event.json")
    assert event["algorithm"] == "advanced"
    processed = []
    for point in event["data"]:
        result = 0.0
        for value in point["values"]:
            for i in range(1000):
                result += value * math.sin(i)
        name = "low" if result < 0 else "medium" if result < 10 else "high"
        processed.append({"result": result, "classification": name})
    results = [point["result"] for point in processed]
    mean = math.fsum(results) / len(results)
    variance = math.fsum((r - mean) ** 2 for r in results) / len(results)
    stats = {"count": len(results), "mean": mean, "std_dev": math.sqrt(variance)}
    return {"processed": processed, "stats": stats}


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def custom_pool():
    starts = read("custom-pool/event.json")["starts"]
    return {"steps": [collatz(n) for n in starts], "workers": 2}


def parallel_fold():
    event = read("parallel-fold/event.json")
    total = sum(repeated(n, 1000, 0) for n in event["numbers"])
    return {"sum": str(total), "weight": math.fsum(event["weights"])}


def chunks():
    event, found = read("chunks/event.json"), read("chunks/reply.json")
    packed = base64.b64decode(found["gzip"])
    assert gzip.decompress(packed).decode() == event["text"]
    size = len(event["text"].encode())
    count = -(-size // event["chunk_bytes"])
    assert packed.count(b"\x1f\x8b\x08") >= count
    return {"bytes_in": size, "chunks": count, "gzip": found["gzip"]}


def chain():
    outputs, invalid = [], []
    for point in read("chain/event.json")["data"]:
        values = point["values"]
        if not values or None in values:
            invalid.append(point["id"])
            continue
        least, most = min(values), max(values)
        normal = [(v - least) / (most - least) if most > least else 0.0 for v in values]
        score = math.fsum(normal) / len(normal)
        if score > 0.5:
            outputs.append({"id": point["id"], "score": score})
    return {"outputs": outputs, "invalid": invalid}


def errors():
    lines = []
    for series in read("errors/event.json")["data"]:
        x, y = series["x"], series["y"]
        n, sx, sy = len(x), math.fsum(x), math.fsum(y)
        sxx, sxy = math.fsum(v * v for v in x), math.fsum(a * b for a, b in zip(x, y))
        slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
        lines.append({"id": series["id"], "slope": slope, "intercept": (sy - slope * sx) / n})
    return {"lines": lines}


def monitoring():
    data = read("monitoring/event.json")["data"]
    return {"results": [math.hypot(*point) / math.sqrt(len(point)) for point in data]}


def naive():
    event = read("naive/event.json")
    results = []
    for row in event["rows"]:
        for step in range(event["steps"]):
            row = ((row ^ step) * 0x9E37_79B9_7F4A_7C15) & ((1 << 64) - 1)
        results.append(row)
    return {"results": results}


for example in (numbers, data_points, custom_pool, parallel_fold, chain, errors, monitoring, naive, chunks):
    reply(example.__name__.replace("_", "-"), example())

with open(HERE / "csv-to-database/north-sea.csv", newline="") as table:
    rows = [[row[0], [float(value) for value in row[1:] if value]] for row in list(csv.reader(table))[1:]]
reply(
    "csv-to-database",
    [[name, statistics.fmean(values), statistics.median(values)] for name, values in rows],
    "rows.json",
)

# Every byte equally often is 8 bits a byte, one byte only is 0, two are 1: no program is needed to know.
even, one = 8.0, 0.0
reply("mixed-io", {
    "2026/red flower.bin.json": {"bytes": 3 * 65536, "entropy": [even] * 3, "highest": even},
    "2026/a+b.bin.json": {"bytes": 2 * 65536, "entropy": [one, even], "highest": even},
    "2026/é.bin.json": {"bytes": 4, "entropy": [1.0], "highest": 1.0},
}, "results.json")
