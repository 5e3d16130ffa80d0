"""The public headers compile alone and have no padding; what tools/make_declarations.py has written repeats them."""

import functools
import platform
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from c_build import COMPILER, HEADER, HEADERS, ROOT, WARNINGS, in_source_tree, needs_compiler, run
from c_header import function_comments, header_statuses, listed_statuses
from helpers import imported

import cmlp

PXD = Path(cmlp.__file__).parent / "libcmlp.pxd"

pytestmark = in_source_tree


# ---------------------------------------------------------------------------------- parsers of header and .pxd


def header_text():
    """Return the headers without comments."""
    return re.sub(
        r"/\*.*?\*/", " ", "".join(path.read_text("utf-8") for path in HEADERS), flags=re.DOTALL
    )


def spaced(text):
    """Normalize a C type: single spaces, separate stars, without `noexcept nogil`, `struct` and outer const."""
    text = re.sub(r"\bnoexcept\b|\bnogil\b|\bstruct\b", " ", text).replace("*const", "*")
    return " ".join(re.sub(r"([*()\[\],])", r" \1 ", text).split())


def declared(text):
    """Return (type, name) of a declaration, for example `const void *data` or `int (*poll)(void *context)`."""
    text = spaced(text)
    pointer = re.fullmatch(r"(.+?) \( \* (\w+) \) (\(.*\))", text)
    if pointer:
        return f"{pointer[1]} ( * ) {pointer[3]}", pointer[2]
    array = re.fullmatch(r"(.+?) (\w+) (\[ \w+ \])", text)
    if array:
        return f"{array[1]} {array[3]}", array[2]
    kind, name = text.rsplit(" ", 1)
    return kind, name


def parameters(text):
    text = text.strip()
    return [] if text in ("", "void") else [declared(part) for part in text.split(",")]


def header_functions():
    found = re.findall(
        r"^(?:CMLP_API|CMLP_CHECKED|static inline) ([^;{]+?)(\w+[a-z0-9])\(([^;{]*)\)(?:;|\n\{)",
        header_text(),
        re.MULTILINE,
    )
    return {name: (spaced(kind), parameters(rest)) for kind, name, rest in found}


def pxd_functions():
    text = PXD.read_text(encoding="utf-8")
    found = re.findall(r"^    (?!ctypedef)(\w[\w *]*?)(cmlp_\w+)\(([^)]*)\)$", text, re.MULTILINE)
    return {name: (spaced(kind), parameters(rest)) for kind, name, rest in found}


def header_enums():
    """Return the constants of each enumeration, which is a typedef of an integer."""
    found = re.findall(
        r"typedef u?int(?:8|32)_t (\w+);\s*enum \{(.*?)\};", header_text(), re.DOTALL
    )
    return {name: re.findall(r"\b(CMLP_\w+)\b(?=\s*[=,}]|\s*$)", body) for name, body in found}


def pxd_blocks(kind):
    text = PXD.read_text(encoding="utf-8")
    found = re.findall(rf"^    ctypedef {kind} (\w+):\n((?:        .*\n)+)", text, re.MULTILINE)
    return {name: [line.strip() for line in body.splitlines()] for name, body in found}


def pxd_enums():
    text = PXD.read_text(encoding="utf-8")
    found = re.findall(
        r"^    ctypedef u?int(?:8|32)_t (\w+)\n    enum:\n((?:        .*\n)+)", text, re.MULTILINE
    )
    return {name: [line.strip() for line in body.splitlines()] for name, body in found}


def header_structs():
    """Return the fields of each struct in order; `int64_t a, b;` counts as two fields."""
    structs = {}
    for name, body in re.findall(
        r"typedef struct (\w+) \{(.*?)\n\} \w+;", header_text(), re.DOTALL
    ):
        fields = []
        for line in filter(
            str.strip, re.sub(r"\bfrom\b", "from_", body).split(";")
        ):  # a keyword of Python
            first, *others = line.split(",") if "(" not in line else [line]
            fields.append(declared(first))
            base = first.strip().rsplit(" ", 1)[0]
            fields += [declared(f"{base} {other}") for other in others]
        structs[name] = fields
    return structs


# --------------------------------------------------------------------------------------------------------- tests


def test_pxd_declares_the_functions_of_the_header():
    """In the order of the header."""
    assert len(header_functions()) > 20
    assert pxd_functions() == header_functions()
    assert list(pxd_functions()) == list(header_functions())


def test_pxd_declares_the_enums_of_the_header():
    assert len(header_enums()) >= 8
    assert pxd_enums() == header_enums()


def test_constants_have_the_sign_of_the_parameters_that_take_them():
    """bindgen, for example, gives an enumeration the smallest type that has all its constants."""
    found = re.findall(r"typedef (u?int(?:8|32)_t) (\w+);\s*enum \{", header_text())
    types = {name: kind for kind, name in found}
    for name, constants in header_enums().items():
        signed = [constant for constant in constants if constant.endswith("_SIGNED")]
        assert signed == [f"{name.upper()}_SIGNED"] * (types[name] == "int32_t")


def test_pxd_declares_the_structs_of_the_header():
    blocks = pxd_blocks("struct")
    assert blocks.pop("cmlp_net") == blocks.pop("cmlp_model") == ["pass"]  # opaque
    assert len(blocks) >= 9
    assert {
        name: [declared(field) for field in fields] for name, fields in blocks.items()
    } == header_structs()


def test_macros_in_the_pxd_are_defined_in_the_header():
    text = PXD.read_text(encoding="utf-8")
    for name in re.findall(r"^    (?:int|const char \*)\s*(CMLP_\w+)$", text, re.MULTILINE):
        assert re.search(rf"^#define {name} ", header_text(), re.MULTILINE), name


def test_header_has_the_version_of_the_package():
    text = HEADER.read_text(encoding="utf-8")
    assert re.search(r'#define CMLP_VERSION "(.+)"', text)[1] == cmlp.__version__
    major, minor, patch = (int(part) for part in cmlp.__version__.split("."))
    for name, value in (("MAJOR", major), ("MINOR", minor), ("PATCH", patch)):
        assert f"#define CMLP_VERSION_{name} {value}\n" in text


def test_every_function_that_can_fail_documents_its_statuses():
    """Its comment lists all of them by name; the errors of a struct's fields are listed above that struct."""
    text = "".join(path.read_text("utf-8") for path in HEADERS)
    structs = {
        "rows",
        "run",
        "targets",
        "objective",
        "optimizer",
        "epoch",
        "training",
        "encoder",
        "table",
        "calibration",
        "workers",
        "prediction",
        "derivatives",
        "bounds",
        "options",
        "answer",
    }
    assert set(re.findall(r"The errors of (?:an? )?(\w+): ", text)) == structs
    statuses, functions = header_statuses(), header_functions()
    fail = {name for name, (kind, _) in functions.items() if kind == "cmlp_status"}
    listed, comments = listed_statuses(), function_comments()
    assert set(listed) - {"cmlp_file_load", "cmlp_file_load_stream"} == fail
    structs = header_structs()
    for name, names in listed.items():
        assert names == sorted(names, key=statuses.index), (
            name
        )  # each once, in the order of their values
        explained = comments[name].partition("Returns ")[2].partition("Statuses: ")[0]
        words = set(re.findall(r"\b[A-Z_]{3,}\b", explained.replace("is NULL", "")))
        words -= {"CMLP_CANCELLED", "ASCII", "UTF"}
        assert words <= {*names}, name
        kinds = [kind for kind, _ in functions.get(name, (None, []))[1]]
        needed = {"NULL", "STRUCT_SIZE", "OPTION", "THREADS"} if kinds else set()
        needed |= {"NET", "ALIGNMENT"} if "const cmlp_net *" in kinds else set()
        needed |= {"MODEL"} if "const cmlp_model *" in kinds else set()
        assert needed <= {*names}, name
        assert "STRUCT_SIZE" in names or not any(kind.strip("const *") in structs for kind in kinds)
    assert {name for names in listed.values() for name in names} == {*statuses} - {"OK"}


def test_status_values_are_distinct_and_pinned():
    """Programs may have stored the values."""
    (body,) = re.findall(r"typedef int32_t cmlp_status;\s*enum \{(.*?)\}", header_text(), re.DOTALL)
    values = dict(re.findall(r"(CMLP_\w+) = (-?\d+)", body))
    assert list(values) == header_enums()["cmlp_status"]
    assert values.pop("CMLP_STATUS_SIGNED") == "-1"
    assert len(set(values.values())) == len(values)
    ranges = {"FILE_": range(96, 128)} | dict.fromkeys(
        ("ISA", "BUILD", "LEFT_OUT", "MEMORY", "READ", "WRITE", "MESSAGE"), range(80, 96)
    )
    data = ("INPUT", "TARGET", "DIVERGED", "CLASS", "WEIGHT", "ORDER", "SPARSE", "CELL", "COLUMNS")
    ranges |= dict.fromkeys(data, range(64, 80)) | {"": range(16, 64)}
    for name, value in list(values.items())[2:]:  # the range is the kind of a status
        kind = re.match(
            rf"CMLP_ERROR_(FILE_|(?:ISA|BUILD|LEFT_OUT|MEMORY|READ|WRITE|MESSAGE|{'|'.join(data)})$|)",
            name,
        )[1]
        assert int(value) in ranges[kind], name
    assert (
        values["CMLP_OK"] == "0"
        and values["CMLP_ERROR_NULL"] == "16"
        and values["CMLP_ERROR_DIVERGED"] == "66"
    )


def test_compilers_warn_if_a_status_is_ignored():
    text = header_text()
    assert not re.search(r"^CMLP_API cmlp_status ", text, re.MULTILINE)
    assert len(re.findall(r"^CMLP_CHECKED cmlp_status ", text, re.MULTILINE)) > 30


@needs_compiler
@pytest.mark.parametrize(
    ("name", "language", "definition"),
    [
        *(
            (f"{name}.h", language, [])
            for name in ("cmlp", "cmlp_table", "cmlp_workers", "cmlp_explain", "cmlp_file")
            for language in ("c", "c++")
        ),
        ("cmlp.hpp", "c++", []),
        *(
            ("cmlp.h", language, [f"-D{macro}"])  # no other header reads a macro of the linkage
            for macro in ("CMLP_SHARED", "CMLP_BUILD")
            for language in ("c", "c++")
        ),
    ],
)
def test_headers_compile_alone(tmp_path, name, language, definition):
    source = tmp_path / "alone.c"
    source.write_text(
        f"#include <{name}>\n#include <{name}>\nint main(void) {{ return cmlp_version_number() == 0; }}\n"
    )
    if language == "c++" and not has_cplusplus():
        pytest.skip("the compiler does not support C++")
    standard = {"c": ["-std=c99"], "c++": ["-std=c++17", "-Wold-style-cast"]}[language]
    strict = [
        *WARNINGS,
        "-Wconversion",
        "-Wsign-conversion",
        "-Wshadow",
        "-Wcast-align",
        "-Wcast-qual",
    ]
    language = ["-x", language, *standard]
    for compiler in filter(None, (COMPILER, shutil.which("clang"))):
        options = [*language, *strict, *definition, "-I", ROOT / "include"]
        run(compiler, *options, "-fsyntax-only", source)


@needs_compiler
@pytest.mark.parametrize(
    "language", [["-x", "c", "-std=c11"], ["-x", "c++", "-std=c++11"], ["-x", "c++", "-std=c++17"]]
)
def test_init_sets_the_size_and_zeroes_the_rest(tmp_path, language):
    if "c++" in language and not has_cplusplus():
        pytest.skip("the compiler knows no C++")
    source = tmp_path / "init.c"
    source.write_text(
        "#include <cmlp.h>\n"
        "int main(void) { cmlp_rows rows = CMLP_INIT(cmlp_rows); const cmlp_run run = CMLP_INIT(cmlp_run);\n"
        "return !(rows.struct_size == sizeof rows && !rows.data && !rows.order && rows.n_rows == 0\n"
        "         && run.struct_size == sizeof(cmlp_run) && !run.poll); }\n"
    )
    run(COMPILER, *language, *WARNINGS, "-I", ROOT / "include", source, "-o", tmp_path / "init")
    run(tmp_path / "init")


def test_repeated_declarations_are_those_of_the_headers():
    """`python tools/make_declarations.py` writes them anew."""
    for path, text in imported(ROOT / "tools/make_declarations.py").texts(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, path


def paddings(folder, *compiler):
    """Return the compiler's warnings of padding in the structs of the installed headers."""
    source = folder / "padding.c"
    source.write_text("#include <cmlp_capi.h>\n")  # and with it all headers of the library
    command = [
        *compiler,
        "-std=c11",
        "-ffreestanding",
        "-Wpadded",
        "-fsyntax-only",
        "-I",
        ROOT / "include",
        source,
    ]
    found = subprocess.run(command, capture_output=True, text=True)
    assert not found.returncode, found.stderr
    return re.findall(r"warning: (padding .*)", found.stderr)


@needs_compiler
@pytest.mark.skipif(struct.calcsize("P") != 8, reason="32-bit systems have other sizes")
def test_structs_have_no_padding(tmp_path):
    """A hole could never become a field: callers leave it uninitialized."""
    # Only the library writes the struct of functions.
    assert not [line for line in paddings(tmp_path, COMPILER) if "status_name" not in line]


# 32-bit ARM aligns int64_t and double to 8 bytes, as -malign-double does; 32-bit x86 aligns them to
# 4.
SMALL = [["arm-none-eabi-gcc"], ["gcc", "-m32"], ["gcc", "-m32", "-malign-double"]]


@pytest.mark.parametrize("compiler", SMALL, ids=" ".join)
def test_structs_do_not_end_in_padding_on_32_bits(tmp_path, compiler):
    """A later field in it would not change the size, by which the library knows whether a program has the field."""
    if not shutil.which(compiler[0]) or (
        len(compiler) > 1 and platform.machine() not in ("x86_64", "AMD64")
    ):
        pytest.skip(f"needs {compiler[0]} for this processor")
    assert not [line for line in paddings(tmp_path, *compiler) if "struct size" in line]


@functools.cache
def has_cplusplus():
    command = [COMPILER, "-x", "c++", "-std=c++17", "-fsyntax-only", "-"]
    return subprocess.run(command, input=b"int main() {}\n", capture_output=True).returncode == 0
