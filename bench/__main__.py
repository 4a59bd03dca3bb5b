"""`bin/bench [NAME …] [--json FILE]`: run benchmarks, print a table, write their ratios.

Every bench answers a dictionary with the key `ratio` (ours against the limit beside it; higher is better, 1.0 is the
limit itself) and its `goal`; what else it measured stands beside them. Times are context only.
"""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

BENCHES = {
    "billing": "bill run and issue of 10,000 accounts × 10 lines, against COPY of the rows they leave",
    "engine": "pricing and taxing a million mixed lines, against reading those lines and summing them",
    "ingestion": "ten million usage events taken in, against a bare COPY with their unique key",
    "pages": "what pages read on a million invoices, against 100 ms of server time",
    "rendering": "typeset invoices, against bare Typst on the same source",
    "usage": "usage of ten million events from a file, against Polars' bare sum of them",
}


def bench(name: str) -> Callable[[], dict[str, Any]]:
    return getattr(importlib.import_module(f"bench.{name}"), name)


def main() -> None:
    listed = "\n".join(f"  {name:10} {text}" for name, text in BENCHES.items())
    parser = argparse.ArgumentParser(prog="bin/bench", description=f"Measure speed as ratios in one run.\n\n{listed}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", choices=[[], *BENCHES], help="which to run; all without a name")
    parser.add_argument("--json", metavar="FILE", help="write the results there")
    chosen = parser.parse_args()
    results = {name: bench(name)() for name in (chosen.name or BENCHES)}
    for name, result in results.items():
        verdict = "meets" if result["ratio"] >= result["goal"] else "misses"
        print(f"\n{name}: {BENCHES[name]}\n  ratio {result['ratio']:.2f} ({verdict} the goal of {result['goal']})")
        for key, value in result.items():
            if key not in ("ratio", "goal"):
                print(f"  {key:32} {value}")
    if chosen.json:
        one = len(chosen.name) == 1
        with open(chosen.json, "w") as file:
            json.dump(results[chosen.name[0]] if one else results, file, indent=2)
    sys.exit(any(result["ratio"] < result["goal"] for result in results.values()))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duly.config.settings")
    main()
