"""Automatic numbers of Word paragraphs, by definitions as Word writes them."""

import pytest
from lxml import etree

from rag.formats.list_numbers import written
from rag.formats.word_numbering import Numbering

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _level(level: int, text: str, kind: str = "decimal", start: int = 1, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def _list(*levels: str, name: int = 0) -> str:
    return f'<w:abstractNum w:abstractNumId="{name}">{"".join(levels)}</w:abstractNum>'


def _use(number: int, override: str = "", name: int = 0) -> str:
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{name}"/>{override}</w:num>'


def _at(level: int, number: int = 1) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def _styled(style: str) -> str:
    return f'<w:pStyle w:val="{style}"/>'


def _numbers(numbering: str, *paragraphs: str, styles: str = "") -> list[str]:
    """The numbers of paragraphs, given by their properties."""
    counter = Numbering(
        etree.fromstring(f"<w:styles {WORD}>{styles}</w:styles>"),
        etree.fromstring(f"<w:numbering {WORD}>{numbering}</w:numbering>"),
    )
    return [counter.next(etree.fromstring(f"<w:p {WORD}><w:pPr>{each}</w:pPr></w:p>")) for each in paragraphs]


def test_deeper_levels_restart_below_each_higher_one() -> None:
    levels = _list(_level(0, "%1."), _level(1, "%1.%2", start=5), _level(2, "(%3)", "lowerLetter"))
    found = _numbers(levels + _use(1), *map(_at, (0, 1, 2, 2, 1, 2, 0, 1)))
    assert found == ["1. ", "1.5 ", "(a) ", "(b) ", "1.6 ", "(a) ", "2. ", "2.5 "]


@pytest.mark.parametrize(("restart", "last"), [("", "(a) "), ("0", "(c) "), ("1", "(c) "), ("2", "(a) ")])
def test_level_restarts_below_the_level_that_it_states(restart: str, last: str) -> None:
    more = f'<w:lvlRestart w:val="{restart}"/>' if restart else ""
    levels = _list(_level(0, "%1."), _level(1, "%2."), _level(2, "(%3)", "lowerLetter", more=more))
    assert _numbers(levels + _use(1), *map(_at, (0, 1, 2, 2, 1, 2)))[-1] == last


def test_level_that_is_passed_over_counts_as_used() -> None:
    levels = _list(_level(0, "%1."), _level(1, "%1.%2"))
    assert _numbers(levels + _use(1), _at(1), _at(1), _at(0)) == ["1.1 ", "1.2 ", "2. "]


def test_uses_of_a_list_count_on_unless_they_state_a_start() -> None:
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="4"/></w:lvlOverride>'
    uses = _use(1) + _use(2) + _use(3, restart)
    found = _numbers(_list(_level(0, "%1)")) + uses, _at(0, 1), _at(0, 2), _at(0, 3), _at(0, 3), _at(0, 1))
    assert found == ["1) ", "2) ", "4) ", "5) ", "6) "]


def test_use_of_a_list_can_replace_a_level() -> None:
    override = f'<w:lvlOverride w:ilvl="0">{_level(0, "Article %1", "upperRoman")}</w:lvlOverride>'
    assert _numbers(_list(_level(0, "%1.")) + _use(1, override), _at(0), _at(0)) == ["Article I ", "Article II "]


def test_legal_level_shows_all_numbers_in_digits() -> None:
    levels = _list(_level(0, "%1.", "upperRoman"), _level(1, "%1.%2", more="<w:isLgl/>"), _level(2, "%1-%3"))
    assert _numbers(levels + _use(1), _at(0), _at(0), _at(1), _at(2)) == ["I. ", "II. ", "2.1 ", "II-1 "]


def test_bullet_is_a_hyphen_and_a_level_without_text_shows_nothing() -> None:
    levels = _list(_level(0, "\uf0b7", "bullet"), _level(1, "", "none"), _level(2, "§", "none"))
    assert _numbers(levels + _use(1), _at(0), _at(1), _at(2)) == ["- ", "", "§ "]


def test_number_without_space_after_it_stays_close() -> None:
    levels = _list(_level(0, "§%1", more='<w:suff w:val="nothing"/>'))
    assert _numbers(levels + _use(1), _at(0)) == ["§1"]


def test_number_comes_from_the_style_and_those_it_is_based_on() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="h1"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="h2"><w:basedOn w:val="h1"/></w:style>'
        '<w:style w:styleId="own"><w:basedOn w:val="h2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="plain"><w:basedOn w:val="h1"/>'
        '<w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:style>'
    )
    levels = _list(
        _level(0, "%1", more='<w:pStyle w:val="h1"/>'), _level(1, "%1.%2", more='<w:pStyle w:val="h2"/>')
    )  # fmt: skip
    off = _styled("h1") + '<w:numPr><w:numId w:val="0"/></w:numPr>'
    paragraphs = [*map(_styled, ("h1", "h2", "own", "plain")), off, _styled("h1"), _styled("unknown")]
    found = _numbers(levels + _use(1), *paragraphs, styles=styles)
    assert found == ["1 ", "1.1 ", "1.2 ", "", "", "2 ", ""]


def test_default_style_numbers_paragraphs_without_style() -> None:
    styles = (
        '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
        "</w:style>"
    )
    assert _numbers(_list(_level(0, "%1.")) + _use(1), "", "", styles=styles) == ["1. ", "2. "]


def test_list_that_is_defined_by_a_style_is_that_of_the_style() -> None:
    linked = '<w:abstractNum w:abstractNumId="5"><w:numStyleLink w:val="legal"/></w:abstractNum>'
    styles = (
        '<w:style w:type="numbering" w:styleId="legal"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    numbering = _list(_level(0, "Clause %1:")) + linked + _use(1) + _use(2, name=5)
    assert _numbers(numbering, _at(0, 2), _at(0, 1), styles=styles) == ["Clause 1: ", "Clause 2: "]


def test_undefined_lists_and_circular_styles_give_no_number() -> None:
    styles = (
        '<w:style w:styleId="a"><w:basedOn w:val="b"/></w:style><w:style w:styleId="b"><w:basedOn w:val="a"/></w:style>'
    )
    assert _numbers(_use(1, name=7), _at(0), _at(0, 9), _styled("a"), "<w:numPr/>", styles=styles) == [""] * 4
    assert Numbering(None, None).next(etree.fromstring(f"<w:p {WORD}><w:pPr>{_at(0)}</w:pPr></w:p>")) == ""


@pytest.mark.parametrize(
    ("number", "kind", "expected"),
    [
        (4, "decimal", "4"), (4, "decimalZero", "04"), (104, "decimalZero", "104"), (4, "none", ""),
        (1994, "upperRoman", "MCMXCIV"), (14, "lowerRoman", "xiv"), (4000, "upperRoman", "4000"),
        (26, "lowerLetter", "z"), (27, "lowerLetter", "aa"), (54, "upperLetter", "BBB"), (0, "lowerLetter", "0"),
        (1, "ordinal", "1st"), (12, "ordinal", "12th"), (22, "ordinal", "22nd"), (103, "ordinal", "103rd"),
        (21, "cardinalText", "Twenty-one"), (40, "cardinalText", "Forty"), (100, "cardinalText", "100"),
        (3, "ordinalText", "Third"), (20, "ordinalText", "Twentieth"), (32, "ordinalText", "Thirty-second"),
        (8, "ordinalText", "Eighth"), (7, "chineseCounting", "7"),
    ],
)  # fmt: skip
def test_numbers_are_written_in_the_format_of_the_level(number: int, kind: str, expected: str) -> None:
    assert written(number, kind) == expected
