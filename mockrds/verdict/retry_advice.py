"""Advice for each refusal, with its reason: whether a client may try again."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["again", "new-token", "room", "other", "never"]


class Advice(NamedTuple):
    """What to do about a refusal."""

    kind: Kind
    """``again``: try again later; ``new-token``: once, with a new one; ``room``: when something was deleted;
    ``other``: only with another body; ``never``."""
    reason: str

    @property
    def permanent(self) -> bool:
        """Whether the same request would be refused again, unless something else happens first."""
        return self.kind in ("room", "other", "never")


# By error code, where its status alone would mislead.
_CODES: Final = """
RDS.0004 never The operation is not allowed on this object, today or later.
RDS.0012 never The instance has a standby, and keeps it.
RDS.0030 room It is a quota: something must be deleted first.
RDS.0031 other The name is taken, perhaps by an earlier attempt of one's own: look, or take another name.
RDS.0056 again The status of the instance may pass.
RDS.0062 room It is a quota: something must be deleted first.
RDS.1100 never The instance is being deleted, and will not come back.
RDS.1102 other The name is taken: look, or take another name.
RDS.1112 room It is a quota: something must be deleted first.
RDS.3003 room It is a quota: a backup must be deleted first.
RDS.3016 again Documented: "Try again later".
RDS.5024 room It is a quota: something must be deleted first.
RDS.5035 never It has been scaled as often as it may be.
DBS.200022 other The name is taken: look, or take another name.
DBS.200046 room It is a quota: something must be deleted first.
DBS.200056 room It is a quota: something must be deleted first.
DBS.200086 again The status of the instance may pass.
DBS.200087 room It is a quota: something must be deleted first.
DBS.200402 never The operation is not allowed on this object, today or later.
DBS.201014 again The status may pass: the backup is being deleted, or the instance is busy.
DBS.201201 other The name is taken, perhaps by an earlier attempt of one's own: look, or take another name.
DBS.212010 again The parameter group is being applied, and that will end.
DBS.216028 room It is a quota: a backup must be deleted first.
DBS.290003 room It is a quota: something must be deleted first.
APIGW.0201 other The body is too large.
overLimit room It is a quota: something must be deleted first.
"""

_STATUSES: Final = {
    400: Advice("other", "The request is wrong, and stays wrong."),
    401: Advice("new-token", "The credentials are not good: get a new token, once."),
    403: Advice("never", "It is forbidden, and stays forbidden."),
    404: Advice("never", "There is no such thing."),
    408: Advice("again", "The request took too long to arrive."),
    409: Advice("again", "Something else is under way, and will end."),
    413: Advice("room", "Too large, or a quota."),
    422: Advice("other", "The request is wrong, and stays wrong."),
    423: Advice("again", "It is locked for now."),
    425: Advice("again", "It is too early."),
    429: Advice("again", "Too many requests: later there is room for more."),
    501: Advice("never", "The server can't do that."),
    505: Advice("never", "The server does not speak that."),
}
_CLIENT: Final = Advice("never", "The client is at fault: the same request would be refused again.")
_SERVER: Final = Advice("again", "The server is at fault, and may recover.")
_SERVER_STATUS: Final = 500


def _read() -> dict[str, Advice]:
    rows = (line.split(" ", 2) for line in _CODES.strip().splitlines())
    kinds: dict[str, Kind] = {"again": "again", "room": "room", "other": "other", "never": "never"}
    return {code: Advice(kinds[kind], reason) for code, kind, reason in rows}


_BY_CODE: Final = _read()

GONE: Final = frozenset({"RDS.3026", "RDS.3016", "DBS.201010", "DBS.201014", "RDS.0016", "RDS.0002", "DBS.200002"})
"""The errors that answer a second deletion when the first one has worked."""
NOT_YET: Final = frozenset({"RDS.5041", "DBS.200543", "DBS.201203", "DBS.280214"})
"""The errors, beside the status 404, about a thing that is not there, or not there yet."""


def advice(status: int, code: str | None = None) -> Advice:
    """Return what to do about a refusal with this *status* and error *code*."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    return _STATUSES.get(status) or (_SERVER if status >= _SERVER_STATUS else _CLIENT)
