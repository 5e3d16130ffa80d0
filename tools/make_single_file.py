"""Write the C library as one file, cmlp.c, which needs only the public headers beside it.

Usage: ``python tools/make_single_file.py FILE``, in the source tree. setup.py writes the file into
each wheel.

The file is a concatenation of the core's headers and sources, whose names at file scope are distinct. Functions that
only the core calls become static. Macros end with the source that defines them.

The kernels are compiled once per instruction set and element type. Their templates are in the single file once: cmlp.c
includes itself to compile them again, and the macro KERNEL(name) appends the type and the instruction set to a name.
"""

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

CORE = "src/cmlp/core"
HEADERS = ["cmlp.h", "cmlp_table.h", "cmlp_workers.h", "cmlp_explain.h"]
FIRST = ["known_tensors.c", "model_format.c"]  # define tables that other sources use
LAST = ["threads.c"]  # <windows.h> defines macros
HOISTED = {
    "<math.h>",
    "<intrin.h>",
    "<string.h>",
    "<stdint.h>",
}  # what templates may include: the head has them

KERNEL = re.compile(r"\w+_f\d\d\.c")  # one instruction set and element type
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
INCLUDE = re.compile(r'^#[ \t]*include[ \t]+("[^"]+"|<[^>]+>).*\n', re.MULTILINE)
GUARD = re.compile(r"^#ifndef (\w+_H)\n#define \1\n(.*)^#endif\n\Z", re.MULTILINE | re.DOTALL)
# A private function of the core, in column 0, if it is not static.
FUNCTION = r"^(?!static|typedef)(?=[a-z][\w *]*?\b(cmlpi_\w+)\()"
# A part of a source that a macro leaves out although other sources call it.
OPTIONAL = re.compile(r"#if (CMLP_BUILD_TABLES)\n")

# Everything in the core is declared in column 0, so the start of a line tells what is at file
# scope.
DECLARED = [
    r"^(?:static|VEC_FN|REAL_FN|SHARED_FN)\b[^;{=(]*?\b(\w+)\s*\(",  # functions
    r"^static\b[^;{=(]*?\b(\w+)\s*(?:\[[^;=]*\])?\s*[=;]",  # variables
    r"^typedef [^{;(]*?\b(\w+)(?:\s*\([^;]*\)|\[[^\]]*\])?;",  # types
    r"^typedef (?:struct|enum|union) (\w+) \{",
    r"^\} (\w+);",
    r"^(?:struct|enum|union) (\w+) \{",
    r"^[A-Z][A-Z_0-9]*\(([a-z]\w*),",  # functions that a macro defines
]

HEAD = """\
/* cmlp {version}: the C library in one file, made from {core} by tools/make_single_file.py.
 *
 * Compile it with your program, with the headers that it includes in the same folder or on the include path:
 *
 *     cc -O2 program.c cmlp.c -pthread
 *
 * The results are bit-identical to those of the library that CMake builds. Macros leave parts out: see build.h below.
 * The file includes itself. If you rename it, define CMLP_SELF as its new name: -DCMLP_SELF='"name.c"'.
 *
{licence} */
#ifndef CMLPI_PART

#if !defined(_WIN32) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POSIX, and Linux's choice of processors */
#endif

/* Builds that leave out parts do not use every function. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wunused-function"
#elif defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

/* How functions are declared that a macro leaves out: they are not static where they have no definition. */
#define CMLPI_LINKAGE_0 extern
#define CMLPI_LINKAGE_1 static
#define CMLPI_LINKAGE_OF(builds) CMLPI_LINKAGE_##builds
#define CMLPI_LINKAGE(builds) CMLPI_LINKAGE_OF(builds)

/* A plugin keeps its copy of the library for itself: another plugin of the process may have one with other macros. With
 * CMLP_BUILD, the functions are exported. */
#include <stddef.h>
#include <stdint.h>
#if defined(__GNUC__) && !defined(_WIN32) && !defined(__CYGWIN__)
#pragma GCC visibility push(hidden)
#endif
#include "cmlp.h"
#include "cmlp_table.h"
#include "cmlp_workers.h"
#include "cmlp_explain.h"
#if defined(__GNUC__) && !defined(_WIN32) && !defined(__CYGWIN__)
#pragma GCC visibility pop
#endif

#include <math.h>
#include <string.h>
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

#ifndef CMLP_SELF
#define CMLP_SELF "cmlp.c"
#endif
"""


def titled(title: str, text: str) -> str:
    """Return the text below a comment with its title."""
    return f"\n/* {'-' * (111 - len(title))} {title} */\n\n{text.strip()}\n"


def directives(word: str, names: Iterable[str]) -> str:
    """Return one directive per name, for example ``#undef NAME``."""
    return "".join(f"#{word} {name}\n" for name in names)


def compiled_part(name: str) -> str:
    """Return the directives with which cmlp.c includes a part of itself."""
    return f"#define CMLPI_PART CMLPI_PART_{name}\n#include CMLP_SELF\n#undef CMLPI_PART\n"


def macros(text: str) -> set[str]:
    """Return the names of all macros that a text defines."""
    return set(re.findall(r"^#[ \t]*define (\w+)", COMMENT.sub(" ", text), re.MULTILINE))


def file_scope_names(text: str) -> set[str]:
    """Return the static functions, variables, types and constants that a text declares."""
    code = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*\n", "\n", COMMENT.sub(" ", text), flags=re.MULTILINE)
    names = {name for pattern in DECLARED for name in re.findall(pattern, code, re.MULTILINE)}
    for body in re.findall(
        r"^(?:typedef )?enum(?: \w+)? \{(.*?)\}", code, re.MULTILINE | re.DOTALL
    ):
        names |= {re.split(r"[\s=]", part.strip())[0] for part in body.split(",") if part.strip()}
    return {
        name
        for name in names
        if not name.startswith(("CMLP_", "CMLPI_", "cmlp_", "cmlpi_", "KERNEL"))
    }


def check_distinct(texts: Iterable[tuple[str, str]]) -> None:
    """Raise ValueError if two files, each a name and a text, declare one name at file scope."""
    owners: dict[str, str] = {}
    for file, text in texts:
        for name in sorted(file_scope_names(text)):
            if name in owners:
                raise ValueError(f"{owners[name]} and {file} both declare {name}")
            owners[name] = file


def left_out(source: str) -> Iterator[tuple[str, str]]:
    """Yield the functions of a source that a macro can leave out, each with the macro that builds it."""
    open_parts: list[str] = []  # from the outermost on: the macro of an optional part, or ""
    for line in source.splitlines(keepends=True):
        if line.startswith("#if"):
            optional = OPTIONAL.fullmatch(line)
            open_parts.append(optional[1] if optional else "")
        elif line.startswith("#endif"):
            open_parts.pop()
        elif function := re.match(FUNCTION, line):
            builds = next(filter(None, open_parts), "")
            if builds:
                yield function[1], builds


class Core:
    """The core's files. Each header is written once; parts are compiled once per kernel."""

    def __init__(self, root: Path):
        self.folder = root / CORE
        paths = sorted(self.folder.rglob("*.c"))
        self.kernels = [path for path in paths if KERNEL.fullmatch(path.name)]
        self.sources = {path.name: path for path in paths if path not in self.kernels}
        self.public_headers = {(root / "include" / name).resolve() for name in HEADERS}
        public = "".join(path.read_text(encoding="utf-8") for path in self.public_headers)
        self.version = re.findall(r'#define CMLP_VERSION "(.+)"', public)[0]
        self.builds = {  # of a function that a macro leaves out: whether it is built
            name: builds
            for path in self.sources.values()
            for name, builds in left_out(path.read_text(encoding="utf-8"))
        }
        self.written: set[Path] = set()
        self.parts: dict[str, str] = {}

    def names(self) -> list[str]:
        """Return the names of all sources except kernels, in order."""
        return [*FIRST, *sorted(self.sources.keys() - {*FIRST, *LAST}), *LAST]

    def headers(self) -> Iterator[str]:
        """Yield the headers, each after those that it includes. They come first: some includes are conditional."""
        for path in sorted(self.folder.rglob("*.h")):
            if not path.stem.endswith("_tmpl") and not path.name.startswith(("vec_", "tiles_")):
                yield self.included(path.resolve())

    def included(self, path: Path) -> str:
        """Return what replaces the inclusion of one of the core's headers by a header or a source."""
        if path in self.public_headers or path in self.written:
            return ""
        if path.name.startswith(("vec_", "tiles_")) or path.name == "kernels_tmpl.h":
            if path.name not in self.parts:
                self.parts[path.name] = titled(path.name, self.part(path))
            return compiled_part(path.stem.upper())
        self.written.add(path)
        text = self.expanded(path)  # the headers that this one includes come before its title
        headers, _, own = text.rpartition("\f")
        return headers + titled(path.name, own)

    def expanded(self, path: Path) -> str:
        """Return a header or source without its own includes. Its headers come first, separated by a form feed."""
        headers = ""

        def include(match: re.Match[str]) -> str:
            nonlocal headers
            if match[1].startswith("<"):
                return match[0]
            target = (path.parent / match[1].strip('"')).resolve()
            if target.stem.endswith("_tmpl") or target.name.startswith(("vec_", "tiles_")):
                return self.included(target)
            headers += self.included(target)
            return ""

        text = INCLUDE.sub(
            include, GUARD.sub(lambda guard: guard[2], path.read_text(encoding="utf-8"))
        )
        return headers + "\f" + self.internal(text)

    def part(self, path: Path) -> str:
        """Return a header that several kernels include, with its templates."""

        def include(match: re.Match[str]) -> str:
            target = (path.parent / match[1].strip('"')).resolve()
            if match[1] in HOISTED or target in self.public_headers or target in self.written:
                return ""
            if not target.stem.endswith("_tmpl"):
                raise ValueError(
                    f"{path.name} includes {match[1]}, which would be in the middle of a kernel"
                )
            return titled(target.name, self.part(target))

        return INCLUDE.sub(
            include, GUARD.sub(lambda guard: guard[2], path.read_text(encoding="utf-8"))
        )

    def internal(self, text: str) -> str:
        """Make the private functions and tables static.

        Where a part is left out, its functions are only called in code that the compiler removes.
        It would warn if they were static and not defined.
        """

        def linkage(match: re.Match[str]) -> str:
            builds = self.builds.get(match[1])
            return f"CMLPI_LINKAGE({builds}) " if builds else "static "

        text = re.sub(r"^extern const [^;]*;\n", "", text, flags=re.MULTILINE)
        text = re.sub(
            r"^(?=const \w[^;(]*\bcmlpi_\w+(?:\[\w*\])* = )", "static ", text, flags=re.MULTILINE
        )
        return re.sub(FUNCTION, linkage, text, flags=re.MULTILINE)


def sources(core: Core) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each source."""
    for name in core.names():
        text = core.expanded(core.sources[name]).rpartition("\f")[2]
        yield (
            name,
            re.sub(
                r"^#ifndef _WIN32\n#define _GNU_SOURCE.*\n#endif\n", "", text, flags=re.MULTILINE
            ),
        )


def kernels(core: Core) -> tuple[str, str]:
    """Return the section that includes cmlp.c for each kernel, and the parts that it includes."""
    units = ""
    for path in core.kernels:
        text = core.expanded(path).rpartition("\f")[2]
        units += titled(path.name, text + compiled_part("END"))
    numbers = ["END", *(Path(name).stem.upper() for name in core.parts)]
    defined = directives("define", (f"CMLPI_PART_{name} {i}" for i, name in enumerate(numbers, 1)))
    parts = "".join(
        f"\n#elif CMLPI_PART == CMLPI_PART_{Path(name).stem.upper()}\n{part}"
        for name, part in core.parts.items()
    ).replace("\nconst cmlpi_kernels", "\nstatic const cmlpi_kernels")
    names = sorted(file_scope_names(parts))
    local = {name for name in macros(parts + units) if name != "CMLPI_PART"}
    end = f"\n#elif CMLPI_PART == CMLPI_PART_END\n\n{directives('undef', sorted(local))}"
    renamed = directives("define", (f"{name} KERNEL({name})" for name in names))
    section = titled("kernels", f"{defined}\n{renamed}") + units + "\n" + directives("undef", names)
    return section, end + parts


def single_file(root: Path) -> str:
    """Return the text of cmlp.c."""
    core = Core(root)
    lines = (root / "LICENSE").read_text(encoding="utf-8").splitlines()
    licence = "".join(f" * {line}".rstrip() + "\n" for line in lines)
    headers = "".join(core.headers())
    section, parts = kernels(core)
    texts = list(sources(core))
    check_distinct([("a header", headers), ("a kernel", parts), *texts])
    body = "".join(
        titled(name, text + directives("undef", sorted(macros(text)))) for name, text in texts
    )
    head = HEAD.format(version=core.version, core=CORE, licence=licence)
    return f"{head}{headers}{section}{body}{parts}\n#endif\n"


def target_of(description: str) -> Path:
    """Return the only argument of a tool that writes one file or folder."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("target", type=Path, help="the file or folder to write")
    return parser.parse_args().target


if __name__ == "__main__":
    target_of(__doc__).write_text(
        single_file(Path(__file__).resolve().parents[1]), encoding="utf-8"
    )
