"""Filters: parsing, and which passages they match."""

import pytest

from rag import Document, Index, InputError, Place, Retriever, SentenceTransformerEncoder
from rag.index.filters import Condition, conditions

TEXTS = {
    "a.md": ("Trains run to Tashkent.", {"country": "Kazakhstan", "date": "2022-09-30", "pages": "12"}),
    "b.md": ("Trains run to Osh.", {"country": ["Kyrgyzstan", "Uzbekistan"], "date": "2022-10-01", "pages": "7"}),
    "reports/c.pdf": (
        "Trains run to Dushanbe.",
        {"country": "Tajikistan", "date": "2022-10", "by": [{"name": "Ä. Ö"}]},
    ),
    "d.txt": ("Trains run to Khujand.", {}),
}


@pytest.fixture(scope="module")
def retriever(encoder: SentenceTransformerEncoder) -> Retriever:
    documents = [Document(name, text, name, metadata=metadata) for name, (text, metadata) in TEXTS.items()]
    return Retriever(Index.build(documents, encoder), encoder)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"country": "kazakhstan"}, ["a.md"]),
        ({"country": ["Kazakhstan", "Tajikistan"]}, ["a.md", "reports/c.pdf"]),
        ({"country": "Uzbekistan"}, ["b.md"]),
        ({"country": "!=Kazakhstan"}, ["b.md", "d.txt", "reports/c.pdf"]),
        ({"country": "K*stan"}, ["a.md", "b.md"]),
        ({"date": ">=2022-10"}, ["b.md", "reports/c.pdf"]),
        ({"date": "2022"}, ["a.md", "b.md", "reports/c.pdf"]),
        ({"date": "<=2022-09"}, ["a.md"]),
        ({"date": ">2022-10"}, []),
        ({"pages": ">9"}, ["a.md"]),
        ({"pages": 7}, ["b.md"]),
        ({"by.name": "ä. ö"}, ["reports/c.pdf"]),
        ({"path": "reports/*"}, ["reports/c.pdf"]),
        ({"title": "D.TXT"}, ["d.txt"]),
        (["date>=2022-10", "country = Tajikistan"], ["reports/c.pdf"]),
        (["country=Kazakhstan or country = Tajikistan", "date>=2022-10"], ["reports/c.pdf"]),
        (["path=a.md or path=d.txt or title=b.md"], ["a.md"]),
        (["path=a.md or Path=d.txt"], ["a.md", "d.txt"]),
        ([], ["a.md", "b.md", "d.txt", "reports/c.pdf"]),
    ],
)
def test_only_passages_that_meet_all_conditions_are_found(
    retriever: Retriever, where: object, found: list[str]
) -> None:
    hits = retriever.search("Where do trains run?", where=where)  # type: ignore[arg-type]
    assert sorted(hit.passage.document_id for hit in hits) == found


def test_filter_applies_before_the_top_k(encoder: SentenceTransformerEncoder) -> None:
    near = [Document(f"near{i}", f"The train to Osh leaves at {i} o'clock.", "n") for i in range(150)]
    far = [Document(f"far{i}", f"Cotton was picked in {1900 + i}.", "f", metadata={"kind": "far"}) for i in range(3)]
    retriever = Retriever(Index.build([*near, *far], encoder), encoder)
    hits = retriever.search("When does the train to Osh leave?", k=3, where={"kind": "far"})
    assert sorted(hit.passage.document_id for hit in hits) == ["far0", "far1", "far2"]


@pytest.mark.parametrize(
    ("value", "wanted", "found"),
    [
        ("9007199254740993", "9007199254740992", False),
        ("12e4567", "98e7654", False),
        ("01234", "1234", False),
        ("1234-b", "1234", False),
        ("2022 in review", "2022", False),
        ("n/a", ">1000", False),
        ("unknown", ">=2022-10", False),
        ("5 October 1999", ">=2022-10", False),
        ("2022-10-05T12:00", "2022-10", True),
        ("1200.5", ">1000", True),
        ("007", "007", True),
        ("3.0", "3", True),
    ],
)
def test_codes_are_not_numbers_and_text_is_not_a_date(
    encoder: SentenceTransformerEncoder, value: str, wanted: str, found: bool
) -> None:
    index = Index.build([Document("d", "Trains run.", "d", metadata={"key": value})], encoder)
    assert bool(Retriever(index, encoder).search("Trains?", where={"key": wanted})) == found


def test_passage_matches_its_pages_and_heading(encoder: SentenceTransformerEncoder) -> None:
    text = "Rents rose in every town of the north.\n\nWages did not rise at all that year."
    document = Document("d.pdf", text, "d", places=(Place(0, 3, "Rents"), Place(30, 4, "Rents"), Place(40, 5, "Wages")))
    retriever = Retriever(Index.build([document], encoder), encoder)

    def found(where: dict[str, object]) -> int:
        return len(retriever.search("What rose?", where=where))

    assert retriever.search("What rose?")[0].passage.page == 3
    assert [found({"page": page}) for page in (2, 3, 4, 5, 6)] == [0, 1, 1, 1, 0]
    assert [found({"page": page}) for page in ("<3", "<=3", ">4", ">5", "!=3")] == [0, 1, 1, 0, 0]
    assert [found({"heading": heading}) for heading in ("RENTS", "Wage", "r*", "!=rents")] == [1, 0, 1, 0]


def test_typed_conditions_are_parsed() -> None:
    assert conditions(["date >= 2022-10", "Country!=A=B"]) == (
        (Condition("date", ">=", "2022-10"),), (Condition("country", "!=", "a=b"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (["country"], "invalid condition 'country'; write it as country=Kazakhstan"),
        (["country="], "the condition on 'country' has no value"),
        ({"country": []}, "the list of values for 'country' is empty"),
        ({"country": None}, "invalid condition 'country': None"),
        ("country=x", "where is the string 'country=x'"),
        ({"contry": "x"}, "no document has the field 'contry'; known fields: by.name, country, date, heading"),
        ({"page": "three"}, "a page is a number, not 'three'"),
        ({"country": ["x"] * 501}, "501 conditions are too many; the limit is 500"),
        ([1], "invalid condition 1;"),
        (["path=\udcff"], "the condition on 'path' is not valid Unicode text"),
        ({"country": ">k*"}, r"\* goes with = and != only"),
    ],
)
def test_invalid_conditions_are_refused(retriever: Retriever, where: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        retriever.search("Where do trains run?", where=where)  # type: ignore[arg-type]


def test_values_cannot_inject_sql(retriever: Retriever) -> None:
    assert retriever.search("Where do trains run?", where={"country": "x') OR 1=1 --"}) == []
    with pytest.raises(InputError, match="no document has the field"):
        retriever.search("Where do trains run?", where={"country' OR '1'='1": "x"})
