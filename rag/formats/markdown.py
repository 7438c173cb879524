"""Markdown, unchanged: the front matter becomes metadata, headings become places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from ..errors import DocumentError
from ..types import Document, Place, name_title
from .base import Parsed
from .text import decode, guess_remarks

FRONT_MATTER = re.compile(r"---[ \t]*+\r?\n(.*?)^---[ \t]*+(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
#: Maximum length of a front matter in code points; PyYAML takes a second or two for it.
MAX_FRONT_MATTER = 50_000
#: Brackets of YAML lists and mappings, their effect on the nesting depth, and its maximum.
BRACKET, DEPTH, MAX_DEPTH = re.compile(r"[\[\]{}]"), {"[": 1, "{": 1, "]": -1, "}": -1}, 100

#: A fenced code block (CommonMark), closed or not; headings in it are code.
FENCED = re.compile(
    r"^ {0,3}(?P<fence>`{3,}(?=[^`\n]*$)|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*\r?$|\Z)", re.DOTALL | re.MULTILINE
)
#: A heading, with the marks that may close it: a pattern that leaves them out would take quadratic time.
HEADING = re.compile(r"^#{1,6}[ \t]++(.+)", re.MULTILINE)


def read_markdown(document_id: str, raw: bytes) -> Parsed:
    """Markdown; the title is that of the front matter, else the first heading."""
    text, encoding = decode(raw)
    metadata: dict[str, object] = {}
    body = 0
    if front := FRONT_MATTER.match(text):
        metadata = front_matter(front.group(1))
        body = front.end()
    places = tuple(Place(start, heading=heading) for start, heading in _headings(text, body))
    named = metadata.get("title")
    title = named if isinstance(named, str) and named else (places[0].heading if places else None)
    document = Document(
        document_id, text, title or name_title(document_id), body, {**metadata, "encoding": encoding}, places
    )
    return Parsed([document], warnings=guess_remarks(document_id, encoding))


def _headings(text: str, body: int) -> Iterator[tuple[int, str]]:
    """The headings outside code blocks, each with its start; headings without words are left out."""
    at = body
    for start, end in [*(fenced.span() for fenced in FENCED.finditer(text, body)), (len(text), len(text))]:
        for match in HEADING.finditer(text, at, start):
            if heading := match.group(1).removesuffix("\r").rstrip(" \t").rstrip("#").rstrip(" \t"):
                yield match.start(), heading
        at = end


def front_matter(source: str) -> dict[str, object]:
    """Parse a front matter.

    Raises:
        DocumentError: It is too long, is not YAML, or uses aliases, a few of which can expand to gigabytes.
    """
    if len(source) > MAX_FRONT_MATTER:
        raise DocumentError(
            f"the front matter has {len(source):,} characters; the limit is {MAX_FRONT_MATTER:,}, so shorten it"
        )
    import yaml

    try:
        # PyYAML takes time quadratic in the depth.
        if max(accumulate(DEPTH[bracket] for bracket in BRACKET.findall(source)), default=0) > MAX_DEPTH:
            raise RecursionError
        if "*" in source and any(
            isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.BaseLoader)
        ):
            raise DocumentError("the front matter uses YAML aliases (*name); replace them by their values")
        # BaseLoader keeps every value a string, dates included, and executes nothing.
        values = yaml.load(source, Loader=yaml.BaseLoader)  # noqa: S506
    except DocumentError:  # also a ValueError
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 2}" if mark else ""
        raise DocumentError(f"the front matter is not YAML{where}; correct or remove it") from error
    except RecursionError as error:
        raise DocumentError("the front matter is nested too deep; correct or remove it") from error
    return values if isinstance(values, dict) else {}
