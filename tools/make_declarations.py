"""Write the declarations that repeat the public headers, from the headers.

Usage: ``python tools/make_declarations.py``, in the source tree, after a change of
``include/cmlp.h``, ``cmlp_table.h``, ``cmlp_workers.h`` or ``cmlp_explain.h``. A test compares.
Written are

- ``src/cmlp/libcmlp.pxd``: all declarations, for Cython,
- ``include/cmlp_capi.h``: the struct of functions and its initializer,
- ``src/cmlp/capi.pxd``: the same struct for Cython.

Extensions that were compiled before depend on the order of the functions in the struct: those that it has stay where
they are, and new ones come at the end.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEADERS = ["cmlp.h", "cmlp_table.h", "cmlp_workers.h", "cmlp_explain.h"]
# Functions that have no place in the struct: its second and third field are numbers.
FIELDS = {"version_number", "abi"}
WIDTH = 120


class Function(NamedTuple):
    """A function: its result, its name without the prefix ``cmlp_``, and its parameters."""

    result: str
    name: str
    parameters: str

    def text(self, *, pointer: bool = False, cython: bool = False, suffix: str = ";") -> str:
        """Return the declaration of the function, or of a pointer to it."""
        space = "" if self.result.endswith("*") else " "
        name = f"(*{self.name})" if pointer else f"cmlp_{self.name}"
        parameters = for_cython(self.parameters) if cython else self.parameters
        return f"{self.result}{space}{name}({parameters}){suffix}"


def without_comments(path: Path) -> str:
    """Return the text of a header without comments."""
    return re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def for_cython(text: str) -> str:
    """Return C declarations without what Cython does not write."""
    text = re.sub(r"\bfrom\b", "from_", text)  # a parameter's name in C, a keyword in Python
    text = re.sub(
        r"(?<!const )\bvoid \*const \*(?=\w+[,)]|\w+$)",
        "void **",
        re.sub(r"\bstruct (?=cmlp_)", "", text),
    )
    return "" if text == "void" else text


def wrapped(text: str, indent: str) -> str:
    """Return a declaration in lines, broken between parameters."""
    if len(indent + text) <= WIDTH:
        return indent + text
    column = " " * (len(indent) + text.index("(", text.index("(*") + 1 if "(*" in text else 0) + 1)
    # A parameter of several words stays in one piece.
    glued = re.sub(r"(?<!,) ", "\0", text)
    lines = textwrap.wrap(
        glued, WIDTH, initial_indent=indent, subsequent_indent=column, break_long_words=False
    )
    return "\n".join(lines).replace("\0", " ")


def fields(body: str) -> Iterator[str]:
    """Yield the fields of a struct, each with its type."""
    for declaration in filter(None, (" ".join(part.split()) for part in body.split(";"))):
        if "(*" in declaration:
            yield for_cython(declaration) + " noexcept nogil"
            continue
        kind, first = re.fullmatch(
            r"((?:const )?\w+(?: \*const)?) (.*)", declaration.split(",")[0]
        ).groups()  # type: ignore[union-attr]
        for name in [first, *declaration.split(",")[1:]]:
            yield for_cython(f"{kind} {name.strip()}")


def declarations(root: Path, header: str) -> Iterator[str]:
    """Yield the declarations of a header for Cython, as groups of lines, in its order."""
    text = without_comments(root / "include" / header)
    pattern = (
        r"^#define (?P<constant>CMLP_(?:VERSION\w*|ABI|REPEAT|(?:TABLE_)?MAX_\w+)) (?P<value>[^\n]*)$"
        r"|^typedef struct (?P<struct>\w+) \{(?P<fields>.*?)^\} \w+;"
        r"|^(?:typedef )?struct (?P<opaque>\w+)(?: \w+)?;"
        r"|^typedef (?P<type>\w+) (?P<alias>\w+);"
        r"|^enum \{(?P<values>.*?)\};"
        r"|^(?:CMLP_API|CMLP_CHECKED|static inline) (?P<result>[\w ]+?\*?) ?(?P<name>cmlp_\w+)"
        r"\((?P<parameters>[^;{]*?)\)\s*[;{]"
    )
    complete: set[str] = set()
    structs = {  # of all headers: a struct may be opaque in one and complete in a later one
        name
        for each in HEADERS
        for name in re.findall(
            r"^typedef struct (\w+) \{", without_comments(root / "include" / each), re.MULTILINE
        )
    }
    for match in re.finditer(pattern, text, re.MULTILINE | re.DOTALL):
        found = match.groupdict()
        if name := found["constant"]:
            kind = (
                "const char *"
                if '"' in found["value"]
                else "int64_t "
                if "0x7fffffffffffffff" in found["value"]
                else "int "
            )
            yield f"{kind}{name}"
        elif name := found["struct"]:
            complete.add(name)
            yield f"ctypedef struct {name}:\n" + "\n".join(
                f"    {field}" for field in fields(found["fields"])
            )
        elif name := found["opaque"]:
            if name not in complete:
                yield f"ctypedef struct {name}" + ("" if name in structs else ":\n    pass")
        elif name := found["alias"]:
            yield f"ctypedef {found['type']} {name}"
        elif found["values"]:
            names = re.findall(r"(CMLP_\w+) =", found["values"])
            yield "enum:\n" + "\n".join(f"    {each}" for each in names)
        else:
            yield function(match).text(cython=True, suffix="")


def function(match: "re.Match[str]") -> Function:
    """Return the function that a header declares."""
    parameters = " ".join(match["parameters"].split())
    return Function(
        " ".join(match["result"].split()), match["name"].removeprefix("cmlp_"), parameters
    )


def functions(root: Path) -> list[Function]:
    """Return the functions of all headers."""
    pattern = r"^CMLP_(?:API|CHECKED) (?P<result>[\w ]+?\*?) ?(?P<name>cmlp_\w+)\((?P<parameters>[^;]*?)\);"
    found = [
        function(match)
        for header in HEADERS
        for match in re.finditer(pattern, without_comments(root / "include" / header), re.MULTILINE)
    ]
    return [each for each in found if each.name not in FIELDS]


def in_order(root: Path) -> list[Function]:
    """Return the functions in the order of the struct."""
    struct = (root / "include/cmlp_capi.h").read_text(encoding="utf-8")
    there = {name: i for i, name in enumerate(re.findall(r"\(\*(\w+)\)\(", struct))}
    return sorted(functions(root), key=lambda each: there.get(each.name, len(there)))


def library_pxd(root: Path) -> str:
    """Return the text of libcmlp.pxd."""
    text = f"# Cython declarations of {', '.join(HEADERS)}, in their order: written by tools/make_declarations.py.\n"
    text += "from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t\n"
    for header in HEADERS:
        text += f'\ncdef extern from "{header}" nogil:\n'
        last = ""
        for group in declarations(root, header):
            kind = (
                "block"
                if "\n" in group or group.startswith("ctypedef struct")
                else group.split()[0]
            )
            together = kind == last != "block" or (last == "ctypedef" and group.startswith("enum"))
            together = together or (
                kind != "block" and kind != "ctypedef" and last not in ("block", "ctypedef", "")
            )
            text += "" if together or not last else "\n"
            lines = group.split("\n")
            text += (
                "\n".join(wrapped(line, "    ") if "(" in line else f"    {line}" for line in lines)
                + "\n"
            )
            last = kind
    return text


def struct_header(root: Path) -> str:
    """Return the text of cmlp_capi.h."""
    path = root / "include/cmlp_capi.h"
    start, _, rest = re.split(
        r"(?<=CMLP_ABI of the installed package \*/\n)(.*?)(?=^\} cmlp_capi;)",
        path.read_text("utf-8"),
        flags=re.M | re.S,
    )
    found = in_order(root)
    body = "".join(wrapped(each.text(pointer=True), "    ") + "\n" for each in found)
    names = ", ".join(f"cmlp_{each.name}" for each in found)
    table = textwrap.fill(names, WIDTH, initial_indent="    ", subsequent_indent="    ")
    head, _, tail = re.split(r"(?<=CMLP_ABI,\n)(.*?)(?=^\};)", rest, flags=re.M | re.S)
    return f"{start}{body}{head}{table}\n{tail}"


def struct_pxd(root: Path) -> str:
    """Return the text of capi.pxd."""
    lines = "".join(
        wrapped(each.text(pointer=True, cython=True, suffix=" noexcept nogil"), " " * 8) + "\n"
        for each in in_order(root)
    )
    return f"""\
# Cython declarations of cmlp_capi.h, the functions of the public headers through a table, without linking: written by
# tools/make_declarations.py.
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from cmlp.libcmlp cimport *

cdef extern from "cmlp_capi.h" nogil:
    const char *CMLP_CAPI_NAME

    ctypedef struct cmlp_capi:
        size_t struct_size
        int32_t version_number
        int32_t abi
{lines}
cdef extern from "cmlp_capi.h":
    const cmlp_capi *cmlp_import_capi() except NULL
"""


def texts(root: Path) -> dict[Path, str]:
    """Return the text of each file."""
    return {
        root / "include/cmlp_capi.h": struct_header(root),
        root / "src/cmlp/libcmlp.pxd": library_pxd(root),
        root / "src/cmlp/capi.pxd": struct_pxd(root),
    }


if __name__ == "__main__":
    for path, text in texts(Path(__file__).resolve().parents[1]).items():
        path.write_text(text, encoding="utf-8")
