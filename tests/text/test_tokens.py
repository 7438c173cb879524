import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.text.tokens import encoding, token_counter


@given(st.text())
def test_tokens_decode_to_the_text(text: str) -> None:
    assert encoding().decode(encoding().encode_ordinary(text)) == text


def test_common_words_are_one_token_and_rare_ones_are_several() -> None:
    pieces = encoding().decode_tokens_bytes(encoding().encode_ordinary("The border of Kazakhstan"))
    assert pieces == [b"The", b" border", b" of", b" K", b"az", b"akh", b"stan"]


def test_special_tokens_count_as_text() -> None:
    assert token_counter()("<|endoftext|>") > 1


def test_megabyte_without_spaces_is_counted() -> None:
    assert token_counter()("x" * 1_000_000) > 10_000


def test_unknown_encoding_is_an_error_naming_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown token encoding 'nope'; known: rag-16k, .*o200k_base"):
        encoding("nope")
