"""Of which kind a question is, guessed from the word that asks."""

from __future__ import annotations

import re

#: What a question of each kind begins with, or asks with further on. English, as the kinds are.
BEGINNINGS = (
    ("list", re.compile(r"(?:please )?(?:list|name|enumerate)\b")),
    ("yes-no", re.compile(r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|may|must)\b")),
)
ASKING = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("list", r"\b(?:which|what) (?:two|three|four|five|six|all)\b"),
        ("how many", r"\bhow (?:many|much|few|long|far|old|often|big|large|small|tall|high|deep|wide|heavy|fast)\b"),
        ("how many", r"\b(?:which|what) (?:share|part|percentage|proportion|number|distance|length|height|size|age)\b"),
        ("when", r"\bwhen\b|\b(?:which|what) (?:year|month|day|date|century|decade|time)\b"),
        ("where", r"\bwhere\b|\b(?:which|what) (?:place|city|town|village|street|country|region|university)\b"),
        ("who", r"\b(?:who|whom|whose)\b"),
        ("why", r"\bwhy\b"),
        ("which", r"\bwhich\b"),
        ("what", r"\bwhat\b"),
        ("how", r"\bhow\b"),
    )
)


def kind_of(question: str) -> str:
    """One of ``KINDS``, by the word that asks: the first one in the question, with the noun that follows it.

    "In which city does she live?" is a "where", "What did he tell those who came?" a "what". "list" is what says so
    or gives a number, and "yes-no" what begins with a verb; what asks with none of these words is a "what".
    """
    text = " ".join(question.casefold().split())
    for kind, pattern in BEGINNINGS:
        if pattern.match(text):
            return kind
    # Of several that begin at one word, the first in the list says most.
    found = [(match.start(), kind) for kind, pattern in ASKING if (match := pattern.search(text))]
    return min(found, key=lambda each: each[0], default=(0, "what"))[1]
