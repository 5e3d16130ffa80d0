"""Print the public names of cmlp, with parameters, defaults and fields: what a program may rely on.

Usage: ``python tools/public_names.py > tests/package/public_names.txt`` renews the list that a test compares. A change
of the list is a change that users can notice: it belongs in the changelog.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

MODULES = [
    "cmlp",
    "cmlp.callbacks",
    "cmlp.datasets",
    "cmlp.distributed",
    "cmlp.exceptions",
    "cmlp.plots",
    "cmlp.river",
    "cmlp.story",
]


def main() -> None:
    """Print the list."""
    for name in MODULES:
        print(*lines_of(name), sep="\n")


def lines_of(name: str) -> Iterator[str]:
    """Yield a line for each public name of a module."""
    module = importlib.import_module(name)
    for each in sorted(module.__all__):
        yield from described(f"{name}.{each}", getattr(module, each))


def described(name: str, value: Any) -> Iterator[str]:
    """Yield the line of a value; of a class also those of its public members."""
    if not isinstance(value, type):
        yield name + (signature_of(value) if callable(value) else f": {type(value).__name__}")
        return
    yield f"{name}{signature_of(value)}" + "".join(
        f" < {base.__name__}"
        for base in value.__mro__[1:]
        if base.__module__ == "builtins" and base is not object
    )
    for member in sorted(dir(value)):
        if member[0] != "_" or member == "__call__":
            yield from member_of(value, member, f"{name}.{member}")


def member_of(owner: type, member: str, name: str) -> Iterator[str]:
    """Yield the line of a member of a class, if the class is not one of Python's own."""
    holder = next(base for base in owner.__mro__ if member in vars(base))
    if holder.__module__.split(".")[0] == "cmlp" and hasattr(
        owner, member
    ):  # some only say which class has them
        found = getattr(owner, member)
        yield name + (
            signature_of(found) if callable(found) and not isinstance(found, type) else ""
        )


def signature_of(function: Any) -> str:
    """Return the parameters and defaults of a function, without types."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "(...)"
    plain = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in parameters
        if each.name != "self"
    ]
    return str(inspect.Signature(plain))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main()
