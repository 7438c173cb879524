"""Tables: the same questions of every document."""

from .corrections import corrected
from .kept import KeptCells
from .rows import PASSAGES, Source, table_rows
from .values import Candidate, TableCell, TableRow

__all__ = ["PASSAGES", "Candidate", "KeptCells", "Source", "TableCell", "TableRow", "corrected", "table_rows"]
