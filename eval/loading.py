"""Load a question set together with an assistant over its documents."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag import Assistant, Document, Encoder, Index, InputError, Retriever, SentenceTransformerEncoder
from rag.index import Report
from rag.questions.columns import as_question
from rag.questions.evidence import is_evidence_file, load_evidence, marked_questions
from rag.questions.schema import OnInvalid, OnUnlabelled, Question, load_questions
from rag.questions.squad import article_titles, load_squad, sample
from rag.questions.table import is_gold_table, load_gold_table
from rag.retrieval.retriever import check_question


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions and the assistant to ask.

    Attributes:
        path: The file.
        assistant: An assistant over the documents that the questions are about.
        questions: The questions, each accepted by the assistant's retriever.
        mode: "index" (questions about an index), "table" (the cells of a table), "open" or "reading" (see ``rag eval
            --help``).
        part: The part of a split set, or empty.
    """

    path: Path
    assistant: Assistant
    questions: list[Question]
    mode: str
    part: str


def load_question_set(
    path: Path,
    args: argparse.Namespace,
    open_assistant: Callable[[], Assistant],
    report: Report,
    *,
    on_invalid: OnInvalid,
    on_unlabelled: OnUnlabelled,
) -> QuestionSet:
    """Load a ``.jsonl`` file about the index, or a SQuAD or evidence file, whose paragraphs are indexed in memory.

    Args:
        path: The file.
        args: Options of ``rag eval``.
        open_assistant: Returns an assistant over the index; called for a ``.jsonl`` file.
        report: Called with stage, steps done and steps in total while paragraphs are indexed.
        on_invalid: Called for each invalid question, which is skipped unless the callback raises.
        on_unlabelled: Called for each unlabelled question, which is skipped.

    Raises:
        InputError: The file or an option does not fit, or no question is left.
    """
    if path.suffix == ".jsonl" and not is_evidence_file(path):
        if args.open or args.without_articles_of:
            option = "--open" if args.open else "--without-articles-of"
            raise InputError(f"{path}: {option} is for SQuAD-format files; a .jsonl file is about the index")
        assistant = open_assistant()
        if is_gold_table(path):
            questions = _table_cells(path, assistant.index.documents, args)
            return QuestionSet(path, assistant, sample(questions, args.limit, args.seed), "table", "")
        questions = load_questions(path, assistant.index.documents, on_invalid, on_unlabelled)
        questions, part = _select_part(path, questions, args)
        mode = "reading" if args.reading else "index"
    else:
        if not (args.open or args.reading):
            raise InputError(
                f"{path}: give --open to index its paragraphs, or --reading to give the gold one; or name a .jsonl file"
            )
        documents, questions = _documents_and_questions(path, on_invalid)
        questions = _without_articles(path, documents, questions, args.without_articles_of)
        encoder = SentenceTransformerEncoder(device=args.device)
        part, mode = "", "reading" if args.reading else "open"
        retriever = Retriever(Index.build(documents, encoder, report=report), encoder)
        assistant = Assistant.with_reader(retriever, args.reader, args.device)
    questions = _valid_questions(path, questions, assistant.retriever.encoder, on_invalid)
    return QuestionSet(path, assistant, sample(questions, args.limit, args.seed), mode, part)


def _documents_and_questions(path: Path, on_invalid: OnInvalid) -> tuple[list[Document], list[Question]]:
    """The paragraphs and questions of a SQuAD-format or evidence file."""
    if is_evidence_file(path):
        return marked_questions(load_evidence(path, on_invalid))
    return load_squad(path, on_invalid)


def _table_cells(path: Path, documents: Mapping[str, Document], args: argparse.Namespace) -> list[Question]:
    """A question for each cell of a gold table, document by document."""
    for option in ("reading", "sweep", "calibrate", "part"):
        if getattr(args, option):
            raise InputError(f"{path}: --{option} is for question sets, not for a table; omit it")
    columns = load_gold_table(path, documents)
    return [
        Question(f"{column.id}: {name}", as_question(column.text), column.cells[name], document=name)
        for name in columns[0].cells
        for column in columns
    ]


def _select_part(path: Path, questions: list[Question], args: argparse.Namespace) -> tuple[list[Question], str]:
    """The questions of the chosen part, and its name."""
    if not any(question.part for question in questions):
        if args.part not in (None, "all"):
            raise InputError(f"{path}: the questions are not split, so there is no {args.part} part; omit --part")
        return questions, ""
    part = args.part or ("calibration" if args.sweep or args.calibrate else "test")
    chosen = [question for question in questions if part in ("all", question.part)]
    if not chosen:
        raise InputError(f"{path}: no questions in the {part} part; choose another --part")
    return chosen, "" if part == "all" else part


def _without_articles(
    path: Path, documents: Sequence[Document], questions: list[Question], files: Sequence[Path]
) -> list[Question]:
    """The questions about articles whose title is in none of the SQuAD-format files."""
    titles: set[str] = set().union(*map(article_titles, files))
    excluded = {document.id for document in documents if document.title in titles}
    kept = [question for question in questions if question.document not in excluded]
    if not kept:
        raise InputError(f"{path}: all its articles are in {', '.join(map(str, files))}; change --without-articles-of")
    return kept


def _valid_questions(path: Path, questions: list[Question], encoder: Encoder, on_invalid: OnInvalid) -> list[Question]:
    """The questions that retrieval accepts; checked first so that a run does not stop halfway."""
    valid = []
    for question in questions:
        try:
            check_question(question.text, encoder)
        except InputError as error:
            on_invalid(InputError(f"{path}: question {question.id}: {error}"))
        else:
            valid.append(question)
    if not valid:
        raise InputError(f"{path}: no valid questions; correct those listed")
    return valid
