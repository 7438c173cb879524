"""Results as text for a terminal: styled on a terminal, plain in a pipe."""

from __future__ import annotations

from rich.text import Text

from ..export.notes import beside, overlaps
from ..reading.scoring import in_words
from ..text.plural import counted
from ..text.printable import one_line, printable
from ..types import Agreement, Answer, AnswerKind, Evidence, Hit, Passage, Result, Sentence

QUESTION, ANSWER, SENTENCE, QUIET, WARNING = "bold", "bold green", "", "dim", "yellow"

#: Closest passages shown of a question that was not answered.
CLOSEST = 3

#: Sentences shown that bear on the question.
MAX_EVIDENCE = 5


def result_text(result: Result) -> Text:
    """The answer in its sentence with confidence and source, or the closest passages; and the evidence."""
    if result.answer_kind is AnswerKind.EVIDENCE:
        notice = [Text(_one_line(result.notice.text), style=WARNING)] if result.notice else []
        gist = [Text("in short:"), _headline(result.answer), *_context(result.answer)] if result.answer else []
        return Text("\n").join([*notice, *_evidence(result, None), *gist, _seconds(result)])
    if result.answer:
        notice = [Text(_one_line(result.notice.text), style=WARNING)] if result.notice else []
        lines = [*notice, _headline(result.answer), *_context(result.answer), *_further_items(result, result.answer)]
        lines += _disagreement(result.agreement)
        lines += _evidence(result, result.answer)
        return Text("\n").join([*lines, _seconds(result)])
    lines = [Text(f"not found: {_one_line(result.reason or '')}", style=WARNING)]
    if result.notice and not result.notice.reason:
        lines.append(Text(_one_line(result.notice.text), style=WARNING))
    lines += _evidence(result, None)
    shown = result.evidence[:MAX_EVIDENCE]
    closest: dict[tuple[str, Sentence], Answer] = {}  # several candidates may stand in one sentence
    for answer in result.answers:
        if not any(overlaps(each, answer) for each in shown):
            closest.setdefault((answer.document, answer.sentence), answer)
    if closest:
        lines.append(Text("closest passages:"))
        lines += [line for answer in list(closest.values())[:CLOSEST] for line in _context(answer)]
    return Text("\n").join([*lines, _seconds(result)])


def question_text(question: str, *, first: bool) -> Text:
    """A question above its answer, where there are several; apart from the answer before."""
    return Text(f"{'' if first else chr(10)}{one_line(question)}", style=QUESTION)


def hits_text(hits: list[Hit]) -> Text:
    """The hits, best first: scores, location, tokens and the whole passage."""
    return Text("\n\n").join(_hit(rank, hit) for rank, hit in enumerate(hits, start=1))


def _headline(answer: Answer) -> Text:
    confidence = f"{in_words(answer.confidence)}, {answer.confidence:.0%}"
    if answer.feedback:
        confidence = f"marked right {answer.feedback}".rstrip()
    return Text.assemble((_one_line(answer.text), ANSWER), "  ", (confidence, QUIET))


def _context(answer: Answer) -> list[Text]:
    """The sentence with the answer marked, and its location."""
    sentence = answer.sentence
    before = sentence.text[: answer.start - sentence.start]
    after = sentence.text[answer.end - sentence.start :]
    place = _place(answer.title, answer.document, answer)
    others = sorted(answer.documents[1:])
    agreeing = f"; the same in {', '.join(others)}" if others else ""
    quoted = Text.assemble(
        "  ", (_one_line(before), SENTENCE), (_one_line(answer.text), ANSWER), (_one_line(after), SENTENCE)
    )
    return [quoted, Text("  " + one_line(place + agreeing), style=QUIET)]


def _further_items(result: Result, answer: Answer) -> list[Text]:
    """The items of a list that are not in the words of the answer, one per line."""
    inside = set(answer.items)
    lines = []
    for item in result.items:
        if item not in inside and (item.document, item.start, item.end) != (answer.document, answer.start, answer.end):
            place = f"{item.document}, characters {item.start}-{item.end}"
            lines.append(
                Text.assemble(("  also ", QUIET), (_one_line(item.text), ANSWER), (f"  {one_line(place)}", QUIET))
            )
    return lines


def _disagreement(agreement: Agreement) -> list[Text]:
    """Other answers that contradict the one given, one per line."""
    if agreement.agrees:
        return []
    lines = [Text("  the documents may not agree:", style=WARNING)]
    for group in agreement.groups[1:]:
        documents = ", ".join(dict.fromkeys(document for answer in group for document in answer.documents))
        other = f"    {group[0].text}  {group[0].confidence:.0%}, {documents}"
        lines.append(Text(_one_line(other), style=QUIET))
    return lines


def _evidence(result: Result, answer: Answer | None) -> list[Text]:
    """Sentences that bear on the question, without that of the answer, each with its location."""
    others = (beside(result.evidence, answer) if answer else result.evidence)[:MAX_EVIDENCE]
    lines = [Text("sentences that bear on this:")] if others else []
    for each in others:
        place = _place(each.title, each.document_id, each)
        lines.append(Text(f"  {_one_line(each.text)}", style=SENTENCE))
        lines.append(Text(f"  {one_line(place)}  {each.probability:.0%}", style=QUIET))
    return lines


def _hit(rank: int, hit: Hit) -> Text:
    passage = hit.passage
    place = one_line(_place(hit.title, passage.document_id, passage))
    scores = f"score {hit.score:.2f}, meaning {hit.dense:.2f}, words {hit.lexical:.2f}, {counted(hit.tokens, 'token')}"
    return Text.assemble((f"{rank}. {place}", "bold"), "\n", (f"   {scores}", QUIET), "\n", printable(passage.text))


def _place(title: str, document: str, found: Answer | Evidence | Passage) -> str:
    """Title, document, page, heading and offsets; a heading equal to the title is left out."""
    parts = [document]
    if found.page is not None:
        parts.append(f"page {found.page}")
    if found.heading not in (None, title):
        parts.append(f"under “{found.heading}”")
    if not isinstance(found, Passage) and found.ocr is not None:
        parts.append("read by OCR")
    return f"{title} ({', '.join(parts)}, characters {found.start}-{found.end})"


def _seconds(result: Result) -> Text:
    return Text(f"  {result.seconds.total:.2f} seconds", style=QUIET)


def _one_line(text: str) -> str:
    return " ".join(printable(text).split("\n"))
