"""What each account may see and change, and how much it may store."""

import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rag.ui.services.collections import Collections, given_collection
from rag.ui.services.permissions import Permissions
from rag.ui.services.quota import Quota

from rag import InputError, SentenceTransformerEncoder


@dataclass
class Team:
    """Collections, and the account that asks."""

    collections: Collections
    home: Path
    account: str | None = None

    def seen_by(self, account: str | None) -> list[str]:
        self.account = account
        return [each.id for each in self.collections.list()]


@pytest.fixture
def team(tmp_path: Path, corpus_index: Path, encoder: SentenceTransformerEncoder) -> Team:
    home = tmp_path / "home"
    without = Collections(
        home, [given_collection(corpus_index, "Articles", home)], encoder, quota=Quota(10_000_000, 15_000_000)
    )
    without.create("Before accounts")
    team = Team(without, home)
    team.collections = without.with_accounts(lambda: team.account)
    return team


def _upload(tmp_path: Path, size: int, name: str = "a.md") -> Path:
    path = tmp_path / name
    path.write_text(name[0])
    os.truncate(path, size)
    return path


def test_collection_is_seen_by_its_owner_and_those_it_is_shared_with(team: Team) -> None:
    team.account = "ann"
    made = team.collections.create("Secrets")
    assert team.seen_by("ann") == ["start", "before-accounts", made.id]
    assert team.seen_by("bob") == team.seen_by(None) == team.seen_by("") == ["start", "before-accounts"]
    for account in ("bob", None, "", "Ann"):
        team.account = account
        for use in (team.collections.get, team.collections.assistant, team.collections.files):
            with pytest.raises(InputError, match=f"'{made.id}': not found; choose another one"):
                use(made.id)
    team.account = "ann"
    team.collections.share(made.id, "bob", "read")
    assert team.seen_by("bob") == ["start", "before-accounts", made.id]
    team.account = "ann"
    team.collections.share(made.id, "bob", "")
    assert team.seen_by("bob") == ["start", "before-accounts"]


@pytest.mark.parametrize(
    ("level", "account", "allowed"),
    [
        ("read", "bob", set()),
        ("change", "bob", {"add", "remove", "teach"}),
        ("change", "ann", {"add", "remove", "teach", "rename", "share", "delete"}),
    ],
)
def test_what_an_account_may_do(team: Team, tmp_path: Path, level: str, account: str, allowed: set[str]) -> None:
    team.account = "ann"
    made = team.collections.create("Reports")
    team.collections.add(made.id, [_upload(tmp_path, 5, "kept.md")])
    team.collections.share(made.id, "bob", level)
    team.account = account
    actions: dict[str, Callable[[], Any]] = {
        "add": lambda: team.collections.add(made.id, [_upload(tmp_path, 5)]),
        "remove": lambda: team.collections.remove(made.id, "kept.md"),
        "teach": lambda: team.collections.teachable(made.id),
        "rename": lambda: team.collections.rename(made.id, "Renamed"),
        "share": lambda: team.collections.share(made.id, "carl", "change"),
        "delete": lambda: team.collections.delete(made.id),
    }
    for name, act in actions.items():
        if name in allowed:
            act()
        else:
            with pytest.raises(InputError, match=r"(you may not change it|it is not yours); ask ann"):
                act()


@pytest.mark.parametrize("collection", ["start", "before-accounts"])
def test_collections_of_nobody_are_changed_by_nobody(team: Team, tmp_path: Path, collection: str) -> None:
    team.account = "ann"
    for act in (
        lambda: team.collections.add(collection, [_upload(tmp_path, 5)]),
        lambda: team.collections.rename(collection, "Mine"),
        lambda: team.collections.share(collection, "bob", "change"),
        lambda: team.collections.delete(collection),
    ):
        with pytest.raises(InputError, match="ask the administrator"):
            act()
    assert team.collections.teachable("start")
    with pytest.raises(InputError, match="you may not change it"):
        team.collections.teachable("before-accounts")


def test_name_of_a_hidden_collection_is_free(team: Team) -> None:
    team.account = "ann"
    team.collections.create("Reports")
    team.account = "bob"
    assert re.fullmatch(r"reports-[0-9a-f]{12}", team.collections.create("Reports").id)
    with pytest.raises(InputError, match="exists already"):
        team.collections.create("reports")
    team.account = None
    with pytest.raises(InputError, match="nobody has logged in"):
        team.collections.create("More")


def test_id_of_a_deleted_collection_is_not_used_again(team: Team) -> None:
    team.account = "ann"
    deleted = team.collections.create("Reports")
    team.collections.delete(deleted.id)
    team.account = "bob"
    assert team.collections.create("Reports").id != deleted.id


def test_owner_and_sharing_survive_renaming_and_a_restart(team: Team, encoder: SentenceTransformerEncoder) -> None:
    team.account = "ann"
    made = team.collections.create("Reports")
    team.collections.share(made.id, "bob", "change")
    team.collections.rename(made.id, "Minutes")
    [found] = [each for each in Collections(team.home, [], encoder).list() if each.id == made.id]
    assert (found.name, found.permissions) == ("Minutes", Permissions("ann", {"bob": "change"}))
    for account in ("", "ann"):
        with pytest.raises(InputError, match="name another account"):
            team.collections.share(made.id, account, "read")


def test_collection_is_shared_only_with_accounts_of_the_server(team: Team) -> None:
    team.account = "ann"
    collections = team.collections.with_accounts(lambda: team.account, {"ann": "secret", "bob": "other"})
    made = collections.create("Reports")
    collections.share(made.id, "bob", "read")
    with pytest.raises(InputError, match="account 'bbo': not found on this server; check its spelling"):
        collections.share(made.id, "bbo", "read")
    with pytest.raises(InputError, match="level 'own': not known; share to read or to change"):
        collections.share(made.id, "bob", "own")
    assert collections.get(made.id).permissions.shared == {"bob": "read"}
    # Shared while there was such an account.
    team.collections.share(made.id, "gone", "read")
    collections.share(made.id, "gone", "")
    assert collections.get(made.id).permissions.shared == {"bob": "read"}


def test_parallel_shares_are_all_kept(team: Team) -> None:
    team.account = "ann"
    made = team.collections.create("Reports")
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(team.collections.share, made.id, f"user{number}", "read") for number in range(40)]:
            each.result()
    assert set(team.collections.get(made.id).permissions.shared) == {f"user{number}" for number in range(40)}


@pytest.mark.parametrize("stored", [{}, {"owner": 3, "shared": []}, {"owner": "ann", "shared": {"bob": "all"}}])
def test_malformed_permissions_grant_nothing_to_others(stored: dict[str, Any]) -> None:
    permissions = Permissions.from_json(json.loads(json.dumps(stored)))
    assert not permissions.may_change("bob")
    assert not permissions.may_manage("bob")


@pytest.mark.parametrize(
    ("stored", "readers"),
    [
        ({}, ["ann", "bob", "", None]),
        ({"owner": ""}, ["ann", "bob", "", None]),
        ({"owner": "ann", "shared": {"bob": "read"}}, ["ann", "bob"]),
        ({"owner": "ann", "shared": {"bob": "all", "": "none"}}, ["ann"]),
        ({"owner": None, "shared": {"bob": "read"}}, []),
        ({"owner": 3}, []),
        ({"owner": ["ann"]}, []),
    ],
)
def test_collection_without_a_valid_owner_is_read_by_nobody(stored: dict[str, Any], readers: list[str | None]) -> None:
    permissions = Permissions.from_json(json.loads(json.dumps(stored)))
    assert [account for account in ("ann", "bob", "", None) if permissions.may_read(account)] == readers


def test_uploads_stop_at_the_limit_of_the_account_and_of_the_server(team: Team, tmp_path: Path) -> None:
    team.account = "ann"
    made = team.collections.create("One")
    taken = team.collections.add(made.id, [_upload(tmp_path, 9_000_000, "a.md"), _upload(tmp_path, 2_000_000, "b.md")])
    full = "2.0 MB; the collections of ann hold 9.0 of at most 10.0 MB, so remove some documents"
    assert [each.error for each in taken] == ["", full]
    other = team.collections.create("Two")
    assert team.collections.add(other.id, [_upload(tmp_path, 2_000_000, "c.md")])[0].error == full
    # The space is that of the owner.
    team.collections.share(other.id, "bob", "change")
    team.account = "bob"
    assert team.collections.add(other.id, [_upload(tmp_path, 2_000_000, "c.md")])[0].error == full
    third = team.collections.create("Three")
    assert not team.collections.add(third.id, [_upload(tmp_path, 5_000_000, "d.md")])[0].error
    assert team.collections.add(third.id, [_upload(tmp_path, 2_000_000, "e.md")])[0].error == (
        "2.0 MB; this server's collections hold 14.0 of at most 15.0 MB, so remove some documents"
    )
    team.collections.remove(third.id, "d.md")
    assert not team.collections.add(third.id, [_upload(tmp_path, 2_000_000, "e.md")])[0].error
