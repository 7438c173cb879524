"""Answers as Markdown for people; text of documents is escaped, so that it makes no link, heading or HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..reading.scoring import in_words
from ..types import Answer, AnswerKind
from .answers import ExportEntry, utc
from .citation import Quote, citation, document_of, escaped, escaped_within, place_line, source_line, stated
from .notes import by_document


def export_markdown(entries: Sequence[ExportEntry]) -> str:
    """The entries as Markdown, each with what the page leads with.

    These are the sentences of the evidence where they answer, by document; the items of a list; or the sentence with
    the answer in bold. Then come the source, the other sentences, and the hashes of the files.
    """
    return "\n".join(["# Answers\n", *(_markdown(entry) for entry in entries)])


def _markdown(entry: ExportEntry) -> str:
    answer = entry.answer
    lines = [f"## {escaped(entry.question)}", ""]
    if entry.kind is AnswerKind.EVIDENCE:
        lines += _sentences(entry)
        lines += _in_short(entry, answer) if answer else []
    elif answer:
        lines += _items(entry)
        lines += _short_answer(entry, answer)
    else:
        lines += [f"Not found: {escaped(entry.reason)}", ""]
    lines += [
        f"- bears on it, {each.probability:.0%}: “{escaped(each.text)}” {escaped(f'({_place(entry, each)})')}"
        for each in entry.further_evidence
    ]
    lines += [f"- SHA-256 of {escaped(path)}: {digest}" for path, digest in _hashes(entry).items()]
    return "\n".join([*lines, f"- asked {utc(entry.asked)} in {escaped(entry.collection)}", ""])


def _sentences(entry: ExportEntry) -> Iterator[str]:
    """The sentences that answer, each a block quote with its source and probability."""
    for document, some in by_document(entry.evidence).items():
        for each in some:
            source = source_line(each, entry.sources[document].document)
            yield from (f"> {escaped(each.text)}", ">", f"> — {escaped(source)}, {each.probability:.0%}", "")


def _in_short(entry: ExportEntry, answer: Answer) -> Iterator[str]:
    """The short answer below the sentences."""
    cited = citation(answer, entry.sources[answer.document].document)
    yield from (f"In short: {escaped(cited)}; {escaped(_certainty(answer))}", "")


def _items(entry: ExportEntry) -> Iterator[str]:
    """The items of a list, numbered, each with its source."""
    for number, item in enumerate(entry.items, start=1):
        cited = source_line(item, entry.sources[item.document].document)
        yield f"{number}. **{escaped(item.text)}** — {escaped(cited)}"
    if entry.items:
        yield ""


def _short_answer(entry: ExportEntry, answer: Answer) -> Iterator[str]:
    """The sentence as a block quote with the answer in bold, and its source."""
    document = entry.sources[answer.document].document
    source = ", ".join(escaped(part) for part in stated(document, document.title))
    yield from (f"> {quoted(answer)}", "", *([source, ""] if source else []))
    yield f"- {escaped(place_line(answer, document))}"
    yield f"- {escaped(_certainty(answer))}"
    for support in answer.support:
        yield f"- the same words in {escaped(f'{support.document}, characters {support.start}-{support.end}')}"


def _place(entry: ExportEntry, quote: Quote) -> str:
    return place_line(quote, entry.sources[document_of(quote)].document)


def _hashes(entry: ExportEntry) -> dict[str, str]:
    """SHA-256 of the file of each quote that answers, by its path."""
    files = (entry.sources[document_of(quote)].file for quote in entry.answering)
    return {file.path: file.hash for file in files}


def _certainty(answer: Answer) -> str:
    """The probability, or who marked the words right, and when."""
    if answer.feedback:
        return f"marked right {answer.feedback}".rstrip()
    return f"{in_words(answer.confidence)}, {answer.confidence:.0%}"


def quoted(answer: Answer) -> str:
    """The sentence of an answer as one line of Markdown, with the answer in bold."""
    sentence = answer.sentence
    before = sentence.text[: answer.start - sentence.start]
    after = sentence.text[answer.end - sentence.start :]
    words = escaped_within(answer.text)
    # CommonMark does not read asterisks between a letter and punctuation as bold.
    loose = (not words[0].isalnum() and before[-1:].strip()) or (not words[-1].isalnum() and after[:1].strip())
    bold = f"<b>{words}</b>" if loose else f"**{words}**"
    left, right = " " * before[-1:].isspace(), " " * after[:1].isspace()
    return f"{escaped(before)}{left}{bold}{right}{escaped_within(after)}"
