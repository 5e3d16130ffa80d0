"""Builds the extension: python setup.py build_ext --inplace."""

from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup

import cmlp

extension = Pybind11Extension(
    "digits_pybind11", ["digits_pybind11.cpp"], include_dirs=[cmlp.get_include()], cxx_std=17
)
setup(name="digits_pybind11", ext_modules=[extension])
