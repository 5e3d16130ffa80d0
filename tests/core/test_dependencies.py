"""Includes, external symbols and data sections of the C core."""

import re
import sys
from pathlib import Path

import pytest
from c_build import (
    COMPILER,
    CORE,
    HEADER,
    HEADERS,
    SHARED,
    compiles_core,
    core_objects,
    core_sources,
    in_source_tree,
    run,
)

# ---------------------------------------------------------------------------------------------------- C includes

SYSTEM_HEADERS = {
    "float.h",
    "math.h",
    "stdatomic.h",
    "stddef.h",
    "stdint.h",
    "string.h",  # C11 itself
    "pthread.h",
    "signal.h",
    "time.h",
    "windows.h",  # threads and their timers
    "cpuid.h",
    "intrin.h",
    "emmintrin.h",
    "immintrin.h",
    "smmintrin.h",
    "avxintrin.h",
    "avx2intrin.h",
    "fmaintrin.h",
    "avx512fintrin.h",
    "popcntintrin.h",
    "arm_neon.h",
    "arm64_neon.h",  # intrinsics
}


def c_files():
    return sorted(path for path in CORE.rglob("*") if path.suffix in (".c", ".h"))


def includes(path):
    return re.findall(
        r'^#\s*include ([<"])(.+?)[>"]', path.read_text(encoding="utf-8"), re.MULTILINE
    )


def is_kernel(path):
    base = ("target.h", "intrinsics.h", "fma.h", "build.h", "root.h", "soft_root.h")
    return (CORE / "kernels" in path.parents and path.stem != "cpu") or path.name in base


@in_source_tree
def test_core_includes_only_standard_thread_and_intrinsics_headers():
    for path in c_files():
        for quote, name in includes(path):
            assert quote == '"' or name in SYSTEM_HEADERS, f"{path.name} includes <{name}>"


@in_source_tree
def test_kernels_include_only_kernels():
    """Kernels include each other and files of base/; the public header only for its constants."""
    public = []
    for path in filter(is_kernel, c_files()):
        for quote, name in includes(path):
            target = (path.parent / name).resolve()
            if quote == '"' and target == HEADER.resolve():
                public.append(path.name)
            elif quote == '"':
                assert is_kernel(target), f"{path.name} includes {name}"
    assert sorted(public) == ["activations.h", "kernels_tmpl.h"]


@in_source_tree
def test_core_includes_only_itself_and_the_public_headers():
    """The core includes its own files and the public headers; these include system headers and cmlp.h only."""
    public = {path.resolve() for path in HEADERS}
    for path in c_files():
        for quote, name in includes(path):
            target = (path.parent / name).resolve()
            if quote == '"':
                assert target in public or (target.exists() and CORE.resolve() in target.parents), (
                    f"{path.name} includes {name}"
                )
    assert {quote for quote, _ in includes(HEADER)} == {"<"}
    assert all(includes(path) == [('"', "cmlp.h")] for path in HEADERS[1:])


@in_source_tree
def test_c_includes_have_no_cycle():
    below = {
        path.resolve(): {
            (path.parent / name).resolve() for quote, name in includes(path) if quote == '"'
        }
        for path in c_files()
    }
    while below:
        free = [path for path, names in below.items() if not names & set(below)]
        assert free, f"a cycle among {sorted(path.name for path in below)}"
        for path in free:
            del below[path]


@in_source_tree
def test_c_modules_have_no_cycle():
    """A .c file and its header are one module: rows.c must not include sparse.h if sparse.c includes rows.h."""
    below = {}
    for path in c_files():
        names = {Path(name).stem for quote, name in includes(path) if quote == '"'}
        below.setdefault(path.stem, set()).update(
            names - {path.stem, *(header.stem for header in HEADERS)}
        )
    while below:
        free = [module for module, names in below.items() if not names & set(below)]
        assert free, f"a cycle among {sorted(below)}"
        for module in free:
            del below[module]


@in_source_tree
def test_reader_and_writer_of_model_files_do_not_include_each_other():
    for folder, other in (("read", "write"), ("write", "read")):
        sources = [*CORE.glob(f"file/{folder}/*.[ch]")]
        assert len(sources) > 5
        for path in sources:
            found = {(path.parent / name).resolve().parent.name for _, name in includes(path)}
            assert other not in found, path.name


# ---------------------------------------------------------------------------------------------------- parameters

MOST_PARAMETERS = 8
# Public functions whose arrays are followed by their lengths.
LONGER = {
    "cmlp_train_epoch": 10,
    "cmlp_forward_paths": 9,
}


def functions(text):
    """Yield name and number of parameters of each function declared or defined, and of each function pointer."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^#.*(?:\\\n.*)*", "", text, flags=re.MULTILINE)
    declared = r"^(?:[ \t]*)(?:\w+[ \t*]+)+(?:\(\*)?(\w+)\)?\(((?:[^(){};]|\([^()]*\))*)\)\s*[;{]"
    for name, parameters in re.findall(declared, text, re.MULTILINE):
        yield name, re.sub(r"\([^()]*\)", "", parameters).count(",") + 1


@in_source_tree
def test_structs_are_read_to_the_last_field_of_the_first_version():
    """A program that was compiled with another size than a released header had is refused."""
    headers = re.sub(
        r"/\*.*?\*/",
        "",
        "".join(path.read_text(encoding="utf-8") for path in HEADERS),
        flags=re.DOTALL,
    )
    last = {}
    for body, name in re.findall(r"typedef struct \w+ \{(.*?)\n\} (\w+);", headers, re.DOTALL):
        field = [one.strip() for one in body.split(";") if one.strip()][-1]
        last[name] = re.search(r"\(\*(\w+)\)|(\w+)(?:\[\w+\])?$", field)
    read = [
        pair
        for path in c_files()
        for pair in re.findall(
            r"CMLPI_READ\([^;]*?, (cmlp_\w+), (\w+)\)", path.read_text(encoding="utf-8")
        )
    ]
    assert len(read) > 20
    assert [pair for pair in read if pair[1] not in last[pair[0]].groups()] == []


@in_source_tree
def test_functions_take_few_parameters():
    """Outside the kernel templates. The kernels themselves take structs."""
    found = 0
    for path in c_files():
        if not path.stem.endswith("_tmpl"):
            for name, parameters in functions(path.read_text(encoding="utf-8")):
                most = LONGER.get(name, MOST_PARAMETERS)
                assert parameters <= most, f"{path.name}: {name} takes {parameters} parameters"
                found += 1
    assert found > 300
    assert dict(functions("int f(int a,\n      void (*g)(int, int), int c)\n{\n")) == {"f": 3}
    assert dict(functions("typedef struct t {\n    void (*dense)(const x *a, int b);\n} t;")) == {
        "dense": 2
    }


# ------------------------------------------------------------------------------------------------------- symbols

# External functions that the core may call: moving memory, threads, and what compilers insert
# themselves.
ALLOWED = re.compile(
    r"mem(cpy|move|set|cmp)|bcmp|pthread_(create|join|sigmask|setaffinity_np|setcancelstate|attr_\w+|mutex_\w+|cond_\w+)|"
    r"sig(fill|del)set|clock_gettime|"
    r"sched_get(affinity|cpu)|__sched_cpucount|"
    r"__stack_chk_\w+|_GLOBAL_OFFSET_TABLE_|__(addtf3|unordtf2|aeabi_\w+)"
)
needs_nm = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF object files")


@pytest.fixture(scope="module")
def symbols():
    """Return (file, name, kind) as nm reports them, of the core compiled for a shared library.

    Constant tables of pointers are in .data.rel.ro there, which is read-only after relocation.
    """
    found = []
    for source, target in zip(core_sources(), core_objects(*SHARED), strict=True):
        for line in run("nm", "-f", "sysv", target).splitlines():
            if line.count("|") == 6:
                name, _, kind, *_, section = (field.strip() for field in line.split("|"))
                found.append(
                    (source.name, name, "r" if section.startswith(".data.rel.ro") else kind)
                )
    return found


@compiles_core
@needs_nm
def test_core_calls_only_memory_moves_and_threads(symbols):
    defined = {name for _, name, kind in symbols if kind not in "Uw"}
    asked = {(file, name) for file, name, kind in symbols if kind in "Uw" and name not in defined}
    assert {(file, name) for file, name in asked if not ALLOWED.fullmatch(name)} == set()
    assert ("threads.c", "pthread_create") in asked  # the output of nm was parsed


@compiles_core
@needs_nm
def test_sources_that_call_each_other_have_no_cycle(symbols):
    owners = {name: file for file, name, kind in symbols if kind not in "Uw" and kind.isupper()}
    below = {file: set() for file, _, _ in symbols}
    for file, name, kind in symbols:
        if kind == "U":
            below[file].add(owners.get(name, file))
    assert {"model_margin.c", "model_predict.c", "model_values.c"} <= below["model.c"]
    while below:
        free = [file for file, names in below.items() if not names & (set(below) - {file})]
        assert free, f"a cycle among {sorted(below)}"
        for file in free:
            del below[file]


@compiles_core
@needs_nm
def test_external_names_are_public_or_have_the_private_prefix(symbols):
    """So no later public name, which begins with cmlp_, can be that of a private function."""
    names = {name for _, name, kind in symbols if kind.isupper() and kind not in "UN"}
    text = "".join(path.read_text("utf-8") for path in HEADERS)
    public = set(re.findall(r"^CMLP_(?:API|CHECKED) [^;]*?\b(cmlp_\w+)\(", text, re.MULTILINE))
    assert public <= names and len(names - public) > 30
    assert {name for name in names - public if not name.startswith("cmlpi_")} == set()


def test_types_and_functions_of_the_core_have_a_prefix_of_their_own():
    text = "".join(path.read_text("utf-8") for path in HEADERS)
    public = set(re.findall(r"\bcmlp_\w+", text))
    core = "".join(path.read_text("utf-8") for path in CORE.rglob("*.[ch]"))
    code = re.sub(r"/\*.*?\*/", " ", core, flags=re.DOTALL)
    assert set(re.findall(r'(?<!")\bcmlp_\w+\b(?!\.h)', code)) <= public


def test_macros_and_constants_of_the_core_have_a_prefix_of_their_own():
    """Except for the macros that a program sets, which base/build.h lists in its first comment."""
    build = (CORE / "base/build.h").read_text("utf-8")
    options = build.split("*/", 1)[0]
    public = "".join(path.read_text("utf-8") for path in HEADERS) + options
    core = "".join(path.read_text("utf-8") for path in CORE.rglob("*.[ch]"))
    code = re.sub(r'/\*.*?\*/|"[^"\n]*"', " ", core, flags=re.DOTALL)
    names = set(re.findall(r"\bCMLP_\w+\b(?!##)", code))
    assert len(names) > 100
    assert names - set(re.findall(r"\bCMLP_\w+", public)) == set()


@compiles_core
@needs_nm
def test_core_has_no_mutable_globals(symbols):
    assert {(file, name, kind) for file, name, kind in symbols if kind in "dDbBcCsSgG"} == set()
    assert any(kind in "rR" for _, _, kind in symbols)


@compiles_core
@needs_nm
def test_library_exports_what_the_headers_declare(tmp_path):
    library = tmp_path / "libcmlp.so"
    run(COMPILER, "-shared", *core_objects(*SHARED), "-pthread", "-o", library)
    exported = {
        line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()
    }
    text = "".join(path.read_text("utf-8") for path in HEADERS)
    declared = re.findall(r"^CMLP_(?:API|CHECKED) [^;]*?\b(cmlp_\w+)\(", text, re.MULTILINE)
    assert exported == set(declared)
