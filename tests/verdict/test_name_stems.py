"""Which names a client makes up for one thing, and which are names of two things."""

from __future__ import annotations

import pytest

from mockrds.verdict.name_stems import name_stem


@pytest.mark.parametrize(
    "names",
    [
        ("nightly", "nightly-1", "nightly-2", "nightly_02", "nightly 3", "nightly3", "nightly(4)", "Nightly-retry"),
        ("nightly-20260131T220000", "nightly-20260131T220005Z", "nightly-1769896800", "nightly-2026-01-31T22-00-09"),
        ("nightly-2026-01-31_22.00.00", "nightly-retry-2", "nightly-attempt3", "nightly-3f2a", "nightly-x7k2p9q1"),
        ("backup-0e8a1c64-98f2-4f6d-b9d3-3c1a5b7e9f10", "backup-9f8a1c6498f24f6db9d33c1a5b7e9f10", "backup_deadbeef"),
        ("0e8a1c64-98f2-4f6d-b9d3-3c1a5b7e9f10", "a3f81c649d", "x7k2p9q1", "dQw4w9WgXcQ", "b1a2f3c4d5"),
        ("v1-nightly-1", "v1-nightly-2"),
    ],
)
def test_what_is_counted_on_has_one_name_stem(names: tuple[str, ...]) -> None:
    assert len({name_stem(name) for name in names}) == 1, [name_stem(name) for name in names]


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("nightly", "weekly"), ("nightly-1", "weekly-1"), ("db1-nightly", "db2-nightly"), ("facade", "cabbage"),
        ("nightly", "0e8a1c64-98f2-4f6d-b9d3-3c1a5b7e9f10"), ("before-upgrade", "after-upgrade"), ("nightly", ""),
        ("web01-full", "web02-full"),
    ],
)  # fmt: skip
def test_other_words_are_other_names(one: str, another: str) -> None:
    assert name_stem(one) != name_stem(another)
