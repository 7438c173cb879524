import pytest

from rag.formats import parse


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Minutes of the board\n\nThe board met in Aktau.\n", "Minutes of the board"),
        ("\r\n  Minutes of the board \r\n\r\nThe board met.\r\n", "Minutes of the board"),
        ("Harbours\n========\nAktau was dredged.\n", "Harbours"),
        ("========\nHarbours\n========\n\nAktau was dredged.\n", "Harbours"),
        ("## Minutes of the board\n\nThe board met in Aktau.\n", "Minutes of the board"),
        ("# Minutes of the board ##\n\nThe board met.\n", "Minutes of the board"),
        ("#\n\nDredge.\n", "notes"),
        ("#1 of 3\n\nDredge.\n", "#1 of 3"),
        ("Who dredged Aktau?\n\nA firm from Baku.\n", "Who dredged Aktau?"),
        # No title: a salutation, a sentence, wrapped prose, one line alone, a list, no words, too long.
        ("Dear all,\n\nThe ferry is late.\n", "notes"),
        ("The ferry is late.\n\nIt leaves at nine.\n", "notes"),
        ("The ferry that leaves Aktau at nine\nin the evening is late.\n\nSo is the train.\n", "notes"),
        ("The ferry is late", "notes"),
        ("To do:\n\nDredge.\n", "notes"),
        ("continued from the page before\n\nDredge.\n", "notes"),
        ("2022\n\nDredge.\n", "notes"),
        (f"{'Long ' * 20}title\n\nDredge.\n", "notes"),
    ],
)
def test_first_line_of_a_text_is_its_title_if_it_is_one(text: str, title: str) -> None:
    [document] = parse("notes.txt", text.encode()).documents
    assert (document.title, document.text) == (title, text)
