"""Builds the extension module of the bridge, cmlp._bridge._core, and the C core. pyproject.toml has all metadata."""

import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tools"))
from compile_changed import compile_changed  # noqa: E402
from make_single_file import single_file  # noqa: E402

# -ffp-contract=off disables fused operations that the sources do not write: GCC on s390x contracts
# even with -std=c11. -fno-math-errno makes sqrt a single instruction. All files of the core get the
# same flags, because the library selects the instruction set at run time.
UNIX_FLAGS = ["-std=gnu11", "-O2", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]
MSVC_FLAGS = ["/std:c11", "/O2", "/fp:precise"]
# Kernels with vector instructions are faster with -O3. The bridge only converts arguments.
KERNEL_FLAGS, BRIDGE_FLAGS = ["-O3"], ["-O1"]
# Without CFLAGS of a packager, who may want debug information in a package of its own: no symbol
# names, and on Linux no unwind tables. Only developers need them, and they are a tenth of the
# module.
SMALL_COMPILE = ["-g0"]
SMALL_COMPILE_LINUX = ["-fno-asynchronous-unwind-tables"]
SMALL_LINK = ["-s"]


class BuildCore(build_ext):
    """Sets the compiler flags for Unix compilers or for MSVC, and compiles on all processors what has changed."""

    def run(self):
        self.for_developer = self.editable_mode or self.inplace  # setuptools clears inplace below
        if self.for_developer:  # pip would delete the objects with its temporary folder
            self.build_temp = f"build/editable-{sys.implementation.cache_tag}"
        super().run()

    def build_extensions(self):
        msvc = self.compiler.compiler_type == "msvc"
        small = not os.environ.get("CFLAGS") and not msvc
        small_linux = small and sys.platform == "linux" and not self.for_developer
        for extension in self.extensions:
            extension.extra_compile_args = (
                (MSVC_FLAGS if msvc else UNIX_FLAGS)
                + SMALL_COMPILE * small
                + SMALL_COMPILE_LINUX * small_linux
            )
            extension.extra_link_args = ["-pthread"] * (
                sys.platform != "win32"
            ) + SMALL_LINK * small_linux
        # The class for MSVC is not meant for several threads, and MSVC writes no rules of make.
        if not msvc:
            # setuptools would compare times, which tell nothing of the flags, and leave all as it is.
            self.force = self.compiler.force = True
            compile_changed(self.compiler)
            compile_side_by_side(self.compiler)
        super().build_extensions()


def compile_side_by_side(compiler):
    """Let a compiler of setuptools compile the files of an extension at the same time.

    setuptools calls `compile` with all files of an extension. Here one call compiles one file. The order of the object
    files stays, and so does what is linked. Only the bridge gets NumPy's folder: each isolated build has another one.
    """
    compile_files = compiler.compile

    def compile_all(sources, *, extra_postargs, include_dirs, **options):
        core_dirs = [folder for folder in include_dirs if folder != numpy.get_include()]

        def compile_file(source):
            stem = Path(source).stem
            is_bridge = stem == "_core"
            level = KERNEL_FLAGS * stem.startswith(("avx", "neon")) + BRIDGE_FLAGS * is_bridge
            return compile_files(
                [source],
                extra_postargs=extra_postargs + level,
                include_dirs=include_dirs if is_bridge else core_dirs,
                **options,
            )

        with ThreadPoolExecutor(usable_processors()) as pool:
            return [
                obj for objects in pool.map(compile_file, sources) for obj in objects
            ]  # raises the first error

    compiler.compile = compile_all


def usable_processors():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class BuildPackage(build_py):
    """Adds what a wheel has beside the Python files.

    These are the C library as one file, the definition of its arithmetic, and the file with which
    `pkg-config --cflags --libs cmlp` finds both.
    """

    def run(self):
        super().run()
        header = ROOT / "include" if self.editable_mode else Path(self.build_lib, "cmlp/include")
        (header / "cmlp.c").write_text(single_file(ROOT), encoding="utf-8")
        if not self.editable_mode:
            shutil.copy(ROOT / "docs/arithmetic.md", header)
            folder = Path(self.build_lib, "cmlp/pkgconfig")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cmlp.pc").write_text(self.pkg_config(), encoding="utf-8")

    def pkg_config(self):
        """Return cmlp.pc for a wheel: CMake's template, with the single file instead of a library.

        The compiler that links a program compiles the file, too.
        """
        values = {
            "CMLP_PC_PREFIX": "..",
            "CMAKE_INSTALL_INCLUDEDIR": "include",
            "PROJECT_DESCRIPTION": self.distribution.get_description(),
            "PROJECT_VERSION": version(),
            "CMLP_PC_CFLAGS": "",
            "CMLP_PC_LIBS": "${source} -pthread",
        }
        template = (ROOT / "cmake/cmlp.pc.in").read_text(encoding="utf-8")
        template = re.sub(r"^libdir=.*$", "source=${prefix}/include/cmlp.c", template, flags=re.M)
        lines = [line for line in template.splitlines() if not line.startswith("Libs.private")]
        return "".join(
            re.sub(r"@(\w+)@", lambda name: values[name[1]], line).rstrip() + "\n" for line in lines
        )


class BuildWheel(bdist_wheel):
    """Adds a list of what a wheel consists of (PEP 770), in the format CycloneDX."""

    def egg2dist(self, egginfo_path, distinfo_path):
        super().egg2dist(egginfo_path, distinfo_path)
        folder = Path(distinfo_path, "sboms")
        folder.mkdir()
        (folder / "cmlp.cdx.json").write_text(
            json.dumps(bill_of_materials(), indent=1) + "\n", encoding="utf-8"
        )


def bill_of_materials():
    """Return the list: cmlp, the digits in the wheel, and NumPy, which it needs. It depends on the version only."""
    number = version()
    digits = {
        "type": "data",
        "bom-ref": "digits28",
        "name": "6,000 digits of MNIST",
        "licenses": [{"license": {"id": "CC-BY-SA-3.0"}}],
        "copyright": "Yann LeCun, Corinna Cortes, Christopher Burges",
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": "cmlp",
                "name": "cmlp",
                "version": number,
                "purl": f"pkg:pypi/cmlp@{number}",
                "licenses": [{"expression": "BSD-3-Clause AND CC-BY-SA-3.0"}],
            }
        },
        "components": [
            digits,
            {"type": "library", "bom-ref": "numpy", "name": "numpy", "purl": "pkg:pypi/numpy"},
        ],
        "dependencies": [{"ref": "cmlp", "dependsOn": ["digits28", "numpy"]}],
    }


def version():
    header = (ROOT / "include/cmlp.h").read_text(encoding="utf-8")
    return re.search(r'#define CMLP_VERSION "(.+)"', header).group(1)


def sources(pattern):
    return sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "src/cmlp/core").rglob(pattern))


core = Extension(
    "cmlp._bridge._core",
    sources=["src/cmlp/_bridge/_core.pyx", *sources("*.c")],
    depends=[
        *(f"src/cmlp/_bridge/_{name}.pxi" for name in ("atomic", "call", "model", "table")),
        "src/cmlp/libcmlp.pxd",
    ]
    + [
        *sources("*.h"),
        *(
            f"include/{name}.h"
            for name in ("cmlp", "cmlp_table", "cmlp_workers", "cmlp_explain", "cmlp_capi")
        ),
    ],
    include_dirs=["include", "src/cmlp", numpy.get_include()],
    define_macros=[
        (name, "NPY_2_0_API_VERSION") for name in ("NPY_NO_DEPRECATED_API", "NPY_TARGET_VERSION")
    ],
)

setup(
    version=version(),
    ext_modules=cythonize([core], language_level=3, include_path=["src"]),
    cmdclass={"bdist_wheel": BuildWheel, "build_ext": BuildCore, "build_py": BuildPackage},
)
