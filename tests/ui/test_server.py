"""Attacks on the real server from the network."""

import http.client
import http.server
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from playwright.sync_api import Browser, expect
from rag.ui import start
from rag.ui.security.accounts import AccessPolicy
from rag.ui.security.limits import MEGABYTE, Limits
from rag.ui.services.collections import Collections
from rag.ui.services.upload_folder import upload_folder

from rag import Assistant, InputError
from rag.cli import main
from tests.pages import new_page
from tests.ui.driver import free_port
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

BORDER = "How long is the border between Kazakhstan and Russia?"
SECRET = "the-word-that-must-not-come-back"
LIMITS = Limits(
    requests_per_minute=100_000, at_once=1, waiting=2, file_bytes=2_000, upload_bytes=400_000, kept_bytes=600_000
)
#: Made once: a client that makes its own reads the system's certificates for every request.
NO_TLS = ssl.create_default_context()
DATA = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


@contextmanager
def _serve(collections: Collections, **options: Any) -> Iterator[gr.Blocks]:
    page = start(collections, port=free_port(), **options)
    try:
        yield page
    finally:
        page.close(verbose=False)


def _address(page: gr.Blocks) -> str:
    return f"http://127.0.0.1:{page.server_port}"


@pytest.fixture(scope="module")
def server(collections: Collections) -> Iterator[gr.Blocks]:
    with _serve(collections, limits=LIMITS) as page:
        yield page


@pytest.fixture(scope="module")
def address(server: gr.Blocks) -> str:
    return _address(server)


@pytest.fixture(scope="module")
def locked(collections: Collections) -> Iterator[gr.Blocks]:
    """A server with a login."""
    with _serve(collections, access=AccessPolicy({"ann": "secret", "bob": "other"})) as page:
        yield page


@pytest.fixture(scope="module")
def locked_address(locked: gr.Blocks) -> str:
    return _address(locked)


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """Address of another server on this machine, and the requests it has received."""
    seen: list[str] = []
    heard = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = heard.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(200).decode(errors="replace"))
                connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(SECRET)}\r\n\r\n{SECRET}".encode())

    threading.Thread(target=listen, daemon=True).start()
    yield f"http://127.0.0.1:{heard.getsockname()[1]}", seen
    heard.shutdown(socket.SHUT_RDWR)
    heard.close()


@pytest.fixture
def framing_site(address: str) -> Iterator[str]:
    """Address of another site that shows the page in a frame. A real one: the browser keeps intercepted ones off."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<iframe src='{address}' width=800 height=600></iframe>".encode())

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}"
        site.shutdown()


def _get(url: str, **options: Any) -> httpx.Response:
    return httpx.get(url, timeout=PATIENCE, verify=NO_TLS, **options)


def _post(url: str, **options: Any) -> httpx.Response:
    return httpx.post(url, timeout=PATIENCE, verify=NO_TLS, **options)


def _raw(page: gr.Blocks, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    """Send a request whose path is not normalized; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=PATIENCE)
    connection.putrequest(method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders(body or None)
    response = connection.getresponse()
    # An event stream may never end.
    text = response.read(100_000) if response.headers.get_content_type() != "text/event-stream" else b""
    connection.close()
    return response.status, text.decode(errors="replace")


def _routes(page: gr.Blocks) -> list[tuple[str, str]]:
    """Method and path of every gradio route, with parameters filled in."""
    found = []
    todo = list(page.app.routes)
    while todo:
        route = todo.pop()
        if inner := getattr(route, "original_router", None):
            todo += inner.routes
        for method in getattr(route, "methods", None) or ():
            found.append((method, "".join(_filled(route.path))))  # type: ignore[attr-defined]
    return sorted(found)


def _filled(path: str) -> Iterator[str]:
    for part in path.split("{"):
        _, brace, rest = part.partition("}")
        yield f"x{rest}" if brace else part


def _ask(address: str, data: Any, **more: Any) -> httpx.Response:
    return _post(f"{address}/gradio_api/call/ask", json={"data": data}, **more)


class TestWithoutLogin:
    def test_every_route_requires_a_login(self, locked: gr.Blocks) -> None:
        routes = _routes(locked)
        assert {("GET", "/gradio_api/queue/data"), ("POST", "/gradio_api/upload"), ("GET", "/config")} <= set(routes)
        let_in = set()
        for method, path in routes:
            headers = {"Content-Type": "application/json", "Content-Length": "2"} if method == "POST" else {}
            status, text = _raw(locked, method, path, headers, b"{}" if method == "POST" else b"")
            if status != 401:
                let_in.add((method, path))
            # The description of the API has it as an example.
            assert "Kazakhstan" not in text or path == "/openapi.json"
        assert let_in == {
            ("POST", "/login"), ("POST", "/login/"), ("GET", "/gradio_api/startup-events"),
            ("GET", "/openapi.json"), ("HEAD", "/openapi.json"),
        }  # fmt: skip

    def test_static_files_and_unknown_paths_require_a_login(self, locked_address: str) -> None:
        for path in ("/static/img/logo.svg", "/api/ask", "/nothing", "/gradio_api/file=/etc/passwd", "//", "/?x"):
            assert _get(locked_address + path).status_code == 401

    def test_forged_cookies_are_refused(self, locked: gr.Blocks, locked_address: str) -> None:
        for name in ("access-token", f"access-token-{locked.app.cookie_id}"):
            for value in ("", "x", "None", "null"):
                assert _get(f"{locked_address}/config", cookies={name: value}).status_code == 401

    def test_failed_logins_are_limited(self, collections: Collections) -> None:
        # Slow enough that no further attempt becomes due during the test.
        access, limits = AccessPolicy({"ann": "secret"}), Limits(logins_per_minute=1)
        with _serve(collections, access=access, limits=limits) as page:
            replies = [
                _post(f"{_address(page)}/login", data={"username": "ann", "password": word}) for word in ("a", "secret")
            ]
        assert [reply.status_code for reply in replies] == [400, 429]
        assert replies[1].json()["detail"].startswith("too many failed logins; try again in ")


class TestLogin:
    def test_a_program_asks_with_an_account(self, locked_address: str) -> None:
        client = Client(locked_address, auth=("bob", "other"), verbose=False)
        assert client.predict(BORDER, api_name="/ask")["answer"]["text"] == "7,644 km"
        with pytest.raises(ValueError, match="Could not login"):
            Client(locked_address, auth=("bob", "secret"), verbose=False)

    @pytest.mark.browser
    def test_a_user_logs_in_on_a_phone_and_asks(self, browser: Browser, locked_address: str) -> None:
        page = new_page(browser, viewport={"width": 360, "height": 740})
        page.goto(locked_address)
        expect(page.get_by_role("heading")).to_have_text("Log in")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.get_by_label("User").fill("ann")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("User or password is wrong. Try again.")
        page.get_by_label("User").fill("ann")
        page.get_by_label("Password").fill("secret")
        page.keyboard.press("Enter")
        page.locator("#question textarea, #question input").fill(BORDER)
        page.keyboard.press("Enter")
        expect(page.locator("body")).to_contain_text("7,644 km")
        page.goto(f"{locked_address}/logout")
        expect(page.get_by_role("heading")).to_have_text("Log in")


class TestOtherSites:
    def test_a_foreign_host_name_is_refused(self, server: gr.Blocks) -> None:
        for host in ("evil.example", f"evil.example:{server.server_port}", "127.0.0.1.evil.example", ""):
            assert _raw(server, "GET", "/config", {"Host": host})[0] in (400, 421)
        for host in ("localhost", f"localhost:{server.server_port}", f"[::1]:{server.server_port}", "127.0.0.1"):
            assert _raw(server, "GET", "/config", {"Host": host})[0] == 200

    def test_a_foreign_page_can_neither_send_nor_read(self, address: str, locked: gr.Blocks) -> None:
        for origin in ("http://evil.example", "null", _address(locked), "http://localhost"):
            assert _ask(address, [BORDER, None, None], headers={"Origin": origin}).status_code == 403
            assert _get(f"{address}/config", headers={"Origin": origin}).status_code == 403
        for site in ("cross-site", "same-site"):
            assert _ask(address, [BORDER, None, None], headers={"Sec-Fetch-Site": site}).status_code == 403
        assert _ask(address, [BORDER, None, None], headers={"Origin": address}).status_code == 200

    def test_a_link_from_another_site_can_be_followed(self, address: str) -> None:
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert _get(address, headers=headers).status_code == 200

    @pytest.mark.browser
    def test_the_page_cannot_be_framed(self, browser: Browser, framing_site: str) -> None:
        page = new_page(browser)
        with page.expect_console_message(lambda message: "frame-ancestors 'none'" in message.text):
            page.goto(framing_site)
        assert page.frames[1].locator("#question").count() == 0

    def test_headers_restrict_the_page_to_its_own_sources(self, address: str) -> None:
        reply = _get(address)
        policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
        assert "unsafe-inline" not in policy["script-src"]
        assert not any("http" in sources or "*" in sources for sources in policy.values())
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"


class TestServerFiles:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret.txt"
        path.write_text(SECRET)
        return path

    def test_no_path_reads_a_file_outside_the_uploads(self, server: gr.Blocks, secret: Path) -> None:
        up = "/".join([".."] * 12)
        targets = [
            str(secret), f"{up}{secret}", quote(f"{up}{secret}", safe=""), f"{up.replace('..', '..%2f').strip('/')}",
            f"..%2f..%2f..%2f..%2f..%2f..%2f..{quote(str(secret), safe='')}", f"%2e%2e/%2e%2e/%2e%2e/%2e%2e{secret}",
            f"....//....//....//....//{secret}", f"..%5c..%5c..{secret}", f"file://{secret}", f"{secret}%00.png",
            f"/{secret}", f"{upload_folder()}/../{'/'.join(secret.parts[2:])}", f"//localhost{secret}",
        ]  # fmt: skip
        begins = {path.partition("x")[0] if "x" in path else f"{path}/" for _, path in _routes(server)}
        begins |= {"/", "/gradio_api/file=", "/gradio_api/file/", "/file=", "/file/", "/static/", "/assets/",
                   "/svelte/", "/theme.css", "/gradio_api/proxy=", "/gradio_api/stream/", "/?deep_link=",
                   "/config?deep_link=", "/gradio_api/custom_component/"}  # fmt: skip
        for begin in sorted(begins):
            for target in targets:
                status, text = _raw(server, "GET", begin + target)
                assert SECRET not in text, begin + target
                assert status < 500, begin + target
                if "file" in begin:
                    assert status in (400, 403, 404), begin + target

    def test_a_symbolic_link_in_the_upload_folder_is_refused(self, address: str, secret: Path) -> None:
        link = upload_folder() / "link.txt"
        link.symlink_to(secret)
        try:
            reply = _get(f"{address}/gradio_api/file={link}")
            named = _ask(address, [{**DATA, "path": str(link)}, None, None])
        finally:
            link.unlink()
        assert (reply.status_code, named.status_code) == (403, 403)
        assert SECRET not in reply.text + named.text

    def test_a_request_that_references_a_file_is_refused(self, address: str, secret: Path) -> None:
        for path in (
            str(secret),
            f"{upload_folder()}/../x",
            "pyproject.toml",
            f"file://{secret}",
            "",
            "\0",
            "~/.bashrc",
        ):
            for data in ({**DATA, "path": path}, {"path": path}, [[{"a": {**DATA, "path": path}}]]):
                reply = _ask(address, [data, None, None])
                assert (reply.status_code, SECRET in reply.text) == (403, False), path
                body = {"data": [data], "fn_index": 0, "session_hash": "x", "component_id": 1, "fn_name": "x"}
                for where in ("queue/join", "run/ask", "api/ask", "component_server"):
                    assert _post(f"{address}/gradio_api/{where}", json=body).status_code == 403

    def test_no_url_is_fetched(self, address: str, listener: tuple[str, list[str]]) -> None:
        elsewhere, seen = listener
        for path in (f"/gradio_api/file={elsewhere}/x", f"/gradio_api/proxy={elsewhere}/x", f"/file={elsewhere}/x"):
            assert _get(address + path).status_code in (403, 404)
        uploaded = _post(f"{address}/gradio_api/upload", files={"files": ("a.txt", b"a")}).json()[0]
        for data in (
            {**DATA, "path": f"{elsewhere}/x"},
            {**DATA, "path": uploaded, "url": f"{elsewhere}/x"},
            {"path": f"{elsewhere}/x", "url": f"{elsewhere}/x"},
            {**DATA, "path": f"file={elsewhere}"},
        ):
            assert _ask(address, [data, None, None]).status_code == 403
        assert seen == []

    def test_unused_gradio_routes_are_closed(self, server: gr.Blocks, address: str) -> None:
        shut = (
            "/docs", "/monitoring", "/monitoring/summary", "/monitoring/x", "/gradio_api/deep_link",
            "/gradio_api/token", "/gradio_api/runs", "/gradio_api/dev/reload", "/gradio_api/mcp", "/pwa_icon",
            "/gradio_api/openapi.json",
        )  # fmt: skip
        assert {_get(address + path).status_code for path in shut} == {404}
        for path in ("/gradio_api/process_recording", "/gradio_api/vibe-edit/", "/"):
            assert _post(address + path, json={}).status_code == 404
        assert httpx.request("DELETE", address).status_code == 405
        assert server.allowed_paths == []


class TestUploads:
    def test_an_upload_is_private_and_served_as_inert_file(self, address: str) -> None:
        files = {"files": ("../../evil.html", b"<script>alert(1)</script>")}
        path = Path(_post(f"{address}/gradio_api/upload", files=files).json()[0])
        assert path.parent.parent == upload_folder()
        assert stat.S_IMODE(upload_folder().stat().st_mode) == 0o700
        reply = _get(f"{address}/gradio_api/file={path}")
        assert reply.text == "<script>alert(1)</script>"
        assert reply.headers["Content-Disposition"].startswith("attachment")
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")

    @pytest.mark.parametrize(
        ("files", "status", "message"),
        [
            ([("a", 3_000)], 413, "maximum allowed size"),
            ([("a", 1_000), ("b", 500_000)], 413, "the limit is 400,000"),
            ([(str(number), 1) for number in range(1_001)], 400, "Too many files"),
        ],
    )
    def test_an_upload_over_a_limit_is_refused(
        self, address: str, files: list[tuple[str, int]], status: int, message: str
    ) -> None:
        sent = [("files", (name, b"x" * size)) for name, size in files]
        reply = _post(f"{address}/gradio_api/upload", files=sent)
        assert reply.status_code == status
        assert message in reply.text

    def test_a_full_upload_folder_refuses_uploads(self, address: str) -> None:
        big = upload_folder() / "big"
        big.write_bytes(b"x" * 599_900)
        try:
            reply = _post(f"{address}/gradio_api/upload", files={"files": ("a.txt", b"a")})
        finally:
            big.unlink()
        assert (reply.status_code, reply.json()["detail"].partition(";")[0]) == (507, "the upload folder is full")


class TestLimits:
    def test_a_huge_request_is_refused_by_its_declared_length(self, server: gr.Blocks) -> None:
        headers = {"Content-Type": "application/json", "Content-Length": str(100 * MEGABYTE)}
        for path in ("call/ask", "queue/join", "run/ask", "cancel"):
            status, text = _raw(server, "POST", f"/gradio_api/{path}", headers)
            assert (status, json.loads(text)["detail"]) == (
                413, "the request has 100,000,000 bytes; the limit is 1,000,000",
            )  # fmt: skip

    def test_a_request_without_a_valid_length_is_refused(self, server: gr.Blocks) -> None:
        for headers in (
            {"Transfer-Encoding": "chunked"},
            {"Transfer-Encoding": "chunked", "Content-Length": "2"},
            {"Content-Length": "-1"},
            {},
        ):
            assert _raw(server, "POST", "/gradio_api/call/ask", headers)[0] in (400, 411)

    @pytest.mark.parametrize(("body", "status"), [(b"[" * 400_000, 400), (b"{", 400), (b'{"data": "\xff"}', 400)])
    def test_invalid_json_is_refused(self, address: str, body: bytes, status: int) -> None:
        assert _post(f"{address}/gradio_api/call/ask", content=body).status_code == status

    def test_a_too_long_question_is_refused(self, address: str) -> None:
        client = Client(address, verbose=False)
        with pytest.raises(Exception, match="the question is 5,000 characters long; at most 2,000 are read"):
            client.predict("word " * 1_000, api_name="/ask")

    def test_requests_are_limited_whatever_the_forwarded_headers(self, collections: Collections) -> None:
        # Slow enough that no second question becomes due during the test.
        with _serve(collections, limits=Limits(requests_per_minute=1)) as page:
            url = _address(page)
            for path in ("/", "/theme.css", "/config", "/gradio_api/info") * 3:
                assert _get(url + path).status_code == 200
            headers: list[dict[str, str]] = [
                {},
                {"X-Forwarded-For": "192.0.2.1"},
                {"Forwarded": "for=192.0.2.2"},
                {"X-Real-IP": "::2"},
            ]
            replies = [_ask(url, ["?", None, None], headers=each) for each in headers]
        assert [reply.status_code for reply in replies] == [200, 429, 429, 429]
        assert replies[1].json()["detail"].startswith("too many requests; try again in ")

    def test_a_full_queue_refuses_the_next_question(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        entered, release = threading.Event(), threading.Event()

        def block(assistant: Assistant, question: str, *_: Any) -> None:
            if question == "block":
                entered.set()
                release.wait()
            raise InputError("released")

        monkeypatch.setattr(Assistant, "ask", block)
        try:
            assert _ask(address, ["block", None, None]).status_code == 200
            assert entered.wait(PATIENCE)
            replies = [_ask(address, [BORDER, None, None]) for _ in range(3)]
            release.set()
            # Later tests find the queue empty.
            wait_until(lambda: _get(f"{address}/gradio_api/queue/status").json()["queue_size"] == 0)
        finally:
            release.set()
        assert [reply.status_code for reply in replies] == [200, 200, 503]
        assert replies[2].json() == {"detail": "Queue is full. Max size is 2 and size is 2."}

    def test_open_requests_per_client_are_limited(self, collections: Collections) -> None:
        with _serve(collections, limits=Limits(connections_per_client=3)) as page:
            open_ = [socket.create_connection(("127.0.0.1", page.server_port)) for _ in range(3)]
            for number, each in enumerate(open_):
                each.sendall(f"GET /gradio_api/heartbeat/{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert b"200 OK" in each.recv(1_000)
            assert _get(f"{_address(page)}/config").status_code == 429
            for each in open_:
                each.close()
            wait_until(lambda: _get(f"{_address(page)}/config").status_code == 200)


class TestCommand:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--host", "0.0.0.0"], "host 0.0.0.0: can be reached from other machines; require a login with --auth"),
            (["--auth", "ann"], "--auth: not an account; write USER:PASSWORD"),
            (["--auth", "ann:x", "--no-auth"], "--no-auth: contradicts --auth and --auth-file; leave one of them out"),
            (["--auth-file", "/nowhere"], "/nowhere: cannot be read"),
            (["--requests-per-minute", "0"], "requests per minute is 0; it must be at least 1"),
            (["--account-gb", "nan"], "--account-gb nan: not a limit; give a number of gigabytes above 0"),
            (["--total-gb", "inf"], "--total-gb inf: not a limit; give a number of gigabytes above 0"),
            (["--store", "milvus://127.0.0.1"], "'milvus://127.0.0.1': not a store; write it as milvus://HOST:PORT/"),
            (
                ["--store", "milvus://127.0.0.1:1/x?timeout=2"],
                "milvus://127.0.0.1:1: the store cannot be reached;",
            ),
            (["--total-gb", "0"], "--total-gb 0: not a limit; give a number of gigabytes above 0"),
        ],
    )
    def test_a_usage_error_is_one_line(
        self, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["ui", *options]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"rag: {message}")
        assert error.count("\n") == 1

    def test_start_refuses_other_hosts_without_a_policy(self, collections: Collections) -> None:
        with pytest.raises(InputError, match=r"host 0\.0\.0\.0: can be reached from other machines"):
            start(collections, host="0.0.0.0", port=free_port())

    def test_port_0_is_a_free_one_that_is_printed(self, corpus_index: Path) -> None:
        program = [sys.executable, "-m", "rag", "ui", "--index", str(corpus_index), "--port", "0"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                line = process.stdout.readline()
                served = re.fullmatch(r"Serving on (http://127\.0\.0\.1:(\d{4,5})) - Ctrl-C stops\n", line)
                assert served
                assert served[2] != "7860"
                assert httpx.get(served[1], timeout=PATIENCE).status_code == 200
            finally:
                process.kill()

    def test_no_auth_warns_and_exit_removes_the_upload_folder(self, corpus_index: Path, tmp_path: Path) -> None:
        port = free_port()
        options = ["ui", "--index", str(corpus_index), "--port", str(port), "--host", "0.0.0.0", "--no-auth"]
        program = [sys.executable, "-m", "rag", *options]
        with subprocess.Popen(
            program, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        ) as process:  # fmt: skip
            assert process.stdout
            assert process.stdout.readline() == f"Serving on http://0.0.0.0:{port} - Ctrl-C stops\n"
            reply = _post(f"http://127.0.0.1:{port}/gradio_api/upload", files={"files": ("a.txt", b"a")})
            folder = Path(reply.json()[0]).parent.parent
            assert folder.parent == tmp_path
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            process.send_signal(signal.SIGTERM)
            _, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 143
        assert error.splitlines()[0] == (
            f"no login: anyone who can reach port {port} of this machine can read and change all collections"
        )
        assert list(tmp_path.glob("rag-uploads-*")) == []
