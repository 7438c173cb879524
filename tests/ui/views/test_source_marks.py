from dataclasses import replace

from rag.ui.views.highlight import Mark
from rag.ui.views.source import marks_of

from rag import Assistant


def test_candidates_are_marked_in_an_open_document_unless_they_are_hopeless(assistant: Assistant) -> None:
    result = assistant.ask("How long is the border between Kazakhstan and Russia?")
    best = result.answers[0]
    end = best.end + 40
    likely = replace(best, start=best.end + 20, end=end, confidence=0.05, support=())
    hopeless = replace(best, start=end + 20, end=end + 30, confidence=0.04, support=())
    marks = marks_of(replace(result, answers=(best, likely, hopeless)), best.document, best.start, best.end)
    assert marks == [
        Mark(best.start, best.end, "answer focus"),
        Mark(best.end + 20, best.end + 40, "other"),
        Mark(best.sentence.start, best.sentence.end, "sentence"),
    ]
    opened = marks_of(replace(result, answers=(hopeless,)), best.document, hopeless.start, hopeless.end)
    assert opened[0] == Mark(hopeless.start, hopeless.end, "answer focus")
