"""Questions for lists, and the items of their answers."""

import pytest

from rag.questions.list_items import asked_number, asks_for_list, items_of


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Which countries would like closer ties?", True), ("Name the two rivers.", True), ("Which two meet?", True),
        ("Whose economies are the largest?", True), ("In which other Baltic towns did rents rise?", True),
        ("What are the other reasons?", True), ("Which country is it?", False), ("Who came?", False),
        ("Who were the signatories?", True), ("Give the names of the three towns.", True),
        ("What does he say?", False), ("What two-year plan?", False),
        ("Which bus was late?", False), ("What is the analysis?", False),
    ],
)  # fmt: skip
def test_plural_nouns_and_numbers_ask_for_a_list(question: str, several: bool) -> None:
    assert asks_for_list(question) is several


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("Russia, China and the West", ["Russia", "China", "the West"]),
        ("Bishkek and in Almaty", ["Bishkek", "Almaty"]),
        ("Osh, like Almaty, as well as Uralsk", ["Osh", "Almaty", "Uralsk"]),
        ("Kazakhstan, with Uzbekistan", ["Kazakhstan", "Uzbekistan"]),
        ("tin, zinc, and 1,500 sheep; salt", ["tin", "zinc", "1,500 sheep", "salt"]),
        ("neither Sand nor Andorra", ["Sand", "Andorra"]),
        ("- tin;\n- zinc of Osh\n- salt", ["tin", "zinc of Osh", "salt"]),
        ("1. Open the lid.\n  2. Turn the key", ["Open the lid", "Turn the key"]),
        ("Kazakhstan, whose oil is sold, and Uzbekistan", ["Kazakhstan", "Uzbekistan"]),
        ("Ines Holm, which is in Osh and Riga, and Turku", ["Ines Holm", "Turku"]),
        ("- tin, which rusts\n- zinc", ["tin", "zinc"]),
        ("Kazakhstan", ["Kazakhstan"]),
        ("", []),
    ],
)
def test_items_are_slices_between_commas_and_conjunctions(text: str, items: list[str]) -> None:
    assert [text[start:end] for start, end in items_of(text)] == items


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("Which five countries were Soviet?", 5), ("Name the  two rivers.", 2), ("What 12 towns grew?", 12),
        ("What are the names of the three lakes?", 3), ("Who were the two winners?", 2),
        ("Which countries border Kazakhstan?", None), ("How many of the five came?", None), ("List all", None),
        ("Which ten-year-old won?", None), ("What 5 km race was it?", None), ("What 12 percent rise?", None),
        ("What 5% rise?", None),
    ],
)  # fmt: skip
def test_number_of_things_asked_for(question: str, number: int | None) -> None:
    assert asked_number(question) == number
