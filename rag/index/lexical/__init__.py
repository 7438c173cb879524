"""Lexical search: the terms of a text, and BM25 (Robertson & Zaragoza 2009) over them by ``bm25s``."""

from .bm25 import Lexical
from .terms import STOP_WORDS, Rarity, coverage, terms
from .writer import WordsWriter

__all__ = ["STOP_WORDS", "Lexical", "Rarity", "WordsWriter", "coverage", "terms"]
