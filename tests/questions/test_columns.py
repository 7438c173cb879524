import pytest

from rag import InputError
from rag.questions.columns import MOST, Column, as_columns, as_question, columns_of


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("contract date", "What is the contract date?"),
        ("the date of the summit:", "What is the date of the summit?"),
        ("Extract: the  invoice number.", "What is the invoice number?"),
        ("extract an IBAN", "What is the IBAN?"),
        ("Extract who signed", "What is the who signed?"),
        ("Extract: Who signed?", "Who signed?"),
        ("extraction date", "What is the extraction date?"),
        ("Who signed the contract?", "Who signed the contract?"),
        ("who signed the contract", "who signed the contract"),
        ("In which year was it signed", "In which year was it signed"),
        ("List the parties", "List the parties"),
        ("Summarise the contract", "Summarise the contract"),
        ("list price", "What is the list price?"),
        ("Name of the supplier", "What is the Name of the supplier?"),
        ("delivered on time?", "delivered on time?"),
    ],
)
def test_one_rule_makes_a_question_of_a_line(line: str, question: str) -> None:
    assert as_question(line) == question


def test_blank_lines_comments_and_repeated_questions_are_left_out() -> None:
    lines = [
        "# About contracts",
        "",
        "\ufeff",
        "----",
        "?",
        "  contract date ",
        "Who signed?",
        "What is the contract date?",
        "who signed",
    ]
    assert columns_of(lines) == (
        [Column("contract date", "What is the contract date?"), Column("Who signed?", "Who signed?")],
        ["What is the contract date?", "who signed"],
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["", "# nothing"], "there is no question; write one a line, or give --question"),
        (
            [f"field {number}" for number in range(MOST + 1)],
            "101 questions; a table has at most 100, so make several tables",
        ),
    ],
)
def test_no_question_and_too_many_are_refused(lines: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        columns_of(lines)
    assert str(error.value) == message


def test_repeated_questions_do_not_count_towards_the_limit() -> None:
    columns, repeated = columns_of([f"field {number % MOST}" for number in range(2 * MOST)])
    assert (len(columns), len(repeated)) == (MOST, MOST)


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        (["Who?", "who"], "the question 'who' is asked twice; leave one out"),
        (["Who?", " "], "a question has no letter or digit, or begins with #; leave it out"),
        (["Who?", "?"], "a question has no letter or digit, or begins with #; leave it out"),
    ],
)
def test_columns_of_a_program_must_be_these(questions: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        as_columns(questions)
    assert str(error.value) == message
