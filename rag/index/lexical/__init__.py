"""Words: which terms a text holds, and BM25 (Robertson & Zaragoza 2009) over them by ``bm25s``."""

from .bm25 import Lexical
from .terms import STOP_WORDS, Rarity, coverage, terms
from .writer import WordsFile

__all__ = ["STOP_WORDS", "Lexical", "Rarity", "WordsFile", "coverage", "terms"]
