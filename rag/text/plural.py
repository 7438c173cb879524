"""Numbers with their nouns."""


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 question``, ``2,000 questions``, ``2 boxes``."""
    ending = "es" if noun.endswith(("x", "ch", "sh", "ss")) else "s"
    return f"{number:,} {noun}{'' if number == 1 else ending}"
