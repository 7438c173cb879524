"""Words: compare texts by them, and keep the edges of a span out of them."""

from __future__ import annotations

import re
import unicodedata

#: A separator within a number, a time or a date, such as "4,750", "3.5", "10:30", "1'000" and "31/12/2022"; a narrow or
#: fixed space only before three digits.
IN_NUMBER = re.compile(r"(?<=\d)(?:[.,:'’/](?=\d)|[\u00a0\u2009\u202f](?=\d{3}(?!\d)))")


#: Marks within a code, and the longest code, in code points.
CODE_MARKS, LONGEST_CODE = "-_/", 40


def normalized_words(text: str) -> str:
    """The words of a text, separated by spaces, without case and punctuation; texts with equal ones say the same."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def is_inside_word(text: str, at: int) -> bool:
    """True if a word or a number goes on across this offset, in code points."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if _is_part(before) and _is_part(after):
        return True
    if (before in CODE_MARKS or after in CODE_MARKS) and _is_inside_code(text, at):
        return True
    # The check of the neighbours spares most of the matching: passages are checked at each token.
    return bool(
        (before.isdecimal() and IN_NUMBER.match(text, at)) or (after.isdecimal() and IN_NUMBER.match(text, at - 1))
    )


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """An extent without the white space at its ends; empty, with ``start == end``, if there is nothing else."""
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return start, max(start, end - (len(words) - len(words.rstrip())))


def _is_inside_code(text: str, at: int) -> bool:
    """True if the capitals and digits around an offset, with the marks between them, are a code such as ``AB-1024``."""
    start = end = at
    while start and at - start < LONGEST_CODE and _is_in_code(text[start - 1]):
        start -= 1
    while end < len(text) and end - at < LONGEST_CODE and _is_in_code(text[end]):
        end += 1
    code = text[start:end].strip("-_/")
    start = text.index(code, start) if code else end
    return start < at < start + len(code) and any(map(str.isupper, code)) and any(map(str.isdecimal, code))


def _is_in_code(character: str) -> bool:
    return character.isupper() or character.isdecimal() or character in CODE_MARKS


def _is_part(character: str) -> bool:
    # In many scripts, vowels are marks on the letter before them.
    return character.isalnum() or (not character.isascii() and unicodedata.category(character).startswith("M"))
