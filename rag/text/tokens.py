"""Token counts for chunk sizes and for an LLM's context, with ``tiktoken``.

OpenAI's encodings have to be downloaded, so the default encoding, ``rag-16k``, ships with the package: a byte-level BPE
with 16,384 ranks, trained by ``rag/data/train_ranks.py``. Other encodings are loaded by their tiktoken names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files

import tiktoken
from tiktoken.load import load_tiktoken_bpe

from ..errors import InputError

DEFAULT_ENCODING = "rag-16k"

#: Pre-tokenization, modelled on the GPT-4 encodings. Runs are bounded, so that a megabyte without a space takes
#: linear time.
PATTERN = "|".join(
    [
        r"'(?:s|t|re|ve|m|ll|d)\b",
        r"[^\r\n\p{L}\p{M}\p{N}]?[\p{L}\p{M}]{1,64}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{M}\p{N}]{1,64}",
        r"[\r\n]{1,64}",
        r"\s{1,64}",
    ]
)

TokenCounter = Callable[[str], int]


@cache
def encoding(name: str = DEFAULT_ENCODING) -> tiktoken.Encoding:
    """Load a token encoding by name.

    Raises:
        InputError: tiktoken does not know the name, or cannot download the encoding.
    """
    if name == DEFAULT_ENCODING:
        with as_file(files("rag.data") / f"{DEFAULT_ENCODING}.tiktoken") as path:
            ranks = load_tiktoken_bpe(str(path))
        return tiktoken.Encoding(name, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    try:
        return tiktoken.get_encoding(name)
    except ValueError:
        known = ", ".join([DEFAULT_ENCODING, *tiktoken.list_encoding_names()])
        raise InputError(f"unknown token encoding {name!r}; known: {known}") from None
    except OSError as error:
        raise InputError(
            f"token encoding {name!r} cannot be downloaded here "
            f"({type(error).__name__}); use {DEFAULT_ENCODING!r}, which ships with the package"
        ) from error


def token_counter(name: str = DEFAULT_ENCODING) -> TokenCounter:
    """A function that counts the tokens of a text; special tokens count as ordinary text."""
    chosen = encoding(name)
    return lambda text: len(chosen.encode_ordinary(text))
