"""Finding the short phrases of a sentence that could be an answer of some kind: dates, numbers, names.

Pure functions from text to offsets. They look at form alone, for English; where no phrase has the right form, the
sentence is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .questions import Kind, Wanted
from .segmentation import Extent

MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.?|Feb\.?|Mar\.?|Apr\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
YEAR = r"(?:1[0-9]|20)\d\d(?!\d|[.,]\d|%)"
DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}(?:,? {YEAR})?"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?!,\d)(?:,? {YEAR})?"
    rf"|(?:(?:early|mid|late)[- ])?{MONTH},?(?: of)? {YEAR}"
    rf"|(?:the )?(?:first|second|third|fourth) (?:quarter|half) of {YEAR}"
    rf"|(?:(?:early|mid|late)[- ])?(?:spring|summer|autumn|fall|winter)(?: of)? {YEAR}"
    rf"|(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)|\w+teenth|twentieth|twenty-first)[- ]century"
    rf"|(?:(?:early|mid|late)[- ])?(?:the )?{YEAR}(?:s\b)?(?:[-–]\d{{2,4}})?"
    rf"|(?:early|mid|late|in|since|by|until|last) (?P<month>{MONTH})(?!\w)"
    rf"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
)

NUMERAL = (
    r"(?:\d+(?:[.,]\d+)*|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|"
    r"seven|eigh|nine)teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|dozens|hundreds|thousands|millions|"
    r"half|a (?:third|quarter|half|dozen)|tens of thousands|hundreds of thousands)\b)"
)
FRACTION = r"(?:(?:one|two|three)[- ](?:half|thirds?|quarters?|fifths?)\b)"
SCALE = r"(?:[- ](?:dozen|hundred|thousand|million|billion|trillion)s?\b|(?:bn|m|tn)\b)"
UNIT = (
    r"(?:\s?%|[- ](?:per cent|percent|percentage points)\b"
    r"|\s?-?(?:km|kilomet(?:re|er)s?|miles?|met(?:re|er)s?|feet|ft)\b"
    r"|[- ](?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies))\b"
    r"|[- ](?:dollars?|euros?|pounds?|roubles?|rubles?|tenge|som|cents?)\b|-?fold\b)"
)
NUMBER = re.compile(
    rf"(?<![\w.,])[$€£¥]?(?:{FRACTION}|{NUMERAL}{SCALE}?(?: ?(?:to|and|or|[-–]) ?[$€£¥]?{NUMERAL}{SCALE}?)?{UNIT}?"
    rf"|(?:two|three|four|five|six|seven|eight|nine|ten|twenty)fold\b)",
    re.IGNORECASE,
)

CAPITALISED = r"(?:[A-Z][\w’'.&-]*[\w]|[A-Z]\.?)"
NAME = re.compile(rf"(?<![\w-]){CAPITALISED}(?:(?: | (?:of|for|the|de|von|van|al|bin) (?:the )?){CAPITALISED})*")
POSSESSIVE = re.compile(r"[’']s?$")
PLACE_BEFORE = re.compile(
    r"\b(?:in|at|near|to|from|through|into|across|via|towards?|outside|around|of)(?: the)?(?: \w+)? $", re.I
)

#: `Central Asian`, `British`, `Chinese`: of a people, neither a person nor a place.
DEMONYM = re.compile(r"(?:[aei]an|ish|ese)$")

#: Words that begin a sentence in capitals and are no names, and names that are neither person nor place.
NO_NAMES = frozenset(
    "the a an in on at by for from of to as but and or if it its he she they we you his her their our i this that "
    "these those there when while where what which who why how since after before during although though both some "
    "many most all not no so yet still even only one two three another other such under over between among with "
    "without however instead indeed meanwhile moreover more less until once then now here".split()
) | frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)


def phrases(sentence: str, wanted: Wanted) -> Iterator[Extent]:
    """The phrases of a sentence that have the form that is wanted; offsets in the sentence."""
    if wanted.kind is Kind.DATE:
        for match in DATE.finditer(sentence):
            yield Extent(*match.span("month" if match.group("month") else 0))
    elif wanted.kind is Kind.NUMBER:
        yield from _numbers(sentence, wanted.units)
    elif wanted.kind in (Kind.PERSON, Kind.PLACE, Kind.NAME):
        yield from _names(sentence, wanted.kind)


def doubt(phrase: str, kind: Kind) -> int:
    """How much the form of a phrase speaks against it, in code points of distance from the question's words."""
    if kind is Kind.PERSON:
        return 40 * (" " not in phrase) + 40 * phrase.isupper() + 60 * bool(DEMONYM.search(phrase))
    if kind is Kind.PLACE:
        return 60 * bool(DEMONYM.search(phrase))
    return 0


def _numbers(sentence: str, units: frozenset[str]) -> Iterator[Extent]:
    dates = [match.span() for match in DATE.finditer(sentence)]
    for match in NUMBER.finditer(sentence):
        if any(start <= match.start() < end for start, end in dates):
            continue
        words = match.group().lower()
        if words == "one":  # far more often a pronoun than a number
            continue
        if not units or any(_names_unit(words, unit) for unit in units):
            yield Extent(*match.span())


def _names_unit(words: str, unit: str) -> bool:
    """Does ``7,644km`` or ``ten miles`` name the unit ``km`` or ``mile``?"""
    if not unit.isalpha():
        return unit in words
    stems = {unit, unit.replace("century", "centurie").replace("foot", "feet")}
    return any(re.search(rf"(?<![a-z]){stem}s?$", words) for stem in stems)


def _names(sentence: str, kind: Kind) -> Iterator[Extent]:
    for match in NAME.finditer(sentence):
        start, end = match.span()
        # A sentence's first word is no name for being in capitals: `The Kremlin`, `In Almaty`.
        while end > start and (first := re.match(r"\w+", sentence[start:end])) and first.group().lower() in NO_NAMES:
            rest = re.match(r"\W*", sentence[start + first.end() : end])
            start += first.end() + (rest.end() if rest else 0)
        if tail := POSSESSIVE.search(sentence, start, end):
            end = tail.start()
        if end - start < 2 or (kind is Kind.PLACE and not PLACE_BEFORE.search(sentence[:start])):
            continue
        yield Extent(start, end)
