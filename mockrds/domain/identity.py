"""The identity service's part: which project a name means, and tokens.

Tokens carry their own contents and a signature, so that nothing has to be kept for them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Final, Literal

DEFAULT_PROJECT: Final = "eu-de"
DEFAULT_DOMAIN: Final = "OTC00000000001000000001"
PROJECT_ID: Final = re.compile(r"^[A-Za-z0-9_-]{1,64}$")  # more than the 32 hex digits of the real cloud
PROJECT_NAME: Final = re.compile(r"^[^\x00-\x1f\x7f]+$")
Auth = Literal["any", "strict", "off"]
"""How a project looks at credentials: any will do, only those issued here, or none are needed."""
_PREFIX: Final = "MIIM"  # what real tokens, which are signed messages in base64, begin with
_MAC: Final = 16


class InvalidTokenError(Exception):
    """The text is no token of this server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Who somebody is, and what for."""

    user: str
    domain: str
    issued: float
    """Seconds since 1970."""
    expires: float
    """Seconds since 1970."""
    methods: tuple[str, ...] = ("password",)
    project_id: str | None = None
    """The project it is for; None for a token that is for a domain, or for nothing."""
    project_name: str | None = None
    domain_scoped: bool = False


class Identity:
    """Issues tokens and reads them again.

    Args:
        seed: Same seed, same ids and, at the same time, same tokens.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._key = hashlib.sha256(f"mockrds token key {seed}".encode()).digest()

    def stable_id(self, kind: str, name: str) -> str:
        """Make the id, 32 hexadecimal digits, that always belongs to a *kind* of thing called *name*."""
        return hashlib.sha256(f"{self._seed}/{kind}/{name}".encode()).hexdigest()[:32]

    def issue(self, token: Token) -> str:
        """Write *token* as the text that clients send in ``X-Auth-Token``."""
        return self._write(json.dumps(asdict(token), separators=(",", ":")).encode())

    def read(self, text: str) -> Token:
        """Read a token that this server issued, expired or not.

        Raises:
            InvalidTokenError: It is not one.
        """
        encoded = text.removeprefix(_PREFIX)
        try:
            payload = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))[_MAC:]
        except ValueError:
            raise InvalidTokenError from None
        if not hmac.compare_digest(text, self._write(payload)):
            raise InvalidTokenError
        fields = json.loads(payload)
        return Token(**fields | {"methods": tuple(fields["methods"])})

    def _write(self, payload: bytes) -> str:
        mac = hmac.digest(self._key, payload, "sha256")[:_MAC]
        return _PREFIX + urlsafe_b64encode(mac + payload).decode().rstrip("=")
