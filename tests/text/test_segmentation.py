import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.segmentation import paragraphs, sentences

#: A line of 124 code points that ends no sentence.
WIDE = ("The board of the harbour " * 5)[:124]


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_table_row_is_a_sentence() -> None:
    assert _sentences("Part\tCost\nDeck\t2.9 million\nNo cells here\nand on") == [
        "Part\tCost", "Deck\t2.9 million\nNo cells here\nand on",
    ]  # fmt: skip


def _paragraphs(text: str) -> list[str]:
    return [text[start:end] for start, end in paragraphs(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Mr. Putin met S. Japarov. He waited.", ["Mr. Putin met S. Japarov.", "He waited."]),
        ("It rose by 3.5 per cent. Then it fell.", ["It rose by 3.5 per cent.", "Then it fell."]),
        ("They met at 5 p.m. in Bishkek. It ended.", ["They met at 5 p.m. in Bishkek.", "It ended."]),
        ("He lives in the U.S. He works.", ["He lives in the U.S.", "He works."]),
        ("“Out tomorrow.” It was over.", ["“Out tomorrow.”", "It was over."]),
        ("“Why?” he asked. Nobody knew.", ["“Why?” he asked.", "Nobody knew."]),
        ("So ... then they left. Gone.", ["So ... then they left.", "Gone."]),
        ("Ends (in brackets.) Next one.", ["Ends (in brackets.)", "Next one."]),
        ("这是第一句。这是第二句！", ["这是第一句。", "这是第二句！"]),
        ("नगर उत्तर में है। यह ऊँचा है॥ अब?", ["नगर उत्तर में है।", "यह ऊँचा है॥", "अब?"]),
        ("أين المدينة؟ المدينة في الشمال.", ["أين المدينة؟", "المدينة في الشمال."]),
        ("Two things:\n- the first\n- the second", ["Two things:", "- the first", "- the second"]),
        (
            "The tenant\na. keeps\nb) pays;\n(c) insures,\n(iv) leaves\nI. Karimov spoke",
            ["The tenant", "a. keeps", "b) pays;", "(c) insures,", "(iv) leaves\nI. Karimov spoke"],
        ),
        ("It is refused under section 12\n(b) of the Act.", ["It is refused under section 12\n(b) of the Act."]),
        (
            "1. The rent is high.\n  2. The roof leaks. It rains.\n4.2. No pets.\nThere are 12. He left.",
            ["1. The rent is high.", "2. The roof leaks.", "It rains.", "4.2. No pets.", "There are 12.", "He left."],
        ),
        (
            "Run this:\n```sh\nmake all\nmake test. Then\n```\nIt takes\na while.",
            ["Run this:", "```sh", "make all", "make test.", "Then", "```", "It takes\na while."],
        ),
        # Before and after a blank line in code.
        ("Run\nthis:\n```sh\nmake all\nmake it", ["Run\nthis:", "```sh", "make all", "make it"]),
        ("make all\nmake it\n```\nIt takes\na while.", ["make all\nmake it\n```\nIt takes\na while."]),
        ("Leases\n~~~~~~\nThe tenant\npays.", ["Leases\n~~~~~~\nThe tenant\npays."]),
        ("```x``` is\ncode.", ["```x``` is\ncode."]),
        ("A wrapped\nline is one sentence. Two.", ["A wrapped\nline is one sentence.", "Two."]),
    ],
)
def test_sentence_ends(text: str, expected: list[str]) -> None:
    assert _sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("One.\r\n \r\nTwo.\r\n", ["One.", "Two."]),
        ("One,\nstill one.\n\n\nTwo.", ["One,\nstill one.", "Two."]),
        ("# Title\nText.\n## Next\nMore.", ["# Title", "Text.", "## Next", "More."]),
        ("Long " * 40 + "end.\nNext paragraph.", ["Long " * 40 + "end.", "Next paragraph."]),
        # Wrapped at 130 and at 160 code points.
        (WIDE + " of\nthe harbour. And\nso on.", [WIDE + " of\nthe harbour. And\nso on."]),
        (WIDE + " of\nthe " + WIDE + "\nVellin and", [WIDE + " of\nthe " + WIDE + "\nVellin and"]),
        ((WIDE + " " + WIDE)[:160] + "\r\nthe port", [(WIDE + " " + WIDE)[:160] + "\r\nthe port"]),
        # Entries of similar length.
        (f"9:01 {WIDE} of\n9:02 {WIDE} if\n9:03 {WIDE}", [f"9:01 {WIDE} of", f"9:02 {WIDE} if", f"9:03 {WIDE}"]),
        # The word would have fit; the line ends a sentence; a list or a table begins.
        (WIDE + "\n" + WIDE + " and more", [WIDE, WIDE + " and more"]),
        (WIDE + ".\nNext paragraph.", [WIDE + ".", "Next paragraph."]),
        (WIDE + " of\n- one item", [WIDE + " of", "- one item"]),
        (WIDE + " of\n| a | b |", [WIDE + " of", "| a | b |"]),
        (WIDE + " of\n\nthe harbour", [WIDE + " of", "the harbour"]),
        # Too wide to have been wrapped.
        (WIDE + " " + WIDE + "\nthe harbour", [WIDE + " " + WIDE, "the harbour"]),
        ("  indented\n", ["indented"]),
        (" \n\n ", []),
    ],
)
def test_paragraph_ends(text: str, expected: list[str]) -> None:
    assert _paragraphs(text) == expected


@given(st.text(alphabet=st.sampled_from("aB .!?\n\r\t#-1。”…\u2028é\u0301")))
def test_every_visible_character_is_in_exactly_one_sentence(text: str) -> None:
    covered = [i for paragraph in paragraphs(text) for extent in sentences(text, *paragraph) for i in range(*extent)]
    assert len(covered) == len(set(covered))
    assert set(covered) >= {i for i, character in enumerate(text) if not character.isspace()}
