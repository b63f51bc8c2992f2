"""Turns the strings of a form-encoded request into what the SDK's parameter types say."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, get_args, get_origin

import typing_extensions

from sandbox.stripe.sdk.names import resolve
from sandbox.stripe.sdk.types import MAPS, is_literal, is_union, options, parameters

# The API lets these be emptied although the generated types do not say so.
_MAY_BE_EMPTIED = frozenset({"CustomerCreateParams", "CustomerUpdateParams"})


class BadParameter(Exception):
    """A parameter Stripe would refuse: the error's code, the bracketed name, a message."""

    def __init__(self, code: str, param: str, message: str) -> None:
        super().__init__(message)
        self.code, self.param, self.message = code, param, message


def read_params(raw: dict[str, Any], cls: type) -> dict[str, Any]:
    """Read a whole request; raises ``BadParameter`` at the first thing that is wrong."""
    return _fields(raw, cls, "")


def read(raw: Any, annotation: Any, module: str, name: str) -> Any:
    annotation = resolve(annotation, module)
    if is_union(annotation):
        return _union(raw, options(annotation, module), module, name)
    if is_literal(annotation):
        return _enumeration(raw, get_args(annotation), name)
    if get_origin(annotation) is list:
        return _list(raw, get_args(annotation)[0], module, name)
    if get_origin(annotation) in MAPS:
        return _map(raw, get_args(annotation)[-1], module, name)
    if typing_extensions.is_typeddict(annotation):
        return _fields(_mapping(raw, name), annotation, name)
    return _scalar(raw, annotation, name)


def _fields(raw: dict[str, Any], cls: type, prefix: str) -> dict[str, Any]:
    known = parameters(cls)
    for key in raw:
        if key not in known:
            name = _child(prefix, key)
            raise BadParameter("parameter_unknown", name, f"Received unknown parameter: {name}")
    for key, (_, required) in known.items():
        if required and key not in raw:
            name = _child(prefix, key)
            raise BadParameter("parameter_missing", name, f"Missing required param: {name}.")
    return {key: _field(cls, key, value, prefix) for key, value in raw.items()}


def _field(cls: type, key: str, raw: Any, prefix: str) -> Any:
    name, annotation = _child(prefix, key), parameters(cls)[key][0]
    if raw == "" and annotation is str and cls.__name__ in _MAY_BE_EMPTIED:
        return ""
    return read(raw, annotation, cls.__module__, name)


def _child(prefix: str, key: str) -> str:
    return f"{prefix}[{key}]" if prefix else key


def _union(raw: Any, alternatives: list[Any], module: str, name: str) -> Any:
    fitting = [a for a in alternatives if _is_nested(a) == isinstance(raw, dict)]
    failures = []
    for alternative in sorted(fitting or alternatives, key=_generality):
        try:
            return read(raw, alternative, module, name)
        except BadParameter as failure:
            failures.append(failure)
    raise failures[-1]


def _is_nested(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return origin is list or origin in MAPS or typing_extensions.is_typeddict(annotation)


def _generality(annotation: Any) -> int:
    """Narrow types first: ``''`` before a list of values, numbers before any string."""
    order: list[Callable[[Any], bool]] = [
        lambda a: get_args(a) == ("",),
        lambda a: a in (int, float, bool, Decimal),
        is_literal,
    ]
    return next((i for i, fits in enumerate(order) if fits(annotation)), len(order))


def _enumeration(raw: Any, values: tuple[Any, ...], name: str) -> Any:
    for value in values:
        if raw == value or (value is True and raw == "true"):
            return value
    listed = ", ".join(str(v) for v in values)
    raise BadParameter("parameter_invalid", name, f"Invalid {name}: must be one of {listed}")


def _list(raw: Any, item: Any, module: str, name: str) -> list[Any]:
    if not isinstance(raw, dict) or not all(k.isdigit() for k in raw):
        raise BadParameter("parameter_invalid", name, "Invalid array")
    ordered = sorted(raw.items(), key=lambda pair: int(pair[0]))
    return [read(value, item, module, f"{name}[{index}]") for index, value in ordered]


def _map(raw: Any, held: Any, module: str, name: str) -> dict[str, Any]:
    found = {}
    for key, value in _mapping(raw, name).items():
        empty = value == "" and resolve(held, module) is str
        found[key] = "" if empty else read(value, held, module, f"{name}[{key}]")
    return found


def _mapping(raw: Any, name: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadParameter("parameter_invalid", name, "Invalid object")
    return raw


def _scalar(raw: Any, annotation: Any, name: str) -> Any:
    if not isinstance(raw, str):
        raise BadParameter("parameter_invalid", name, f"Invalid {annotation.__name__}: {name}")
    if raw == "":
        _refuse_empty(name)
    return _SCALARS[annotation](raw, name)


def _refuse_empty(name: str) -> NoReturn:
    message = (
        f"You passed an empty string for '{name}'. An empty value would unset the parameter, "
        f"and '{name}' cannot be unset."
    )
    raise BadParameter("parameter_invalid_empty", name, message)


def _integer(raw: str, name: str) -> int:
    try:
        return int(raw)
    except ValueError:
        raise BadParameter("parameter_invalid_integer", name, f"Invalid integer: {raw}") from None


def _decimal(raw: str, name: str) -> Decimal:
    try:
        return Decimal(raw)
    except InvalidOperation:
        raise BadParameter("parameter_invalid", name, f"Invalid decimal: {raw}") from None


def _boolean(raw: str, name: str) -> bool:
    if raw not in ("true", "false"):
        raise BadParameter("parameter_invalid", name, f"Invalid boolean: {raw}")
    return raw == "true"


_SCALARS: dict[Any, Callable[[str, str], Any]] = {
    int: _integer,
    float: lambda raw, name: float(_decimal(raw, name)),
    Decimal: _decimal,
    bool: _boolean,
    str: lambda raw, name: raw,
}
