"""Builds the golden program of the tests with the package, and compares what it prints."""

import os
from io import StringIO

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout
from conan.tools.files import load

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tests/consumers/golden")


class Consumer(ConanFile):
    """A project of CMake that finds the package."""

    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeToolchain"

    def requirements(self):
        """Require the package that was just made."""
        self.requires(self.tested_reference_str)

    def layout(self):
        """Build in a folder of its own."""
        cmake_layout(self)

    def build(self):
        """Compile the program."""
        cmake = CMake(self)
        cmake.configure(build_script_folder=GOLDEN)
        cmake.build()

    def test(self):
        """Run the program."""
        if can_run(self):
            found = StringIO()
            self.run(os.path.join(self.cpp.build.bindir, "golden"), found, env="conanrun")
            assert found.getvalue() == load(self, os.path.join(GOLDEN, "expected.txt"))
