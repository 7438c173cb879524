"""Results as text for a terminal: styled where it is one, plain where it is piped."""

from __future__ import annotations

from rich.text import Text

from ..build import Changes
from ..confidence import in_words
from ..terminal import printable
from ..types import Answer, Hit, Result

ANSWER, SENTENCE, QUIET, WARNING = "bold green", "", "dim", "yellow"


def result_text(result: Result) -> Text:
    """The answer in its sentence with its confidence and source; or why there is none, with the near miss."""
    if result.answer:
        return Text("\n").join([_headline(result.answer), *_context(result.answer), _seconds(result)])
    lines = [Text(f"not found: {printable(result.reason or '')}", style=WARNING)]
    if result.near_miss:
        lines += _context(result.near_miss)
    return Text("\n").join([*lines, _seconds(result)])


def hits_text(hits: list[Hit]) -> Text:
    """The hits, best first: score, place, tokens, and the passage whole."""
    return Text("\n\n").join(_hit(rank, hit) for rank, hit in enumerate(hits, start=1))


def changes_summary(changes: Changes) -> str:
    """What an index run did, in one line."""
    counts = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "unchanged": len(changes.unchanged),
        "removed": len(changes.removed),
        "skipped": len(changes.skipped),
    }
    documents = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"documents: {documents}; {changes.passages} passages"


def _headline(answer: Answer) -> Text:
    confidence = f"{in_words(answer.confidence)}, {answer.confidence:.0%}"
    return Text.assemble((_one_line(answer.text), ANSWER), "  ", (confidence, QUIET))


def _context(answer: Answer) -> list[Text]:
    """The sentence with the answer marked, and where it stands."""
    sentence = answer.sentence
    before = sentence.text[: answer.start - sentence.start]
    after = sentence.text[answer.end - sentence.start :]
    place = f"{answer.title} ({answer.document}, characters {answer.start}-{answer.end})"
    others = sorted({support.document for support in answer.support} - {answer.document})
    agreeing = f"; the same in {', '.join(others)}" if others else ""
    quoted = Text.assemble(
        "  ", (_one_line(before), SENTENCE), (_one_line(answer.text), ANSWER), (_one_line(after), SENTENCE)
    )
    return [quoted, Text("  " + printable(place + agreeing), style=QUIET)]


def _hit(rank: int, hit: Hit) -> Text:
    passage = hit.passage
    place = printable(f"{hit.title} ({passage.document_id}, characters {passage.start}-{passage.end})")
    scores = f"score {hit.score:.2f}, meaning {hit.dense:.2f}, words {hit.lexical:.2f}, {hit.tokens} tokens"
    return Text.assemble((f"{rank}. {place}", "bold"), "\n", (f"   {scores}", QUIET), "\n", printable(passage.text))


def _seconds(result: Result) -> Text:
    return Text(f"  {result.seconds.total:.2f} seconds", style=QUIET)


def _one_line(text: str) -> str:
    return " ".join(printable(text).split("\n"))
