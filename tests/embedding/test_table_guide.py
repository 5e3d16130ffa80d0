"""The C code of docs/guide/tables.md is bit-identical to Python, also with the smallest build of the library."""

import ctypes
import re

import numpy as np
import pytest
from c_build import COMPILER, ROOT, run

from cmlp import TabularRegressor

GUIDE = ROOT / "docs/guide/tables.md"
if not GUIDE.exists():
    pytest.skip("the guide is in the source tree only", allow_module_level=True)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc"),
]

LOADED = """
static cmlp_file flats;
double price_by_path(const char *path, double size, double year, const char *district)
{
    double price = -1, ends[2];
    cmlp_status status = flats.model ? CMLP_OK : cmlp_file_load(&flats, path, NULL);
    if (!status) status = price_of(&flats, size, year, district, &price, ends);
    return status ? -(double)status : price;
}

int interval_by_path(const char *path, double size, double *found)
{
    cmlp_status status = flats.model ? CMLP_OK : cmlp_file_load(&flats, path, NULL);
    return status ? status : price_of(&flats, size, 1950, "north", &found[0], &found[1]);
}
"""


@pytest.mark.filterwarnings("ignore:column .* missing")
@pytest.mark.filterwarnings("ignore:column .*unknown:UserWarning")  # on purpose
def test_guide_predicts_like_python(single_file, tmp_path):
    rng = np.random.RandomState(0)
    districts = ["north", "zürich", None]
    X = [
        [float(rng.randint(20, 150)), float(rng.randint(1900, 2026)), districts[i % 3], True]
        for i in range(60)
    ]
    X += [[*row[:3], False] for row in X]
    model = TabularRegressor(hidden_layer_sizes=(8,), random_state=0, max_time=0.01).fit(
        X, rng.random_sample(120) * 1e5
    )
    model.save(tmp_path / "flats.cmlp")
    text = "".join(
        re.findall(
            r"^```c\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    )
    source, library = tmp_path / "price.c", tmp_path / "price.so"
    source.write_text(text + LOADED, encoding="utf-8")
    smallest = [
        "-DCMLP_BUILD_TRAINING=0",
        "-DCMLP_BUILD_FLOAT64=0",
        "-DCMLP_BUILD_THREADS=0",
        "-DCMLP_BUILD_ISA=1",
    ]
    include = f"-I{single_file.parent}"
    run(
        COMPILER,
        "-O1",
        "-fPIC",
        "-shared",
        *smallest,
        include,
        source,
        single_file,
        "-lm",
        "-o",
        library,
    )
    price_of = ctypes.CDLL(str(library)).price_by_path
    price_of.restype = ctypes.c_double
    price_of.argtypes = [ctypes.c_char_p, ctypes.c_double, ctypes.c_double, ctypes.c_char_p]
    path = str(tmp_path / "flats.cmlp").encode()
    for size, year in ((33.0, 1950.0), (120.5, float("nan"))):
        for district in (*districts, "unknown"):
            name = None if district is None else district.encode()
            expected = model.predict([[size, year, district, True]])[0]
            assert price_of(path, size, year, name) == expected
    found = np.empty(3)
    interval_of = ctypes.CDLL(str(library)).interval_by_path
    pointer = ctypes.POINTER(ctypes.c_double)
    interval_of.argtypes = [ctypes.c_char_p, ctypes.c_double, pointer]
    assert interval_of(path, 33.0, found.ctypes.data_as(pointer)) == 0
    row = [[33.0, 1950.0, "north", True]]
    assert found.tolist() == [model.predict(row)[0], *model.predict_interval(row, 0.9)[0]]
