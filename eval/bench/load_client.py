"""HTTP clients of the load test: ask questions concurrently and compare the answers with the library's."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from rag import Assistant, InputError
from rag.export.json import result_to_json

from ..scoring.metrics import percentile
from .server import TIMEOUT, memory

#: Asks a server a question on behalf of a client, whose session the last argument identifies; returns the result.
Ask = Callable[[httpx.AsyncClient, str, str], Awaitable[dict[str, Any]]]

#: Text, document, start and end of an answer; None for "not found". This much must equal the library's answer.
AnswerSpan = tuple[str, str, int, int] | None


@dataclass(frozen=True, slots=True)
class Load:
    """Figures of a round.

    Attributes:
        clients: Number of concurrent clients.
        seconds: Duration of the round.
        answers: Number of answers, wrong ones included.
        wrong: Number of answers that differ from the library's.
        errors: Number of failed requests, by message.
        p50, p95, p99: Percentiles of the latency, in seconds.
        memory: Resident memory of the server in bytes at the start, after a third of the round and at its end; empty if
            unknown.
    """

    clients: int
    seconds: float
    answers: int
    wrong: int
    errors: Mapping[str, int]
    p50: float
    p95: float
    p99: float
    memory: tuple[int, ...]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def answer_span(result: Mapping[str, Any]) -> AnswerSpan:
    """The answer of a result in JSON."""
    answer = result["answer"]
    return answer and (answer["text"], answer["document"], answer["start"], answer["end"])


def expected_answers(assistant: Assistant, questions: Sequence[str]) -> dict[str, AnswerSpan]:
    """The library's answer to each question."""
    return {question: answer_span(result_to_json(assistant.ask(question))) for question in questions}


def measure(
    url: str,
    answers: Mapping[str, AnswerSpan],
    clients: int,
    seconds: float,
    *,
    process: int | None = None,
    ask: Ask | None = None,
) -> Load:
    """Run a round against a server.

    Args:
        url: Address of the server.
        answers: Questions and their expected answers.
        clients: Number of concurrent clients.
        seconds: How long new questions are sent; each client sends at least one, and pending ones are awaited.
        process: Process id of the server, to record its memory.
        ask: How to ask; ``ask_page`` if None.
    """
    return asyncio.run(_measure(url, answers, clients, seconds, process=process, ask=ask or ask_page))


async def _measure(
    url: str, answers: Mapping[str, AnswerSpan], clients: int, seconds: float, *, process: int | None, ask: Ask
) -> Load:
    questions = list(answers)
    latencies: list[float] = []
    errors: dict[str, int] = {}
    wrong, started = 0, 0.0

    async def client(number: int, http: httpx.AsyncClient) -> None:
        nonlocal wrong
        session = uuid4().hex
        at = number * len(questions) // clients
        while True:
            question = questions[at % len(questions)]
            at += 1
            sent = time.perf_counter()
            try:
                result = await ask(http, question, session)
            except (httpx.HTTPError, InputError) as error:
                message = str(error) or type(error).__name__
                errors[message] = errors.get(message, 0) + 1
            else:
                latencies.append(time.perf_counter() - sent)
                wrong += answer_span(result) != answers[question]
            if time.perf_counter() - started >= seconds:
                return

    async def watch_memory(held: list[int]) -> None:
        for share in (0, 1 / 3, 1):
            await asyncio.sleep(max(0, started + share * seconds - time.perf_counter()))
            if (now := memory(process)) is not None:
                held.append(now)

    held: list[int] = []
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT, limits=httpx.Limits(max_connections=None)) as http:
        started = time.perf_counter()
        await asyncio.gather(watch_memory(held), *(client(number, http) for number in range(clients)))
    p50, p95, p99 = (percentile(share, latencies) if latencies else float("nan") for share in (50, 95, 99))
    return Load(clients, time.perf_counter() - started, len(latencies), wrong, errors, p50, p95, p99, tuple(held))


async def ask_page(http: httpx.AsyncClient, question: str, session: str) -> dict[str, Any]:
    """Ask the page of ``rag ui`` through Gradio's two-step API: submit, then stream the event.

    Args:
        http: Client of the server.
        question: The question.
        session: Identifies the client, as a browser's tab and ``gradio_client`` do. Gradio prepares a session once.

    Raises:
        InputError: The server reports an error or closes the connection early.
        HTTPError: The server cannot be reached or rejects the request.
    """
    sent = await http.post("/gradio_api/call/ask", json={"data": [question, None, None], "session_hash": session})
    sent.raise_for_status()
    event = ""
    async with http.stream("GET", f"/gradio_api/call/ask/{sent.json()['event_id']}") as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            event = value if name == "event" else event
            if name == "data" and event == "complete":
                result: dict[str, Any] = json.loads(value)[0]
                return result
            if name == "data" and event == "error":
                raise InputError(f"the server answered with an error: {value}")
    raise InputError("the server closed the connection before it answered")


async def ask_api(http: httpx.AsyncClient, question: str, session: str) -> dict[str, Any]:
    """Ask the HTTP API of ``rag serve``, which knows no sessions.

    Raises:
        HTTPError: The server cannot be reached or rejects the request.
    """
    answer = await http.post("/api/ask", json={"question": question})
    answer.raise_for_status()
    result: dict[str, Any] = answer.json()
    return result
