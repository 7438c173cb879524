"""One tree of errors; catch ``RagError`` for all of them.

RagError
├── InputError          what the caller gave cannot be used: a path, a question, a setting
│   └── DocumentError   one file cannot be read as a document; the others can
└── IndexFolderError    the index folder cannot be used
    ├── IndexMissing    there is no index there
    ├── IndexBusy       another process is writing to it
    ├── IndexMismatch   built by another version, or with another embedder
    └── IndexDamaged    a file of it is missing or not as it was written

Each message is one line that names the input and says what to do.
"""


class RagError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(RagError, ValueError):
    """What the caller gave cannot be used."""


class DocumentError(InputError):
    """One file cannot be read as a document."""


class IndexFolderError(RagError):
    """The index folder cannot be used."""


class IndexMissing(IndexFolderError):
    """There is no index in the folder."""


class IndexBusy(IndexFolderError):
    """Another process is writing to the index."""


class IndexMismatch(IndexFolderError):
    """The index was made by another version or with another embedder."""


class IndexDamaged(IndexFolderError):
    """A file of the index is missing or not as it was written."""
