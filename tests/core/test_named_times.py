"""Behaviour 31 over the whole product: where an instant is printed, its zone and offset stand by.

Templates and code are read as trees, so that a page nobody has thought of a test for counts too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import Environment, nodes

WEBAPP = Path(__file__).parents[2] / "webapp"
TEMPLATES = sorted(
    path for path in WEBAPP.rglob("templates/**/*") if path.suffix in (".html", ".txt")
)
# How the models, the views and the templates call an instant.
INSTANT = re.compile(
    r".*_at|at|now|until|deadline|next_open|next_slot|instant|start|end|expires|kickoff_time"
)
# What shows an instant with its zone and offset, or as a date in a zone; each is one of the
# components, which are read like every other template.
SHOWS = {"when", "day", "countdown", "meeting", "meeting_line", "consultant_card", "deadline",
         "too_late"}  # fmt: skip
# What takes an instant and prints something else.
NOT_PRINTED = {"url_for", "selectattr", "sort"}
IN_MARKUP = re.compile(r'(?:datetime|data-deadline|content)="$')
# Clock times inside code: where they are put together with a zone, or are rules in local time.
CLOCKS = {
    "webapp/web.py": "the filters themselves",
    "webapp/booking/picker/day_times.py": "a list of times, under its zone",
    "webapp/booking/picker/zones.py": "what clocks show when they change",
    "webapp/booking/hours/weeks.py": "a week of the consultant's calendar, under its zone",
    "webapp/booking/hours/windows.py": "opening hours, in local time",
    "webapp/reviews/rule.py": "a rule in local time",
    "webapp/reviews/explained.py": "a rule in local time, in words with its place",
    "webapp/reviews/fitting.py": "a consultant's own time, in words with its place",
    "webapp/reviews/views/series.py": "the rule's field",
}


def environment(app: Flask) -> Environment:
    return app.jinja_env


def printed(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node]]:
    """Each printed expression, with the text just before it."""
    for output in tree.find_all(nodes.Output):
        before = ""
        for part in output.nodes:
            if isinstance(part, nodes.TemplateData):
                before = part.data
            else:
                yield before, part
                before = ""


def name_of(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.name if isinstance(node, nodes.Name) else ""


def bare(node: nodes.Node, before: str = "") -> Iterator[str]:
    """Instants that this expression prints without their zone."""
    if isinstance(node, nodes.Filter) and node.name in SHOWS:
        return
    if isinstance(node, nodes.Filter) and node.name == "time":
        yield "|time"
    if isinstance(node, nodes.Call):
        yield from called(node, before)
    elif isinstance(node, nodes.CondExpr):
        yield from bare(node.expr1, before)
        yield from bare(node.expr2, before) if node.expr2 else ()
    elif isinstance(node, (nodes.Getattr, nodes.Name)) and INSTANT.fullmatch(name_of(node)):
        if not (isinstance(node, nodes.Getattr) and name_of(node.node) == "form"):
            yield name_of(node)
    elif not isinstance(node, (nodes.Compare, nodes.Getattr, nodes.Test, nodes.Not)):
        for child in node.iter_child_nodes():
            yield from bare(child, before)


def called(node: nodes.Call, before: str) -> Iterator[str]:
    """A macro that shows instants takes them; isoformat stands in attributes alone."""
    callee = name_of(node.node)
    if callee in SHOWS | NOT_PRINTED:
        return
    if callee == "isoformat":
        if not IN_MARKUP.search(before) and INSTANT.fullmatch(name_of(node.node.node)):  # type: ignore[attr-defined]
            yield "isoformat"
        return
    if callee == "strftime" and any(clock_format(part) for part in node.args):
        yield "strftime"
    for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
        yield from bare(argument, before)


def clock_format(node: Any) -> bool:
    """Whether it is text that formats a time of day."""
    return bool(re.search(r"%-?[HIXcTRp]", str(getattr(node, "value", ""))))


def bare_in(env: Environment, source: str) -> list[str]:
    tree = env.parse(source)
    blocks = {name_of(node.target) for node in tree.find_all(nodes.AssignBlock)}
    found = [name for before, node in printed(tree) for name in bare(node, before)]
    return [name for name in found if name not in blocks]


# -- templates -------------------------------------------------------------------------------------


def test_b31_no_template_prints_an_instant_without_its_zone(app: Flask) -> None:
    assert len(TEMPLATES) > 120
    found = {
        str(path.relative_to(WEBAPP)): names
        for path in TEMPLATES
        if (names := bare_in(environment(app), path.read_text()))
    }
    assert found == {}


def test_b31_the_date_of_an_instant_is_that_of_a_named_zone(app: Flask) -> None:
    """`|day` alone takes UTC's date, which is another one for many readers."""
    wrong = []
    for path in TEMPLATES:
        for node in environment(app).parse(path.read_text()).find_all((nodes.Filter, nodes.Call)):
            filtered = isinstance(node, nodes.Filter) and node.name == "day" and not node.args
            called = isinstance(node, nodes.Call) and name_of(node.node) == "day"
            value = node.node if filtered else node.args[0] if called else None  # type: ignore[attr-defined]
            dated = called and (len(node.args) > 1 or node.kwargs)  # type: ignore[attr-defined]
            if value is not None and not dated and name_of(value).endswith("_at"):
                wrong.append((path.name, name_of(value)))
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    ["{{ booking.starts_at }}", "{{ booking.starts_at|string }}", "at {{ row.seen_at or '–' }}",
     "{{ starts_at.strftime('%H:%M') }}", "{{ booking.starts_at|time(zone) }}",
     "{{ 'on ' ~ booking.starts_at }}", "<p>{{ booking.starts_at.isoformat() }}</p>",
     "{{ definition_list([('When', booking.starts_at)]) }}",
     "{% set line %}{{ meeting.ends_at }}{% endset %}", "{{ a if b else hold.expires_at }}"],
)  # fmt: skip
def test_b31_the_walk_finds_an_instant_that_is_printed_bare(app: Flask, source: str) -> None:
    assert bare_in(environment(app), source)


@pytest.mark.parametrize(
    "source",
    ["{{ when(booking.starts_at, zone) }}", "{{ booking.starts_at|when(zone) }}",
     '<time datetime="{{ dt.starts_at.isoformat() }}">', "{{ invoice.paid_at|day(zone) }}",
     "{{ 'yes' if hold.expires_at < now else 'no' }}", "{{ first.strftime('%B %Y') }}"],
)  # fmt: skip
def test_b31_the_walk_lets_named_times_through(app: Flask, source: str) -> None:
    assert bare_in(environment(app), source) == []


# -- code ------------------------------------------------------------------------------------------


def clock_formats(path: Path) -> list[int]:
    """Lines on which code writes a time of day."""
    lines = []
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) else None
        spec = isinstance(text, str) and re.search(r"(?<!T)%-?[HI]:%M", text)
        format_call = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("format_time")
        if spec or format_call:
            lines.append(node.lineno)  # type: ignore[attr-defined]
    return lines


def test_b31_code_writes_clock_times_only_where_their_zone_is_written_too() -> None:
    root = WEBAPP.parent
    found = {
        str(path.relative_to(root)): lines
        for path in WEBAPP.rglob("*.py")
        if (lines := clock_formats(path))
    }
    assert {name: lines for name, lines in found.items() if name not in CLOCKS} == {}
