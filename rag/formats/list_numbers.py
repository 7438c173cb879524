"""Numbers as lists write them, by the number formats of Office Open XML (ISO/IEC 29500-1, 17.18.59)."""

from __future__ import annotations

from collections.abc import Callable

#: Higher numbers are written in digits: letters and Roman numerals of them would be long.
MAX_ROMAN, MAX_LETTERS, MAX_WORDS = 3_999, 26 * 30, 99

ROMAN = {
    1000: "m", 900: "cm", 500: "d", 400: "cd", 100: "c", 90: "xc", 50: "l", 40: "xl", 10: "x", 9: "ix", 5: "v",
    4: "iv", 1: "i",
}  # fmt: skip
UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def written(number: int, kind: str) -> str:
    """A number in a format, such as ``lowerRoman``; in digits if the format is not known."""
    if kind == "none":
        return ""
    write, limit = WRITTEN.get(kind, (str, number))
    return write(number) if 0 < number <= limit else str(number)


def _roman(number: int) -> str:
    numeral = ""
    for worth, letters in ROMAN.items():
        count, number = divmod(number, worth)
        numeral += letters * count
    return numeral


def _letters(number: int) -> str:
    """``a`` to ``z``, then ``aa``, ``bb`` and so on."""
    repeated, letter = divmod(number - 1, 26)
    return chr(ord("a") + letter) * (repeated + 1)


def _ordinal(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _words(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens < 2:
        return UNITS[number]
    return TENS[tens - 2] + (f"-{UNITS[ones]}" if ones else "")


def _ordinal_words(number: int) -> str:
    before, hyphen, last = _words(number).rpartition("-")
    ordinal = ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else last.removesuffix("t") + "th")
    return before + hyphen + ordinal


#: Functions that write a number, and the highest number each is used for.
WRITTEN: dict[str, tuple[Callable[[int], str], int]] = {
    "decimalZero": (lambda number: f"{number:02}", 99),
    "lowerRoman": (_roman, MAX_ROMAN),
    "upperRoman": (lambda number: _roman(number).upper(), MAX_ROMAN),
    "lowerLetter": (_letters, MAX_LETTERS),
    "upperLetter": (lambda number: _letters(number).upper(), MAX_LETTERS),
    "ordinal": (_ordinal, 10**9),
    "cardinalText": (lambda number: _words(number).capitalize(), MAX_WORDS),
    "ordinalText": (lambda number: _ordinal_words(number).capitalize(), MAX_WORDS),
}
