"""The structs that are declared by hand in other languages have the fields of the C headers, at the same offsets."""

import re
from pathlib import Path

import pytest
from c_build import in_source_tree

ROOT = Path(__file__).parents[2]
STRUCTS = {
    "Info": "cmlp_model_info",
    "Run": "cmlp_run",
    "Rows": "cmlp_rows",
    "Answer": "cmlp_answer",
    "Value": "cmlp_value",
}
OF_PACKAGES = {**STRUCTS, "ColumnInfo": "cmlp_table_column_info"}
FOUR_BYTES = {"int", "uint", "Int32", "int32_t", "c_int32"}


def size_of(kind):
    return 4 if kind in FOUR_BYTES else 8


def compared(name):
    return name.replace("_", "").lower()


def recorded(struct):
    """Return name, offset and size of each field, on systems of 64 bits."""
    lines = Path(__file__).with_name("abi.txt").read_text("utf-8")
    found = re.findall(rf"^field {struct}\.(\w+) (\d+) (\d+)$", lines, re.MULTILINE)
    return [(compared(name), int(at), int(size)) for name, at, size in found]


def placed(fields):
    """Return the place of fields that a compiler aligns to their own size."""
    at, found = 0, []
    for name, kind in fields:
        size = size_of(kind)
        at = -(-at // size) * size
        if name.lower() in {"reserved1", "reserved2", "reserved3"}:
            found[-1] = ("reserved", found[-1][1], found[-1][2] + size)
        else:
            found.append((compared(name).replace("reserved0", "reserved"), at, size))
        at += size
    return found


def declared(body):
    """Return name and type of the fields of Java and C#."""
    lines = re.findall(r"public (\w+) ([\w, ]+);", body.replace(" = size()", ""))
    return [(name, kind) for kind, names in lines for name in names.split(", ")]


def java(text, name):
    order, body = re.search(
        rf"FieldOrder\(\{{([^}}]*)\}}\)\s*public static class {name} extends Structure \{{(.*?)\}}",
        text,
        re.DOTALL,
    ).groups()
    kinds = dict(declared(body))
    return [(field, kinds[field]) for field in re.findall(r'"(\w+)"', order)]


def csharp(text, name):
    return declared(re.search(rf"struct {name}\s*\{{(.*?)\}}", text, re.DOTALL)[1])


def ctypes(text, name):
    """Return those of a list of pairs, and of ``*((name, kind) for name in (...))``."""
    body = re.search(rf"class {name}\(Structure\):.*?_fields_ = \[(.*?)\n    \]", text, re.DOTALL)[
        1
    ]
    found = []
    for several, names, one, kind in re.findall(
        r"\*\(\s*\(name, (\w+)\)\s+for name in \((.*?)\)\s*\)|\(\"(\w+)\", (\w+)\)", body
    ):
        if several:
            found += [(field, several) for field in re.findall(r'"(\w+)"', names)]
        else:
            found.append((one, kind))
    return found


READERS = {
    "packaging/java/src/main/java/cmlp/C.java": (java, OF_PACKAGES),
    "packaging/csharp/src/C.cs": (csharp, OF_PACKAGES),
    "examples/serverless/predictor.py": (ctypes, STRUCTS),
}


@in_source_tree
@pytest.mark.parametrize(
    ("path", "name"), [(path, name) for path, (_, structs) in READERS.items() for name in structs]
)
def test_fields_are_those_of_the_header(path, name):
    reader, structs = READERS[path]
    text = (ROOT / path).read_text("utf-8")
    assert placed(reader(text, name)) == recorded(structs[name])


@in_source_tree
@pytest.mark.parametrize("path", list(READERS)[:2])
def test_constants_are_those_of_the_header(path):
    """CMLP_ERROR_FILE_SHORT and the kinds."""
    known = Path(__file__).with_name("abi.txt").read_text("utf-8")
    text = (ROOT / path).read_text("utf-8")
    lines = re.findall(r"(?:final|const) int (.*); // .*?(cmlp_\w+)", text, re.IGNORECASE)
    assert len(lines) == 4
    for constants, prefix in lines:
        for name, value in re.findall(r"(\w+) = (\d+)", constants):
            one = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
            names = {prefix, f"{prefix}{one}"}
            assert any(
                re.search(rf"^(value|size) {each} {value}$", known, re.MULTILINE) for each in names
            )


@in_source_tree
def test_the_webassembly_module_has_the_fields_of_the_structs():
    text = (ROOT / "packaging/wasm/cmlp.mjs").read_text("utf-8")
    known = Path(__file__).with_name("abi32.txt").read_text("utf-8")
    layouts = re.findall(
        r"^const [A-Z]+ = \{(.*?)\}; // (cmlp_\w+)$", text, re.MULTILINE | re.DOTALL
    )
    assert len(layouts) == 6
    for fields, struct in layouts:
        for name, place in re.findall(r"(\w+): (\d+)", fields):
            field = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
            line = f"size {struct}" if name == "size" else f"field {struct}.{field}"
            assert re.search(rf"^{line} {place}\b", known, re.MULTILINE), (struct, name)
            # An array of an answer and its length are written together.
            if struct == "cmlp_answer" and f"field {struct}.n_{field} " in known:
                assert f"\nfield {struct}.n_{field} {int(place) + 8} 8\n" in known
