"""Certificates for the server: those of files, or throw-away ones."""

from __future__ import annotations

import os
import ssl
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAMES: Final = ("localhost", "127.0.0.1", "::1")


def from_files(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context to serve with a certificate and its private key.

    Args:
        certificate: The file of the certificate, in PEM; those of its issuers may follow in it.
        key: The file of the private key, in PEM.

    Raises:
        ValueError: They can't be used; the message says which of them, and why.
    """
    for file in (certificate, key):
        try:
            file.read_bytes()
        except OSError as error:
            raise ValueError(f"cannot read {file}: {(error.strerror or 'it is refused').lower()}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")  # a function: OpenSSL would ask the terminal
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(f"the key {key} does not belong to the certificate {certificate}") from None
        if _is_certificate(certificate):
            raise ValueError(f"{key} is no private key in PEM, without a password") from None
        raise ValueError(f"{certificate} is no certificate in PEM") from None
    return context


def throw_away(host: str) -> tuple[ssl.SSLContext, str]:
    """Make a certificate for *host* and this machine, and a CA of its own that issues it.

    Returns:
        The context to serve with, and the path of the CA's certificate; the file is removed with the context.

    Raises:
        ModuleNotFoundError: The library that makes certificates is missing.
        ValueError: No certificate can be made for *host*.
    """
    try:
        import trustme
    except ModuleNotFoundError:
        raise ModuleNotFoundError("a throw-away certificate needs trustme: pip install trustme") from None

    ca = trustme.CA()
    try:
        certificate = ca.issue_cert(*dict.fromkeys((*_NAMES, host)))
    except UnicodeError:
        raise ValueError(f"no certificate can be made for the host name {host!r}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    handle, path = tempfile.mkstemp(prefix="mockrds-ca-", suffix=".pem")
    weakref.finalize(context, _remove, path)
    with os.fdopen(handle, "wb") as file:
        file.write(ca.cert_pem.bytes())
    return context, path


def _is_certificate(file: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        return False
    return True


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
