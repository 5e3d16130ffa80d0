"""check_wheel.py and check_sdist.py report missing files, unexpected files and large wheels."""

import pytest
from c_build import ROOT
from helpers import imported

pytestmark = pytest.mark.skipif(
    not (ROOT / "tools").exists(), reason="the tools are in the source tree only"
)


def tool(name):
    return imported(ROOT / f"tools/{name}.py")


@pytest.fixture
def wheel():
    """Return the check, the expected names, and the names in a correct wheel."""
    check = tool("check_wheel")
    wanted = check.wanted_files(ROOT)
    names = {name.replace("dist-info/", "cmlp-0.1.0.dist-info/", 1) for name in wanted}
    return check, wanted, names | {"cmlp/_bridge/_core.cpython-313-x86_64-linux-gnu.so"}


def test_wheel_contains_modules_header_declarations_data_and_licences(wheel):
    check, wanted, names = wheel
    assert not [*check.faults_of_names(names, wanted)]
    for name in (
        "cmlp/_bridge/_core.pyi",
        "cmlp/libcmlp.pxd",
        "cmlp/py.typed",
        "cmlp/include/cmlp.h",
        "cmlp/include/cmlp_table.h",
        "cmlp/include/cmlp_workers.h",
        "cmlp/include/cmlp_explain.h",
        "cmlp/include/cmlp.c",
        "cmlp/include/arithmetic.md",
        "cmlp/cmake/cmlpConfig.cmake",
        "cmlp/pkgconfig/cmlp.pc",
        "cmlp/_data/files/digits28/train-pixels-idx1-ubyte.gz",
        "cmlp/_pyinstaller/hook-cmlp.py",
        "dist-info/licenses/LICENSE",
        "dist-info/licenses/src/cmlp/_data/files/digits28/LICENSE.txt",
    ):
        assert name in wanted


@pytest.mark.parametrize(
    "name",
    [
        "cmlp/_bridge/_core.c",
        "cmlp/_bridge/_core.pyx",
        "cmlp/core/net/net.c",
        "tests/conftest.py",
        "cmlp/x.py",
    ],
)
def test_unexpected_file_in_a_wheel_is_reported(wheel, name):
    check, wanted, names = wheel
    assert [*check.faults_of_names(names | {name}, wanted)] == [f"{name} does not belong there"]


def test_missing_file_in_a_wheel_is_reported(wheel):
    check, wanted, names = wheel
    assert [*check.faults_of_names(names - {"cmlp/_parameters/hyperparameters.py"}, wanted)] == [
        "lacks cmlp/_parameters/hyperparameters.py"
    ]


@pytest.mark.parametrize("modules", [[], ["cmlp/_bridge/_core.pyd", "cmlp/_bridge/_core.abi3.so"]])
def test_wheel_must_have_exactly_one_compiled_module(wheel, modules):
    check, wanted, names = wheel
    names = {name for name in names if not name.endswith(".so")} | {*modules}
    assert [*check.faults_of_names(names, wanted)] == [f"{len(modules)} compiled modules"]


def test_missing_entry_point_in_a_wheel_is_reported():
    check = tool("check_wheel")
    text = "[pkg_config]\ncmlp = cmlp.pkgconfig\n[cmake.root]\ncmlp = cmlp.cmake\n"
    hook = "[pyinstaller40]\nhook-dirs = cmlp._pyinstaller:get_hook_dirs\n"
    assert not [*check.faults_of_entry_points(text + hook, ROOT)]
    assert [*check.faults_of_entry_points(text, ROOT)] == [
        "lacks the entry point hook-dirs of pyinstaller40"
    ]


def test_wheel_above_a_size_limit_is_reported():
    check = tool("check_wheel")
    whole, rest = check.LARGEST, check.LARGEST_WITHOUT_SAMPLE
    assert not [*check.faults_of_sizes(whole, whole - rest)]
    assert [*check.faults_of_sizes(whole + 1, whole - rest + 1)] == [
        f"{whole + 1} bytes, more than {whole}"
    ]
    assert [*check.faults_of_sizes(rest + 1, 0)] == [
        f"{rest + 1} bytes without the digits, more than {rest}"
    ]


def test_missing_and_unexpected_files_in_an_sdist_are_reported():
    faults = tool("check_sdist").faults
    tree = {"setup.py", "include/cmlp.h", ".ci/run", "benchmarks/results/.gitignore"}
    packed = {"setup.py", "include/cmlp.h", "PKG-INFO", "src/cmlp.egg-info/SOURCES.txt"}
    assert not [*faults(packed, tree)]
    assert [*faults(packed - {"include/cmlp.h"}, tree)] == ["lacks include/cmlp.h"]
    assert [*faults(packed | {"src/cmlp/_bridge/_core.c"}, tree)] == [
        "src/cmlp/_bridge/_core.c is not in the repository"
    ]
