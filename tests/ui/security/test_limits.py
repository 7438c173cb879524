"""Limits, accounts and names, each by itself."""

from pathlib import Path

import pytest
from rag.ui.security.accounts import Access, host_name, is_loopback, read_accounts
from rag.ui.security.headers import policy
from rag.ui.security.limits import CLIENTS_REMEMBERED, Allowance, Limits, client_of

from rag import InputError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class TestAllowance:
    def test_what_a_minute_allows_may_come_at_once_and_then_one_by_one(self) -> None:
        clock = Clock()
        allowance = Allowance(6, clock)
        assert [allowance.take("a") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
        clock.now += 4
        assert allowance.take("a") == pytest.approx(6)
        clock.now += 6
        assert (allowance.take("a"), allowance.take("a")) == (0, 10)

    def test_each_client_has_its_own(self) -> None:
        allowance = Allowance(1, Clock())
        assert (allowance.take("a"), allowance.take("b"), allowance.take("a")) == (0, 0, 60)

    def test_a_quiet_client_saves_no_more_than_a_minute(self) -> None:
        clock = Clock()
        allowance = Allowance(2, clock)
        allowance.take("a")
        clock.now += 3_600
        assert [allowance.take("a") for _ in range(3)] == [0, 0, 30]

    def test_no_more_clients_are_remembered_than_there_is_room_for_and_the_quietest_is_forgotten(self) -> None:
        allowance = Allowance(1, Clock())
        for number in range(CLIENTS_REMEMBERED):
            allowance.take(str(number))
        allowance.take("0")
        allowance.take("new")
        assert len(allowance) == CLIENTS_REMEMBERED
        assert allowance.take("0") == 60
        assert allowance.take("1") == 0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_addresses_that_one_client_can_choose_from_count_as_one(address: str, client: str) -> None:
    assert client_of(address) == client


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="requests per minute is 0; it must be at least 1"):
        Limits(requests_per_minute=0)


class TestAccess:
    def test_only_the_right_password_of_the_right_user_is_let_in(self) -> None:
        access = Access({"ann": "one:two", "bob": "ü"})
        assert access.allows("ann", "one:two")
        assert access.allows("bob", "ü")
        tries = [("ann", "ü"), ("bob", "one:two"), ("ann", ""), ("", ""), ("ann:one", "two"), ("ANN", "one:two")]
        assert not any(access.allows(*each) for each in tries)

    def test_passwords_do_not_stand_in_what_is_printed_of_it(self) -> None:
        assert "secret" not in repr(Access({"ann": "secret"}))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"])
    def test_this_machine_may_be_served_without_saying_who(self, host: str) -> None:
        assert is_loopback(host)
        Access().check(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.example.org", ""])
    def test_others_may_be_served_only_if_it_is_said_who(self, host: str) -> None:
        with pytest.raises(InputError, match=rf"^host {host} can be reached from other machines; say who .*--auth"):
            Access().check(host)
        Access({"ann": "x"}).check(host)
        Access(anybody=True).check(host)

    def test_a_name_that_a_proxy_gives_it_is_no_longer_this_machine_alone(self) -> None:
        with pytest.raises(InputError, match=r"^the name rag\.example\.org can be reached"):
            Access(names=("rag.example.org",)).check("127.0.0.1")

    def test_a_login_and_none_contradict_each_other(self) -> None:
        with pytest.raises(InputError, match="either somebody has to log in, or nobody"):
            Access({"ann": "x"}, anybody=True).check("0.0.0.0")

    def test_names_that_are_answered_to(self) -> None:
        assert Access().hosts("127.0.0.1") == {"localhost", "127.0.0.1", "::1"}
        assert Access(names=("Rag.example.org",)).hosts("[::1]") == {
            "localhost", "127.0.0.1", "::1", "rag.example.org",
        }  # fmt: skip
        assert Access(anybody=True).hosts("0.0.0.0") is None
        assert Access(anybody=True, names=("a.example",)).hosts("192.0.2.7") == {"a.example", "192.0.2.7"}

    @pytest.mark.parametrize(
        ("netloc", "name"),
        [
            ("localhost:7860", "localhost"), ("[::1]:7860", "::1"), ("EXAMPLE.org", "example.org"), ("[::1", ""),
            ("", ""), ("localhost:7860@evil.example", "evil.example"), ("evil.example#localhost", "evil.example"),
        ],
    )  # fmt: skip
    def test_the_name_in_a_host_header(self, netloc: str, name: str) -> None:
        assert host_name(netloc) == name


class TestAccounts:
    def test_options_and_file_together(self, tmp_path: Path) -> None:
        file = tmp_path / "accounts.txt"
        file.write_text("bob:with:colon and space \n\nann:x\n")
        file.chmod(0o600)
        assert read_accounts(["eve:y"], file) == {"eve": "y", "bob": "with:colon and space ", "ann": "x"}
        assert read_accounts([]) == {}

    @pytest.mark.parametrize("pair", ["ann", "ann:", ":secret", " :secret"])
    def test_what_is_no_account_is_refused_without_repeating_it(self, pair: str) -> None:
        with pytest.raises(InputError, match=r"^--auth: not an account; write it as USER:PASSWORD, neither of them"):
            read_accounts([pair])

    def test_a_user_has_one_password(self, tmp_path: Path) -> None:
        file = tmp_path / "accounts.txt"
        file.write_text("ann:x\nann:y\n")
        file.chmod(0o600)
        with pytest.raises(InputError, match=r"accounts\.txt:2: there is an account of 'ann' already"):
            read_accounts([], file)

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
    def test_a_file_that_others_may_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        file = tmp_path / "accounts.txt"
        file.write_text("ann:x\n")
        file.chmod(mode)
        with pytest.raises(InputError, match=r"other users of this machine may read the passwords; chmod 600 .*txt"):
            read_accounts([], file)

    @pytest.mark.parametrize(
        ("content", "message"),
        [(b"\n", "there is no account in it"), (b"a:\xff\n", "not UTF-8 at byte 2"), (None, "cannot be read")],
    )
    def test_a_file_without_accounts_is_refused(self, tmp_path: Path, content: bytes | None, message: str) -> None:
        file = tmp_path / "accounts.txt"
        if content is not None:
            file.write_bytes(content)
            file.chmod(0o600)
        with pytest.raises(InputError, match=message):
            read_accounts([], file)


def test_the_policy_lets_the_scripts_of_the_page_run_and_no_others() -> None:
    page = b"<script>let a</script><script type=module src='/x.js'></script><SCRIPT data-a>b\n</SCRIPT>"
    said = policy(page)
    # printf 'let a' | openssl dgst -sha256 -binary | base64
    assert "'sha256-IfEXP/8HLuXoAiy0hZVrCAcjcLsZqYFpLOHDGj8enqE='" in said
    assert said.count("'sha256-") == 2
    assert "'unsafe-inline'" not in said.split("script-src", 1)[1].split(";")[0]
    assert "frame-ancestors 'none'" in said
