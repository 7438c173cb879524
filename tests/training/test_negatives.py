"""Questions made unanswerable."""

import random

import pytest

from rag.training.examples import Example, Examples, Passage
from rag.training.negatives import NearPassages, altered, negatives

PASSAGE = "In 2019 the first train from Almaty reached Bishkek. Later the line to Osh Valley opened in 2021."


class First(random.Random):
    """Takes the first of everything, the ways in the order in which they stand."""

    def sample(self, population, k, **_):  # type: ignore[no-untyped-def, override]
        return list(population)[:k]

    def choice(self, seq):  # type: ignore[no-untyped-def, override]
        return seq[0]

    def random(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("question", "changed"),
    [
        ("When did the train reach Bishkek?", "When did the train reach Almaty?"),  # a name of the passage
        ("What happened in 2019?", "What happened in 2021?"),  # a figure of the passage
        ("Which line was the first?", "Which line was the last?"),
        ("Who was there?", "Who wasn't there?"),
        ("Why go?", None),
    ],
)
def test_question_is_altered_if_possible(question: str, changed: str | None) -> None:
    assert altered(question, PASSAGE, PASSAGE, First()) == changed


def test_alteration_changes_exactly_one_thing() -> None:
    question = "When did the first train from Almaty reach Bishkek in 2019?"
    found = {
        altered(question, PASSAGE, "The Naryn Dam was opened in 1975.", random.Random(seed)) for seed in range(200)
    }
    assert question not in found
    assert len(found) > 10


def _examples() -> Examples:
    texts = [PASSAGE, "Bishkek is the capital of Kyrgyzstan.", "The train reached Bishkek in 2019 with 40 men.", "Tea."]
    passages = [Passage("", text, "0/0", 0) for text in texts] + [Passage("", "Bishkek trains reach Bishkek", "1/0", 1)]
    golds = ((3, 7),)
    return Examples(
        passages, [Example("When did the train reach Bishkek?", 0, golds), Example("What is said?", 0, golds)]
    )


def test_near_passages_share_file_and_words_but_not_the_answer() -> None:
    near = NearPassages(_examples())
    assert near[0][0] == 1  # passage 2 is nearer, and says 2019; passage 4 is of another file
    assert 2 not in near[0]
    assert 4 not in near[0]
    assert list(near[1]) == []  # "What is said?" may be answered anywhere


def test_negatives_are_generated_at_the_given_share() -> None:
    examples = _examples()
    near = NearPassages(examples)
    assert list(negatives(examples, [0, 1], near, 0.0, random.Random(0))) == []
    made = list(negatives(examples, [0, 1], near, 1.0, random.Random(0)))
    assert all(example.golds == () for example in made)
    assert next(example.passage for example in made if example.question == examples.examples[0].question) in near[0]
