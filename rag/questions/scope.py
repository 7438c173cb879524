"""Recognise questions that quotes cannot answer: requests for a summary or a comparison, and other languages.

The rules are conservative: none of the shipped questions matches one. English only.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

from ..types import Notice, NoticeCode
from .question_type import asking_words

SUMMARY_TEXT = "This asks for a summary; only exact words of the documents can be given, so ask for a single fact."
COMPARISON_TEXT = (
    "This asks for a comparison; only exact words of the documents can be given, so ask about one at a time."
)
COMPARED_TEXT = "The documents are quoted, not compared; this is what they say."
LANGUAGE_TEXT = "This does not seem to be in English, the only language that the reader understands."

_POLITE = r"^\W*(?:(?:please|kindly|can you|could you|would you|will you|i want you to)\b\W*)*"
_MAKE = r"(?:give|write|provide|make|show|produce|create)\s+(?:(?:me|us)\s+)?"
_DOCUMENTS = r"(?:document|file|text|article|paper|report|collection|folder|corpus)s?"

SUMMARY = re.compile(
    rf"{_POLITE}(?:summari[sz]e|sum up|recap|tl;?dr)\b"
    rf"|{_POLITE}(?:{_MAKE})?(?:(?:an?|the)\s+)?(?:(?:short|brief|quick|concise|executive|general)\s+)?"
    r"(?:summary|overview|synopsis|recap|gist)\s+(?:of|on|about)\b"
    rf"|^\W*what (?:is|are) (?:this|these|the|my) {_DOCUMENTS} about\W*$"
)
COMPARISON = re.compile(
    rf"{_POLITE}(?:compare\b|contrast (?:the|these|those|two|both)\b)|{_POLITE}{_MAKE}(?:an?\s+)?comparison\b"
    rf"|{_POLITE}(?:an?\s+)?comparison (?:of|between)\b"
)

#: Longest abbreviation, in letters.
LONGEST_CODE = 5

WORD = re.compile(r"[^\W\d_]+")

#: English words that no other language of ``foreign_words.txt`` has.
ENGLISH = frozenset(
    "the of and which what who whom whose how when where why did does are were has have had many much to by with from "
    "for that this these those it its be been about between than there their they can could would should".split()
)


def unsupported(question: str, language: str | None = "en") -> Notice | None:
    """Why the reader cannot answer the question with quotes; None if it may.

    Args:
        question: The question as asked.
        language: ``Reader.language``. Questions in another language are recognised only if it is ``en``.
    """
    text = asking_words(question)
    if SUMMARY.search(text):
        return Notice(NoticeCode.SUMMARY, SUMMARY_TEXT)
    if COMPARISON.search(text):
        return comparison_notice(has_sentences=False)
    if language == "en" and not is_english(question):
        return Notice(NoticeCode.LANGUAGE, LANGUAGE_TEXT)
    return None


def comparison_notice(*, has_sentences: bool) -> Notice:
    """What to say of a request for a comparison; ``has_sentences`` says whether sentences answer it."""
    return Notice(NoticeCode.COMPARISON, COMPARED_TEXT if has_sentences else COMPARISON_TEXT)


def is_english(text: str) -> bool:
    """False if most letters are not Latin, or several frequent words are those of another language.

    Words in neither list, such as names, decide nothing, so a text of names alone counts as English.
    """
    letters = [character for character in text if character.isalpha()]
    if sum(not _is_latin(letter) for letter in letters) * 2 > len(letters):
        return False
    weights = _foreign_words()
    words = {word.casefold() for word in WORD.findall(unicodedata.normalize("NFC", text)) if not _is_code(word)}
    foreign = sum(weights.get(word, 0) for word in words)
    english = sum(word in ENGLISH for word in words)
    return foreign < 2 if not english else foreign < 4 or foreign <= 2 * english


def _is_code(word: str) -> bool:
    """True for an abbreviation or a single letter of the alphabet, which may equal a word of any language."""
    return word.isascii() and (len(word) == 1 or (word.isupper() and len(word) <= LONGEST_CODE))


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN", "MODIFIER"))


@cache
def _foreign_words() -> dict[str, int]:
    """Weight of each word: 2 if it almost proves another language, else 1."""
    lines = files("rag.questions").joinpath("foreign_words.txt").read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    weights = {word: 1 for word in words if not word.startswith("+")}
    return weights | {word[1:]: 2 for word in words if word.startswith("+")}
