"""The recipe for Conan 2, in the source tree: conan create packaging/conan."""

import os
from typing import ClassVar

from conan import ConanFile
from conan.tools.cmake import CMake, cmake_layout
from conan.tools.files import copy, load


class Cmlp(ConanFile):
    """The C library, as CMake installs it."""

    name = "cmlp"
    license = "BSD-3-Clause"
    description = "A multilayer perceptron in C11"
    package_type = "library"
    languages = "C"
    settings = "os", "arch", "compiler", "build_type"
    options: ClassVar = {"shared": [True, False], "fPIC": [True, False]}
    default_options: ClassVar = {"shared": False, "fPIC": True}
    implements: ClassVar = ["auto_shared_fpic"]
    generators = "CMakeToolchain"

    def set_version(self):
        """Take the version of the header."""
        lines = load(self, os.path.join(self.recipe_folder, "../../include/cmlp.h")).splitlines()
        line = next(line for line in lines if line.startswith("#define CMLP_VERSION "))
        self.version = line.split('"')[1]

    def export_sources(self):
        """Copy what CMake needs."""
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/cmlp/core/*"):
            copy(
                self, pattern, os.path.join(self.recipe_folder, "../.."), self.export_sources_folder
            )

    def layout(self):
        """Build in a folder of its own."""
        cmake_layout(self)

    def build(self):
        """Compile without tests."""
        cmake = CMake(self)
        cmake.configure(variables={"BUILD_TESTING": "OFF"})
        cmake.build()

    def package(self):
        """Install the library with its licence."""
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        """Point to what CMake has installed, and describe it for other build systems."""
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/cmlp"]
        self.cpp_info.libs = ["cmlp"]
        if self.settings.os != "Windows" and not self.options.shared:
            self.cpp_info.system_libs = ["m", "pthread"]
        if self.settings.os == "Windows" and self.options.shared:
            self.cpp_info.defines = ["CMLP_SHARED"]
