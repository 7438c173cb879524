"""Render the page's HTML from the Jinja2 templates in ``templates/``."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from rag.reading.scoring import in_words
from rag.text.plural import counted

from .highlight import escape
from .messages import duration


def render(template: str, **values: object) -> str:
    """Render ``templates/<template>.html``; every value that is not ``Markup`` is escaped.

    Do not mix Markup and plain text in a filter such as ``join`` or with ``~``: Jinja's own escaping, which they use,
    leaves the characters that start a placeholder in a Gradio template as they are.
    """
    return environment().get_template(f"{template}.html").render(values)


@cache
def environment() -> Environment:
    """The environment of the page's templates."""
    environment = Environment(
        loader=PackageLoader("rag.ui.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Escapes more than autoescape, which passes the resulting Markup through.
        finalize=escape,
    )
    environment.filters |= {
        "counted": counted,
        "duration": duration,
        "likelihood": in_words,
        "percent": "{:.0%}".format,
        "thousands": "{:,}".format,
    }
    return environment
