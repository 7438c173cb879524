"""SQuAD-format files, 1.1 and 2.0, ``.json`` or ``.json.gz``: their paragraphs as documents, and their questions."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

from rag import Document, InputError

from .questions import Gold, Question


def load_squad(path: Path) -> tuple[list[Document], list[Question]]:
    """All paragraphs, each as a document ``article/paragraph`` (both numbers), and all questions, in the file's order.

    Raises:
        InputError: The file is not of the format, or an answer does not stand at its offset; names the question.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        documents, questions = _parse(path, json.loads(raw))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except KeyError as error:
        raise InputError(f"{path}: not a SQuAD-format file ({error} is missing)") from error
    except (ValueError, TypeError, AttributeError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not a SQuAD-format file ({error})") from error
    if not questions:
        raise InputError(f"{path}: there is no question in it")
    return documents, questions


def _parse(path: Path, values: Any) -> tuple[list[Document], list[Question]]:
    documents, questions = [], []
    for i, article in enumerate(values["data"]):
        for j, paragraph in enumerate(article["paragraphs"]):
            document = Document(f"{i}/{j}", paragraph["context"], str(article.get("title", i)))
            documents.append(document)
            questions += [_question(path, document, qa) for qa in paragraph["qas"]]
    return documents, questions


def sample(questions: list[Question], limit: int | None, seed: int) -> list[Question]:
    """``limit`` of the questions drawn at random, in the order of the file; all where it is None."""
    if limit is None or limit >= len(questions):
        return questions
    chosen = random.Random(seed).sample(range(len(questions)), limit)
    return [questions[i] for i in sorted(chosen)]


def _question(path: Path, document: Document, qa: dict[str, Any]) -> Question:
    golds = []
    for answer in [] if qa.get("is_impossible") else qa["answers"]:
        start, text = answer["answer_start"], answer["text"]
        end = start + len(text)
        if document.text[start:end] != text:
            raise InputError(
                f"{path}: question {qa['id']}: {document.text[start:end]!r} stands at {start}, not {text!r}"
            )
        # Whoever reads SQuAD has no sentences; the quote itself has to be in the sentence that is given.
        golds.append(Gold(document.id, start, end, text, start, end))
    return Question(str(qa["id"]), qa["question"], tuple(golds), document=document.id)
