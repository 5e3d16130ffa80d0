"""Let a compiler of setuptools compile only the files that would give another object file; setup.py uses it.

An object file is current if the command, the version of the compiler and the contents of all files that the compiler
has read are the same as when it was made. Times of files do not matter: a checked-out branch and a copy have new ones.
The compiler lists the files that it reads as a rule of make (``-MMD``); headers of the system are left out.
"""

import hashlib
import itertools
import re
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from setuptools.errors import CompileError


def compile_changed(compiler) -> None:
    """Let a compiler of setuptools for Unix skip the files whose object files are current."""
    compile_file = compiler._compile
    began = time.time_ns()
    # A build reads each header once, and asks the compiler once.
    digest, version = cache(_digest), cache(version_of)

    def compile_if_changed(name, source, ext, cc_args, extra_postargs, pp_opts):
        rule, seen = Path(name).with_suffix(".d"), Path(name).with_suffix(".seen")
        command = [*compiler.compiler_so, *cc_args, source, *extra_postargs]
        identity = [*command, version(program_of(command))]

        if Path(name).exists() and seen.exists():
            if seen.read_text() == _checksum(identity, rule, digest):
                return
            seen.unlink()
        rule.unlink(missing_ok=True)
        try:
            writing_rule = [*extra_postargs, "-MMD", "-MF", str(rule)]
            compile_file(name, source, ext, cc_args, writing_rule, pp_opts)
        except CompileError:
            if rule.exists():
                raise
            # The compiler may not know -MMD.
            compile_file(name, source, ext, cc_args, extra_postargs, pp_opts)
        # A file that was edited during the build may not be the one that the compiler has read.
        checksum = _checksum(identity, rule, digest)
        if checksum and all(path.stat().st_mtime_ns < began for path in _listed(rule)):
            seen.write_text(checksum)

    compiler._compile = compile_if_changed


def _checksum(identity: list[str], rule: Path, digest: Callable[[Path], bytes]) -> str:
    """Return the checksum of a command and the files of a rule, or "" if there is no rule, or not all of the files."""
    try:
        parts = [*(word.encode() for word in identity), *map(digest, _listed(rule))]
    except FileNotFoundError:
        return ""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _listed(rule: Path) -> list[Path]:
    """Return the files that a rule of make lists after its target."""
    _, _, names = rule.read_text().replace("\\\n", " ").partition(": ")
    return [Path(name.replace("\\ ", " ")) for name in re.split(r"(?<!\\)\s+", names) if name]


def program_of(command: list[str]) -> tuple[str, ...]:
    """Return the words of a command before its first option: a compiler, and what may start it."""
    return tuple(itertools.takewhile(lambda word: not word.startswith("-"), command))


def version_of(program: tuple[str, ...]) -> str:
    """Return what a compiler prints as its version: its path says little if a cache of compilers starts it."""
    try:
        return subprocess.run([*program, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return ""
