"""Is this JSON what the SDK's types say it is? Used on every response and every event."""

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, get_args, get_origin

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

_JSON_TYPES: dict[type, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float)}


def problems(value: Any, annotation: Any, module: str, path: str = "") -> list[str]:
    """Every way in which ``value`` differs from the annotation, as ``path: what`` lines."""
    annotation = resolve(annotation, module)
    if annotation is Any or (annotation is str and isinstance(value, str)):
        return []
    origin = get_origin(annotation)
    if is_union(annotation):
        return _union(value, options(annotation, module), module, path)
    if is_literal(annotation):
        return _unless(
            value in get_args(annotation), path, f"{value!r} is not one of {get_args(annotation)}"
        )
    if origin is list:
        return _list(value, get_args(annotation)[0], module, path)
    if origin in LISTS:
        return _page(value, annotation, module, path)
    if origin in MAPS or annotation in MAPS:
        return _map(value, annotation, module, path)
    if is_object_class(annotation):
        return _object(value, annotation, path)
    return _scalar(value, annotation, path)


def object_problems(value: dict[str, Any]) -> list[str]:
    """Check a document by the class its own ``object`` names."""
    cls = object_class(value["object"])
    return problems(value, cls, cls.__module__, value["object"])


def _unless(right: bool, path: str, message: str) -> list[str]:
    return [] if right else [f"{path}: {message}"]


def _scalar(value: Any, annotation: Any, path: str) -> list[str]:
    if annotation is Decimal:
        return _unless(_is_decimal(value), path, f"{value!r} is not a decimal string")
    if annotation is type(None):
        return _unless(value is None, path, f"{value!r} is not null")
    if annotation is bool:
        return _unless(isinstance(value, bool), path, f"{value!r} is not a boolean")
    right = isinstance(value, _JSON_TYPES[annotation]) and not isinstance(value, bool)
    return _unless(right, path, f"{value!r} is not {annotation.__name__}")


def _is_decimal(value: Any) -> bool:
    try:
        return isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _union(value: Any, alternatives: list[Any], module: str, path: str) -> list[str]:
    if value is None and type(None) in alternatives:
        return []
    fitting = [a for a in alternatives if _may_hold(a, value)]
    found = [problems(value, a, module, path) for a in fitting]
    return min(found, key=len, default=[f"{path}: {value!r} fits none of {alternatives}"])


def _may_hold(annotation: Any, value: Any) -> bool:
    """Whether the alternative is of the right kind, so that its problems are the ones to report."""
    if isinstance(value, dict):
        named = object_name(annotation) if is_object_class(annotation) else None
        return not _is_plain(annotation) and named in (None, value.get("object"))
    return _is_plain(annotation) or isinstance(value, list)


def _is_plain(annotation: Any) -> bool:
    return is_literal(annotation) or (
        isinstance(annotation, type) and not is_object_class(annotation)
    )


def _list(value: Any, item: Any, module: str, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: {value!r} is not a list"]
    return [p for i, v in enumerate(value) for p in problems(v, item, module, f"{path}[{i}]")]


def _page(value: Any, annotation: Any, module: str, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is not a list object"]
    name = object_name(get_origin(annotation))
    found = _unless(value.get("object") == name, path, f"object is not {name!r}")
    found += _unless(isinstance(value.get("has_more"), bool), path, "has_more is not a boolean")
    found += _unless(isinstance(value.get("url"), str), path, "url is not a string")
    return found + _list(value.get("data"), get_args(annotation)[0], module, f"{path}.data")


def _map(value: Any, annotation: Any, module: str, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is not a mapping"]
    arguments = get_args(annotation)
    held = arguments[-1] if arguments else Any
    return [p for k, v in value.items() for p in problems(v, held, module, f"{path}.{k}")]


def _object(value: Any, cls: type, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is not an object"]
    known = fields(cls)
    if value.get("deleted") is True and "deleted" in known:
        known = {k: v for k, v in known.items() if k in ("id", "object", "deleted")}
    nullable = _nullable(cls)
    found = [f"{path}.{k}: unknown field" for k in value if k not in known]
    found += [f"{path}.{k}: missing" for k in _missing(value, known, nullable)]
    for name in value.keys() & known.keys():
        if value[name] is not None or name not in nullable:
            found += problems(value[name], known[name], cls.__module__, f"{path}.{name}")
    return found


@cache
def _nullable(cls: type) -> frozenset[str]:
    return frozenset(k for k, v in fields(cls).items() if is_optional(v))


def _missing(value: dict[str, Any], known: dict[str, Any], nullable: frozenset[str]) -> list[str]:
    return [k for k in known if k not in value and k not in nullable]
