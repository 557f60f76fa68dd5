"""A Faker provider of everything that the database service calls by an id, a name or a version.

    from faker import Faker
    from mockrds.faker import RDSProvider

    fake = Faker()
    fake.add_provider(RDSProvider)
    Faker.seed(7)
    fake.rds_backup()

It is the very class that the server draws from, so fake data and answers look alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faker.providers import BaseProvider

from mockrds.domain.values import RDSValues

if TYPE_CHECKING:
    from random import Random

    from faker import Generator

__all__ = ["RDSProvider"]


class RDSProvider(RDSValues, BaseProvider):
    """Provides the ids, names and versions of the database service to Faker.

    Args:
        generator: Faker's generator; its seed decides what is drawn.
    """

    def __init__(self, generator: Generator) -> None:
        BaseProvider.__init__(self, generator)

    @property
    def random(self) -> Random:  # type: ignore[override]
        """The source of chance; Faker replaces it when it is seeded."""
        source: Random = self.generator.random
        return source
