"""How much the collections of one account, and of all, may hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rag import InputError

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

    @classmethod
    def in_gigabytes(cls, account: float, total: float) -> Self:
        """The limits of the options ``--account-gb`` and ``--total-gb``.

        Raises:
            InputError: A limit is below 1 byte, infinite or not a number.
        """
        for option, value in (("--account-gb", account), ("--total-gb", total)):
            # False for NaN, too.
            if not 1 <= value * GIGABYTE < math.inf:
                raise InputError(f"{option} {value:g}: not a limit; give a number of gigabytes above 0")
        return cls(round(account * GIGABYTE), round(total * GIGABYTE))


class Room:
    """What may still be stored.

    Args:
        quota: The limits.
        account: Bytes that the collections of the account hold.
        total: Bytes that all collections hold.
        owner: The account; empty without accounts. Another one may add files to a collection that is shared with it.
    """

    def __init__(self, quota: Quota, account: int, total: int, owner: str = "") -> None:
        self._quota, self._account, self._total, self._owner = quota, account, total, owner

    def refusal(self, size: int) -> str:
        """Why a file of that size cannot be stored; empty if it can."""
        if self._account + size > self._quota.account:
            whose = f"the collections of {self._owner}" if self._owner else "your collections"
            return _full(whose, self._account, self._quota.account, size)
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
