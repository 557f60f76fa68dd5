"""The replay token: all that decides what a run brings, in one line of text."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Any, Final

from mockrds.domain.identity import Auth

_LONGEST: Final = 2 << 20
_VERSION: Final = "1."


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What decides ids, times, chance and faults of a project.

    With a frozen clock, the same requests in the same order get the same bytes.
    """

    scenario: dict[str, Any]
    """The scenario, as one document."""
    seed: int
    clock: dict[str, Any]
    """How the clock runs, and when the world began."""
    auth: Auth
    project_id: str
    project_name: str

    def __str__(self) -> str:
        text = json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)
        return _VERSION + urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> Replay:
        """Read a token.

        Raises:
            ValueError: It is none.
        """
        try:
            encoded = text.strip().removeprefix("MOCKRDS_REPLAY=").removeprefix(_VERSION)
            packed = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            return cls(**json.loads(zlib.decompressobj().decompress(packed, _LONGEST)))
        except (ValueError, TypeError, zlib.error):
            raise ValueError(
                "the replay token can't be read: copy all that a server printed after MOCKRDS_REPLAY="
            ) from None
