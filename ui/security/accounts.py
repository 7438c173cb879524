"""Accounts, and the host names the server answers to."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rag import InputError

from .private_file import private_lines

#: Host names by which a browser on this machine may address the server.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Who may use the server.

    Attributes:
        accounts: Passwords by user; empty if no login is required.
        no_login: Serve other machines without a login.
        allowed_hosts: Host names to answer to besides those of this machine, such as that of a reverse proxy.
        encrypted: The server itself encrypts connections.
        plain_http: Let passwords pass over connections that the server does not encrypt, as behind a reverse proxy that
            does.
    """

    accounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    no_login: bool = False
    allowed_hosts: tuple[str, ...] = ()
    encrypted: bool = False
    plain_http: bool = False

    def allows(self, user: str, password: str) -> bool:
        """Check a user's password, in constant time."""
        given = _digest(user, password)
        found = False
        for name, secret in self.accounts.items():
            found |= hmac.compare_digest(given, _digest(name, secret))
        return found

    def hosts(self, host: str) -> frozenset[str] | None:
        """Host names, without port, that a request may be addressed to; None allows any.

        This prevents DNS rebinding: a foreign site can have its own name resolve to this machine's address, and could
        then read the responses of a server that answers to any name.
        """
        allowed = frozenset(map(str.lower, self.allowed_hosts))
        own = host.strip("[]").lower()
        if is_loopback(host):
            return allowed | {*LOOPBACK_NAMES, own}
        return allowed | {own} if allowed else None

    def check(self, host: str) -> None:
        """Check that other machines are not served by mistake.

        Raises:
            InputError: Other machines can reach the server, but neither accounts nor ``no_login`` are set; or both are;
                or passwords would pass unencrypted without ``plain_http``.
        """
        if self.accounts and self.no_login:
            raise InputError("--no-auth: contradicts --auth and --auth-file; leave one of them out")
        if not self.accounts and not self.no_login and not (is_loopback(host) and not self.allowed_hosts):
            reachable = f"host {host}" if not is_loopback(host) else f"allowed host {self.allowed_hosts[0]}"
            raise InputError(
                f"{reachable}: can be reached from other machines; require a login with --auth USER:PASSWORD or "
                "--auth-file FILE, or serve without one with --no-auth"
            )
        if self.accounts and not self.encrypted and not self.plain_http and not is_loopback(host):
            raise InputError(
                f"host {host}: passwords would pass unencrypted; give --tls-cert and --tls-key, or --plain-http if a "
                "reverse proxy encrypts or you trust the network"
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
    """Lower-case host of a Host header, such as ``::1`` of ``[::1]:8000``; empty if malformed."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


def read_accounts(pairs: Iterable[str], file: Path | None = None) -> dict[str, str]:
    """Read the accounts of the options ``--auth`` and ``--auth-file``: passwords by user.

    Args:
        pairs: Strings ``USER:PASSWORD``.
        file: One such pair per line; empty lines are skipped.

    Raises:
        InputError: A pair is malformed, a user is repeated, or the file is unreadable, empty or open to other users.
    """
    accounts: dict[str, str] = {}
    sources = [("--auth", pair) for pair in pairs]
    if file is not None:
        sources += [(f"{file}:{number}", line) for number, line in enumerate(private_lines(file), start=1) if line]
    for source, pair in sources:
        user, colon, password = pair.partition(":")
        user = user.strip()
        if not (user and colon and password):
            # The message leaves out the pair, which may hold a password.
            raise InputError(f"{source}: not an account; write USER:PASSWORD, neither of them empty")
        if user in accounts:
            raise InputError(f"{source}: user {user!r} is repeated; keep one password for each user")
        accounts[user] = password
    if file is not None and not accounts:
        raise InputError(f"{file}: contains no account; write one USER:PASSWORD per line")
    return accounts


def _digest(user: str, password: str) -> bytes:
    """A hash of fixed length, so that comparing it does not reveal the lengths."""
    return hashlib.sha256(f"{len(user)}:{user}:{password}".encode("utf-8", "surrogatepass")).digest()
