"""Who may use the server, and under which names it answers."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rag import InputError

#: What a browser on this machine may call it.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in.

    Attributes:
        accounts: Passwords by user; empty where nobody has to log in.
        anybody: Nobody has to log in, though the server can be reached from other machines.
        names: Host names under which the page may be opened, beside those of this machine: what a reverse proxy in
            front is called.
    """

    accounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    anybody: bool = False
    names: tuple[str, ...] = ()

    def allows(self, user: str, password: str) -> bool:
        """Whether there is such an account; takes as long for any user and any wrong password."""
        given = _digest(user, password)
        found = False
        for name, secret in self.accounts.items():
            found |= hmac.compare_digest(given, _digest(name, secret))
        return found

    def hosts(self, host: str) -> frozenset[str] | None:
        """The host names that a request may be addressed to, without port; any where it is None.

        A page from elsewhere can have its own name resolved to this machine's address (DNS rebinding), and is then
        free to read what a server that answers to every name has to say.
        """
        if is_loopback(host):
            return frozenset({*LOOPBACK_NAMES, host.strip("[]").lower(), *map(str.lower, self.names)})
        return frozenset(map(str.lower, self.names)) | {host.strip("[]").lower()} if self.names else None

    def check(self, host: str) -> None:
        """Refuse to serve others than this machine's users by mistake.

        Raises:
            InputError: The server could be reached from other machines, and it is not said who may use it.
        """
        if self.accounts and self.anybody:
            raise InputError("either somebody has to log in, or nobody; leave out --auth or --no-auth")
        if not self.accounts and not self.anybody and not (is_loopback(host) and not self.names):
            where = f"host {host}" if not is_loopback(host) else f"the name {self.names[0]}"
            raise InputError(
                f"{where} can be reached from other machines; say who may ask with --auth USER:PASSWORD or "
                "--auth-file FILE, or --no-auth to let anybody"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on that address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(netloc: str) -> str:
    """``example.org`` of ``Example.org:8000``, ``::1`` of ``[::1]:8000``; empty where it is no such thing."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


def read_accounts(pairs: Iterable[str], file: Path | None = None) -> dict[str, str]:
    """Accounts as the options ``--auth`` and ``--auth-file`` give them: passwords by user.

    Args:
        pairs: ``USER:PASSWORD`` each.
        file: One such pair a line; empty lines are passed over.

    Raises:
        InputError: One is not of that form, a user comes twice, or others than its owner may read the file.
    """
    accounts: dict[str, str] = {}
    sources = [("--auth", pair) for pair in pairs]
    if file is not None:
        sources += [(f"{file}:{number}", line) for number, line in enumerate(_lines(file), start=1) if line]
    for source, pair in sources:
        user, colon, password = pair.partition(":")
        user = user.strip()
        if not (user and colon and password):
            raise InputError(f"{source}: not an account; write it as USER:PASSWORD, neither of them empty")
        if user in accounts:
            raise InputError(f"{source}: there is an account of {user!r} already; each user has one")
        accounts[user] = password
    if file is not None and not accounts:
        raise InputError(f"{file}: there is no account in it; write one a line, USER:PASSWORD")
    return accounts


def _lines(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            readable = stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
            if os.name == "posix" and readable:
                raise InputError(f"{file}: other users of this machine may read the passwords; chmod 600 {file}")
            return stream.read().splitlines()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 at byte {error.start}") from error


def _digest(user: str, password: str) -> bytes:
    """Of the same length for all, so that comparing tells nothing of the lengths."""
    return hashlib.sha256(f"{len(user)}:{user}:{password}".encode("utf-8", "surrogatepass")).digest()
