"""Failed logins, counted by account and by address, so that one person's failures do not lock others out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from .limits import CLIENTS_REMEMBERED, Limits, RateLimiter

#: Failures that an address may have with all accounts, and an account from all addresses, as a multiple of those that
#: an account may have from one address.
OVERALL = 6


class FailedLogins:
    """Who has to wait before the next attempt.

    Three counts: of an account from one address; of an address with any account, against guessing for many accounts; of
    an account from any address, against guessing from many addresses. The last one spares addresses from which the
    account has logged in before.

    Args:
        limits: Limits of the server.
        clock: Monotonic time in seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._pairs = RateLimiter(limits.logins_per_minute, clock)
        self._addresses = RateLimiter(OVERALL * limits.logins_per_minute, clock)
        self._accounts = RateLimiter(OVERALL * limits.logins_per_minute, clock)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, address: str, account: str) -> float:
        """Seconds until an attempt is allowed; 0.0 if it is now."""
        waits = [self._pairs.wait(f"{address} {account}"), self._addresses.wait(address)]
        if (address, account) not in self._known:
            waits.append(self._accounts.wait(account))
        return max(waits)

    def failed(self, address: str, account: str) -> None:
        """Count a failure."""
        self._pairs.acquire(f"{address} {account}")
        self._addresses.acquire(address)
        self._accounts.acquire(account)

    def succeeded(self, address: str, account: str) -> None:
        """Remember that the account logs in from this address."""
        self._known[address, account] = None
        self._known.move_to_end((address, account))
        if len(self._known) > CLIENTS_REMEMBERED:
            self._known.popitem(last=False)
