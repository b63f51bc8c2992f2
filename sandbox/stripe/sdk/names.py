"""Resolves the quoted annotations of the SDK's generated modules.

The generated files import the classes they mention only while type checking, so the names are
read from that block of the source and imported when first asked for.
"""

import ast
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ForwardRef


@cache
def _type_checking_imports(module_name: str) -> dict[str, tuple[str, str]]:
    """Local name → (module, attribute) for everything under ``if TYPE_CHECKING``."""
    source = Path(str(import_module(module_name).__file__)).read_text(encoding="utf-8")
    header = ast.parse(re.split(r"\n(?:class |@)", source, maxsplit=1)[0])
    blocks = [
        n for n in header.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"
    ]
    imports = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in imports
        for alias in node.names
    }


class _Names(dict[str, Any]):
    """A namespace that imports a name when it is first looked up."""

    def __init__(self, module_name: str) -> None:
        super().__init__()
        self._imports = _type_checking_imports(module_name)

    def __missing__(self, name: str) -> Any:
        module_name, attribute = self._imports[name]
        self[name] = getattr(import_module(module_name), attribute)
        return self[name]


@cache
def _namespace(module_name: str) -> _Names:
    return _Names(module_name)


@cache
def _evaluate(text: str, module_name: str) -> Any:
    # The text is the SDK's own generated source, never anything a client sent.
    return eval(text, vars(sys.modules[module_name]), _namespace(module_name))


def resolve(annotation: Any, module_name: str) -> Any:
    """The annotation with its outermost quotes, if any, evaluated in the module that wrote it."""
    while isinstance(annotation, (str, ForwardRef)):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        annotation = _evaluate(text, module_name)
    return annotation
