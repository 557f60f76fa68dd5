"""The options of the plugin. Every pytest run loads them, so they import nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pytest


def add_options(parser: pytest.Parser) -> None:
    """Add the options to *parser*, each with its twin in the settings of pytest."""
    group = parser.getgroup("mockrds", "mockrds, a mock of the relational database service")

    def option(
        name: str, text: str, *, ini: Literal["string", "linelist"] = "string", default: object = "", **more: Any
    ) -> None:
        group.addoption(f"--mockrds-{name}", dest=f"mockrds_{name}", help=text, **more)
        parser.addini(f"mockrds_{name}", text, type=ini, default=default)

    option("url", "use the mockrds server there, instead of starting one", metavar="URL")
    option(
        "token",
        "the token which that server printed, if other machines can reach it (default $MOCKRDS_CONTROL_TOKEN)",
        metavar="TOKEN",
    )
    option(
        "scenario",
        "what goes wrong where no marker says more: a name or a file; may be repeated",
        ini="linelist",
        default=[],
        metavar="NAME|FILE",
        action="append",
    )
    option("seed", "what decides ids, durations and chance", metavar="N", type=int)
    option("clock", "how clocks run: real, frozen, frozen@2026-01-31T22:00:00Z, scaled@60", metavar="CLOCK")
    option("auth", "how credentials are checked: any, strict or off", metavar="AUTH")
    option("unused", "which faults must fire: armed (by the test itself), all, or off", metavar="WHICH")
    optional: dict[str, Any] = {"nargs": "?", "const": ""}
    group.addoption(
        "--mockrds-report",
        dest="mockrds_report",
        action="append",
        metavar="FILE",
        help="report how clients behaved; with =FILE also in that .html, .json, .xml or .txt; may be repeated",
        **optional,
    )
    group.addoption(
        "--mockrds-coverage",
        dest="mockrds_coverage",
        metavar="FILE",
        help="list which documented errors and endings the tests have met; with =FILE, of all runs",
        **optional,
    )
    group.addoption(
        "--mockrds-coverage-fail-under",
        dest="mockrds_coverage_fail_under",
        metavar="PERCENT",
        type=float,
        help="fail if the tests have met less than that",
    )
    group.addoption(
        "--mockrds-chaos",
        dest="mockrds_chaos",
        action="append",
        metavar="PACK",
        help="run each test that uses mockrds under every fault of a pack; may be repeated",
        **optional,
    )
    time_limit = "for how long a test may go on under a fault before it counts as hung, in seconds (default 30)"
    group.addoption(
        "--mockrds-chaos-patience", dest="mockrds_chaos_patience", metavar="SECONDS", help=time_limit, type=float
    )
    parser.addini("mockrds_chaos_patience", time_limit, default="30")
    for name, text in (
        ("hanging", "whether there is a warning for requests that still wait at the end of a test"),
        ("errors", "whether an error inside the mock fails the test that met it"),
    ):
        parser.addini(f"mockrds_{name}", text, type="bool", default=True)
