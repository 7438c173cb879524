"""Form fields and comments, at their place in the text and on the picture of the page."""

from io import BytesIO

import pytest
from PIL import Image

from rag.errors import DocumentError
from rag.formats import parse
from rag.formats.pdf.boxes import Box
from rag.formats.pdf.render import page_picture
from tests.formats.pdf_objects import comment, field, form, text_at

#: A box that is checked, and one that is not.
ON = "/AS /Yes /AP << /N << /Yes 4 0 R /Off 4 0 R >> >>"
OFF = "/AS /Off /AP << /N << /Yes 4 0 R /Off 4 0 R >> >>"


def _text(raw: bytes) -> str:
    return parse("a.pdf", raw).documents[0].text


def test_values_stand_between_the_words_beside_their_fields() -> None:
    drawn = text_at(72, 720, "Mooring in Vellin harbour", 18)
    drawn += text_at(72, 680, "Applicant:") + text_at(72, 640, "The boat measures                    metres.")
    fields = [
        field("Tx", "(9.4)", (174, 636, 230, 654)),
        field("Tx", "(Ines Marwick)", (140, 676, 300, 694)),
        field("Tx", "()", (140, 600, 300, 620)),
    ]
    assert _text(form(drawn, fields)) == (
        "Mooring in Vellin harbour\n\nApplicant: Ines Marwick\n\nThe boat measures 9.4 metres."
    )


def test_several_fields_of_a_row_are_read_from_left_to_right() -> None:
    drawn = text_at(72, 680, "Name:                                          Born:")
    fields = [field("Tx", "(1961)", (270, 676, 350, 694)), field("Tx", "(Ines)", (110, 676, 200, 694))]
    assert _text(form(drawn, fields)) == "Name: Ines Born: 1961"


def test_value_below_its_label_follows_it() -> None:
    drawn = text_at(72, 700, "Purpose:") + text_at(72, 560, "Signature")
    tall = field("Tx", "(To moor\\ra boat)", (72, 600, 400, 694))
    assert _text(form(drawn, [tall])) == "Purpose:\n\nTo moor a boat\n\nSignature"


def test_choices_and_boxes_are_read_with_their_state() -> None:
    drawn = text_at(72, 680, "Harbour:") + text_at(90, 640, "Member") + text_at(190, 640, "Guest")
    fields = [
        field("Ch", "(v)", (140, 676, 300, 694), "/Ff 131072 /Opt [[(o) (Osterby)] [(v) (Vellin)]]"),
        field("Btn", "/Yes", (72, 638, 84, 650), ON),
        field("Btn", "/Off", (172, 638, 184, 650), OFF),
    ]
    assert _text(form(drawn, fields)) == "Harbour: Vellin\n\n☒ Member ☐ Guest"


def test_hidden_fields_passwords_and_buttons_are_left_out() -> None:
    fields = [
        field("Tx", "(unseen)", (140, 676, 300, 694), "/F 2"),
        field("Tx", "(unseen)", (140, 656, 300, 674), "/F 32"),
        field("Tx", "(secret)", (140, 636, 300, 654), "/Ff 8192"),
        field("Btn", "(x)", (140, 616, 300, 634), "/Ff 65536 /MK << /CA (Send) >>"),
    ]
    assert _text(form(text_at(72, 680, "Name:"), fields)) == "Name:"


def test_comment_is_a_paragraph_after_the_one_that_it_stands_beside() -> None:
    drawn = "".join(text_at(72, 700 - 14 * i, f"Line {i} of a paragraph about boats") for i in range(3))
    drawn += text_at(72, 600, "The next one.")
    comments = [
        comment("FreeText", "The fee was paid on 4 March.", (400, 680, 560, 700)),
        comment("Text", "Checked.", (300, 596, 320, 616)),
        comment("Popup", "Checked.", (300, 596, 320, 616)),
        comment("Link", "to elsewhere", (300, 596, 320, 616)),
        comment("Text", "Accepted set by Ana", (300, 596, 320, 616), "/StateModel (Review)"),
    ]
    assert _text(form(drawn, comments)) == (
        "Line 0 of a paragraph about boats\nLine 1 of a paragraph about boats\nLine 2 of a paragraph about boats\n\n"
        "The fee was paid on 4 March.\n\nThe next one.\n\nChecked."
    )


def test_comment_that_repeats_the_highlighted_words_is_left_out() -> None:
    drawn = text_at(72, 700, "The toll is four crowns.")
    same = comment("Highlight", "four crowns", (130, 696, 200, 712))
    assert _text(form(drawn, [same])) == "The toll is four crowns."
    other = comment("Highlight", "too much", (130, 696, 200, 712))
    assert _text(form(drawn, [other])) == "The toll is four crowns.\n\ntoo much"


def test_page_with_values_only_is_no_scan() -> None:
    assert _text(form("", [field("Tx", "(Ines)", (140, 676, 300, 694))])) == "Ines"
    with pytest.raises(DocumentError, match="has no text"):
        parse("a.pdf", form("", [field("Tx", "()", (140, 676, 300, 694))]))


def test_value_is_marked_in_its_field_and_words_around_it_in_theirs() -> None:
    drawn = text_at(72, 640, "The boat measures                    metres. \\251")
    raw = form(drawn, [field("Tx", "(9.4)", (178, 636, 230, 654)), comment("FreeText", "Paid.", (72, 500, 172, 520))])
    document = parse("a.pdf", raw).documents[0]
    words = ["measures", "9.4", "metres", "Paid", "measures 9.4"]
    extents = [(at, at + len(word)) for word in words for at in [document.text.index(word)]]
    picture = page_picture(raw, document, 1, extents)
    assert picture.exact
    (measures,), (value,), (metres,), (paid,), both = picture.boxes
    assert _points(value) == pytest.approx((178, 636, 230, 654), abs=0.1)
    assert _points(paid) == pytest.approx((72, 500, 172, 520), abs=0.1)
    assert measures.left + measures.width <= value.left + 0.001
    assert value.left < metres.left
    assert both[0].left == measures.left
    assert both[-1].left + both[-1].width == pytest.approx(value.left + value.width)


def test_value_without_an_appearance_is_drawn() -> None:
    def ink(value: str) -> int:
        raw = form(text_at(72, 680, "Name:"), [field("Tx", value, (140, 676, 300, 694), "/DA (/Helv 12 Tf 0 g)")])
        png = page_picture(raw, parse("a.pdf", raw).documents[0], 1, []).png
        image = Image.open(BytesIO(png)).convert("L").crop((230, 140, 430, 175))
        return sum(pixel < 100 for pixel in image.tobytes())

    assert ink("(Ines Marwick)") > ink("()") + 50


def _points(box: Box) -> tuple[float, float, float, float]:
    """The corners of a box on a page of 612 by 792 points."""
    bottom = 792 * (1 - box.top - box.height)
    return 612 * box.left, bottom, 612 * (box.left + box.width), bottom + 792 * box.height
