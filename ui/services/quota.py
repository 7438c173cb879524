"""How much the collections of one account, and of all, may hold."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits on the documents stored in collections, in bytes.

    Attributes:
        account: Of the collections of one account; without accounts, of all.
        total: Of all collections.
    """

    account: int = 5 * GIGABYTE
    total: int = 50 * GIGABYTE


class Room:
    """What may still be stored.

    Args:
        quota: The limits.
        account: Bytes that the collections of the account hold.
        total: Bytes that all collections hold.
    """

    def __init__(self, quota: Quota, account: int, total: int) -> None:
        self._quota, self._account, self._total = quota, account, total

    def refusal(self, size: int) -> str:
        """Why a file of that size cannot be stored; empty if it can."""
        if self._account + size > self._quota.account:
            return _full("your collections", self._account, self._quota.account, size)
        if self._total + size > self._quota.total:
            return _full("this server's collections", self._total, self._quota.total, size)
        return ""

    def take(self, size: int) -> None:
        """Count a file that has been stored."""
        self._account += size
        self._total += size


def stored_bytes(folders: Iterable[Path]) -> int:
    """Bytes of the files in some folders."""
    total = 0
    for folder in folders:
        # A folder may be deleted meanwhile.
        with suppress(OSError):
            total += sum(path.lstat().st_size for path in folder.iterdir())
    return total


def _full(what: str, held: int, limit: int, size: int) -> str:
    used = f"{what} hold {held / 1e6:,.1f} of at most {limit / 1e6:,.1f} MB"
    return f"{size / 1e6:,.1f} MB; {used}, so remove some documents"
