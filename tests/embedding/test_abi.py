"""The binary interface is that of abi.txt: functions, values, sizes and offsets of structs, the version of model files.

A program compiled with an older header must work with a newer library: new functions, new values, and new fields at the
end of a struct are allowed, and ``PYTHONPATH=tests/support python tests/embedding/test_abi.py`` adds them to the list.
Changed or removed lines break programs. abi32.txt has the sizes and offsets on 32-bit ARM, which are those of all
32-bit systems on which 64-bit numbers are aligned to 8 bytes. ``cmlp_workers.h`` is experimental, so it is in no list.
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
LIST_32 = Path(__file__).with_name("abi32.txt")
COMPILER_32 = shutil.which("arm-none-eabi-gcc")
HEADERS = [Path(cmlp.get_include(), f"{name}.h") for name in ("cmlp", "cmlp_table", "cmlp_explain")]
VERSIONS = CORE / "file/model_format.h"
KINDS = VERSIONS.with_suffix(".c")
INCLUDES = "#include <cmlp_table.h>\n#include <cmlp_explain.h>\n"
OLDEST = {"cmlp_version", "cmlp_net_init", "cmlp_forward", "cmlp_train_epoch"}


def text_of_header():
    return re.sub(
        r"/\*.*?\*/", " ", "".join(path.read_text("utf-8") for path in HEADERS), flags=re.DOTALL
    )


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
        r"^#define (CMLP_(?:NET_SIZE|(?:TABLE_)?MAX_\w+|REPEAT)) ", text_of_header(), re.MULTILINE
    ):
        lines.append(f'printf("value {name} %lld\\n", (long long){name});')
    body = "\n".join(lines)
    return f"{INCLUDES}#include <stdio.h>\nint main(void) {{\n{body}\nreturn 0;\n}}\n"


def layout_32(folder):
    """Return the lines of the layout on 32-bit ARM, whose numbers the compiler writes into an object file."""
    names, expressions = zip(*layout(), strict=True)
    numbers = ", ".join(number for each in expressions for number in each)
    source, compiled, bytes_of = (Path(folder, f"layout.{end}") for end in ("c", "o", "bin"))
    source.write_text(f"{INCLUDES}const uint32_t numbers[] = {{{numbers}}};\n", encoding="utf-8")
    run(
        COMPILER_32,
        "-std=c11",
        "-ffreestanding",
        f"-I{HEADERS[0].parent}",
        "-c",
        source,
        "-o",
        compiled,
    )
    run("arm-none-eabi-objcopy", "-O", "binary", "-j", ".rodata", compiled, bytes_of)
    found = iter(struct.iter_unpack("<I", bytes_of.read_bytes()))
    return [
        " ".join([name, *(str(next(found)[0]) for _ in numbers)])
        for name, numbers in zip(names, expressions, strict=True)
    ]


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
    assert sorted(found) == sorted(LIST.read_text(encoding="utf-8").splitlines())


@in_source_tree
@pytest.mark.skipif(not COMPILER_32, reason="needs arm-none-eabi-gcc")
def test_sizes_and_offsets_of_32_bits_are_the_recorded_ones(tmp_path):
    assert layout_32(tmp_path) == LIST_32.read_text(encoding="utf-8").splitlines()


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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        LIST.write_text("\n".join(interface(folder)) + "\n", encoding="utf-8")
        if COMPILER_32:
            LIST_32.write_text("\n".join(layout_32(folder)) + "\n", encoding="utf-8")
    sys.exit(subprocess.run(["git", "diff", "--stat", LIST, LIST_32]).returncode)
