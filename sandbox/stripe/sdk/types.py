"""Fields of the SDK's object classes and parameter dictionaries, and which class is which."""

import inspect
from decimal import Decimal
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

import typing_extensions
from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._request_options import RequestOptions
from stripe._search_result_object import SearchResultObject
from stripe._stripe_object import StripeObject, UntypedStripeObject

from sandbox.stripe.sdk.names import resolve

LISTS = (ListObject, SearchResultObject)
MAPS = (dict, UntypedStripeObject)
SCALARS = (int, float, bool, str, Decimal)
_LITERALS = (Literal, typing_extensions.Literal)


def is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def is_literal(annotation: Any) -> bool:
    return get_origin(annotation) in _LITERALS


def is_object_class(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, StripeObject)


def options(annotation: Any, module: str) -> list[Any]:
    """The resolved alternatives of a union.

    The generator writes an enumeration as ``Union[Literal[...], str]`` to stay open to values to
    come. Today's values are the closed list, so the ``str`` beside a list of values is dropped;
    beside ``Literal['']`` it is a real string that may also be emptied, and stays.
    """
    found = [resolve(arg, module) for arg in get_args(annotation)]
    flat = [o for a in found for o in (options(a, module) if is_union(a) else [a])]
    closed = any(is_literal(o) and get_args(o) != ("",) for o in flat)
    return [o for o in flat if not (closed and o is str)]


@cache
def fields(cls: type) -> dict[str, Any]:
    """Field name → annotation, as written, of one SDK object class."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, StripeObject) and base is not StripeObject:
            found.update(inspect.get_annotations(base))
    return {k: v for k, v in found.items() if not k.startswith("_") and not _is_class_var(v)}


def _is_class_var(annotation: Any) -> bool:
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def is_optional(annotation: Any) -> bool:
    return is_union(annotation) and type(None) in get_args(annotation)


def object_name(cls: type) -> str | None:
    return getattr(cls, "OBJECT_NAME", None)


@cache
def object_class(kind: str) -> type:
    """The SDK class of an ``object`` value such as ``checkout.session``."""
    module, name = OBJECT_CLASSES[kind]
    found: type = getattr(import_module(module), name)
    return found


_REQUEST_OPTIONS = frozenset(RequestOptions.__annotations__)


@cache
def parameters(cls: type) -> dict[str, tuple[Any, bool]]:
    """Parameter name → (annotation, required) of one generated parameter dictionary."""
    hints: dict[str, Any] = {}
    for base in reversed(getattr(cls, "__orig_bases__", ())):
        hints.update(getattr(base, "__annotations__", {}))
    hints.update(cls.__annotations__)
    return {
        name: _requirement(hint, cls.__module__)
        for name, hint in hints.items()
        if name not in _REQUEST_OPTIONS
    }


def _requirement(hint: Any, module: str) -> tuple[Any, bool]:
    hint = resolve(hint, module)
    if get_origin(hint) is typing_extensions.NotRequired:
        return get_args(hint)[0], False
    return hint, True
