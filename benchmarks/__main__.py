"""``python -m benchmarks``: prints the figures of docs/benchmarks.md, in Markdown."""

import argparse
import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import WRK
from benchmarks.measures import FULL, MEASURES, QUICK
from benchmarks.servers import CHECKOUTS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure mockrds beside bare aiohttp.")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; absent: all")
    parser.add_argument("--quick", action="store_true", help="a smoke test; its figures are worth nothing")
    parser.add_argument("--beside", metavar="DIR", type=Path, help="another checkout, such as one of an older commit")
    options = parser.parse_args()
    unknown = set(options.measures) - set(MEASURES)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    if options.beside is not None:
        CHECKOUTS[f"mockrds of {options.beside}"] = options.beside.resolve()
    effort = QUICK if options.quick else FULL
    print(
        f"{os.cpu_count()} cores ({platform.system()}, {platform.machine()}), Python {platform.python_version()}, "
        f"aiohttp {version('aiohttp')}, load by {'wrk' if WRK else 'the bundled client'}; medians of "
        f"{effort.rounds} rounds of load and {effort.starts} starts."
    )
    for name in options.measures or MEASURES:
        print(f"\n{MEASURES[name](effort)}", flush=True)


if __name__ == "__main__":
    main()
