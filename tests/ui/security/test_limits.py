"""Limits, accounts, host names and the content policy, without a server."""

from pathlib import Path

import pytest
from rag.ui.security.accounts import AccessPolicy, host_name, is_loopback, read_accounts
from rag.ui.security.headers import policy
from rag.ui.security.limits import CLIENTS_REMEMBERED, Limits, RateLimiter, client_of

from rag import InputError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class TestRateLimiter:
    def test_a_burst_is_allowed_then_requests_at_the_rate(self) -> None:
        clock = Clock()
        limiter = RateLimiter(6, clock)
        assert [limiter.acquire("a") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
        clock.now += 4
        assert limiter.acquire("a") == pytest.approx(6)
        clock.now += 6
        assert (limiter.acquire("a"), limiter.acquire("a")) == (0, 10)

    def test_clients_are_limited_separately(self) -> None:
        limiter = RateLimiter(1, Clock())
        assert (limiter.acquire("a"), limiter.acquire("b"), limiter.acquire("a")) == (0, 0, 60)

    def test_a_bucket_holds_one_minute_of_requests(self) -> None:
        clock = Clock()
        limiter = RateLimiter(2, clock)
        limiter.acquire("a")
        clock.now += 3_600
        assert [limiter.acquire("a") for _ in range(3)] == [0, 0, 30]

    def test_the_least_recent_client_is_forgotten_first(self) -> None:
        limiter = RateLimiter(1, Clock())
        for number in range(CLIENTS_REMEMBERED):
            limiter.acquire(str(number))
        limiter.acquire("0")
        limiter.acquire("new")
        assert len(limiter) == CLIENTS_REMEMBERED
        assert limiter.acquire("0") == 60
        assert limiter.acquire("1") == 0


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
def test_addresses_of_one_network_are_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="requests per minute is 0; it must be at least 1"):
        Limits(requests_per_minute=0)


class TestAccessPolicy:
    def test_only_a_matching_user_and_password_is_admitted(self) -> None:
        access = AccessPolicy({"ann": "one:two", "bob": "ü"})
        assert access.allows("ann", "one:two")
        assert access.allows("bob", "ü")
        tries = [("ann", "ü"), ("bob", "one:two"), ("ann", ""), ("", ""), ("ann:one", "two"), ("ANN", "one:two")]
        assert not any(access.allows(*each) for each in tries)

    def test_repr_hides_passwords(self) -> None:
        assert "secret" not in repr(AccessPolicy({"ann": "secret"}))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"])
    def test_loopback_needs_no_accounts(self, host: str) -> None:
        assert is_loopback(host)
        AccessPolicy().check(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.example.org", ""])
    def test_other_hosts_need_accounts_or_no_login(self, host: str) -> None:
        with pytest.raises(
            InputError, match=rf"^host {host}: can be reached from other machines; require a login .*--auth"
        ):
            AccessPolicy().check(host)
        AccessPolicy({"ann": "x"}, encrypted=True).check(host)
        AccessPolicy(no_login=True).check(host)

    def test_an_allowed_host_needs_accounts_or_no_login(self) -> None:
        with pytest.raises(InputError, match=r"^allowed host rag\.example\.org: can be reached"):
            AccessPolicy(allowed_hosts=("rag.example.org",)).check("127.0.0.1")

    def test_accounts_and_no_login_contradict(self) -> None:
        with pytest.raises(InputError, match="--no-auth: contradicts --auth and --auth-file"):
            AccessPolicy({"ann": "x"}, no_login=True).check("0.0.0.0")

    def test_allowed_host_names(self) -> None:
        assert AccessPolicy().hosts("127.0.0.1") == {"localhost", "127.0.0.1", "::1"}
        assert AccessPolicy(allowed_hosts=("Rag.example.org",)).hosts("[::1]") == {
            "localhost", "127.0.0.1", "::1", "rag.example.org",
        }  # fmt: skip
        assert AccessPolicy(no_login=True).hosts("0.0.0.0") is None
        assert AccessPolicy(no_login=True, allowed_hosts=("a.example",)).hosts("192.0.2.7") == {
            "a.example",
            "192.0.2.7",
        }

    @pytest.mark.parametrize(
        ("netloc", "name"),
        [
            ("localhost:7860", "localhost"), ("[::1]:7860", "::1"), ("EXAMPLE.org", "example.org"), ("[::1", ""),
            ("", ""), ("localhost:7860@evil.example", "evil.example"), ("evil.example#localhost", "evil.example"),
        ],
    )  # fmt: skip
    def test_host_name_of_a_host_header(self, netloc: str, name: str) -> None:
        assert host_name(netloc) == name


class TestAccounts:
    def test_option_and_file_are_combined(self, tmp_path: Path) -> None:
        file = tmp_path / "accounts.txt"
        file.write_text("bob:with:colon and space \n\nann:x\n")
        file.chmod(0o600)
        assert read_accounts(["eve:y"], file) == {"eve": "y", "bob": "with:colon and space ", "ann": "x"}
        assert read_accounts([]) == {}

    @pytest.mark.parametrize("pair", ["ann", "ann:", ":secret", " :secret"])
    def test_a_malformed_account_is_refused_but_not_printed(self, pair: str) -> None:
        with pytest.raises(InputError, match=r"^--auth: not an account; write USER:PASSWORD, neither of them empty$"):
            read_accounts([pair])

    def test_a_repeated_user_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "accounts.txt"
        file.write_text("ann:x\nann:y\n")
        file.chmod(0o600)
        with pytest.raises(InputError, match=r"accounts\.txt:2: user 'ann' is repeated; keep one password"):
            read_accounts([], file)

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
    def test_a_file_open_to_other_users_is_refused(self, tmp_path: Path, mode: int) -> None:
        file = tmp_path / "accounts.txt"
        file.write_text("ann:x\n")
        file.chmod(mode)
        with pytest.raises(InputError, match=r"other users of this machine have access to it; run chmod 600 .*txt"):
            read_accounts([], file)

    @pytest.mark.parametrize(
        ("content", "message"),
        [(b"\n", "contains no account"), (b"a:\xff\n", "not UTF-8 at byte 2"), (None, "cannot be read")],
    )
    def test_an_unusable_accounts_file_is_refused(self, tmp_path: Path, content: bytes | None, message: str) -> None:
        file = tmp_path / "accounts.txt"
        if content is not None:
            file.write_bytes(content)
            file.chmod(0o600)
        with pytest.raises(InputError, match=message):
            read_accounts([], file)


def test_the_policy_allows_only_the_pages_own_scripts() -> None:
    page = b"<script>let a</script><script type=module src='/x.js'></script><SCRIPT data-a>b\n</SCRIPT>"
    header = policy(page)
    # printf 'let a' | openssl dgst -sha256 -binary | base64
    assert "'sha256-IfEXP/8HLuXoAiy0hZVrCAcjcLsZqYFpLOHDGj8enqE='" in header
    assert header.count("'sha256-") == 2
    assert "'unsafe-inline'" not in header.split("script-src", 1)[1].split(";")[0]
    assert "frame-ancestors 'none'" in header
