"""The columns of a table: questions, or names of fields such as "contract date", one a line.

One rule makes a question of a line:

- "Extract" at its beginning is left out, with a colon and an article after it.
- A line that ends with a question mark, begins with a question word or an auxiliary verb ("who", "is"), or tells what
  to do ("list the parties") is asked as it is.
- Anything else is the name of a field: "contract date" is asked as "What is the contract date?".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..text.words import normalized_words

#: Columns of one table at most.
MOST = 100

EXTRACT = re.compile(r"^extract\b\s*:?\s*", re.IGNORECASE)
ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)

QUESTION = re.compile(
    r"^(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would|"
    r"shall|should|must|in what|in which|at what|at which|on what|on which|by what|by which|for what|for which|"
    r"to whom|by whom)\b"
    r"|^(?:list|name|give|state|find|tell|show|identify)\s+(?:me|us|the|all|each|every|any)\b"
    r"|^(?:summari[sz]e|compare|describe|explain)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: The line as it was given, without white space around it.
        question: What is asked.
    """

    name: str
    question: str


def columns_of(lines: Iterable[str]) -> tuple[list[Column], list[str]]:
    """The columns in the lines of a question file, and the lines left out because an earlier one asks the same.

    Lines without a letter or a digit, and lines that begin with #, are skipped.

    Raises:
        InputError: There is no question, or more than ``MOST``.
    """
    found: dict[str, Column] = {}
    repeated = []
    for line in lines:
        name = line.strip()
        # Files that were joined may hold a byte order mark on a line of its own.
        if name.startswith("#") or not any(map(str.isalnum, name)):
            continue
        column = Column(name, as_question(name))
        if found.setdefault(normalized_words(column.question), column) is not column:
            repeated.append(name)
    if not found:
        raise InputError("there is no question; write one a line, or give --question")
    if len(found) > MOST:
        raise InputError(f"{len(found):,} questions; a table has at most {MOST}, so make several tables")
    return list(found.values()), repeated


def as_columns(questions: Sequence[str]) -> list[Column]:
    """The column of each question.

    Raises:
        InputError: See ``columns_of``; or a question is left out or repeated, so that the columns would not be these.
    """
    columns, repeated = columns_of(questions)
    if repeated:
        raise InputError(f"the question {repeated[0]!r} is asked twice; leave one out")
    if len(columns) < len(questions):
        raise InputError("a question has no letter or digit, or begins with #; leave it out")
    return columns


def as_question(line: str) -> str:
    """The question that a line asks; see the rule above."""
    text = " ".join(line.split())
    extract = EXTRACT.match(text)
    if extract:
        text = text[extract.end() :]
    if text.endswith("?") or (not extract and QUESTION.match(text)):
        return text
    name = ARTICLE.sub("", text).rstrip(" .:;,")
    return f"What is the {name}?" if name else line
