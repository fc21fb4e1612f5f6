#!/usr/bin/env python3
"""Criterion's medians as Markdown, with the goals: table.py TARGET/criterion"""

import json
import sys
from pathlib import Path

FASTER_GOAL, FASTER_FROM_MS, CHECK_GOAL_NS = 1.9, 10.0, 2.0


def found(root):
    """Median nanoseconds by group, benchmark and parameter."""
    medians = {}
    for path in sorted(root.glob("**/new/estimates.json")):
        about = json.loads((path.parent / "benchmark.json").read_text())
        name = (about["group_id"], about["function_id"], about["value_str"])
        medians[name] = json.loads(path.read_text())["median"]["point_estimate"]
    return medians


def time(ns):
    for unit, size in ("ms", 1e6), ("us", 1e3):
        if ns >= size:
            return f"{ns / size:.2f} {unit}"
    return f"{ns:.1f} ns"


def verdict(yes):
    return "met" if yes else "missed"


medians = found(Path(sys.argv[1]))
if not medians:
    sys.exit(f"{sys.argv[1]}: no results of criterion")
print("| helper | sequential | parallel, 2 threads | times as fast | goal |")
print("| --- | ---: | ---: | ---: | --- |")
for (group, function, value), sequential in medians.items():
    if function != "sequential":
        continue
    parallel = medians[group, "parallel", value]
    faster = sequential / parallel
    goal = ""
    if sequential >= FASTER_FROM_MS * 1e6:
        goal = f"{FASTER_GOAL} from {FASTER_FROM_MS:.0f} ms on: {verdict(faster >= FASTER_GOAL)}"
    name = group if value is None else f"{group}: {value}"
    print(f"| {name} | {time(sequential)} | {time(parallel)} | {faster:.2f} | {goal} |")
print("\n| other | median | goal |\n| --- | ---: | --- |")
for (group, function, _), median in medians.items():
    if function in ("sequential", "parallel"):
        continue
    name = group if function is None else f"{group}: {function}"
    goal = ""
    if "1000 budget.check()" in name:
        name, median = "budget.check(), of 1000", median / 1000
        goal = f"{CHECK_GOAL_NS:.0f} ns: {verdict(median <= CHECK_GOAL_NS)}"
    print(f"| {name} | {time(median)} | {goal} |")
