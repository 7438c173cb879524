"""File formats: parsing a file's bytes into documents, by the suffix of its name (``FORMATS``).

Plain text is only decoded, so any quote can be checked::

    text = open(path, encoding=document.metadata["encoding"], newline="").read()
    text[start:end]

For other formats the extracted text is the document's text, and ``Document.places`` maps offsets back to pages and
headings. Each row of a table is a document, ``table.csv#12``, and so are each sheet of a workbook, ``book.xlsx#2``,
each file in an archive, ``old.zip/notes.md``, and each attachment of a message, ``letter.eml/plan.pdf``.
"""

import lazy_loader

# The names and their modules are in __init__.pyi. Most importers need only those of names.py.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
