"""The CMake package of a Python installation accepts versions with the same major number, up to its own."""

import shutil
from pathlib import Path

import pytest
from c_build import run

import cmlp

pytestmark = pytest.mark.skipif(not shutil.which("cmake"), reason="needs CMake")

MAJOR, MINOR = (int(part) for part in cmlp.__version__.split(".")[:2])
ACCEPTED = ["", f"{MAJOR}", f"{MAJOR}.{MINOR}", cmlp.__version__]
REFUSED = [f"{MAJOR}.{MINOR + 1}", f"{MAJOR + 1}", f"{MAJOR - 1}.9", f"{MAJOR}.{MINOR}.99"]


@pytest.mark.parametrize(("version", "expected"), [*((v, "TRUE") for v in ACCEPTED), *((v, "FALSE") for v in REFUSED)])
def test_package_is_compatible_with_the_same_major_version(tmp_path, version, expected):
    script = tmp_path / "version.cmake"
    script.write_text(
        f'set(PACKAGE_FIND_VERSION "{version}")\n'
        f'include("{Path(cmlp.get_cmake_dir()).as_posix()}/cmlpConfigVersion.cmake")\n'
        'file(WRITE "${OUT}" "${PACKAGE_VERSION} ${PACKAGE_VERSION_COMPATIBLE}")\n',
        encoding="utf-8",
    )
    run("cmake", f"-DOUT={tmp_path / 'out'}", "-P", script)
    assert (tmp_path / "out").read_text(encoding="utf-8") == f"{cmlp.__version__} {expected}"
