"""Realistic identifiers, names and addresses, drawn from a seeded generator.

``RDSValues`` is the one place that knows what an id looks like. The server draws from it;
``mockrds.faker.RDSProvider`` is the same class as a Faker provider, so a test's fake data and the
server's answers are alike, and the same seed gives the same bytes in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockrds.domain.clock import TimestampFormat
from mockrds.domain.engines import ENGINES, SUFFIXES, Datastore, Engine
from mockrds.suggestions import suggest

if TYPE_CHECKING:
    from random import Random

_VARIANTS: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_PURPOSES: Final = ("orders", "ledger", "billing", "catalog", "customers", "sessions", "reports", "inventory")
_OCCASIONS: Final = ("nightly", "weekly", "before-release", "before-migration", "on-demand", "month-end")


YEARS: Final = range(1451606400, 1767225600)
"""2016 to 2025, in seconds since 1970."""
_stamp: Final = TimestampFormat("%Y-%m-%dT%H:%M:%S")


def uuid4(random: Random) -> str:
    """Draw a random (version 4) UUID."""
    h = hex32(random)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANTS[h[16]]}{h[17:20]}-{h[20:]}"


def hex32(random: Random) -> str:
    """Draw 32 hexadecimal digits, the form of project and request ids."""
    return random.getrandbits(128).to_bytes(16, "little").hex()  # what randbytes does, one call less


def job_id(random: Random) -> str:
    """Draw a job id of API v1: 32 hexadecimal digits that begin with ``ff8080``."""
    return "ff8080" + random.randbytes(13).hex()


def dashed(digits: str) -> str:
    """Write 32 hexadecimal digits as a UUID is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _known(engine: Engine) -> Engine:
    """Return *engine*.

    Raises:
        ValueError: There is no such engine.
    """
    if engine not in SUFFIXES:
        raise ValueError(
            f"unknown engine {engine!r}{suggest(str(engine), ENGINES)} (expected one of: {', '.join(ENGINES)})"
        )
    return engine


class RDSValues:
    """Draws everything about the database service that is an id, a name or an address.

    Args:
        random: The source of chance; the same seed draws the same values again.
    """

    def __init__(self, random: Random) -> None:
        self.random = random

    def rds_project_id(self) -> str:
        """Draw a project id: 32 hexadecimal digits."""
        return hex32(self.random)

    def rds_request_id(self) -> str:
        """Draw a gateway request id: 32 hexadecimal digits."""
        return hex32(self.random)

    def rds_instance_id(self, engine: Engine = "MySQL") -> str:
        """Draw a DB instance id: 32 hexadecimal digits, ``in`` and the engine's suffix."""
        return f"{hex32(self.random)}in{SUFFIXES[_known(engine)]}"

    def rds_node_id(self, engine: Engine = "MySQL") -> str:
        """Draw a node id: 32 hexadecimal digits, ``no`` and the engine's suffix."""
        return f"{hex32(self.random)}no{SUFFIXES[_known(engine)]}"

    def rds_backup_id(self) -> str:
        """Draw a backup id: a UUID."""
        return uuid4(self.random)

    def rds_job_id(self) -> str:
        """Draw a job id of API v1: 32 hexadecimal digits that begin with ``ff8080``."""
        return job_id(self.random)

    def rds_resource_id(self) -> str:
        """Draw the id of a network, subnet or security group: a UUID."""
        return uuid4(self.random)

    def rds_engine(self) -> Engine:
        """Draw one of the three engines."""
        return self.random.choice(ENGINES)

    def datastore_version(self, engine: Engine | None = None) -> str:
        """Draw a documented version of *engine*, or of any engine."""
        return self.random.choice(Datastore.all(_known(engine) if engine else self.rds_engine())).version

    def rds_datastore(self, engine: Engine | None = None) -> dict[str, str]:
        """Draw a ``dataStore`` object as backups carry it: type, version and version id."""
        return self.random.choice(Datastore.all(_known(engine) if engine else self.rds_engine())).as_json()

    def rds_instance_name(self) -> str:
        """Draw an instance name that passes the rules of the API."""
        return f"{self.random.choice(_PURPOSES)}-{self.random.getrandbits(16):04x}"

    def rds_backup_name(self) -> str:
        """Draw a backup name that passes the rules of the API."""
        return f"{self.random.choice(_OCCASIONS)}-{self.random.getrandbits(32):08x}"

    def rds_private_ip(self) -> str:
        """Draw a private IPv4 address of a subnet that instances live in."""
        return f"192.168.{self.random.randrange(256)}.{self.random.randrange(2, 255)}"

    def rds_backup_size(self) -> float:
        """Draw the size of a backup in GB."""
        return round(self.random.lognormvariate(0.0, 1.0), 6)

    def rds_timestamp(self) -> str:
        """Draw a point in time of the years 2016 to 2025, as ``2016-09-12T01:17:05``."""
        return _stamp(self.random.randrange(YEARS.start, YEARS.stop))
