"""What an index run and its checks found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..export.check import Checked
from ..formats.unread import unsupported_kinds
from ..index import Changes, Verification
from ..text.plural import counted
from ..text.printable import one_line
from .show import ANSWER, QUIET, WARNING

#: Near duplicates named after an index run.
NAMED = 3

KEPT = "; the index keeps its previous version"


def changes_table(changes: Changes) -> Group:
    """Summary of an index run: counts of files, then what was not read and why, and other warnings."""
    counts = Table(box=None, pad_edge=False)
    row = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "renamed": len(changes.renamed),
        "unchanged": len(changes.unchanged),
        "removed": len(changes.removed),
        "skipped": len(changes.skipped),
        "incomplete": len({document_id for document_id, _ in changes.unread}),
    }
    for name in row:
        counts.add_column(name, justify="right")
    counts.add_row(*(f"{count:,}" for count in row.values()))
    lines = [
        Text(f"  skipped {one_line(each.document_id)}: {one_line(each.reason)}{KEPT * each.kept}", style=WARNING)
        for each in changes.skipped
    ]
    remarks = [*changes.unread, *changes.warnings]
    lines += [Text(f"  {one_line(name)}: {one_line(text)}", style=WARNING) for name, text in remarks]
    lines += _unsupported(changes.unsupported)
    lines += [Text(one_line(_near_duplicates(changes)), style=WARNING)] if changes.near_duplicates else []
    total = Text(f"{counted(changes.documents, 'document')}, {counted(changes.passages, 'passage')} in the index")
    return Group(counts, *lines, total)


def _unsupported(counts: Mapping[str, int]) -> list[Text]:
    """The line on files of unsupported formats; none if there are none."""
    text = unsupported_kinds(counts)
    return [Text(one_line(f"{text}; a .ragignore can leave them out"), style=WARNING)] if text else []


def _near_duplicates(changes: Changes) -> str:
    """How many documents are nearly the same as another one, and the first of them."""
    found = changes.near_duplicates
    first = ", ".join(f"{document} and {other} ({similarity:.0%})" for document, other, similarity in found[:NAMED])
    noun = "document is" if len(found) == 1 else "documents are"
    return f"{len(found):,} {noun} nearly the same as another: {first}{', ...' * (len(found) > NAMED)}"


def verification_text(found: Verification) -> Text:
    """Findings of ``rag verify``, one per line."""
    lines = [Text(one_line(problem), style="red") for problem in found.problems]
    lines += [Text(one_line(f"{name}: {state}" if name else state), style=WARNING) for name, state in found.stale]
    lines += [Text(one_line(f"{name}: {text}"), style=WARNING) for name, text in found.unread]
    lines += _unsupported(found.unsupported)
    if not found.problems:
        changed = f"{counted(len(found.stale), 'file')} changed; run `rag index` to update it"
        state = changed if found.stale else "up to date with its files"
        size = f"{counted(found.documents, 'document')}, {counted(found.passages, 'passage')}"
        files = len({name for name, _ in found.unread})
        missing = f"; {counted(files, 'document')} not read, or only partly" if files else ""
        lines.append(Text(f"undamaged: {size}{missing}; {state}"))
    return Text("\n").join(lines)


def checked_text(found: Sequence[Checked]) -> Text:
    """State of exported quotes, one per line."""
    return Text("\n").join(_checked(checked) for checked in found)


def _checked(checked: Checked) -> Text:
    quote = checked.quote
    style = {"matches": ANSWER, "moved": WARNING}.get(checked.state, "red")
    line = f" {quote.document}, characters {quote.start}-{quote.end}: “{_shortened(quote.text)}”"
    return Text.assemble((checked.state, style), one_line(line), (one_line(_remark(checked)), QUIET))


def _remark(checked: Checked) -> str:
    """Details beyond the state."""
    within = "" if checked.same_sentence else ", in another sentence"
    if checked.state == "moved":
        where = f"{checked.document}, " if checked.document != checked.quote.document else ""
        return f" (now {where}characters {checked.start}-{checked.end}{within})"
    if checked.state == "matches":
        return "" if checked.same_file else f" (the file has changed{within})"
    if checked.state == "gone" and checked.same_file:
        return " (the file has not changed: the quote was never there)"
    return f" ({checked.detail})" if checked.detail else ""


def _shortened(text: str, length: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
