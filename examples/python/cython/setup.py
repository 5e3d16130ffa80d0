"""Builds the extension: python setup.py build_ext --inplace."""

from Cython.Build import cythonize
from setuptools import Extension, setup

import cmlp

extension = Extension("digits_cython", ["digits_cython.pyx"], include_dirs=[cmlp.get_include()])
setup(name="digits_cython", ext_modules=cythonize([extension]))
