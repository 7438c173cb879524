"""Files that LibreOffice wrote: the same text in several formats."""

from pathlib import Path

import pytest

from rag.formats import parse

FILES = Path(__file__).parent / "files"

LEASE = """\
Lease of the boathouse

This lease is made between the Harbour Board and Ines Marwick on 4 March 2023.

Terms

1. The rent is 310 crowns a month, paid in advance.
2. The tenant
a. keeps the roof in repair
b. insures the boats
3. Either side may end the lease with ninety days of notice.

The clauses above hold for a year.

- One key for the door
- Two keys for the slip

Fees

Service\tFee\tDue
Water\t12 crowns\tmonthly
Electricity\t41 crowns\tquarterly
Waste\t\tyearly

Signed in Vellin by both parties."""


@pytest.mark.parametrize("name", ["lease.odt", "lease.rtf", "lease.docx"])
def test_numbers_lists_and_tables_are_the_same_in_all_formats(name: str) -> None:
    parsed = parse(name, (FILES / name).read_bytes())
    document = parsed.documents[0]
    assert document.text == LEASE
    assert document.title == "Lease of the boathouse"
    headings = [place.heading for place in document.places if place.heading]
    assert headings == ["Lease of the boathouse", "Terms", "Fees"]
    assert parsed.warnings == []


def test_workbook_has_a_row_for_each_harbour_and_its_default_footer_is_not_counted() -> None:
    parsed = parse("harbours.xlsx", (FILES / "harbours.xlsx").read_bytes())
    document = parsed.documents[0]
    assert document.text.split("\n\n")[1] == "Harbour: Vellin\tBerths: 120\tOpened: 1902-05-14\tFee: 12.5"
    assert parsed.warnings == []


def test_slides_are_pages_with_their_speaker_notes() -> None:
    parsed = parse("budget.pptx", (FILES / "budget.pptx").read_bytes())
    document = parsed.documents[0]
    assert document.text == (
        "Harbour budget 2024\n\n- Repairs cost 4.2 million crowns\n- The ferry brings 1.1 million crowns\n\n"
        "The board agreed on 9 May.\n\n"
        "Berths\n\nHarbour\tBerths\tMaster\nVellin\t120\tAna Ruiz\nOsterby\t45\tPaul Renner"
    )
    assert document.place(document.text.index("Ana Ruiz")).page == 2
    assert parsed.warnings == []
