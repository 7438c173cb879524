"""One tree of errors; catch ``RagError`` for all of them.

RagError
├── InputError          invalid input: a path, a question, a setting
│   └── DocumentError   a file cannot be read as a document
└── IndexFolderError    the index folder cannot be used
    ├── IndexMissing    there is no index there
    ├── IndexBusy       another process is writing to it
    ├── IndexMismatch   built by another version, or with another embedder
    ├── EmbedderMissing the embedder that it was built with is not on this machine
    ├── IndexDamaged    a file of the index is missing or damaged
    └── StoreUnavailable  the store that holds the index cannot be reached, or does not answer

Each message is one line that names the input and the remedy.
"""


class RagError(Exception):
    """Base of all errors that this package raises."""


class InputError(RagError, ValueError):
    """Invalid input."""


class DocumentError(InputError):
    """One file cannot be read as a document."""


class IndexFolderError(RagError):
    """The index folder cannot be used."""


class IndexMissing(IndexFolderError):
    """There is no index in the folder."""


class IndexBusy(IndexFolderError):
    """Another process is writing to the index."""


class IndexMismatch(IndexFolderError):
    """The index was built by another version or with another embedder."""


class EmbedderMissing(IndexFolderError):
    """The embedder that the index was built with is not on this machine."""


class IndexDamaged(IndexFolderError):
    """A file of the index is missing or damaged."""


class StoreUnavailable(IndexFolderError):
    """The store that holds the index cannot be reached, refuses, or does not answer in time."""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of the error if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
