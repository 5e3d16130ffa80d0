"""Meson builds the C library, installs it, and finds it as a subproject by the wrap file of the guide."""

import os
import re
import shutil

import pytest
from c_build import FLAGS, ROOT, in_source_tree, needs_compiler, run

import cmlp

MESON = shutil.which("meson")
PROGRAM = """
#include <cmlp.h>
#include <stdio.h>
int main(void) { return puts(cmlp_version()) < 0; }
"""
PARENT = """
project('parent', 'c')
executable('program', 'program.c', dependencies: dependency('cmlp'))
"""
# Plain C without optimization compiles in seconds.
FAST = ["--buildtype=debug", "-Doptimization=0", "-Dc_args=-DCMLP_BUILD_ISA=1"]
pytestmark = [
    pytest.mark.slow,
    needs_compiler,
    in_source_tree,
    pytest.mark.skipif(not MESON, reason="meson is not installed"),
]


def setup(source, build, *options):
    run(MESON, "setup", *FAST, *options, source, build)
    run(MESON, "compile", "-C", build)


@pytest.mark.parametrize("kind", ["static", "shared"])
def test_installed_library_is_found_by_pkg_config(tmp_path, kind):
    prefix = tmp_path / "installed"
    setup(
        ROOT, tmp_path / "build", f"--prefix={prefix}", "--libdir=lib", f"-Ddefault_library={kind}"
    )
    commands = (tmp_path / "build/compile_commands.json").read_text(encoding="utf-8")
    assert all(flag in commands for flag in FLAGS if flag.startswith("-f"))
    run(MESON, "install", "-C", tmp_path / "build", "--quiet")
    installed = {path.name for path in (prefix / "include").iterdir()}
    assert installed == {path.name for path in (ROOT / "include").glob("*.h*")} - {"cmlp_capi.h"}
    (tmp_path / "program.c").write_text(PROGRAM, encoding="utf-8")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    options = run("pkg-config", "--static", "--cflags", "--libs", "cmlp", env=environment).split()
    assert kind == "shared" or "-lm" in options
    run("cc", tmp_path / "program.c", *options, "-o", tmp_path / "program")
    environment["LD_LIBRARY_PATH"] = str(prefix / "lib")
    assert run(tmp_path / "program", env=environment).strip() == cmlp.__version__


def test_wrap_file_of_the_guide(tmp_path):
    """The wrap file names a revision; the test has the tree in the folder that Meson would clone it to."""
    guide = (ROOT / "docs/embedding.md").read_text(encoding="utf-8")
    wrap = re.search(r"```ini\n(\[wrap-git\]\n.*?)```", guide, re.DOTALL)[1]
    subprojects = tmp_path / "subprojects"
    subprojects.mkdir()
    (subprojects / "cmlp.wrap").write_text(wrap, encoding="utf-8")
    (subprojects / "cmlp").symlink_to(ROOT)
    (tmp_path / "meson.build").write_text(PARENT, encoding="utf-8")
    (tmp_path / "program.c").write_text(PROGRAM, encoding="utf-8")
    setup(tmp_path, tmp_path / "build", "--wrap-mode=nodownload")
    assert run(tmp_path / "build/program").strip() == cmlp.__version__
