"""One method of one SDK service: its parameter dictionary, its response class, its source.

An operation is named ``<module>.<method>``: ``checkout.session.create`` is
``stripe.checkout._session_service.SessionService.create``.
"""

import inspect
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, get_args

from stripe._stripe_service import StripeService

from sandbox.stripe.sdk.names import resolve
from sandbox.stripe.sdk.types import is_union


@dataclass(frozen=True)
class Operation:
    params: type
    """The generated ``TypedDict`` of the parameters."""
    result: Any
    """The annotation of what comes back."""
    module: str
    """Where the annotations are to be resolved."""
    verb: str
    path: str


@cache
def operation(name: str) -> Operation:
    """Look an operation up; raises ``KeyError`` when the SDK has none of that name."""
    *package, service, method = name.split(".")
    module = ".".join(["stripe", *package, f"_{service}_service"])
    function = _method(module, method)
    verb, path = _route(function)
    hints = function.__annotations__
    return Operation(
        params=_params_class(hints["params"], module),
        result=resolve(hints["return"], module),
        module=module,
        verb=verb,
        path=path,
    )


def _method(module: str, method: str) -> Any:
    for value in vars(import_module(module)).values():
        if _is_service(value) and value.__module__ == module:
            return vars(value)[method]
    raise KeyError(module)


def _is_service(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, StripeService)


def _params_class(hint: Any, module: str) -> type:
    hint = resolve(hint, module)
    found: type = resolve(get_args(hint)[0], module) if is_union(hint) else hint
    return found


def _route(function: Any) -> tuple[str, str]:
    match = re.search(r'_request\(\s*"(\w+)",\s*"([^"]+)"', inspect.getsource(function))
    assert match, function
    return match[1].upper(), re.sub(r"\{(\w+)\}", r"<\1>", match[2])
