import re
from dataclasses import replace

from rag.ui.views.result import message_html, result_html

from rag import Assistant, Document, Result

BORDER = "How long is the border between Kazakhstan and Russia?"


def _html(assistant: Assistant, result: Result) -> str:
    return result_html(result, assistant.retriever.document)


def test_answer_is_marked_within_its_sentence(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    shown = _html(assistant, result)
    assert '<p class="quote">7,644 km</p>' in shown
    paragraph = re.search(r'<blockquote class="paragraph">(.*?)</blockquote>', shown, re.DOTALL)
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
    assert "2 documents say the same" in shown


def test_other_passages_are_listed_with_their_scores(assistant: Assistant) -> None:
    result = assistant.ask(BORDER)
    shown = _html(assistant, result)
    assert shown.partition('<section class="passages">')[2].count("<li>") == len(result.hits) - 1
    others = [hit for hit in result.hits if result.answer and hit.passage != result.answer.passage]
    assert re.findall(r">(-?[\d.]+)</span></span>", shown) == [f"{hit.score:.1f}" for hit in others]


def test_not_found_shows_the_near_miss_but_not_as_an_answer(assistant: Assistant) -> None:
    shown = _html(assistant, assistant.ask("Who won the 1998 football World Cup?"))
    assert "<h2>Not found</h2>" in shown
    assert "Closest match, not an answer" in shown
    assert '<mark class="near' in shown
    assert '<mark class="answer' not in shown


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
