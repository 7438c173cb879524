import pytest

from rag.phrases import phrases
from rag.questions import LENGTH, PERCENT, TIME, Kind, Wanted, wanted


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When did the leaders meet?", Kind.DATE),
        ("In what year was the CSTO created?", Kind.DATE),
        ("How many Russians entered?", Kind.NUMBER),
        ("How long is the border?", Kind.NUMBER),
        ("What percentage approved?", Kind.NUMBER),
        ("Who postponed the visit?", Kind.PERSON),
        ("Which president made a speech?", Kind.PERSON),
        ("Where did Xi stop?", Kind.PLACE),
        ("Which country hosted the summit?", Kind.PLACE),
        ("Which company was told to find a route?", Kind.NAME),
        ("Why did Kyrgyzstan cancel?", Kind.SENTENCE),
        ("Is Kazakhstan neutral?", Kind.SENTENCE),
    ],
)
def test_the_questions_words_tell_what_kind_of_answer_it_wants(question: str, kind: Kind) -> None:
    assert wanted(question).kind is kind


@pytest.mark.parametrize(
    ("sentence", "wants", "expected"),
    [
        ("They met on 21 July 2022 and in October.", Wanted(Kind.DATE), ["21 July 2022", "October"]),
        (
            "On March 2, none agreed; on September 21, 2022 all did.",
            Wanted(Kind.DATE),
            ["March 2", "September 21, 2022"],
        ),
        ("Settled in the 16th century, it revolted in 1916.", Wanted(Kind.DATE), ["the 16th century", "1916"]),
        ("About 200,000 came in 2022, 1,500 left.", Wanted(Kind.NUMBER), ["200,000", "1,500"]),
        (
            "It is 7,644km, or 4,750 miles, long and 30 years old.",
            Wanted(Kind.NUMBER, LENGTH),
            ["7,644km", "4,750 miles"],
        ),
        ("Rents rose 25 to 30% for 17 years.", Wanted(Kind.NUMBER, PERCENT), ["25 to 30%"]),
        ("For seven minutes he spoke, and 39 per cent listened.", Wanted(Kind.NUMBER, TIME), ["seven minutes"]),
        ("Deliveries rose sevenfold, to two thirds.", Wanted(Kind.NUMBER), ["sevenfold", "two thirds"]),
        ("In December Shavkat Mirziyoyev's trip was off.", Wanted(Kind.PERSON), ["Shavkat Mirziyoyev"]),
        ("The leader flew from Astana to the summit in New York.", Wanted(Kind.PLACE), ["Astana", "New York"]),
        ("A scholar at Texas A&M University spoke.", Wanted(Kind.PLACE), ["Texas A&M University"]),
        ("The Bank of England and KazMunayGas agreed.", Wanted(Kind.NAME), ["Bank of England", "KazMunayGas"]),
        ("The one of 30 years, 40 km long.", wanted("How many years old is it?"), ["30 years"]),
        ("The one of 30 years, 40 km long.", wanted("How many kilometres long is it?"), ["40 km"]),
        ("Nothing short fits here.", Wanted(Kind.SENTENCE), []),
    ],
)
def test_phrases_of_the_wanted_form_are_found(sentence: str, wants: Wanted, expected: list[str]) -> None:
    assert [sentence[start:end] for start, end in phrases(sentence, wants)] == expected
