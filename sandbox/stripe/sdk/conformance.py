"""Is this JSON what the SDK's types say it is? Used on every response and every event.

An annotation is turned into a check once, the first time a value is held against it: a year of
invoices is checked as it is made, so that a check must cost next to nothing where all is well.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

from sandbox.stripe.sdk.names import resolve
from sandbox.stripe.sdk.types import (
    LISTS,
    MAPS,
    fields,
    is_literal,
    is_object_class,
    is_optional,
    is_union,
    object_class,
    object_name,
    options,
)

Problems = tuple[tuple[str, str], ...]
"""Where, below what was checked, and what."""
Check = Callable[[Any], Problems]
_FINE: Problems = ()
_JSON_TYPES: dict[type, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float)}


def problems(value: Any, annotation: Any, module: str, path: str = "") -> list[str]:
    """Every way in which ``value`` differs from the annotation, as ``path: what`` lines."""
    return [f"{path}{below}: {what}" for below, what in _check(annotation, module)(value)]


def object_problems(value: dict[str, Any]) -> list[str]:
    """Check a document by the class its own ``object`` names."""
    cls = object_class(value["object"])
    return problems(value, cls, cls.__module__, value["object"])


@cache
def _check(annotation: Any, module: str) -> Check:
    """The check for an annotation written in a module."""
    annotation = resolve(annotation, module)
    origin = get_origin(annotation)
    if annotation is Any:
        return lambda value: _FINE
    if is_union(annotation):
        return _union(options(annotation, module), module)
    if is_literal(annotation):
        return _literal(get_args(annotation))
    if origin is list:
        return _list(get_args(annotation)[0], module)
    if origin in LISTS:
        return _page(annotation, module)
    if origin in MAPS or annotation in MAPS:
        return _map(annotation, module)
    if is_object_class(annotation):
        return lambda value: _object(value, annotation)
    return _scalar(annotation)


def _unless(right: bool, message: str) -> Problems:
    return _FINE if right else (("", message),)


def _below(step: str, found: Problems) -> Problems:
    return tuple((step + where, what) for where, what in found)


def _literal(values: tuple[Any, ...]) -> Check:
    return lambda value: _unless(value in values, f"{value!r} is not one of {values}")


def _scalar(annotation: Any) -> Check:
    if annotation is Decimal:
        return lambda v: _unless(_is_decimal(v), f"{v!r} is not a decimal string")
    if annotation is type(None):
        return lambda v: _unless(v is None, f"{v!r} is not null")
    if annotation is bool:
        return lambda v: _unless(isinstance(v, bool), f"{v!r} is not a boolean")
    kinds, name = _JSON_TYPES[annotation], annotation.__name__

    def check(value: Any) -> Problems:
        right = isinstance(value, kinds) and not isinstance(value, bool)
        return _FINE if right else (("", f"{value!r} is not {name}"),)

    return check


def _is_decimal(value: Any) -> bool:
    try:
        return isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


class _Alternative(NamedTuple):
    """One type of a union, and what decides whether a value is of its kind."""

    check: Check
    plain: bool
    name: str | None

    def may_hold(self, value: Any) -> bool:
        """Whether the value is of the right kind, so that its problems are the ones to report."""
        if isinstance(value, dict):
            return not self.plain and self.name in (None, value.get("object"))
        return self.plain or isinstance(value, list)


def _union(alternatives: list[Any], module: str) -> Check:
    nullable = type(None) in alternatives
    known = [
        _Alternative(
            _check(a, module), _is_plain(a), object_name(a) if is_object_class(a) else None
        )
        for a in alternatives
    ]

    def check(value: Any) -> Problems:
        if value is None and nullable:
            return _FINE
        found = [a.check(value) for a in known if a.may_hold(value)]
        nothing = (("", f"{value!r} fits none of {alternatives}"),)
        return min(found, key=len, default=nothing)

    return check


def _is_plain(annotation: Any) -> bool:
    return is_literal(annotation) or (
        isinstance(annotation, type) and not is_object_class(annotation)
    )


def _list(item: Any, module: str) -> Check:
    return lambda value: _items(value, _check(item, module))


def _items(value: Any, check: Check) -> Problems:
    if not isinstance(value, list):
        return (("", f"{value!r} is not a list"),)
    return _joined((f"[{index}]", check(item)) for index, item in enumerate(value))


def _joined(parts: Iterable[tuple[str, Problems]]) -> Problems:
    found: Problems = _FINE
    for step, wrong in parts:
        if wrong:
            found += _below(step, wrong)
    return found


def _page(annotation: Any, module: str) -> Check:
    name, item = object_name(get_origin(annotation)), get_args(annotation)[0]

    def check(value: Any) -> Problems:
        if not isinstance(value, dict):
            return (("", f"{value!r} is not a list object"),)
        found = _unless(value.get("object") == name, f"object is not {name!r}")
        found += _unless(isinstance(value.get("has_more"), bool), "has_more is not a boolean")
        found += _unless(isinstance(value.get("url"), str), "url is not a string")
        return found + _below(".data", _items(value.get("data"), _check(item, module)))

    return check


def _map(annotation: Any, module: str) -> Check:
    arguments = get_args(annotation)
    held = arguments[-1] if arguments else Any

    def check(value: Any) -> Problems:
        if not isinstance(value, dict):
            return (("", f"{value!r} is not a mapping"),)
        inner = _check(held, module)
        return _joined((f".{key}", inner(item)) for key, item in value.items())

    return check


class _Field(NamedTuple):
    check: Check
    nullable: bool


@cache
def _fields(cls: type, gone: bool) -> dict[str, _Field]:
    """The checks of a class's fields; a deleted object is known by three of them only."""
    kept = {k: v for k, v in fields(cls).items() if not gone or k in ("id", "object", "deleted")}
    return {
        name: _Field(_check(annotation, cls.__module__), is_optional(annotation))
        for name, annotation in kept.items()
    }


def _object(value: Any, cls: type) -> Problems:
    if not isinstance(value, dict):
        return (("", f"{value!r} is not an object"),)
    known = _fields(cls, value.get("deleted") is True and "deleted" in fields(cls))
    found: Problems = _FINE
    for name, item in value.items():
        if name not in known:
            found += ((f".{name}", "unknown field"),)
        elif item is not None or not known[name].nullable:
            wrong = known[name].check(item)
            if wrong:
                found += _below(f".{name}", wrong)
    for name, field in known.items():
        if name not in value and not field.nullable:
            found += ((f".{name}", "missing"),)
    return found
