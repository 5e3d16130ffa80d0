"""Pieces of C text: the prefix of all names, string literals, arrays, and the functions of a template."""

from __future__ import annotations

import os
import re
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from numpy.typing import NDArray

    from cmlp._export.quantization import Comparison
    from cmlp._model.model import Combination

_LONGEST_NAME = 40  # C99 guarantees 63 significant characters; the longest suffix has 20
_KEYWORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default
    delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long
    mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch
    template this thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using virtual
    void volatile wchar_t while xor xor_eq
"""


CHECK_USAGE = ("check()", "1 if the outputs have the bits that Python computed, else 0")


class Parts(NamedTuple):
    """The parts of a header that depend on its rows and its arithmetic."""

    constants: int  # bytes
    stack: int  # bytes of the arrays on it
    usage: list[tuple[str, str]]  # each function, without the prefix, and what it does
    about: list[str]  # more lines for the comment
    code: str  # its size on a Cortex-M4
    frames: str  # bytes of stack beside the arrays
    sizes: tuple[int, int]  # number of inputs and outputs
    opening: str  # before the sizes
    body: str  # after them
    comparison: Comparison | None = None  # of integers with float32


def prefix_of(name: str | None, path: str | os.PathLike[str] | TextIO) -> str:
    """Return the prefix of all names in a header: `name`, or the stem of the file's name."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a str or None, got {type(name).__name__}")
    if name is not None:
        prefix, origin = name, "name"
    elif isinstance(path, (str, bytes, os.PathLike)):
        prefix, origin = os.path.splitext(os.path.basename(os.fsdecode(path)))[0], "the file name without its suffix"
    else:
        raise ValueError("name must be given if path is an open file")
    if (
        not re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", prefix)
        or len(prefix) > _LONGEST_NAME
        or prefix in _KEYWORDS.split()
    ):
        advice = "" if name is not None else "; pass another one as name"
        raise ValueError(
            f"{origin} must be a C identifier of at most {_LONGEST_NAME} characters, without leading, trailing "
            f"or double underscores, and not a keyword of C or C++, got {prefix!r}{advice}"
        )
    return prefix


def literal(text: str) -> str:
    """Return a C string literal with the UTF-8 bytes of `text`, in printable ASCII.

    Every byte that could end a comment or start a trigraph, an HTML tag or an escape sequence is written in octal. A
    lone surrogate, which UTF-8 cannot represent, becomes its Python escape, for example ``\\udc80``.
    """
    plain = b" !#$%&'()+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    encoded = text.encode("utf-8", "backslashreplace")
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in encoded) + '"'


def float_literals(values: NDArray[Any]) -> list[str]:
    """Return float32 numbers as decimal literals, from which a compiler reads the same bits."""
    texts = [f"{value:.9g}" for value in values.ravel().tolist()]
    return [text + ("f" if "." in text or "e" in text else ".0f") for text in texts]


def array(declaration: str, values: Iterable[str], per_line: int) -> str:
    """Return the definition of a constant array."""
    entries = list(values)
    lines = (", ".join(entries[i : i + per_line]) for i in range(0, len(entries), per_line))
    return f"static const {declaration}[{len(entries)}] = {{\n    " + ",\n    ".join(lines) + "};\n"


def inner(definition: str) -> str:
    """Return a definition with the indent of a function's body, but for its first line."""
    return definition.replace("\n", "\n    ").strip()


def floats(name: str, values: NDArray[Any]) -> str:
    """Return the definition of an array of float."""
    return array(f"float {name}", float_literals(values), 8)


def integers(ctype: str, name: str, values: NDArray[Any]) -> str:
    """Return the definition of an array of integers."""
    return array(f"{ctype} {name}", map(str, np.asarray(values).ravel().tolist()), 24 if ctype[-3:] == "8_t" else 10)


def text_function(prefix: str, what: str, texts: Sequence[str], comment: str) -> str:
    """Return a function that returns one of several strings; raises ValueError if a string contains a NUL."""
    ended = [text for text in texts if "\0" in text]
    if ended:
        raise ValueError(f"the {what} {ended[0]!r} contains a NUL character, which would end it in C")
    table = ",\n".join(f"        {literal(text)}" for text in texts)
    return (
        f"/* {comment} */\n"
        f"static inline const char *{prefix}_{what}(int index)\n{{\n"
        f"    static const char *const texts[{len(texts)}] = {{\n{table}}};\n"
        f'    return index < 0 || index >= {len(texts)} ? "" : texts[index];\n}}\n'
    )


_CLASSIFY = Template("""\
/* Returns the index of the predicted class. */
static inline int $declaration
{
    $arrays
    int best = 0;
    $calls
    $find
    return best;
}
""")


def classify(declaration: str, arrays: str, calls: str, combination: Combination, threshold: str = "0.5f") -> str:
    """Return the function that finds the class of a row from its outputs."""
    find = f"best = output[0] > {threshold};"
    if combination.answer == "largest":
        find = f"for (int j = 1; j < {combination.n_classes}; j++) best = output[j] > output[best] ? j : best;"
    return _CLASSIFY.substitute(declaration=declaration, arrays=arrays, calls=calls, find=find)


def functions(template: str, prefix: str, used: Iterable[str]) -> str:
    """Return the functions of a template that `used` names, and those that they call, in the template's order."""
    defined: dict[str, str] = {}
    for paragraph in re.split(r"\n\n+", template):
        found = re.search(r"^static inline [\w *]+?NAME_(\w+)\(", paragraph, re.MULTILINE)
        if found:
            defined[found[1]] = paragraph.strip()
    wanted: set[str] = set()
    waiting = list(used)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += re.findall(r"NAME_(\w+)", defined[name])
    kept = [text for name, text in defined.items() if name in wanted]
    return "\n\n".join(kept).replace("NAME_", f"{prefix}_") + "\n"
