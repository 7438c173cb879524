"""Certificate and key for HTTPS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rag import InputError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate and its private key, in PEM format."""

    certificate: Path
    key: Path

    @classmethod
    def check(cls, certificate: Path | None, key: Path | None) -> Self | None:
        """The files of the options ``--tls-cert`` and ``--tls-key``; None if neither is given.

        Raises:
            InputError: Only one is given, or the files are unreadable or do not belong together.
        """
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            raise InputError("--tls-cert and --tls-key: give both or neither")
        for file in (certificate, key):
            if not file.is_file():
                raise InputError(f"{file}: no such file; give a PEM file")
            try:
                with file.open("rb"):
                    pass
            except OSError as error:
                raise InputError(f"{file}: cannot be read ({error.strerror}); check its permissions") from error
        try:
            # An empty password keeps OpenSSL from asking for one on the terminal.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or error.strerror or str(error)
            raise InputError(
                f"{certificate} and {key}: not a certificate and its key in PEM format ({reason}); "
                f"give two files that belong together, the key without a password"
            ) from error
        return cls(certificate, key)
