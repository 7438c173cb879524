"""Train the ranks of the packaged token encoding: ``python -m rag.data.train_ranks FILE... --out FILE``.

The training text is the paragraphs of SQuAD-format files (``.json`` or ``.json.gz``). The shipped ranks were trained on
all files of the reader's model card: SQuADShifts (new-wiki, reddit, amazon), QAMR, QED and ``squad-dev-part``. The
last is 32 of the 48 articles of SQuAD's development sets, without the paragraphs that XQuAD uses, because XQuAD is used
for evaluation only.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from rag.text.tokens import PATTERN

#: Number of ranks, that is, of different tokens.
RANKS = 16_384


def paragraphs(path: Path) -> Iterator[str]:
    """The paragraphs of a SQuAD-format file."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for article in json.loads(raw)["data"]:
        for paragraph in article["paragraphs"]:
            yield paragraph["context"]


def train(texts: Iterator[str]) -> list[bytes]:
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


def main() -> None:
    """Train the ranks and write them in tiktoken's format."""
    parser = argparse.ArgumentParser(description="Train the ranks of the packaged token encoding.")
    parser.add_argument("files", nargs="+", type=Path, help="SQuAD-format .json or .json.gz files")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("rag-16k.tiktoken"), metavar="FILE",
        help="output file (default: the shipped ranks)",
    )  # fmt: skip
    args = parser.parse_args()
    tokens = train(text for path in args.files for text in paragraphs(path))
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens))
    args.out.write_text("".join(lines), encoding="ascii")
    print(f"{len(tokens)} ranks -> {args.out}")


if __name__ == "__main__":
    main()
