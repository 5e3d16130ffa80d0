"""Model files as C programs see them, by an extension module that the first test builds."""

import functools
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from optional import package

import cmlp

SOURCE = Path(__file__).with_name("model_in_c.pyx")
SETUP = """
import sys
from Cython.Build import cythonize
from setuptools import Extension, setup
extension = Extension("model_in_c", ["model_in_c.pyx"], [sys.argv.pop()])
setup(name="model_in_c", ext_modules=cythonize([extension], include_path=[sys.argv.pop()]))
"""


@functools.cache
def extension():
    """Return the extension; skip the test without what building it needs."""
    package("Cython"), package("setuptools")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder, "model_in_c.pyx").write_bytes(SOURCE.read_bytes())
        options = ["build_ext", "--inplace", Path(cmlp.__file__).parents[1], cmlp.get_include()]
        done = subprocess.run(
            [sys.executable, "-c", SETUP, *options],
            cwd=folder,
            env={**os.environ, "CFLAGS": "-O0"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (path,) = (path for path in Path(folder).iterdir() if path.suffix in {".so", ".pyd"})
        spec = importlib.util.spec_from_file_location("model_in_c", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
