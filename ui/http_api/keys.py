"""API keys, of which a file keeps only salted hashes.

Each line of the file is ``NAME SALT HASH``. A key is 256 random bits, which nobody can guess, so one round of SHA-256
is enough to hide it; a slow hash such as scrypt protects passwords, which can be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rag import InputError
from rag.paths import default_keys

from ..security.private_file import private_lines

NAME = re.compile(r"[\w.@-]{1,100}")
HEX = re.compile(r"[0-9a-f]{64}")

#: Beginning of every key, by which people and scanners recognise one.
PREFIX = "rag_"


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Names of keys with salt and hash.

    Attributes:
        hashes: Salt and SHA-256 of salt and key, by name.
    """

    hashes: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        """False if there are no keys."""
        return bool(self.hashes)

    def name_of(self, key: str) -> str | None:
        """The name of a key; None for an unknown one. Takes the same time for each."""
        found = None
        for name, (salt, digest) in self.hashes.items():
            if hmac.compare_digest(_digest(salt, key), digest):
                found = name
        return found

    @classmethod
    def load(cls, file: Path | None) -> Self:
        """The keys of a file; if None, of the default one, which may be missing.

        Raises:
            InputError: See ``read``.
        """
        return cls.read(file or default_keys()) if file or default_keys().exists() else cls()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a key file.

        Raises:
            InputError: It cannot be read, is open to other users, or holds an invalid line.
        """
        hashes = {}
        for number, line in enumerate(private_lines(file), start=1):
            parts = line.split()
            if len(parts) != 3 or not NAME.fullmatch(parts[0]) or not all(HEX.fullmatch(part) for part in parts[1:]):
                raise InputError(f"{file}:{number}: not a key; make one with rag serve --new-key NAME")
            hashes[parts[0]] = (bytes.fromhex(parts[1]), bytes.fromhex(parts[2]))
        return cls(hashes)


def new_key(file: Path, name: str) -> str:
    """Make a key, add its hash to a file, and return the key, which cannot be read from the file again.

    Raises:
        InputError: The name is invalid or taken, or the file cannot be written.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"{name[:100]!r}: not a name of a key; use letters, digits and . _ - @")
    if file.exists() and name in ApiKeys.read(file).hashes:
        raise InputError(f"{file}: has a key {name!r}; choose another name, or delete its line")
    key, salt = PREFIX + secrets.token_urlsafe(32), secrets.token_bytes(32)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Only its owner may read it, from the start.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as stream:
            stream.write(f"{name} {salt.hex()} {_digest(salt, key).hex()}\n")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror or error}); choose another --key-file") from error
    return key


def _digest(salt: bytes, key: str) -> bytes:
    return hashlib.sha256(salt + key.encode("utf-8", "surrogatepass")).digest()
