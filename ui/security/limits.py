"""How much one client, and all of them together, may ask of the server."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields

from rag import InputError

MEGABYTE = 1_000_000

#: Clients whose requests are remembered; the one that was quiet for longest is forgotten first.
CLIENTS_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server refuses to do more of.

    How long a question may be is the library's to say (``Retriever.search``), and no more than 1,000 files are taken
    in one upload, which is gradio's limit.

    Attributes:
        requests_per_minute: Of each client, of those that make the server work: questions and uploads. So many may
            come at once; from then on they are let in one by one as the minute passes.
        logins_per_minute: Of each client, right or wrong, counted in the same way.
        at_once: Questions that are worked on at the same time, of each kind of event; the others wait.
        waiting: Questions that wait; one more is told that the server is busy.
        body_bytes: Of any request but an upload.
        file_bytes: Of each file that is uploaded.
        upload_bytes: Of all files of one upload together.
        kept_bytes: Of all uploads that lie in the upload folder.
        connections: Requests of all clients that are open at the same time, those included that only listen.
        connections_per_client: The same, of each client.

    Raises:
        InputError: One of them is below 1.
    """

    requests_per_minute: int = 300
    logins_per_minute: int = 10
    at_once: int = 2
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


class Allowance:
    """So many requests a minute for each client: a token bucket for each, in a table of bounded size.

    Args:
        per_minute: What each client may do.
        clock: Seconds that only grow.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._left)

    def take(self, client: str) -> float:
        """Let a client do one thing: 0.0, or, where it has done too much, the seconds until it may do the next."""
        now = self._clock()
        left, since = self._left.pop(client, (float(self._per_minute), now))
        left = min(left + (now - since) * self._per_minute / 60, self._per_minute)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self._per_minute
        self._left[client] = (left if wait else left - 1, now)
        if len(self._left) > CLIENTS_REMEMBERED:
            self._left.popitem(last=False)
        return wait


def client_of(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the network of 64 bits that an IPv6 address stands in."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
