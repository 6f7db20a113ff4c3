"""Pages out of templates; whatever comes from a log is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__ = ["page"]


def page(template: str, **values: Any) -> str:
    """A whole page; a value that its template asks for and is not given is an error.

    Args:
        template: of the folder ``templates``. values: what the template shows; text is escaped, and
            ``tojson`` writes what no script can be closed with.

    Raises:
        ValueError: a figure holds a number that JSON does not have.

    Example:
        >>> from interestclock.evaluation.tables import Cell, Row, Table
        >>> table = Table(heads=("ranker",), rows=(Row(name="a < b", cells=(Cell(figure="0.5"),)),))
        >>> _environment().from_string('{% from "tables.html.jinja" import table %}{{ table(one) }}').render(
        ...     one=table)
        '<div class="wide"><table ...<tr><th>a &lt; b</th><td class="">0.5</td></tr></tbody></table></div>'
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("interestclock.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False}  # in the order that was given
    return environment
