"""Who may see and change a collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

#: What a collection is shared for: to ask it, or to change its documents, too.
READ, CHANGE = "read", "change"


@dataclass(frozen=True, slots=True)
class Permissions:
    """Who may see and change a collection, where the server has accounts.

    Attributes:
        owner: Account that made it. Empty if it was made without accounts or belongs to the server: any account may see
            it and none may change its documents. None if the description is malformed: no account may see it.
        shared: ``read`` or ``change`` by account that it is shared with.
    """

    owner: str | None = ""
    shared: Mapping[str, str] = field(default_factory=dict)

    def may_read(self, account: str | None) -> bool:
        """Whether an account may see the collection and ask it; None is somebody who has not logged in."""
        return self.owner == "" or self.may_manage(account) or (account is not None and account in self.shared)

    def may_change(self, account: str | None) -> bool:
        """Whether an account may add and remove documents, and give, edit and delete feedback.

        On a collection that the server was started with, any account may do so with everybody's feedback; see
        ``Collections.teachable``.
        """
        return self.may_manage(account) or (account is not None and self.shared.get(account) == CHANGE)

    def may_manage(self, account: str | None) -> bool:
        """Whether an account may rename, share and delete the collection."""
        return bool(self.owner) and account == self.owner

    def to_json(self) -> dict[str, Any]:
        """The permissions as ``from_json`` reads them."""
        return {"owner": self.owner, "shared": dict(self.shared)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read the permissions of a collection's description; anything malformed grants nothing."""
        owner, shared = values.get("owner", ""), values.get("shared")
        if not isinstance(owner, str):
            return cls(None)
        levels = shared if isinstance(shared, dict) else {}
        return cls(owner, {str(name): level for name, level in levels.items() if level in (READ, CHANGE)})
