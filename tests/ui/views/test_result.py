import html
import re
from dataclasses import replace

from rag.ui.services.ask_service import FindDocument
from rag.ui.views.result import message_html, result_html

from rag import Agreement, AnswerKind, Assistant, Attribution, Document, Evidence, Item, Result

BORDER = "How long is the border between Kazakhstan and Russia?"


def _html(assistant: Assistant, result: Result) -> str:
    return result_html(result, assistant.retriever.document)


def test_answer_is_marked_within_its_sentence(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    shown = _html(assistant, result)
    assert '<p class="quote">7,644 km</p>' in shown
    paragraph = re.search(r'<blockquote class="paragraph"[^>]*>(.*?)</blockquote>', shown, re.DOTALL)
    assert paragraph
    assert re.search(
        r'<mark class="sentence">[^<]*<mark class="answer short">7,644 km</mark>[^<]*</mark>', paragraph.group(1)
    )


def test_confidence_source_and_support_are_shown(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    assert result.answer
    shown = _html(assistant, result)
    assert f"{result.answer.confidence:.0%}" in shown
    assert f"<code>{result.answer.document}</code>" in shown
    assert "Banyan, The Economist, 2022-10-22" in shown
    assert "<h2>3 documents say the same</h2>" in shown


def test_comparison_names_the_documents_of_each_answer(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    assert result.answer
    other = replace(result.answer, text="7,000 km", document="opinion-polls.md", confidence=0.4, support=())
    disagreeing = replace(result, agreement=Agreement(((result.answer,), (other,))))
    section = _html(assistant, disagreeing).partition('<section class="comparison"')[2].partition("</section>")[0]
    assert "<h2>The documents may disagree</h2>" in section
    assert re.findall(r'<th scope="row">(.*?)</th>', section) == ["7,644 km", "7,000 km"]
    opened = re.findall(r'data-document="(.*?)" data-start="(\d+)"', section)
    places = [(result.answer.document, result.answer.start)]
    places += [(support.document, support.start) for support in result.answer.support]
    assert opened == [(name, str(start)) for name, start in [*places, ("opinion-polls.md", result.answer.start)]]


def test_one_document_alone_is_not_compared(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    assert result.answer
    alone = replace(result, agreement=Agreement(((replace(result.answer, support=()),),)))
    assert "comparison" not in _html(assistant, alone)


def test_items_of_a_list_are_the_answer_each_with_its_document(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    items = (Item("kazakhstan.md", 3, 9, "<Russia>", 0.8), Item("china.md", 5, 10, "China", 0.6))
    shown = _html(assistant, replace(result, items=items))
    listed = shown.partition('<ol class="quote list">')[2].partition("</ol>")[0]
    assert re.findall(r'data-document="(.*?)" data-start="(\d+)" data-end="(\d+)">(.*?)</button>', listed) == [
        ("kazakhstan.md", "3", "9", "&lt;Russia&gt;"),
        ("china.md", "5", "10", "China"),
    ]
    assert "<cite>Kazakhstan: the long border</cite>" in listed
    assert re.findall(r">(\d+%)</span>", listed) == ["80%", "60%"]
    assert "meter" not in shown
    assert '<p class="quote">' not in shown
    assert '<p class="quote">7,644 km</p>' in _html(assistant, replace(result, items=items[:1]))


def test_other_passages_are_listed_without_scores(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    shown = _html(assistant, result)
    assert shown.partition('<section class="passages">')[2].count("<li>") == len(result.hits) - 1
    assert 'class="score"' not in shown.partition('<section class="passages">')[2]


def test_not_found_shows_the_near_miss_but_not_as_an_answer(assistant: Assistant) -> None:
    shown = _html(assistant, assistant.ask("Who won the 1998 football World Cup?"))
    assert "<h2>Not found</h2>" in shown
    assert "<h3>Closest passages</h3>" in shown
    assert 'class="confidence"' not in shown
    assert '<mark class="near' in shown
    assert '<mark class="answer' not in shown


def _sentence(text: str, document: str, start: int, probability: float) -> Evidence:
    return Evidence(document, start, start + len(text), text, probability, 0, "A title", page=2)


QUOTES = (
    _sentence("Rents <rose>.", "b.pdf", 40, 0.9),
    _sentence("They fell.", "a.md", 7, 0.8),
    _sentence("It began.", "b.pdf", 3, 0.6),
)


def _find(assistant: Assistant) -> FindDocument:
    """The documents of the index, and those of ``QUOTES``."""
    named = {name: Document(name, "", "A title", metadata={"author": "Anna Berg"}) for name in ("a.md", "b.pdf")}
    return lambda name: named.get(name) or assistant.retriever.document(name)


def _quotes_in(html: str) -> list[tuple[str, ...]]:
    return re.findall(r'data-document="(.*?)" data-start="(\d+)" data-end="(\d+)">(.*?)</button>', html)


def test_evidence_is_grouped_by_document_and_each_sentence_opens_its_place(assistant: Assistant) -> None:
    shown = result_html(replace(assistant.ask(BORDER), evidence=QUOTES), _find(assistant))
    section = shown.partition('<section class="evidence"')[2].partition("</section>")[0]
    assert re.findall(r"<code>(.*?)</code>", section) == ["b.pdf", "a.md"]
    assert _quotes_in(section) == [
        ("b.pdf", "3", "12", "It began."),
        ("b.pdf", "40", "53", "Rents &lt;rose&gt;."),
        ("a.md", "7", "17", "They fell."),
    ]
    assert re.findall(r"\d+%", section.replace("at 80%", "")) == ["60%", "90%", "80%"]
    assert section.count("page 2") == 3


def test_sentence_of_the_answer_is_not_repeated_as_evidence(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    answer = result.answer
    assert answer
    own = Evidence(
        answer.document, answer.sentence.start, answer.sentence.end, answer.sentence.text, 0.95, 0, "A title"
    )
    shown = result_html(replace(result, evidence=(own, *QUOTES)), _find(assistant))
    section = shown.partition('<section class="evidence"')[2].partition("</section>")[0]
    assert [text for *_, text in _quotes_in(section)] == ["It began.", "Rents &lt;rose&gt;.", "They fell."]
    assert 'aria-label="Evidence"' not in result_html(replace(result, evidence=(own,)), _find(assistant))


def test_no_evidence_shows_no_section(assistant: Assistant) -> None:
    assert "Evidence" not in _html(assistant, replace(assistant.ask(BORDER), evidence=()))


def test_sentences_below_the_minimum_are_folded(assistant: Assistant) -> None:
    result = replace(assistant.ask(BORDER), evidence=QUOTES, min_confidence=0.85)
    shown = result_html(result, _find(assistant)).partition('<section class="evidence"')[2].partition("</section>")[0]
    likely, _, folded = shown.partition('<details class="less"><summary>2 less likely sentences</summary>')
    assert [text for *_, text in _quotes_in(likely)] == ["Rents &lt;rose&gt;."]
    assert [text for *_, text in _quotes_in(folded)] == ["They fell.", "It began."]


def test_evidence_is_the_answer_where_sentences_answer(assistant: Assistant) -> None:
    result = replace(assistant.ask(BORDER), evidence=QUOTES, answer_kind=AnswerKind.EVIDENCE)
    shown = result_html(result, _find(assistant))
    note = shown.partition('aria-label="Answer">')[2].partition("</article>")[0]
    assert "<h2>What the documents say</h2>" in note
    assert "3 sentences from 2 documents, with the probability that each bears on the question." in note
    assert [text for *_, text in _quotes_in(note)] == ["It began.", "Rents &lt;rose&gt;.", "They fell."]
    assert 'aria-label="Evidence"' not in shown
    # The short answer is no card, but the first of the candidates.
    assert '<p class="quote">' not in shown
    short = shown.partition("<h2>Short answers</h2>")[2]
    assert re.findall(r'link walk".*?>(.*?)</button>', short)[0] == "7,644 km"
    assert 'data-verdict="right" data-answer="0"' in short


def test_evidence_answers_without_a_short_answer(assistant: Assistant) -> None:
    withheld = assistant.judge(replace(assistant.ask(BORDER), evidence=QUOTES), 0.99)
    shown = result_html(replace(withheld, answer_kind=AnswerKind.EVIDENCE), _find(assistant))
    assert "What the documents say" in shown
    assert "Not found" not in shown
    assert "Short answers" not in shown


def test_note_is_copied_with_the_source_of_each_quote(assistant: Assistant) -> None:
    result = replace(assistant.ask(BORDER), evidence=QUOTES[1:], answer_kind=AnswerKind.EVIDENCE)
    text, markdown = (
        html.unescape(each)
        for each in re.findall(r'data-copy="(.*?)"', result_html(result, _find(assistant)), re.DOTALL)
    )
    assert text == (
        f"{BORDER}\n\n“They fell.” — Anna Berg, “A title” (a.md, page 2, characters 7-17)\n\n"
        "“It began.” — Anna Berg, “A title” (b.pdf, page 2, characters 3-12)\n"
    )
    assert markdown.startswith(
        f"## {BORDER}\n\n> They fell.\n>\n> — Anna Berg, “A title” (a.md, page 2, characters 7-17)"
    )


def test_withheld_answer_is_not_called_likely(assistant: Assistant) -> None:
    shown = _html(assistant, assistant.ask(BORDER, min_confidence=0.95))
    assert "No candidate is at least 95% likely to be right (the best one: " in shown
    assert "likely right" not in shown
    assert "may be right" not in shown


def test_taught_answer_says_who_and_when_instead_of_a_probability(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    assert result.answer
    answer = replace(result.answer, confidence=1.0, feedback=Attribution("<b>Anna", "2026-11-28T09:30:00Z"))
    shown = _html(assistant, replace(result, answer=answer))
    assert '<p class="taught">Marked right by &lt;b&gt;Anna on 2026-11-28</p>' in shown
    assert "100%" not in shown


def test_notice_is_shown_above_the_answer(assistant: Assistant) -> None:
    result = assistant.ask("And in Kyrgyzstan?", previous="Who is the president of Uzbekistan?")
    shown = _html(assistant, result)
    assert '<p class="notice" role="status">Understood as: “Who is the president of Kyrgyzstan?”</p>' in shown


def test_paragraph_of_the_answer_can_be_mapped_to_the_document(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    assert result.answer
    shown = _html(assistant, result)
    found = re.search(
        r'<blockquote class="paragraph" data-document="([^"]+)" data-start="(\d+)">(.*?)</blockquote>', shown, re.DOTALL
    )
    assert found
    text = html.unescape(re.sub("<[^>]+>", "", found[3]))
    start = int(found[2])
    assert assistant.retriever.document(found[1]).text[start : start + len(text)] == text


def test_titles_names_and_metadata_cannot_inject_html(assistant: Assistant) -> None:
    evil = "<img src=x onerror=alert(1)>"
    result = assistant.ask(BORDER)
    assert result.answer
    result = replace(
        result,
        answer=replace(result.answer, title=evil, document=evil),
        hits=tuple(replace(hit, title=evil) for hit in result.hits),
        reason=evil,
    )
    metadata = {"sources": [{"author": evil, "publication": evil, "date": evil}]}
    shown = result_html(result, lambda name: Document(name, "", evil, metadata=metadata))
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown


def test_malformed_sources_are_not_shown(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    for sources in ("text", ["a", 1], [{}], [{"author": "not named"}], {"a": 1}):
        shown = result_html(result, lambda name, s=sources: Document(name, "", "T", metadata={"sources": s}))  # type: ignore[misc]
        assert "Sources:" not in shown


def test_message_is_escaped() -> None:
    assert message_html("<b>") == '<p class="hint" role="status">&lt;b&gt;</p>'
