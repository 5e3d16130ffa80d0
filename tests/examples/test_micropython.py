"""The example module of MicroPython compiles, and computes Python's bits in MicroPython's port for Unix.

CMLP_MICROPYTHON names the folder of MicroPython's sources. Without it, the module is compiled against the declarations
below.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, ROOT, needs_compiler, run

import cmlp

EXAMPLE = ROOT / "examples/micropython"
TREE = os.environ.get("CMLP_MICROPYTHON")
# The warnings of MicroPython's ports, which are errors there.
PORTS = "-std=gnu99 -Wall -Wextra -Werror -Wpointer-arith -Wdouble-promotion -Wfloat-conversion"
ARM = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -fsingle-precision-constant"
RUNTIME_H = """
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef const void *mp_obj_t;
typedef size_t mp_uint_t;
typedef const char *mp_rom_error_text_t;
typedef struct { const void *type; } mp_obj_base_t;
typedef struct { void *buf; size_t len; int typecode; } mp_buffer_info_t;
typedef struct { const void *key, *value; } mp_rom_map_elem_t;
typedef struct { mp_obj_base_t base; const mp_rom_map_elem_t *table; } mp_obj_dict_t;
typedef struct { mp_obj_base_t base; mp_obj_dict_t *globals; } mp_obj_module_t;
enum { MP_BUFFER_READ = 1, MP_BUFFER_WRITE = 2 };
extern const int mp_type_module;
#define mp_const_none NULL
#define MP_ERROR_TEXT(text) text
#define MP_ROM_QSTR(name) #name
#define MP_ROM_PTR(address) (address)
#define MP_ROM_INT(number) (const void *)(intptr_t)(number)
#define MP_DEFINE_CONST_FUN_OBJ_0(name, function) mp_obj_t (*const name)(void) = function
#define MP_DEFINE_CONST_FUN_OBJ_1(name, function) mp_obj_t (*const name)(mp_obj_t) = function
#define MP_DEFINE_CONST_FUN_OBJ_2(name, function) mp_obj_t (*const name)(mp_obj_t, mp_obj_t) = function
#define MP_DEFINE_CONST_DICT(name, entries) const mp_obj_dict_t name = {{NULL}, entries}
#define MP_REGISTER_MODULE(name, module) extern const mp_obj_module_t module
void mp_get_buffer_raise(mp_obj_t object, mp_buffer_info_t *buffer, mp_uint_t access);
_Noreturn void mp_raise_TypeError(mp_rom_error_text_t text);
_Noreturn void mp_raise_ValueError(mp_rom_error_text_t text);
mp_obj_t mp_obj_new_bool(int value);
mp_obj_t mp_obj_new_str(const char *text, size_t n);
"""
# Predicts the rows of a file, and prints what is refused.
PROGRAM = """
import array, digits
row = array.array("f", [0.0] * digits.n_inputs)
output = array.array("f", [0.0] * digits.n_outputs)
assert digits.check()
with open("rows.bin", "rb") as rows, open("outputs.bin", "wb") as outputs:
    while rows.readinto(row):
        digits.predict(row, output)
        outputs.write(output)
        print(digits.classify(row))
row[0] = float("nan")
for call in (
    lambda: digits.predict(row, output),
    lambda: digits.classify(array.array("f", [1.0])),
    lambda: digits.classify(array.array("d", row)),
    lambda: digits.predict(row, bytes(4 * digits.n_outputs)),
):
    try:
        call()
    except (TypeError, ValueError) as error:
        print(error)
"""
REFUSED = [
    "row has NaN or infinity",
    "array has the wrong length",
    "expected array('f')",
    "object with buffer protocol required",
]
# Parts of the port for Unix whose sources are submodules.
WITHOUT = [
    f"MICROPY_{part}=0" for part in ("PY_BTREE", "PY_FFI", "PY_SSL", "SSL_MBEDTLS", "PY_SOCKET")
]
pytestmark = pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are in the source tree")


@pytest.fixture
def modules(tmp_path):
    """Return the folder of the modules, a model, and rows."""
    shutil.copytree(EXAMPLE, tmp_path / "micropython")
    X = np.linspace(-2, 2, 480, dtype=np.float32).reshape(60, 8) ** 3
    model = cmlp.MLPClassifier((9, 5), activation="tanh", max_iter=5, random_state=0)
    with pytest.warns(cmlp.exceptions.ConvergenceWarning):
        model.fit(X, ["ä", "b", "c"] * 20)
    model.to_c(tmp_path / "micropython/digits/digits.h")
    return tmp_path / "micropython", model, X


@needs_compiler
@pytest.mark.parametrize(
    ("compiler", "options"), [(COMPILER, ""), (shutil.which("arm-none-eabi-gcc"), ARM)]
)
def test_module_compiles_with_the_warnings_of_the_ports(modules, compiler, options):
    if not compiler:
        pytest.skip("the compiler is not installed")
    folder, *_ = modules
    header = folder / "stub/py/runtime.h"
    header.parent.mkdir(parents=True)
    header.write_text(RUNTIME_H, encoding="ascii")
    module = folder / "digits/module.c"
    options = [*PORTS.split(), *options.split(), "-Os", f"-I{folder / 'stub'}"]
    run(compiler, *options, "-c", module, "-o", folder / "module.o")


@pytest.mark.slow
@pytest.mark.skipif(not TREE, reason="CMLP_MICROPYTHON does not name MicroPython's sources")
def test_micropython_predicts_with_the_bits_of_python(modules):
    folder, model, X = modules
    build = folder / "build"
    options = [f"BUILD={build}", f"USER_C_MODULES={folder}", "FROZEN_MANIFEST=", *WITHOUT]
    run("make", "-C", Path(TREE, "mpy-cross"))
    run("make", f"-j{os.cpu_count()}", "-C", Path(TREE, "ports/unix"), *options)
    X.tofile(folder / "rows.bin")
    (folder / "program.py").write_text(PROGRAM, encoding="ascii")
    printed = run(build / "micropython", "program.py", cwd=folder, encoding="utf-8").splitlines()
    assert printed == [*model.predict(X), *REFUSED]
    outputs = (folder / "outputs.bin").read_bytes()
    assert outputs == model.predict_proba(X).tobytes()
    assert run(build / "micropython", "predict.py", cwd=folder).startswith(
        str(model.predict([[0] * 8])[0])
    )
