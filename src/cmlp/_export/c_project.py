"""Write a C header as the library of an ecosystem: Arduino, PlatformIO, Zephyr or ESP-IDF.

The folders of `projects/` have the files of a library as templates, in which words such as
``@NAME@`` are replaced, also in their paths.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import textwrap
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cmlp._bridge import _core
from cmlp._export.c_boards import BoardChoice, choose_board
from cmlp._export.licence import GENERATED, spdx_line
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from cmlp._export.c_text import Function, HeaderParts
    from cmlp._model.model import TrainedModel


class Ecosystem(NamedTuple):
    """Where the templates of a library are, and how its example prints."""

    folders: tuple[str, ...]  # of `projects/`
    prints: str  # the statement that prints `value` by the `format` of printf
    indent: str = " " * 8  # of the statements that predict and print
    stack: int = 0  # bytes that the main thread of the example has beside those of a prediction


ECOSYSTEMS = {
    "arduino": Ecosystem(("arduino", "sketch"), "Serial.println({value});", " " * 4),
    "platformio": Ecosystem(("platformio", "sketch"), "Serial.println({value});", " " * 4),
    "zephyr": Ecosystem(("zephyr",), 'printk("{format}\\n", {value});', stack=2048),
    "esp-idf": Ecosystem(("esp-idf",), 'printf("{format}\\n", {value});', stack=3584),
}
# Of C and of Arduino, which a header on the include path would hide: also where file names do not
# distinguish capital letters.
_SYSTEM_HEADERS = """
    arduino assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal
    stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string
    tgmath threads time uchar wchar wctype
"""
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,62}", re.ASCII)  # what Arduino takes


def new_folder(project: object, path: str | os.PathLike[str] | TextIO) -> str:
    """Return the absolute path of the folder that a library will be written to."""
    if project not in ECOSYSTEMS:
        names = ", ".join(map(repr, ECOSYSTEMS))
        raise InvalidParameterError(
            f"project must be one of {names}, or None, got {shown(project)}.",
            parameter="project",
            value=project,
            expected=f"one of {names}, or None",
        )
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise InvalidParameterError(
            "path must be a folder if project is given, not an open file.", parameter="path"
        )
    folder = os.path.abspath(os.fsdecode(path))
    if not _FOLDER_NAME.fullmatch(os.path.basename(folder)):
        raise InvalidParameterError(
            "path must be a folder whose name has at most 63 of the characters A-Z, a-z, 0-9, _, . "
            f"and -, and begins with a letter or a digit, got {shown(folder)}.",
            parameter="path",
            value=path,
        )
    is_empty = os.path.isdir(folder) and not os.listdir(folder)
    if os.path.lexists(folder) and not is_empty:
        raise InvalidParameterError(
            f"path must be a new or an empty folder, got {shown(folder)}. To change the model of a "
            "library, write its header again, without project.",
            parameter="path",
            value=path,
        )
    return folder


def require_no_system_header(prefix: str) -> None:
    """Raise ValueError if the header of a library would hide one that other code includes."""
    if prefix.lower() in _SYSTEM_HEADERS.split():
        raise InvalidParameterError(
            f"name must not be that of a standard header, which {prefix}.h would hide: pass "
            "another one as name.",
            parameter="name",
            value=prefix,
        )


def write_project(
    folder: str, project: str, prefix: str, header: str, parts: HeaderParts, model: TrainedModel
) -> str:
    """Write a library: a complete folder, or none; return why it names no board, or ""."""
    board, values = _values(model, project, prefix, parts)
    values["HEADER"] = header
    templates = files("cmlp._export").joinpath("projects")
    target = os.path.realpath(folder)
    temporary = f"{target}.cmlp-{os.urandom(8).hex()}.tmp"
    try:
        os.mkdir(temporary)
        for name in (*ECOSYSTEMS[project].folders, "licence"):
            for path, template in _files_below(templates.joinpath(name)):
                file = Path(temporary, _substitute(path, values))
                file.parent.mkdir(parents=True, exist_ok=True)
                text = _substitute(template.read_text(encoding="utf-8"), values)
                file.write_text(text, encoding="utf-8", newline="\n")
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(target)  # which is empty; Windows would not replace it
        os.rename(temporary, target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError):
            error.filename = folder  # not the temporary one
            del error.filename2
        raise
    return board.problem


def _files_below(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    """Yield each file of a folder, with its path in it."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files_below(each, f"{path}{each.name}/")
        else:
            yield f"{path}{each.name}", each


def _substitute(text: str, values: dict[str, str]) -> str:
    return re.sub(r"@([A-Z_]+)@", lambda word: values[word[1]], text)


_ROW_BYTES = {"uint8_t": 1, "float": 4, "double": 8}  # of an element


def _values(
    model: TrainedModel, project: str, prefix: str, parts: HeaderParts
) -> tuple[BoardChoice, dict[str, str]]:
    """Return the board, and what replaces the words of the templates."""
    ecosystem = ECOSYSTEMS[project]
    functions = parts.functions
    by_name = {re.findall(r"(\w+)\(", each.signature)[0]: each for each in functions}
    names = {name.removeprefix(f"{prefix}_"): each for name, each in by_name.items()}
    row, answer = _predict_and_print(ecosystem, prefix, names)
    check = ""
    if "check" in names:
        check = _write_check(ecosystem, prefix)
    stack = max(each.stack for each in functions)
    n_in, n_out = parts.sizes
    arrays = (1 if "quantize" in names else 0) * n_in + 8 * n_out
    texts = 0 if model.labels is None else sum(len(str(c)) + 3 for c in model.labels.classes)
    board = choose_board(model, project, parts, _ROW_BYTES[row] * n_in, stack + arrays + texts)
    pio_platform, _, pio_board = board.name.rpartition(" ")
    problem = ""
    if board.problem:
        text = f"The library names no board: {board.problem}"
        problem = "\n" + textwrap.fill(text, 118, break_on_hyphens=False) + "\n"
    return board, {
        "NAME": prefix,
        "KCONFIG": f"CMLP_{prefix.upper()}",
        "CMLP": _core.__version__,
        "LICENCE": GENERATED,
        "SPDX": spdx_line(),
        "ROW": row,
        "ANSWER": "".join(f"{ecosystem.indent}{line}\n" for line in answer),
        "CHECK": check,
        "BOARD": board.name or "BOARD",
        "PROBLEM": problem,
        "ARCHITECTURES": ",".join(board.architectures),
        "PLATFORMS": json.dumps(board.platforms),
        "PIO_BOARD": pio_board or "BOARD",
        "PIO_PLATFORM": pio_platform or "PLATFORM",
        "VALUES": _write_values(parts),
        "FILL": _write_fill(parts),
        "STACK": str(stack),
        "MAIN_STACK": str(ecosystem.stack + -(-stack // 256) * 256),
    }


def _write_values(parts: HeaderParts) -> str:
    """Return the initializer of the row of a network; a table's row is filled by the program."""
    if parts.columns:
        return ""
    lines = (", ".join(parts.row[i : i + 8]) for i in range(0, len(parts.row), 8))
    return " = {\n    " + ",\n    ".join(lines) + "}"


def _write_fill(parts: HeaderParts) -> str:
    """Return the statements that fill the row of a table."""
    return "".join(
        f"    row[{name}] = {value};\n"
        for name, value in zip(parts.columns, parts.row, strict=bool(parts.columns))
        if value
    )


def _predict_and_print(
    ecosystem: Ecosystem, prefix: str, names: dict[str, Function]
) -> tuple[str, list[str]]:
    """Return the type of a row's values, and the statements that predict a row and print the answer."""
    suffix = "" if "predict" in names else "_u8"
    predict = names[f"predict{suffix}"]
    row, output = re.findall(r"(\w+) \w+\[", predict.signature.removeprefix("void "))
    lines = []
    argument = "row"
    if "quantize" in names:
        lines += [f"uint8_t q[{prefix}_inputs];", f"{prefix}_quantize(row, q);"]
        row, argument = "float", "q"
    if f"classify{suffix}" in names:
        value = f"{prefix}_classify{suffix}({argument})"
        form = "%d"
        if "label" in names:
            value = f"{prefix}_label({value})"
            form = "%s"
        return row, [*lines, ecosystem.prints.format(format=form, value=value)]
    value = "output[j]"
    if "unit" in names:
        value = f"output[j] * {prefix}_unit(j)"
    printed = ecosystem.prints.format(format="%f", value=f"(double)({value})")
    return row, [
        *lines,
        f"{output} output[{prefix}_outputs];",
        f"{prefix}_predict{suffix}({argument}, output);",
        f"for (int j = 0; j < {prefix}_outputs; j++) {printed}",
    ]


def _write_check(ecosystem: Ecosystem, prefix: str) -> str:
    """Return the statements that print a warning if the compiler changes the results."""
    warning = f'"{prefix}_check() failed: the results are not those of Python."'
    printed = ecosystem.prints.format(format="%s", value=warning)
    return f"    if (!{prefix}_check()) {printed}\n"
