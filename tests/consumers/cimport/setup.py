"""Builds the extension: python setup.py build_ext --inplace, where cmlp is installed."""

from Cython.Build import cythonize
from setuptools import Extension, setup

import cmlp

setup(
    name="consumer",
    ext_modules=cythonize(Extension("consumer", ["consumer.pyx"], [cmlp.get_include()])),
)
