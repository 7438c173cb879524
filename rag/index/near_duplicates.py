"""Documents whose texts are nearly the same, found without comparing all pairs.

The pairs of adjacent words of a text are sketched by MinHash (Broder 1997): the share of values that agree in two
sketches estimates the share of all pairs that two texts have in common (Jaccard similarity). Locality-sensitive hashing
(Indyk and Motwani 1998) finds the sketches that agree enough. datasketch does both. The sketches are stored beside the
index, so an update sketches only new texts.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..types import Document
from .arrays import read_arrays
from .contract import DocumentStore

if TYPE_CHECKING:
    from datasketch import MinHash

Sketch = npt.NDArray[np.uint32]

#: File of the sketches in a version folder.
SKETCHES = "sketches.npz"

#: Values of a sketch; the similarity of two is estimated with a standard error of at most .045.
SIZE = 128
#: Similarity from which two texts are nearly the same: in a text of 200 words, about 17 words apart from each other may
#: differ.
SIMILAR = 0.7
#: Word pairs that a text must have: a few words are alike by chance.
MIN_PAIRS = 20
#: Documents of a file above which they are taken for the rows of a table, which are alike by nature.
MAX_ROWS = 50

#: Documents up to which near duplicates are looked for; 50,000 take 200 MB.
MAX_DOCUMENTS = 50_000

WORD = re.compile(r"\w+")
#: Pairs hashed at a time; a matrix of 5 MB.
BATCH = 10_000

#: Id of a document, id of an earlier one whose text is nearly the same, and their similarity.
NearDuplicate = tuple[str, str, float]


def sketch(text: str) -> Sketch | None:
    """The sketch of a text, ``uint32 [SIZE]``; None if it is too short."""
    import xxhash
    from datasketch import MinHash

    made = MinHash(SIZE, hashfunc=xxhash.xxh32_intdigest)
    pairs = pairwise(match.group().casefold() for match in WORD.finditer(text))
    count = 0
    while batch := list(islice(pairs, BATCH)):
        made.update_batch([f"{first} {second}".encode("utf-8", "surrogatepass") for first, second in batch])
        count += len(batch)
    return made.hashvalues if count >= MIN_PAIRS else None


def near_duplicates(sketches: Mapping[str, Sketch]) -> Iterator[NearDuplicate]:
    """The near duplicates among documents, by their ids, in order.

    Only the first of similar documents is compared with those that follow, so that a thousand copies are compared with
    one.
    """
    from datasketch import MinHashLSH

    # More false candidates than misses: the estimate below removes them.
    firsts = MinHashLSH(SIMILAR, SIZE, weights=(0.3, 0.7))
    for document, values in sketches.items():
        minhash = _minhash(values)
        found = [(float(np.mean(sketches[other] == values)), other) for other in firsts.query(minhash)]
        similarity, other = max(found, default=(0.0, ""))
        if similarity >= SIMILAR:
            yield document, other, similarity
        else:
            firsts.insert(document, minhash)


def find_near_duplicates(store: DocumentStore, folder: Path, before: Path | None) -> list[NearDuplicate]:
    """The near duplicates in a store, without copies of the same file; the sketches are written to a folder.

    Args:
        store: The documents. If more than ``MAX_DOCUMENTS`` of them are no rows, none are found.
        folder: Folder of the version.
        before: Folder of an earlier version, from which the sketches of unchanged documents are taken.
    """
    documents = store.content_keys(MAX_ROWS)
    if len(documents) > MAX_DOCUMENTS:
        return []
    known = _load(before / SKETCHES) if before else {}
    keys, sketches = {}, {}
    for document, key in documents:
        values = known[key] if key in known else sketch_of(store.documents[document])
        if values is not None:
            keys[document], sketches[document] = key, values
    values = np.array(list(sketches.values()), np.uint32).reshape(len(sketches), SIZE)
    np.savez(folder / SKETCHES, keys=np.array(list(keys.values()), np.str_), sketches=values)
    return [each for each in near_duplicates(sketches) if keys[each[0]] != keys[each[1]]]


def sketch_of(document: Document) -> Sketch | None:
    """The sketch of a document, without its front matter; None if it is too short."""
    return sketch(document.text[document.body :])


def _load(path: Path) -> dict[str, Sketch]:
    """The sketches of a file, by key; none if it is missing or damaged."""
    try:
        stored = read_arrays(path)
        return dict(zip(stored["keys"].tolist(), stored["sketches"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def _minhash(values: Sketch) -> MinHash:
    from datasketch import LeanMinHash

    return LeanMinHash(seed=1, hashvalues=values, scheme="affine32")
