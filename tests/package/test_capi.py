"""The function table for extension modules: complete, in one order for ever, and callable."""

import ctypes
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from c_build import COMPILER, HEADER, HEADERS, in_source_tree, needs_compiler, run

import cmlp

CAPI = HEADER.with_name("cmlp_capi.h")
PXD = HEADER.parents[1] / "src/cmlp/capi.pxd"

# Extensions that were compiled before depend on this order: new functions come at the end.
ORDER = (
    "status_name status_string version model_describe model_init rows_init model_predict model_workspace_size "
    "model_find_label model_net model_params model_find_string model_prepare_rows net_workspace_size forward "
    "net_size net_init net_n_params random_seed random_double random_shuffle net_init_params targets_init "
    "optimizer_init optimizer_state_size train_epoch model_write net_describe_layer activation_describe "
    "loss_describe loss_allows isa_name solver_name net_isa cpu_isa_mask backpropagate step model_describe_column "
    "model_find_code model_find_category table_encoder_width table_encode table_write_workspace_size table_write "
    "bounds forward_paths paths_workspace_size model_answer model_answer_size model_say model_describe_target"
)


def text(path):
    """Return a file without comments, with single spaces."""
    return re.sub(
        r"\s+", " ", re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    )


def declared(source, pattern):
    """Return the declarations that a pattern finds: name, result and parameters, without spaces at the stars."""
    found = re.findall(pattern, source)
    return {
        name: (result.replace(" ", ""), parameters.replace("* ", "*"))
        for result, name, parameters in found
    }


def table_of_the_header():
    (struct,) = re.findall(r"typedef struct cmlp_capi \{(.*?)\} cmlp_capi;", text(CAPI))
    return declared(struct, r"([^;()]+?)\(\*(\w+)\)\(([^;]*?)\);")


@in_source_tree
def test_table_has_every_function_of_the_header_and_keeps_its_order():
    functions = declared(
        " ".join(map(text, HEADERS)), r"CMLP_(?:API|CHECKED) ([^;()]+?)cmlp_(\w+)\(([^;]*?)\);"
    )
    assert functions.pop("version_number")  # a field of the table
    assert table_of_the_header() == functions
    assert list(table_of_the_header()) == ORDER.split()
    (initializer,) = re.findall(r"cmlp_capi_table = \{(.*?)\}", text(CAPI))
    assert re.findall(r"cmlp_(\w+)", initializer) == ["capi", *ORDER.split()]


@in_source_tree
def test_pxd_declares_the_table():
    source = re.sub(r"\s+", " ", PXD.read_text(encoding="utf-8")).partition("int32_t abi")[2]
    found = declared(source, r"([\w ]+?\*?)\(\*(\w+)\)\(([^()]*)\) noexcept nogil")
    expected = {
        name: (
            result,
            parameters.replace("void *const *", "void **")
            .replace("struct ", "")
            .replace("void", "", parameters == "void"),
        )
        for name, (result, parameters) in table_of_the_header().items()
    }
    assert found == expected


class Start(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("version_number", ctypes.c_int32),
        ("abi", ctypes.c_int32),
        ("status_name", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int)),
        ("status_string", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int)),
        ("version", ctypes.CFUNCTYPE(ctypes.c_char_p)),
    ]


@in_source_tree
def test_capsule_has_its_name_size_and_version():
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = Start.from_address(get_pointer(cmlp.capi, b"cmlp.capi"))
    pointer = ctypes.sizeof(ctypes.c_void_p)
    assert table.struct_size == Start.status_name.offset + len(ORDER.split()) * pointer
    assert table.version().decode() == cmlp.__version__
    number = table.version_number
    assert f"{number // 10000}.{number // 100 % 100}.{number % 100}" == cmlp.__version__
    assert table.status_name(16) == b"CMLP_ERROR_NULL"


@needs_compiler
def test_header_compiles_alone(tmp_path):
    (tmp_path / "a.c").write_text(
        "#include <cmlp_capi.h>\nint main(void) { return sizeof(cmlp_capi) == 0; }\n"
    )
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]
    run(
        COMPILER,
        "-std=c11",
        *warnings,
        "-I",
        HEADER.parent,
        "-c",
        tmp_path / "a.c",
        "-o",
        tmp_path / "a.o",
    )
    run(
        COMPILER,
        "-x",
        "c++",
        *warnings,
        "-I",
        HEADER.parent,
        "-c",
        tmp_path / "a.c",
        "-o",
        tmp_path / "a.o",
    )


EXTENSION = """
#include <Python.h>
#include <cmlp_capi.h>

static PyObject *version(PyObject *self, PyObject *nothing)
{
    const cmlp_capi *cmlp = cmlp_import_capi();
    (void)self, (void)nothing;
    return cmlp ? PyUnicode_FromString(cmlp->version()) : NULL;
}

static PyMethodDef methods[] = {{"version", version, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "outsider", "", -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_outsider(void) { return PyModule_Create(&module); }
"""


def compile_extension(folder, include, *options):
    """Compile the extension with the headers of a folder."""
    headers = sysconfig.get_path("include")
    if not (Path(headers) / "Python.h").exists():
        pytest.skip("needs Python.h")
    (folder / "outsider.c").write_text(EXTENSION)
    flags = ["-shared", "-fPIC", *options, "-I", headers, "-I", include, "-o", "outsider.so"]
    run(COMPILER, "outsider.c", *flags, cwd=folder)


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="links an extension as on Linux")
@pytest.mark.slow
def test_extension_in_c(tmp_path):
    """An extension compiled with a newer header or that of another interface raises ImportError and calls nothing.

    One that needs only an earlier part of a newer table is imported.
    """
    shutil.copytree(HEADER.parent, tmp_path / "newer")
    newer = tmp_path / "newer/cmlp_capi.h"
    newer.write_text(
        newer.read_text().replace("} cmlp_capi;", "    void (*newer)(void);\n} cmlp_capi;")
    )
    shutil.copytree(HEADER.parent, tmp_path / "next")
    following = tmp_path / "next/cmlp.h"
    following.write_text(re.sub(r"(define CMLP_ABI) \d+", r"\1 99", following.read_text()))
    call = "import sys; sys.path[0] = '.'; import outsider; print(outsider.version())"
    earlier, later = (f"-DCMLP_CAPI_SIZE=CMLP_CAPI_UP_TO({name})" for name in ("version", "newer"))
    for include, *options in (
        (HEADER.parent,),
        (newer.parent, earlier),
        (newer.parent,),
        (newer.parent, later),
        (following.parent, earlier),
    ):
        compile_extension(tmp_path, include, *options)
        done = subprocess.run(
            [sys.executable, "-c", call], cwd=tmp_path, capture_output=True, text=True
        )
        if include == HEADER.parent or (include == newer.parent and options == [earlier]):
            assert (done.stdout, done.stderr) == (f"{cmlp.__version__}\n", "")
        else:
            assert (
                f"ImportError: cmlp {cmlp.__version__} is installed, whose interface has"
                in done.stderr
            )


# Gives cmlp the table of a later version, then calls the extension.
LATER_TABLE = """
import ctypes
import sys

import cmlp

version, abi = sys.argv[1], int(sys.argv[2])
api = ctypes.pythonapi
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
start = api.PyCapsule_GetPointer(cmlp.capi, b"cmlp.capi")
size = ctypes.c_size_t.from_address(start).value
word = ctypes.sizeof(ctypes.c_size_t)
table = ctypes.create_string_buffer(ctypes.string_at(start, size) + bytes(64), size + 64)  # functions were appended
told = ctypes.CFUNCTYPE(ctypes.c_char_p)(lambda: version.encode())
address = ctypes.addressof(table)
ctypes.c_size_t.from_address(address).value = size + 64
major, minor, patch = map(int, version.split("."))
ctypes.c_int32.from_address(address + word).value = 10000 * major + 100 * minor + patch
ctypes.c_int32.from_address(address + word + 4).value = abi
ctypes.c_void_p.from_address(address + word + 8 + 2 * word).value = ctypes.cast(told, ctypes.c_void_p).value
name = ctypes.create_string_buffer(b"cmlp.capi")
cmlp.capi = api.PyCapsule_New(address, name, None)
sys.path[0] = "."
import outsider

print(outsider.version())
"""


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="links an extension as on Linux")
@pytest.mark.slow
def test_extension_of_0_9_works_with_every_later_table_of_the_same_interface(tmp_path):
    compile_extension(tmp_path, HEADER.parent)
    (tmp_path / "call.py").write_text(LATER_TABLE, encoding="utf-8")
    assert run(sys.executable, "call.py", "1.0.0", "1", cwd=tmp_path).strip() == "1.0.0"
    command = [sys.executable, "call.py", "2.0.0", "2"]
    other = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "ImportError: cmlp 2.0.0 is installed, whose interface has the number 2" in other.stderr
