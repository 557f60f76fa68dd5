"""Database engines, their versions and instance classes (API reference, "DB Engines and Versions")."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Engine = Literal["MySQL", "PostgreSQL", "SQLServer"]
ENGINES: Final[tuple[Engine, ...]] = ("MySQL", "PostgreSQL", "SQLServer")
SUFFIXES: Final[dict[Engine, str]] = {"MySQL": "01", "PostgreSQL": "03", "SQLServer": "04"}
PORTS: Final[dict[Engine, int]] = {"MySQL": 3306, "PostgreSQL": 5432, "SQLServer": 1433}
REPLICATION_MODES: Final[dict[Engine, tuple[str, ...]]] = {
    "MySQL": ("async", "semisync"),
    "PostgreSQL": ("async", "sync"),
    "SQLServer": ("sync",),
}

# Full versions by major version, newest first. The reference documents the majors and six MySQL 5.7
# releases; the other full versions are the vendors' own.
VERSIONS: Final[dict[Engine, dict[str, tuple[str, ...]]]] = {
    "MySQL": {
        "8.0": ("8.0.32", "8.0.28", "8.0.25"),
        "5.7": ("5.7.36", "5.7.35", "5.7.34", "5.7.33", "5.7.31", "5.7.30", "5.7.17"),
    },
    "PostgreSQL": {
        "17": ("17.4",),
        "16": ("16.8", "16.6"),
        "15": ("15.12",),
        "14": ("14.17",),
        "13": ("13.20",),
        "12": ("12.22",),
    },
    "SQLServer": {name: (name,) for name in ("2022_SE", "2022_EE", "2019_SE", "2019_EE", "2017_SE", "2017_EE")},
}

# Version ids printed in the reference. It gives ...317a61 to 5.7.30 on the version page and to 5.7.31 on
# the backup pages; the backup pages win here, because a version id must belong to one version.
_DOCUMENTED_IDS: Final = {
    "5.7.17": "87620726-6802-46c0-9028-a8785e1f1922",
    "5.7.31": "e8a8b8cc-63f8-4fb5-8d4a-24c502317a61",
    "5.7.33": "e8a8b8cc-63f8-4fb5-8d4a-24c502317a62",
    "5.7.34": "96cccede-bc51-11e6-bd4d-286ed488dd62",
    "5.7.35": "35a3d5ba-6f74-4b29-824d-6de20f1ac090",
    "5.7.36": "129a90a5-d4ef-4828-b3e3-4d3a1e91700d",
}


def stable_id(text: str) -> str:
    """Make the UUID that always belongs to *text*."""
    h = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


@dataclass(frozen=True, slots=True)
class Datastore:
    """One version of one engine."""

    type: Engine
    version: str
    """The full version, such as ``5.7.31``; for SQL Server the edition, such as ``2019_SE``."""
    version_id: str
    """The id of the version, the same one wherever the version appears."""

    @property
    def major(self) -> str:
        """The major version, which instances show: ``5.7`` of ``5.7.31``."""
        if self.type == "SQLServer":
            return self.version
        digits = 2 if self.type == "MySQL" else 1
        return ".".join(self.version.split(".")[:digits])

    @staticmethod
    @cache
    def find(engine: str, version: str) -> Datastore:
        """Find *version* of *engine*; a major version stands for its newest full version.

        Raises:
            ValueError: No such engine, or no such version of it.
        """
        majors = VERSIONS.get(engine)  # type: ignore[call-overload]
        if majors is None:
            raise ValueError(f"unknown engine {engine!r}: expected one of {', '.join(ENGINES)}")
        if version in majors:
            version = majors[version][0]
        elif not any(version in full for full in majors.values()):
            raise ValueError(f"unknown version {version!r} of {engine}: expected one of {', '.join(majors)}")
        version_id = _DOCUMENTED_IDS.get(version) or stable_id(f"{engine} {version}")
        return Datastore(engine, version, version_id)  # type: ignore[arg-type]

    @staticmethod
    @cache
    def all(engine: Engine) -> tuple[Datastore, ...]:
        """List every full version of *engine*, newest first."""
        return tuple(Datastore.find(engine, version) for full in VERSIONS[engine].values() for version in full)

    def as_json(self) -> dict[str, str]:
        """Give the ``dataStore`` object of a backup."""
        return {"type": self.type, "version": self.version, "version_id": self.version_id}


@dataclass(frozen=True, slots=True)
class Flavor:
    """An instance class."""

    id: str
    name: str
    ram: int
    """Memory in MB."""
    spec_code: str
    engine: Engine


def _flavors() -> tuple[Flavor, ...]:
    sizes = (("medium", 4096), ("large", 8192), ("xlarge", 16384), ("2xlarge", 32768))
    prefixes: dict[Engine, tuple[str, str]] = {
        "MySQL": ("OTC_MYCM", "rds.mysql.c2"),
        "PostgreSQL": ("OTC_PGCM", "rds.pg.c2"),
        "SQLServer": ("OTC_MSCM", "rds.mssql.c2"),
    }
    rows = [
        # The one class whose id the reference prints, in every example of API v1.
        Flavor("bf07a6d4-844a-4023-a776-fc5c5fb71fb4", "OTC_MYHP_LARGE", 4096, "rds.mysql.n1.large", "MySQL")
    ]
    for engine, (name, code) in prefixes.items():
        for size, ram in sizes:
            for mode in ("", ".ha", ".rr"):
                spec = f"{code}.{size}{mode}"
                suffix = mode.replace(".", "_").upper()
                rows.append(Flavor(stable_id(spec), f"{name}_{size.upper()}{suffix}", ram, spec, engine))
    return tuple(rows)


FLAVORS: Final[dict[str, Flavor]] = {flavor.id: flavor for flavor in _flavors()}
DEFAULT_FLAVORS: Final[dict[Engine, Flavor]] = {
    engine: next(flavor for flavor in FLAVORS.values() if flavor.engine == engine) for engine in ENGINES
}
