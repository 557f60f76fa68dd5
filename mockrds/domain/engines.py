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
USERS: Final[dict[Engine, str]] = {"MySQL": "root", "PostgreSQL": "root", "SQLServer": "rdsuser"}
"""The database user that comes with an instance."""
PASSWORD_MARKS: Final[dict[Engine, str]] = {
    "MySQL": "~!@#$%^*-_=+?,()&",
    "PostgreSQL": "~!@#$%^*-_=+?,",
    "SQLServer": "~!@#$%^*-_+?,",
}
"""What passwords may have in them besides letters and digits, when API v3 makes an instance."""
OPEN_PORTS: Final[dict[Engine, tuple[range, ...]]] = {
    "MySQL": (range(1024, 12017), range(12018, 33071), range(33072, 65536)),
    "PostgreSQL": (range(2100, 9501),),
    "SQLServer": (range(1433, 1434), range(2100, 5355), range(5356, 5985), range(5986, 9501)),
}
VOLUME_TYPES: Final = ("CLOUDSSD", "ESSD", "COMMON", "ULTRAHIGH")
"""The kinds of disks; the last two are old, but clients and the samples of the reference use them."""
VOLUME_SIZES: Final = range(40, 4001)
"""How large disks may be, in GB; in steps of 10."""
COLLATIONS: Final = (
    "Chinese_PRC_CI_AS",
    "SQL_Latin1_General_CP1_CI_AS",
    "French_BIN",
    "Chinese_PRC_Stroke_BIN",
    "Chinese_PRC_CI_AI",
)
"""The collations of SQL Server that the reference prints; the first is that of an instance that names none."""

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
# Versions that the reference no longer has. The acceptance tests of real clients still make instances of them.
RETIRED: Final[dict[Engine, dict[str, tuple[str, ...]]]] = {
    "MySQL": {"5.6": ("5.6.51",)},
    "PostgreSQL": {"11": ("11.22",), "10": ("10.23",), "9.5": ("9.5.25", "9.5.5")},
    "SQLServer": {},
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


# To which editions a backup of an edition can be restored (API reference, "Restoring Data to an Existing DB Instance").
_SQLSERVER_RESTORES: Final = {
    "2017_SE": ("2017_SE", "2017_EE", "2019_SE", "2019_EE"),
    "2017_EE": ("2017_EE", "2019_EE"),
    "2019_SE": ("2019_SE", "2019_EE", "2022_SE", "2022_EE"),
    "2019_EE": ("2019_SE", "2019_EE", "2022_EE"),
    "2022_SE": ("2022_SE", "2022_EE"),
    "2022_EE": ("2022_SE", "2022_EE"),
}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


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
        digits = 2 if self.type == "MySQL" or self.version.startswith("9.") else 1
        return ".".join(self.version.split(".")[:digits])

    @property
    def retirement(self) -> str:
        """What to tell who makes an instance of a version that is not offered any more; empty for the others."""
        if self.major not in RETIRED[self.type]:
            return ""
        return f"{self.type} {self.major} is not offered any more: expected one of {', '.join(VERSIONS[self.type])}"

    @property
    def in_pairs(self) -> bool:
        """Whether it has no single instances: the Enterprise Edition, in API v3."""
        return self.type == "SQLServer" and self.version.endswith("_EE")

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
        known = majors | RETIRED[engine]  # type: ignore[index]
        if version in known:
            version = known[version][0]
        elif not any(version in full for full in known.values()):
            raise ValueError(f"unknown version {version!r} of {engine}: expected one of {', '.join(majors)}")
        version_id = _DOCUMENTED_IDS.get(version) or stable_id(f"{engine} {version}")
        return Datastore(engine, version, version_id)  # type: ignore[arg-type]

    @staticmethod
    @cache
    def all(engine: Engine) -> tuple[Datastore, ...]:
        """List every full version of *engine* that is offered, newest first."""
        return tuple(Datastore.find(engine, version) for full in VERSIONS[engine].values() for version in full)

    def restores_to(self, other: Datastore) -> bool:
        """Return whether a backup of this version can be restored to an instance of *other*."""
        if self.type != other.type:
            return False
        match self.type:
            case "MySQL":
                return _numbers(other.version) >= _numbers(self.version)
            case "PostgreSQL":
                return self.version == other.version
            case "SQLServer":
                return other.version in _SQLSERVER_RESTORES[self.version]

    def __str__(self) -> str:
        return f"{self.type} {self.version}"

    def as_json(self) -> dict[str, str]:
        """Return the ``dataStore`` object of a backup."""
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
    vcpus: int

    @property
    def mode(self) -> Mode:
        """What kind of instances it is for."""
        return _MODES.get(self.spec_code[-3:], "single")

    @property
    def versions(self) -> tuple[str, ...]:
        """The major versions that it is for."""
        majors = tuple(VERSIONS[self.engine])
        if self.engine != "SQLServer" or self.mode == "ha":
            return majors
        edition = "_SE" if self.mode == "single" else "_EE"  # only Enterprise has replicas, and no single instances
        return tuple(major for major in majors if major.endswith(edition))

    @property
    def dedicated(self) -> bool:
        """Whether its processors belong to one instance alone."""
        return ".x1." in self.spec_code

    def of_mode(self, mode: Mode) -> Flavor:
        """Return the class of the same size for another kind of instances."""
        size = self.spec_code.removesuffix(".ha").removesuffix(".rr")
        return SPEC_CODES[size + next((suffix for suffix, name in _MODES.items() if name == mode), "")]


Mode = Literal["single", "ha", "replica"]
_MODES: Final[dict[str, Mode]] = {".ha": "ha", ".rr": "replica"}
_SIZES: Final = {"medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8}
"""The virtual processors of each size."""
# Families of classes: name, what their codes have behind the size, GB of memory for each processor.
_FAMILIES: Final = (
    ("CM", "c2", "", 4),
    ("HP", "n1", "", 2),
    ("HP", "n1", ".2", 2),
    ("HP", "n1", ".4", 4),
    ("XP", "x1", ".4", 4),
    ("GP", "s1", "", 4),  # these two are old, but the tests of clients use them
    ("MO", "m1", "", 8),
)
_DOCUMENTED_FLAVORS: Final = {"rds.mysql.n1.large": "bf07a6d4-844a-4023-a776-fc5c5fb71fb4"}
"""The one class whose id the reference prints, in every example of API v1."""


def _flavors() -> list[Flavor]:
    engines: dict[Engine, tuple[str, str]] = {
        "MySQL": ("OTC_MY", "mysql"),
        "PostgreSQL": ("OTC_PG", "pg"),
        "SQLServer": ("OTC_MS", "mssql"),
    }
    rows = []
    for engine, (prefix, code) in engines.items():
        for family, letters, ratio, memory in _FAMILIES:
            for size, vcpus in _SIZES.items():
                for mode in ("", *_MODES):
                    spec = f"rds.{code}.{letters}.{size}{ratio}{mode}"
                    flavor_id = _DOCUMENTED_FLAVORS.get(spec) or stable_id(spec)
                    name = f"{prefix}{family}_{size}{ratio}{mode}".replace(".", "_").upper()
                    rows.append(Flavor(flavor_id, name, vcpus * memory * 1024, spec, engine, vcpus))
    return sorted(rows, key=lambda flavor: flavor.spec_code not in _DOCUMENTED_FLAVORS)


FLAVORS: Final[dict[str, Flavor]] = {flavor.id: flavor for flavor in _flavors()}
SPEC_CODES: Final[dict[str, Flavor]] = {flavor.spec_code: flavor for flavor in FLAVORS.values()}
"""The instance classes by what API v3 calls them."""
DEFAULT_FLAVORS: Final[dict[Engine, Flavor]] = {
    engine: next(flavor for flavor in FLAVORS.values() if flavor.engine == engine) for engine in ENGINES
}
