import pytest

from rag.errors import DocumentError
from rag.formats import parse


def test_headings_outside_code_are_places() -> None:
    text = (
        "# One\n\nText.\n\n```sh\n# a comment\n```\n\n## Two\n\n~~~~\n```\n# code\n~~~~\n\n### Three ###\n\n"
        "    ```\n# Four\n\n```\n# never closed\n"
    )
    document = parse("a.md", text.encode()).documents[0]
    assert document.text == text
    assert [(place.start, place.heading) for place in document.places] == [
        (0, "One"), (text.index("## Two"), "Two"), (text.index("### Three"), "Three"), (text.index("# Four"), "Four"),
    ]  # fmt: skip
    assert document.place(text.index("# a comment")).heading == "One"
    assert document.place(text.index("# never")).heading == "Four"


@pytest.mark.parametrize("name", ["a.md", "a.MARKDOWN"])
def test_both_suffixes_are_markdown(name: str) -> None:
    assert parse(name, b"---\ndate: 2022-10-22\n---\n# T\n").documents[0].metadata["date"] == "2022-10-22"


@pytest.mark.parametrize("name", ["a.txt", "a.text", "a.rst"])
def test_other_plain_text_has_no_headings(name: str) -> None:
    document = parse(name, b"# Tide\n\nx\n=\n").documents[0]
    assert (document.text, document.places, document.title) == ("# Tide\n\nx\n=\n", (), "Tide")


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("a: &a [x, x]\nb: [*a, *a]\n", r"the front matter uses YAML aliases \(\*name\); replace them"),
        ("a: " + "[" * 3000 + "\n", "the front matter is nested too deep"),
        ("a: " + "[" * 3000 + "]" * 3000 + "\n", "the front matter is nested too deep; correct or remove it"),
    ],
)
def test_front_matter_with_aliases_or_deep_nesting_is_rejected(front: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse("a.md", f"---\n{front}---\nText.".encode())
