"""Checks that the names which the installed cmlp takes from other packages exist in the installed versions.

    python tools/check_names.py

Reads the sources of the package, also lines that no test runs: each import, and each attribute of an imported module.
Packages that are not installed are left out, and so is code that only type checkers read, that asks for the version or
for the name, or that catches the error.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GUARDS = {"TYPE_CHECKING", "version_info", "platform", "hasattr", "getattr"}
CAUGHT = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception"}
ANNOTATIONS = {"annotation", "returns"}  # the fields of nodes that have them
# Of Windows, and of newer versions than the oldest one: what imports the module of cmlp catches the error.
ELSEWHERE = {"windll", "sklearn.callback"}


def unguarded(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree, but those that run only where what they name exists."""
    yield node
    annotations = [getattr(node, field, None) for field in ANNOTATIONS]
    for child in ast.iter_child_nodes(node):
        if child in annotations:
            continue
        if isinstance(child, ast.If | ast.IfExp) and GUARDS & names_in(child.test):
            continue
        if isinstance(child, ast.Try):
            kinds = [handler.type for handler in child.handlers]
            if any(kind is None or CAUGHT & names_in(kind) for kind in kinds):
                continue
        yield from unguarded(child)


def names_in(node: ast.AST) -> set[str]:
    """Return the names and attributes that an expression has."""
    return {getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(node)}


def attribute_chain(node: ast.AST) -> list[str]:
    """Return the names of `a.b.c`; none if it begins with something else than a name."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (before := attribute_chain(node.value)):
        return [*before, node.attr]
    return []


def is_installed(module: str) -> bool:
    """Return whether the package of a module is installed."""
    return importlib.util.find_spec(module.partition(".")[0] or "cmlp") is not None


def found_module(name: str) -> ModuleType | None:
    """Return a module, or None if its package is not installed."""
    return importlib.import_module(name) if is_installed(name) else None


def member(owner: ModuleType, name: str) -> object:
    """Return what a module has under a name, also a submodule; raises ImportError."""
    try:
        return getattr(owner, name)
    except AttributeError:
        return importlib.import_module(f"{owner.__name__}.{name}")


def missing_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of whatever is missing."""
    nodes = list(unguarded(tree))
    known: dict[str, object] = {}
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in node.names:
            name = alias.name
            try:
                if isinstance(node, ast.ImportFrom):
                    owner = found_module(node.module or "")
                    if owner is not None:
                        known[alias.asname or name] = member(owner, name)
                else:
                    top = alias.asname or name.partition(".")[0]
                    found = found_module(name)
                    known[top] = found if alias.asname else sys.modules.get(top)
            except ImportError as error:
                if error.name not in ELSEWHERE and is_installed(error.name or ""):
                    yield node.lineno, str(error)
    variables = {node.arg for node in nodes if isinstance(node, ast.arg)}
    variables |= {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    for node in nodes:
        chain = attribute_chain(node) if isinstance(node, ast.Attribute) else []
        if chain and chain[0] not in variables:
            owner = known.get(chain[0])
            for name in chain[1:]:
                if not isinstance(owner, ModuleType) or name in ELSEWHERE:
                    break
                if not hasattr(owner, name):
                    yield node.lineno, f"module {owner.__name__!r} has no attribute {name!r}"
                    break
                owner = getattr(owner, name)


def main() -> None:
    """Check the modules of the installed package."""
    spec = importlib.util.find_spec("cmlp")
    assert spec is not None and spec.submodule_search_locations
    files = sorted(
        file for folder in spec.submodule_search_locations for file in Path(folder).rglob("*.py")
    )
    problems = {
        f"{file}:{line}: {text}": None
        for file in files
        for line, text in missing_names(ast.parse(file.read_text(encoding="utf-8")))
    }
    if problems:
        sys.exit("\n".join(problems))
    print(f"cmlp takes no missing name from the packages of {sys.executable} ({len(files)} files)")


if __name__ == "__main__":
    main()
