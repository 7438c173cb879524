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

    def acquire(self, address: str, account: str) -> float:
        """Count an attempt as a failure until it succeeds, so that parallel attempts are counted, too.

        Returns:
            0.0 if the attempt is allowed, else the seconds until the next one is; an attempt that is refused is not
            counted.
        """
        counts = self._counts(address, account)
        wait = max(limiter.wait(key) for limiter, key in counts)
        if not wait:
            for limiter, key in counts:
                limiter.acquire(key)
        return wait

    def succeeded(self, address: str, account: str) -> None:
        """Take back an attempt, and remember that the account logs in from this address."""
        for limiter, key in self._counts(address, account):
            limiter.release(key)
        self._known[address, account] = None
        self._known.move_to_end((address, account))
        if len(self._known) > CLIENTS_REMEMBERED:
            self._known.popitem(last=False)

    def _counts(self, address: str, account: str) -> list[tuple[RateLimiter, str]]:
        """The counts that an attempt is limited by, each with its key."""
        counts = [(self._pairs, f"{address} {account}"), (self._addresses, address)]
        return counts if (address, account) in self._known else [*counts, (self._accounts, account)]
