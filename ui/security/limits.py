"""Limits on requests, connections and uploads, per client and overall."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields

from rag import InputError

MEGABYTE = 1_000_000

#: Number of clients remembered; the least recently seen is forgotten first.
CLIENTS_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the server.

    The library limits a question's length (``Retriever.search``), and gradio limits an upload to 1,000 files.

    Attributes:
        requests_per_minute: Questions, clicks and uploads of each client. A client may send as many at once; after
            that, requests are admitted one by one as the minute passes.
        logins_per_minute: Failed logins of an account from one address, counted in the same way.
        at_once: Events of one kind processed concurrently, such as questions; the others wait.
        waiting: Events that may wait; a further one is refused.
        body_bytes: Size of a request other than an upload.
        file_bytes: Size of an uploaded file.
        upload_bytes: Size of an upload, all files together.
        kept_bytes: Size of the upload folder.
        connections: Open requests of all clients, including event streams.
        connections_per_client: Open requests of each client.

    Raises:
        InputError: A limit is below 1.
    """

    requests_per_minute: int = 300
    logins_per_minute: int = 10
    at_once: int = 3
    waiting: int = 200
    body_bytes: int = MEGABYTE
    file_bytes: int = 200 * MEGABYTE
    upload_bytes: int = 1_000 * MEGABYTE
    kept_bytes: int = 5_000 * MEGABYTE
    connections: int = 500
    connections_per_client: int = 200

    def __post_init__(self) -> None:
        for field in fields(self):
            if (value := getattr(self, field.name)) < 1:
                raise InputError(f"{field.name.replace('_', ' ')} is {value}; it must be at least 1")


class RateLimiter:
    """Limit the requests per minute of each client with a token bucket each, in a table of bounded size.

    Args:
        per_minute: Requests allowed per client and minute.
        clock: Monotonic time in seconds.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Number of clients remembered."""
        return len(self._buckets)

    def wait(self, client: str) -> float:
        """Seconds until the next request is allowed, 0.0 if it is now; counts nothing."""
        tokens, _ = self._tokens(client)
        return 0.0 if tokens >= 1 else (1 - tokens) * 60 / self._per_minute

    def acquire(self, client: str) -> float:
        """Count a request: 0.0 if it is allowed, else the seconds until the next one is."""
        wait = self.wait(client)
        tokens, now = self._tokens(client)
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > CLIENTS_REMEMBERED:
            self._buckets.popitem(last=False)
        return wait

    def release(self, client: str) -> None:
        """Take back a request that was counted."""
        tokens, now = self._tokens(client)
        if client in self._buckets:
            self._buckets[client] = (min(tokens + 1, self._per_minute), now)

    def _tokens(self, client: str) -> tuple[float, float]:
        """Tokens of a client, and the time now."""
        now = self._clock()
        tokens, since = self._buckets.get(client, (float(self._per_minute), now))
        return min(tokens + (now - since) * self._per_minute / 60, self._per_minute), now


def client_of(address: str) -> str:
    """Identify the client of an address: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
