"""The stable headers are frozen: the interface is that of abi.txt, and a change that an old program notices fails.

The list has functions, values, sizes and offsets of structs, the declarations of ``cmlp_file.h`` and the names of its
fields, and the version of model files. New functions, new values and new fields at the end of a struct with a
``struct_size`` are allowed: ``PYTHONPATH=tests/support python tests/embedding/test_abi.py`` appends them to the list,
and refuses changed and removed lines. abi32.txt has the sizes and offsets on 32-bit ARM, which are those of all 32-bit
systems on which 64-bit numbers are aligned to 8 bytes, and abi_i386.txt those of 32-bit x86. ``cmlp_workers.h`` and
``cmlp.hpp`` are experimental, so they are in no list.
"""

import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from c_build import (
    COMPILER,
    CORE,
    SHARED,
    core_objects,
    in_source_tree,
    linked,
    needs_compiler,
    run,
)

import cmlp

LIST = Path(__file__).with_name("abi.txt")
HEADERS = [
    Path(cmlp.get_include(), f"{name}.h")
    for name in ("cmlp", "cmlp_table", "cmlp_explain", "cmlp_capi")
]
FILE_HEADER = HEADERS[0].with_name("cmlp_file.h")
# The layouts of other targets: a list, and a compiler that needs no C library.
LAYOUTS = [
    ("abi32.txt", ["arm-none-eabi-gcc"]),
    ("abi_i386.txt", ["gcc", "-m32"]),
    ("abi.txt", ["clang", "--target=s390x-linux-gnu"]),  # big-endian
    ("abi32.txt", ["clang", "--target=powerpc-linux-gnu"]),
]
# What a kind of line promises: a sentence of docs/stability.md.
STABILITY = CORE.parents[2] / "docs/stability.md"
PROMISES = {
    "function": "A function keeps its name, its parameters and what it returns.",
    "inline": "A function keeps its name, its parameters and what it returns.",
    "value": "An enumerator and a limit keep their values.",
    "field": "A field keeps its name, its type and its offset.",
    "name": "The fields of `cmlp_file` keep their names.",
    "size": "A struct without `struct_size` keeps its size.",
    "file": "Every version reads the files of every earlier version from 0.9 on.",
}
VERSIONS = CORE / "file/model_format.h"
KINDS = VERSIONS.with_suffix(".c")
INCLUDES = "#include <cmlp_capi.h>\n"  # and with it the others
OLDEST = {"cmlp_version", "cmlp_net_init", "cmlp_forward", "cmlp_train_epoch"}


def without_comments(*paths):
    text = "".join(path.read_text("utf-8") for path in paths)
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def text_of_header():
    return without_comments(*HEADERS)


def inline_functions():
    """Return the declarations of the functions that programs compile, but for those that are private (``name_``)."""
    found = re.findall(
        r"^static inline ([^;{]+?\w*[a-z0-9]\([^;{]*\))\n\{",
        without_comments(*HEADERS, FILE_HEADER),
        re.MULTILINE,
    )
    return [f"inline {' '.join(text.split())}" for text in found]


def file_fields():
    """Return the names of the fields of cmlp_file, whose offsets are not promised."""
    (body,) = re.findall(
        r"typedef struct cmlp_file \{(.*?)\n\}", without_comments(FILE_HEADER), re.DOTALL
    )
    return [f"name cmlp_file.{name}" for name in re.findall(r"(\w+);", body)]


def functions():
    return [
        " ".join(found.split())
        for found in re.findall(r"^CMLP_(?:API|CHECKED) ([^;]+);", text_of_header(), re.M)
    ]


def fields():
    """Yield (struct, field) in the order of the header."""
    for name, body in re.findall(
        r"typedef struct (\w+) \{(.*?)\n\} \w+;", text_of_header(), re.DOTALL
    ):
        for declaration in filter(str.strip, body.split(";")):
            pointer = re.search(r"\(\*(\w+)\)", declaration)
            parts = (
                [pointer[1]]
                if pointer
                else re.findall(r"(\w+)(?:\[\w+\])?\s*(?=,|$)", declaration.strip())
            )
            for field in parts:
                yield name, field


def layout():
    """Yield a name and the expressions of its numbers: the sizes of structs, and the place of each field."""
    for name in dict.fromkeys(name for name, _ in fields()):
        yield f"size {name}", [f"sizeof({name})"]
        for owner, field in fields():
            if owner == name:
                size = f"sizeof((({name} *)0)->{field})"
                yield f"field {name}.{field}", [f"offsetof({name}, {field})", size]


def printing_program():
    """Return a C program that prints the sizes, offsets and values."""
    lines = [
        f'printf("{name}{" %zu" * len(numbers)}\\n", {", ".join(numbers)});'
        for name, numbers in layout()
    ]
    for name in re.findall(r"typedef u?int(?:8|32)_t (\w+);", text_of_header()):
        lines.append(f'printf("size {name} %zu\\n", sizeof({name}));')
    for body in re.findall(r"^enum \{(.*?)\}", text_of_header(), re.DOTALL | re.MULTILINE):
        lines += [
            f'printf("value {name} %d\\n", (int){name});'
            for name in re.findall(r"(CMLP_\w+) =", body)
        ]
    for name in re.findall(
        r"^#define (CMLP_(?:ABI|NET_SIZE|(?:TABLE_)?MAX_\w+|REPEAT)) ",
        text_of_header(),
        re.MULTILINE,
    ):
        lines.append(f'printf("value {name} %lld\\n", (long long){name});')
    body = "\n".join(lines)
    return f"{INCLUDES}#include <stdio.h>\nint main(void) {{\n{body}\nreturn 0;\n}}\n"


def has_target(folder, compiler):
    """Return whether there is this compiler, and it compiles for this target."""
    source = Path(folder, "empty.c")
    source.write_text("", encoding="utf-8")
    compiled = [*compiler, "-S", source, "-o", source.with_suffix(".s")]
    return (
        bool(shutil.which(compiler[0]))
        and not subprocess.run(compiled, capture_output=True).returncode
    )


def layout_of(folder, compiler):
    """Return the lines of the layout of a target, whose numbers the compiler writes as texts of assembly."""
    source, written = Path(folder, "layout.c"), Path(folder, "layout.s")
    names, expressions = zip(*layout(), strict=True)
    numbers = ", ".join(number for each in expressions for number in each)
    source.write_text(f"{INCLUDES}const uint32_t numbers[] = {{{numbers}}};\n", encoding="utf-8")
    include = f"-I{HEADERS[0].parent}"
    run(*compiler, "-std=c11", "-ffreestanding", "-O0", include, "-S", source, "-o", written)
    text = written.read_text("utf-8").partition("numbers:")[2]
    found = []
    for kind, number in re.findall(r"^\s+\.(\w+)\s+(\d+)(?:\s+#.*)?$", text, re.MULTILINE):
        found += (
            [number]
            if kind in ("long", "word")
            else ["0"] * (int(number) // 4) * (kind in ("zero", "space"))
        )
    rest = iter(found)
    return [
        " ".join([name, *(next(rest) for _ in each)])
        for name, each in zip(names, expressions, strict=True)
    ]


def broken(recorded, found):
    """Return the recorded lines that a program would miss, each with the sentence of stability.md that it breaks."""
    found, growing = [*found], {line.split()[1] for line in recorded if ".struct_size " in line}
    growing = {name.partition(".")[0] for name in growing}
    sizes = {
        line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1])
        for line in found
        if line.startswith("size ")
    }
    for line in recorded:
        start, _, number = line.rpartition(" ")
        may_grow = line.startswith("size ") and start.split()[1] in growing
        if line not in found and not (may_grow and sizes.get(start, 0) >= int(number)):
            yield f"{line}: {PROMISES[line.split()[0]]}"


def extended(recorded, found):
    """Return the list with what is new behind it, and the sizes of structs that have grown."""
    by_start = {
        line.rpartition(" ")[0] if line.startswith("size ") else line: line for line in found
    }
    kept = [
        by_start.pop(line.rpartition(" ")[0] if line.startswith("size ") else line)
        for line in recorded
    ]
    return [*kept, *by_start.values()]


def formats():
    """Return the version of model files, the kinds of models, and the features that files may require."""
    text = VERSIONS.read_text(encoding="utf-8")
    versions = re.findall(r'^#define CMLPI_HEAD_VERSION\w* "(\d)', text, re.MULTILINE)
    kinds = re.search(r"cmlpi_kind_names\[.*?\{(.*?)\}", KINDS.read_text(encoding="utf-8"))[1]
    features = re.findall(r'^#define CMLPI_FEATURE_\w+ "(\w+)"', text, re.MULTILINE)
    return [
        *(f"file version {number}" for number in versions),
        *(f"file kind {name}" for name in re.findall(r"\w+", kinds)),
        *(f"file feature {name}" for name in features),
    ]


def interface(folder, *options):
    """Return the lines of the list for this header and compiler."""
    source = Path(folder, "abi.c")
    source.write_text(printing_program(), encoding="utf-8")
    compiler = [COMPILER, "-std=c11", "-Wall", "-Werror", *options, f"-I{HEADERS[0].parent}"]
    run(*compiler, source, "-o", source.with_suffix(""))
    return [
        *(f"function {text}" for text in functions()),
        *inline_functions(),
        *file_fields(),
        *run(source.with_suffix("")).splitlines(),
        *formats(),
    ]


@in_source_tree
@pytest.mark.parametrize("options", [[], ["-fshort-enums"]])
@pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc")
@pytest.mark.skipif(struct.calcsize("P") != 8, reason="abi.txt holds the sizes of 64-bit systems")
def test_functions_values_sizes_and_offsets_are_the_recorded_ones(tmp_path, options):
    found = interface(tmp_path, *options)
    assert len(found) > 240 and len(formats()) >= 2
    recorded = LIST.read_text(encoding="utf-8").splitlines()
    assert [*broken(recorded, found)] == []
    assert sorted(found) == sorted(recorded)  # otherwise the command appends what is new


@in_source_tree
@pytest.mark.parametrize(("name", "compiler"), LAYOUTS)
def test_sizes_and_offsets_of_other_targets_are_the_recorded_ones(tmp_path, name, compiler):
    if not has_target(tmp_path, compiler):
        pytest.skip(f"needs {' '.join(compiler)}")
    recorded = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    recorded = [line for line in recorded if line.startswith(("size ", "field "))]
    found = layout_of(tmp_path, compiler)
    structs = {line.split()[1].partition(".")[0] for line in found}
    recorded = [line for line in recorded if line.split()[1].partition(".")[0] in structs]
    assert [*broken(recorded, found)] == []
    assert sorted(found) == sorted(recorded)


def test_promises_are_sentences_of_the_page():
    if not STABILITY.exists():
        pytest.skip("the pages are in the source tree only")
    page = " ".join(STABILITY.read_text(encoding="utf-8").split())
    for promise in PROMISES.values():
        assert promise in page


RECORDED = [
    "function int32_t cmlp_version_number(void)",
    "value CMLP_OK 0",
    "size cmlp_run 80",
    "field cmlp_run.struct_size 0 8",
    "field cmlp_run.workspace 8 8",
    "size cmlp_value 72",
    "name cmlp_file.model",
]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RECORDED[0], None),
        (RECORDED[0], "function int32_t cmlp_version_number(cmlp_run *run)"),
        (RECORDED[1], "value CMLP_OK 1"),
        (RECORDED[2], "size cmlp_run 72"),
        (RECORDED[4], "field cmlp_run.workspace 16 8"),  # one is inserted before it
        (RECORDED[5], "size cmlp_value 80"),
        (RECORDED[6], None),
    ],
)
def test_changed_and_removed_lines_name_what_they_break(old, new):
    found = [new if line == old else line for line in RECORDED if new or line != old]
    (message,) = broken(RECORDED, found)
    assert message == f"{old}: {PROMISES[old.split()[0]]}"


def test_additions_break_nothing_and_are_appended():
    found = [
        "value CMLP_NEW 9",
        *RECORDED[:2],
        "size cmlp_run 88",
        *RECORDED[3:],
        "field cmlp_run.later 80 8",
    ]
    assert [*broken(RECORDED, found)] == []
    assert extended(RECORDED, found) == [
        *RECORDED[:2],
        "size cmlp_run 88",
        *RECORDED[3:],
        "value CMLP_NEW 9",
        "field cmlp_run.later 80 8",
    ]


def test_recorded_functions_are_those_of_the_header():
    names = re.findall(r"^function .*?(\w+)\(", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    assert OLDEST < set(names)
    assert sorted(names) == sorted(re.search(r"(\w+)\(", text)[1] for text in functions())


@pytest.mark.slow
@needs_compiler
@pytest.mark.skipif(not shutil.which("nm"), reason="needs nm")
def test_shared_library_exports_the_recorded_functions_only():
    library = linked("libcmlp.so", core_objects(*SHARED), "-shared")
    symbols = {
        line.split()[-1].removeprefix("_")
        for line in run("nm", "-D", "--defined-only", library).splitlines()
    }
    assert symbols == {re.search(r"(\w+)\(", text)[1] for text in functions()}


def renew(path, found):
    """Append what is new to a list; return the lines that are changed or removed, with which nothing is written."""
    recorded = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    problems = [*broken(recorded, found)]
    if not problems:
        path.write_text("\n".join(extended(recorded, found)) + "\n", encoding="utf-8")
    return problems


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        problems = renew(LIST, interface(folder))
        for name, compiler in LAYOUTS:
            if name != LIST.name and has_target(folder, compiler):
                problems += renew(LIST.with_name(name), layout_of(folder, compiler))
    sys.exit("\n".join(problems) or None)
