"""The access middleware in front of a small application, with a clock that stands still."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from rag.ui.security.accounts import AccessPolicy
from rag.ui.security.limits import Limits
from rag.ui.security.middleware import AccessMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.waiting import run_async

Serve = Callable[..., TestClient]


async def _echo(request: Request) -> Response:
    return PlainTextResponse(await request.body(), 400 if request.url.path == "/login" else 200)


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    def serve(access: AccessPolicy, limits: Limits, clock: Callable[[], float]) -> TestClient:
        app = Starlette(routes=[Route("/{path:path}", _echo, methods=["GET", "POST"])])
        app.add_middleware(
            AccessMiddleware, access=access, limits=limits, host="127.0.0.1", uploads=tmp_path,
            pages=frozenset({"/"}), clock=clock,
        )  # fmt: skip
        return TestClient(app, base_url="http://localhost")

    return serve


def test_failed_logins_are_limited_by_account_with_retry_after(serve: Serve) -> None:
    client = serve(AccessPolicy({"ann": "secret"}), Limits(logins_per_minute=3), lambda: 100.0)
    replies = [client.post("/login", data={"username": " ann", "password": "x"}) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [400, 400, 400, 429]
    assert replies[3].json() == {"detail": "too many failed logins; try again in 20 seconds"}
    assert replies[3].headers["Retry-After"] == "20"
    assert client.post("/login", data={"username": "bob", "password": "x"}).status_code == 400


def test_parallel_logins_are_limited_before_they_are_checked(tmp_path: Path) -> None:
    reached, end = 0, asyncio.Event()

    async def check(request: Request) -> Response:
        nonlocal reached
        reached += 1
        await end.wait()
        return PlainTextResponse("", 400)

    app = AccessMiddleware(
        Starlette(routes=[Route("/login", check, methods=["POST"])]), access=AccessPolicy({"ann": "secret"}),
        limits=Limits(logins_per_minute=3), host="127.0.0.1", uploads=tmp_path, pages=frozenset({"/"}),
        clock=lambda: 100.0,
    )  # fmt: skip

    async def guess() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            posts = [client.post("/login", data={"username": "ann", "password": str(n)}) for n in range(10)]
            guesses = [asyncio.create_task(post) for post in posts]
            while reached + sum(each.done() for each in guesses) < len(guesses):
                await asyncio.sleep(0)
            end.set()
            return [(await each).status_code for each in guesses]

    assert sorted(run_async(guess())) == [400] * 3 + [429] * 7
    assert reached == 3


@pytest.mark.parametrize("body", [b"", b"x", b"%", b"username", b"\xff=\0"])
def test_malformed_logins_are_counted_together(serve: Serve, body: bytes) -> None:
    client = serve(AccessPolicy({"ann": "secret"}), Limits(logins_per_minute=1), lambda: 100.0)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=body, headers=headers).status_code == 400
    assert client.post("/login", content=body, headers=headers).status_code == 429


def test_length_of_thousands_of_digits_is_refused(serve: Serve) -> None:
    client = serve(AccessPolicy(), Limits(), lambda: 100.0)
    headers = {"Content-Length": "9" * 5_000}
    assert client.post("/gradio_api/queue/join", content=b"x", headers=headers).status_code == 411


def test_questions_are_limited_with_retry_after(serve: Serve) -> None:
    now = [100.0]
    client = serve(AccessPolicy(), Limits(requests_per_minute=4), lambda: now[0])
    replies = [client.post("/gradio_api/call/ask", json={"data": []}) for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 429]
    assert replies[4].json() == {"detail": "too many requests; try again in 15 seconds"}
    assert replies[4].headers["Retry-After"] == "15"
    now[0] += 15
    assert client.post("/gradio_api/call/ask", json={"data": []}).status_code == 200


def test_reading_the_page_is_not_limited(serve: Serve) -> None:
    client = serve(AccessPolicy(), Limits(requests_per_minute=1), lambda: 100.0)
    assert [client.get(path).status_code for path in ("/", "/config", "/theme.css", "/")] == [200] * 4


def test_a_checked_body_is_passed_on_unchanged(serve: Serve) -> None:
    client = serve(AccessPolicy(), Limits(), lambda: 100.0)
    body = b'{ "data": ["\xc3\xbc"] }'
    assert client.post("/gradio_api/call/ask", content=body).content == body


def test_unlisted_paths_and_methods_are_refused(serve: Serve) -> None:
    client = serve(AccessPolicy(), Limits(), lambda: 100.0)
    assert client.get("/gradio_api/new_route").json() == {"detail": "no such page"}
    assert client.get("/gradio_api/new_route").status_code == 404
    assert client.post("/gradio_api/new_route", json={}).status_code == 404
    assert client.put("/config").json() == {"detail": "method PUT is not allowed"}
