"""The C reference in the documentation contains everything that the headers declare."""

import re

import pytest
from c_build import HEADER, ROOT
from helpers import imported

SOURCE = ROOT / "docs/_ext/c_reference.py"
if not SOURCE.exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
reference = imported(SOURCE)
TEXT = HEADER.read_text(encoding="utf-8")
TEXTS = [
    TEXT,
    *(
        HEADER.with_name(f"cmlp_{name}.h").read_text(encoding="utf-8")
        for name in ("table", "workers")
    ),
]
CODE = re.sub(r"/\*.*?\*/", " ", "".join(TEXTS), flags=re.DOTALL)
ITEMS = [item for text in TEXTS for item in reference.parse(text)]
PAGE = reference.render(ITEMS)


def named(kind):
    return {item.name for item in ITEMS if item.kind == kind}


def test_every_function_enum_and_struct_is_there():
    functions = set(
        re.findall(r"^(?:CMLP_API|CMLP_CHECKED|static inline) [^;]*?(\w+)\(", CODE, re.MULTILINE)
    )
    assert (
        named("function")
        == functions
        >= {"cmlp_forward", "cmlp_dense_rows", "cmlp_default_optimizer"}
    )
    assert (
        named("enum")
        == set(re.findall(r"typedef u?int(?:8|32)_t (\w+)", CODE))
        >= {"cmlp_status", "cmlp_isa"}
    )
    assert named("struct") == set(re.findall(r"typedef struct (\w+)", CODE))


def test_every_enumerator_is_there():
    bodies = re.findall(r"^enum \{(.*?)\}", CODE, re.DOTALL | re.MULTILINE)
    expected = {name for body in bodies for name in re.findall(r"(CMLP_\w+) =", body)}
    expected |= set(re.findall(r"X\((\w+), \d+,", CODE))
    found = {
        e.declaration.split()[0]
        for item in ITEMS
        if item.kind == "enum"
        for e in item.entries
        if e.declaration
    }
    assert found == expected


def test_every_member_is_there_with_its_comment():
    members = {
        (item.name, entry.declaration): entry.comment
        for item in ITEMS
        if item.kind == "struct"
        for entry in item.entries
    }
    bodies = re.findall(r"typedef struct \w+ \{(.*?)\n\}", CODE, re.DOTALL)
    expected = sum(
        declaration.count(",") * ("(" not in declaration) + 1
        for b in bodies
        for declaration in b.split(";")[:-1]
    )
    assert len([declaration for _, declaration in members if declaration]) == expected
    assert members["cmlp_rows", "double scale"] == "finite; 0: 1"
    assert (
        members["cmlp_layer_info", "int64_t n_out"]
        == members["cmlp_layer_info", "int64_t n_in"]
        == ""
    )


def test_every_comment_of_the_header_is_there():
    """No word of a comment is lost: the first words of each one are in the page."""
    page = re.sub(r"\W+", " ", re.sub(r":c:\w+:|\\|```text|```\{eval-rst\}", "", PAGE))
    for comment in re.findall(r"/\*(.*?)\*/", "".join(TEXTS), re.DOTALL):
        words = re.sub(r"\W+", " ", comment).split()[:6]
        assert " ".join(words).lower() in page.lower(), words


def test_new_declarations_are_found(tmp_path):
    text = (
        "/* A header. */\n#define CMLP_NEW(x) x /* a macro */\n"
        "/* An enum. */\ntypedef int32_t cmlp_new;\nenum { CMLP_A = 1, CMLP_B = 2 /* the last */ };\n"
        "typedef struct cmlp_pair { int a, b; /* two */ int (*call)(void *x, int y); } cmlp_pair;\n"
        "/* Does it.\n * x: a number,\n *   or two.\n * Returns CMLP_A. */\n"
        "CMLP_CHECKED int cmlp_do(int x,\n    int y);\n"
        "/* Makes one. */\nstatic inline cmlp_pair cmlp_make(int a)\n{\n    if (a) {\n    }\n    return 0;\n}\n"
    )
    macro, enum, struct, function, inline = reference.parse(text)[1:]
    assert (inline.declaration, inline.comment) == ("cmlp_pair cmlp_make(int a)", "Makes one.")
    assert (macro.declaration, macro.comment) == ("CMLP_NEW(x)", "a macro")
    assert [tuple(entry) for entry in enum.entries] == [
        ("CMLP_A = 1", ""),
        ("CMLP_B = 2", "the last"),
    ]
    assert [entry.declaration for entry in struct.entries] == [
        "int a",
        "int b",
        "int (*call)(void *x, int y)",
    ]
    assert function.declaration == "int cmlp_do(int x, int y)"
    page = reference.render(reference.parse(text))
    assert "Does it.\n\n   x: a number,\n   or two.\n\n   Returns \\ :c:enumerator:`CMLP_A`" in page


def test_pages_have_every_part_of_the_header():
    items = reference.parse(TEXT)
    parts = reference.parts(items)
    assert [item for part in parts for item in part] == items
    assert [part[0].name[:2] for part in parts[1:]] == ["1.", "2.", "3."]
    pages = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs/reference").glob("c*.md"))
    )
    found = sorted(match[1] or match[2] for match in reference.PLACEHOLDER.finditer(pages))
    assert found == [*"0123", "cmlp_explain.h", "cmlp_file.h", "cmlp_table.h", "cmlp_workers.h"]


def test_page_of_cmlp_file_has_what_its_first_comment_shows():
    source = ["<!-- the reference is inserted here: cmlp_file.h -->"]
    reference.insert_reference(None, "reference/c-file", source)
    assert (
        "c:function:: cmlp_status cmlp_file_load(" in source[0]
        and "c:function:: void cmlp_file_free(" in source[0]
    )
    assert "cmlp_file_extend" not in source[0]
