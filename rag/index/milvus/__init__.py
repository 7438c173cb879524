"""An index in Milvus: passages, vectors, words and documents outside the machine, behind the same contract.

Two collections hold it (``schema``). Every row carries the first version that shows it and the first that does not, so
an update appears to readers when the manifest names its version, and not before (``versions``).
"""

from .address import Address, public_text
from .connection import Connection
from .drop import drop, drop_index_of
from .open import open_parts
from .storage import MilvusStorage

__all__ = ["Address", "Connection", "MilvusStorage", "drop", "drop_index_of", "open_parts", "public_text"]
