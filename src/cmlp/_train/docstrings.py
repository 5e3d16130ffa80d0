"""Docstrings with the paragraphs of the table of hyperparameters."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from cmlp._train.hyperparameters import REQUIRED
from cmlp._train.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    Documented = TypeVar("Documented")


_FLAGS = ("needs_batches", "free_on_resume", "own_per_worker")
_WIDTH = 108  # of a line of names in a docstring, whose indent is at most 12


def documented(owner: str, sections: Callable[[], Mapping[str, str]] = dict) -> Callable[[Documented], Documented]:
    """Return a decorator that replaces the lines in angle brackets in the docstring of a class or a method.

    ``<parameters>`` stands for the paragraphs of the parameters in the signature that the table has, the name of a
    parameter for its paragraph, that of a flag for the names of the parameters with it, and other names for what
    `sections` returns. The docstring of a class is made when it is first read, because most programs never do.
    """

    def replaced(thing: Documented) -> Documented:
        text = thing.__doc__
        if text:  # None if Python runs with -OO
            docstring: Any = _Docstring(text, lambda line: _expanded(line, owner, thing, sections))
            thing.__doc__ = docstring if isinstance(thing, type) else docstring.__get__()
        return thing

    return replaced


class _Docstring:
    """A docstring whose lines are expanded when it is read."""

    def __init__(self, text: str, expanded: Callable[[str], str]) -> None:
        self._text, self._expanded = text, expanded

    def __get__(self, instance: object = None, owner: object = None) -> str:
        return "\n".join(map(self._expanded, self._text.split("\n")))


def _expanded(line: str, owner: str, thing: object, sections: Callable[[], Mapping[str, str]]) -> str:
    """Return the text for a line of a docstring: itself, or the indented text whose name it has in angle brackets."""
    margin, opening, name = line.partition("<")
    if not opening or margin.strip() or not name.endswith(">"):
        return line
    name = name[:-1]
    if name == "parameters":
        function: Any = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]
        code = getattr(function, "__wrapped__", function).__code__  # the module inspect takes 10 ms to import
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        own = set(PARAMETERS.names(owner))
        text = "\n".join(_paragraph(owner, parameter) for parameter in arguments if parameter in own)
    elif name in PARAMETERS.entries:
        text = _paragraph(owner, name)
    else:
        section = sections().get(name)
        text = _filled(owner, f"<{name}>") if section is None else section.strip()
    return "\n".join(margin + line if line else "" for line in text.split("\n"))


def _paragraph(owner: str, name: str) -> str:
    """Return the paragraph of a parameter in the docstring of its owner."""
    use = PARAMETERS.entries[name].uses[owner]
    shown = f'"{use.default}"' if isinstance(use.default, str) else repr(use.default)
    heading = f"{name} : {use.kind}" + ("" if use.default is REQUIRED else f", default={shown}")
    first, *lines = use.text.strip("\n ").split("\n")
    n = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    paragraph = _filled(owner, "\n".join([first, *(line[n:] for line in lines)]))
    return "\n".join([heading, *(f"    {line}" if line else "" for line in paragraph.split("\n"))])


def _filled(owner: str, text: str) -> str:
    """Return a text in which a flag in angle brackets is replaced by the names of the parameters with it."""
    for flag in _FLAGS if "<" in text else ():
        sign = f"<{flag.replace('_', ' ')}>"
        if sign in text:
            *first, last = (f"`{name}`" for name in PARAMETERS.names(owner, flag))
            text = text.replace(sign, fill(f"{', '.join(first)} and {last}" if first else last, _WIDTH))
    return text
