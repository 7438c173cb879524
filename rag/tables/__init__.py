"""Tables: the same questions of every document."""

from .kept import KeptCells
from .rows import PASSAGES, Source, table_rows
from .values import Candidate, Cell, Row

__all__ = ["PASSAGES", "Candidate", "Cell", "KeptCells", "Row", "Source", "table_rows"]
