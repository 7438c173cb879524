"""``python -m rag``: the command line, where the command ``rag`` is not on the path."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
