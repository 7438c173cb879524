"""Enumerations of names in a text, such as "Kazakhstan, Kyrgyzstan and Uzbekistan". English only."""

from __future__ import annotations

import re

#: Code points looked at before and after a span.
AROUND = 200

#: Words that begin a sentence with a capital and begin no name.
_FIRST_WORDS = (
    "a an and are as at before both but by did do does for from had has have he if in is it like nor not of on or she "
    "so than that then there these they this those to under until was were what when where which who why with yet "
    "two three four five six seven eight nine ten"
).split()

_WORD = r"[A-Z](?:[\w'’-]|\.(?=\w))*+"

#: One to five words with a capital, as "the Eurasian Economic Union".
NAME = (
    rf"(?:the )?(?!(?:{'|'.join(word.capitalize() for word in _FIRST_WORDS)})\b){_WORD}"
    rf"(?: (?:of )?(?:the )?{_WORD}){{0,4}}"
)
BEFORE = re.compile(rf"(?<!\w)(?:{NAME}, )*{NAME}(?P<last>,? (?:and|or|nor) |, )$")
AFTER = re.compile(rf"(?:, {NAME})*,? (?:and|or|nor) {NAME}(?!\w)")
ONE = re.compile(NAME)


def around_names(text: str, start: int, end: int) -> tuple[int, int]:
    """The extent of the enumeration that a name is an item of; the given extent if it is none.

    Only an enumeration with a conjunction before its last item counts: "in Osh, Tokayev said" is none.

    Args:
        text: A text.
        start, end: Extent of a name, or of several items, in code points.
    """
    if not ONE.match(text, start, end):
        return start, end
    after = AFTER.match(text, end, min(len(text), end + AROUND))
    before = BEFORE.search(text, max(0, start - AROUND), start)
    if before and (after or before["last"].strip(" ,")):
        start = before.start()
    return start, after.end() if after else end
