"""Search for inputs that take too long or break a function, among documents and filters made of repeated units.

Patterns and loops that take quadratic time do so on long runs of a few characters. Each attempt joins a few runs and
calls a function that reads documents or filters; what takes much longer than its length accounts for, or raises
anything but the library's own errors, is printed as a finding. Needs a system with SIGALRM, so not Windows.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any, NoReturn

from rag.errors import InputError, RagError
from rag.formats import FORMATS, parse
from rag.formats.markdown import front_matter
from rag.formats.pdf.layout import HYPHEN, mend_hyphens
from rag.index.filters import conditions
from rag.text.chunking import ChunkSettings, chunk
from rag.text.links import without_link_marks
from rag.text.plural import counted
from rag.text.segmentation import sentences
from rag.types import Document

from .adversary_files import CONTAINERS

#: Characters that the patterns name, and tokens of the formats.
CHARACTERS = (
    ".!?…。！？\"'”’»)]*_」』（([“‘#-+•–10aAé~`<>=|&;:,/\\{}%@^$ \t\n\r\x0b\x0c\x1c\x85\u2028\u0301\u200b\xad" + HYPHEN
)
TOKENS = (
    "Mr. ", "e.g.", "a. ", "# ", "\n# ", "- ", "\n- ", "1. ", "```", "\n```", "~~~", "---\n", "[](", "![", "](", "<a>",
    "<p>", "<div>", "<svg>", "<text>", "<table><tr><td>", "<header>", "<!--", "</body ", "<script", "&amp", "&#1",
    "a,b\n", '""',
    '{"text":"a"}\n', "[[", "a: ", "a:\n", "? ", "&a ", "!!str ", "date>=", "2022-10-", "*a", "\r\n",
)  # fmt: skip

#: Characters of the longest attempt.
LONGEST = 200_000

#: CPU seconds that an attempt may take: so many, and so many for each character.
BASE, PER_CHARACTER = 2.0, 50e-6


@dataclass(frozen=True, slots=True)
class Target:
    """A function to attack.

    Attributes:
        call: The function.
        prepare: Turns the text of an attempt into the argument; its time is not counted.
    """

    call: Callable[[Any], object]
    prepare: Callable[[str], Any] = str


class TooSlow(BaseException):
    """An attempt took too long; no library catches it."""


@dataclass(slots=True)
class Outcome:
    """Attempts by target, those refused by the library's own errors, the slowest, and the findings.

    Attributes:
        tried, refused: Number of attempts by target.
        slowest: CPU microseconds per character of the slowest attempt longer than 1,000 characters, by target.
        findings: Target, problem, and the runs that show it.
    """

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    findings: list[tuple[str, str, str]] = field(default_factory=list)


def targets() -> dict[str, Target]:
    """The functions to attack, by name."""
    settings = ChunkSettings()
    return {
        "sentences": Target(lambda text: sum(1 for _ in sentences(text))),
        "chunk": Target(lambda text: sum(1 for _ in chunk(Document("a.txt", text, "a"), settings))),
        "conditions": Target(lambda text: conditions([text])),
        "conditions of a mapping": Target(lambda text: conditions({text: text})),
        "front matter": Target(front_matter),
        "links": Target(lambda text: without_link_marks(text, 1, len(text) - 1)),
        "hyphens": Target(lambda text: mend_hyphens([[[text]]])),
        **{f"parse {suffix}": Target(partial(parse, f"a{suffix}"), _utf8) for suffix in FORMATS},
        **{f"parse text in {suffix}": Target(partial(parse, f"a{suffix}"), put) for suffix, put in CONTAINERS.items()},
    }


def select(names: Sequence[str]) -> dict[str, Target]:
    """The targets of these names, or all targets without names; ``parse`` stands for the parsers of all formats.

    Raises:
        InputError: No target has that name.
    """
    found = targets()
    for name in names:
        if not any(_is_named(target, name) for target in found):
            raise InputError(f"--target {name!r} is unknown; choose from: parse, {', '.join(found)}")
    return {target: found[target] for target in found if not names or any(_is_named(target, name) for name in names)}


def _is_named(target: str, name: str) -> bool:
    return target == name or (name == "parse" and target.startswith("parse "))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def attack(
    seconds: float, seed: int = 0, on_finding: Callable[[str], object] = print, *, names: Sequence[str] = ()
) -> Outcome:
    """Attack targets in turn for a time, each at least once.

    Args:
        seconds: Wall-clock time.
        seed: Seed of the attempts.
        on_finding: Called with each finding.
        names: As for ``select``.
    """
    attacked = select(names)
    draw, outcome = random.Random(seed), Outcome()
    signal.signal(signal.SIGVTALRM, _too_slow)
    end = time.monotonic() + seconds
    while not outcome.tried or time.monotonic() < end:
        for name, target in attacked.items():
            runs = _runs(draw)
            text = "".join(unit * count for unit, count in runs)[:LONGEST]
            if problem := _attempt(name, target, text, outcome):
                outcome.findings.append((name, problem, repr(runs)))
                on_finding(f"{name}: {problem}: {runs!r}")
    return outcome


def _runs(draw: random.Random) -> list[tuple[str, int]]:
    """Repeated units, as units and their counts."""
    runs = []
    for _ in range(draw.randint(1, 4)):
        unit = "".join(
            draw.choice(TOKENS) if draw.random() < 0.3 else draw.choice(CHARACTERS) for _ in range(draw.randint(1, 4))
        )
        runs.append((unit, max(1, int(10 ** draw.uniform(0, 5)) // len(unit))))
    return runs


def _attempt(name: str, target: Target, text: str, outcome: Outcome) -> str:
    """Call a target, and count the outcome; returns the problem, or nothing."""
    outcome.tried[name] += 1
    prepared = target.prepare(text)
    limit = BASE + PER_CHARACTER * len(text)
    started, problem = time.process_time(), ""
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        target.call(prepared)
    except RagError:
        outcome.refused[name] += 1
    except TooSlow:
        problem = f"takes more than {limit:.0f} s of CPU for {len(text):,} characters"
    except Exception as error:
        problem = f"raises {type(error).__name__}: {error}"[:200]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if len(text) > 1_000:
        each = (time.process_time() - started) / len(text) * 1e6
        outcome.slowest[name] = max(each, outcome.slowest.get(name, 0.0))
    return problem


def _too_slow(number: int, frame: FrameType | None) -> NoReturn:
    raise TooSlow


def report(outcome: Outcome) -> str:
    """A line for each target, and the number of findings."""
    lines = [
        f"{name}: {count:,} tried, {outcome.refused[name]:,} refused, "
        f"at most {outcome.slowest.get(name, 0.0):.1f} microseconds per character"
        for name, count in sorted(outcome.tried.items())
    ]
    return "\n".join([*lines, f"{outcome.tried.total():,} tried, {counted(len(outcome.findings), 'finding')}"])


def main(argv: Sequence[str] | None = None) -> int:
    """Attack, and print what was tried and found; returns 1 if anything was found."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.adversary",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N", help="how long to search (default: 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the attempts (default: 0)")
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME",
        help="attack only this function, such as sentences or parse (may be repeated)",
    )
    args = parser.parse_args(argv)
    try:
        outcome = attack(60 * args.minutes, args.seed, names=args.target)
    except InputError as error:
        parser.error(str(error))
    print(report(outcome))
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
