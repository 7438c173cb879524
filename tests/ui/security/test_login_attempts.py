"""Failed logins: who has to wait, and who does not."""

from rag.ui.security.limits import Limits
from rag.ui.security.login_attempts import OVERALL, FailedLogins

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _failed(limit: int = 2) -> tuple[FailedLogins, Clock]:
    clock = Clock()
    return FailedLogins(Limits(logins_per_minute=limit), clock), clock


def test_failures_of_one_account_do_not_lock_others_at_the_same_address() -> None:
    failed, clock = _failed()
    assert [failed.acquire(HERE, "ann") for _ in range(3)] == [0, 0, 30]
    assert failed.acquire(HERE, "bob") == 0
    assert failed.acquire(ELSEWHERE, "ann") == 0
    clock.now = 30
    assert failed.acquire(HERE, "ann") == 0


def test_address_that_fails_with_many_accounts_has_to_wait() -> None:
    failed, _ = _failed()
    for number in range(2 * OVERALL):
        assert failed.acquire(HERE, f"user{number}") == 0
    assert failed.acquire(HERE, "ann") == 5
    assert failed.acquire(ELSEWHERE, "ann") == 0


def test_account_guessed_from_many_addresses_waits_except_where_it_is_known() -> None:
    failed, _ = _failed()
    failed.succeeded(HERE, "ann")
    for number in range(2 * OVERALL):
        assert failed.acquire(f"203.0.113.{number}", "ann") == 0
    assert failed.acquire(ELSEWHERE, "ann") == 5
    assert failed.acquire(HERE, "ann") == 0
    assert failed.acquire(ELSEWHERE, "bob") == 0


def test_successful_logins_are_not_counted() -> None:
    failed, _ = _failed()
    for _ in range(3 * OVERALL):
        assert failed.acquire(HERE, "ann") == 0
        failed.succeeded(HERE, "ann")
    assert [failed.acquire(HERE, "ann") for _ in range(3)] == [0, 0, 30]
