"""The structs that examples in other languages declare by hand have the fields of the C headers, at the same places."""

import re
from pathlib import Path

import pytest
from c_build import in_source_tree

ROOT = Path(__file__).parents[2]
STRUCTS = {"Info": "cmlp_model_info", "Prediction": "cmlp_prediction", "Run": "cmlp_run"}
FOUR_BYTES = {"int", "Int32", "int32_t", "c_int32"}


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
        found.append((compared(name), at, size))
        at += size
    return found


def declared(body):
    """Return name and type of the fields of Java and C#."""
    lines = re.findall(r"public (\w+) ([\w, ]+);", body)
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


def julia(text, name):
    return re.findall(r"(\w+)::(\w+)", re.search(rf"struct {name} (.*?)\nend", text, re.DOTALL)[1])


def koffi(text, name):
    body = re.search(rf"const {name} = koffi.struct\(.*?\{{(.*?)\}}", text, re.DOTALL)[1]
    return re.findall(r'(\w+): "(.*?)"', body)


def ctypes(text, name):
    """Return those of a list of pairs, and of ``*((name, kind) for name in (...))``."""
    body = re.search(rf"class {name}\(Structure\):.*?_fields_ = \[(.*?)\n    \]", text, re.DOTALL)[
        1
    ]
    found = []
    for several, names, one, kind in re.findall(
        r"\*\(\(name, (\w+)\) for name in \((.*?)\)\)|\(\"(\w+)\", (\w+)\)", body
    ):
        if several:
            found += [(field, several) for field in re.findall(r'"(\w+)"', names)]
        else:
            found.append((one, kind))
    return found


READERS = {
    "languages/java/Predict.java": java,
    "languages/csharp/Predict.cs": csharp,
    "languages/julia/predict.jl": julia,
    "languages/node/koffi.mjs": koffi,
    "serverless/predictor.py": ctypes,
}


@in_source_tree
@pytest.mark.parametrize("name", STRUCTS)
@pytest.mark.parametrize("path", READERS)
def test_fields_are_those_of_the_header(path, name):
    text = (ROOT / "examples" / path).read_text("utf-8")
    assert placed(READERS[path](text, name)) == recorded(STRUCTS[name])


@in_source_tree
def test_the_webassembly_module_has_the_sizes_of_the_structs():
    text = (ROOT / "packaging/wasm/cmlp.mjs").read_text("utf-8")
    declared_sizes = re.findall(r"^const [A-Z]+ = (\d+); // .*?(cmlp_\w+)", text, re.MULTILINE)
    sizes = Path(__file__).with_name("abi32.txt").read_text("utf-8")
    assert len(declared_sizes) == 7
    for size, struct in declared_sizes:
        assert f"size {struct} {size}\n" in sizes
