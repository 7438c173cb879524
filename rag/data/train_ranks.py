"""Train the ranks of the packaged token encoding: ``python -m rag.data.train_ranks FILE... --out FILE``.

The training text is the paragraphs of SQuAD-format files (``.json`` or ``.json.gz``). The shipped ranks were trained on
the files of the reader's model card: SQuADShifts (new-wiki, reddit, amazon), QAMR, QED and ``squad-dev-part``. That is
not the whole development set of SQuAD but 32 of its 48 articles, without the paragraphs of XQuAD, which is for
evaluation only. Trained again on these files, 16,375 of the 16,384 tokens are the shipped ones; with XQuAD, 16,007.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from rag.errors import RagError
from rag.questions.squad import load_squad
from rag.text.tokens import PATTERN

#: Number of ranks, that is, of different tokens.
RANKS = 16_384


def paragraphs(path: Path) -> list[str]:
    """The paragraphs of a SQuAD-format file; their questions do not matter, so invalid ones are ignored.

    Raises:
        InputError: The file is not in SQuAD's format.
    """
    documents, _ = load_squad(path, on_invalid=lambda error: None)
    return [document.text for document in documents]


def train(texts: Iterable[str]) -> list[bytes]:
    """Train byte-level BPE (Sennrich et al. 2016); returns the tokens by rank."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=RANKS, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    to_byte = {character: byte for byte, character in enumerate(byte_alphabet())}
    by_rank = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [bytes(to_byte[character] for character in token) for token, _ in by_rank]


def byte_alphabet() -> list[str]:
    """The printable character that represents each byte in GPT-2's byte-level BPE, by byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def main(argv: Sequence[str] | None = None) -> int:
    """Train the ranks and write them in tiktoken's format; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.data.train_ranks", description="Train the ranks of the packaged token encoding."
    )
    parser.add_argument("files", nargs="+", type=Path, help="SQuAD-format .json or .json.gz files")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("rag-16k.tiktoken"), metavar="FILE",
        help="output file (default: the shipped ranks)",
    )  # fmt: skip
    args = parser.parse_args(argv)
    try:
        texts = [text for path in args.files for text in paragraphs(path)]
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    tokens = train(texts)
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens))
    args.out.write_text("".join(lines), encoding="ascii")
    print(f"wrote {len(tokens):,} ranks to {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
