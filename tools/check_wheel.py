"""Check that a wheel contains the expected files and nothing else, and that it is small.

Usage: ``python tools/check_wheel.py WHEEL``, in the source tree that the wheel was built from.
"""

import configparser
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = "cmlp/_data/files/digits28/"
MODULE = re.compile(r"cmlp/_bridge/_core\.([\w-]+\.)?(so|pyd)")
# Bytes of the wheel file. The compiled module takes 674,000 of them, of which tiles for Intel
# processors with AVX-512 take 25,000, the C library as one file with its headers 138,000, the story
# and the command 91,000, the exports and the web page 50,000 each, the estimators 45,000. Models of
# tables in C, their files, and training on blocks of rows take about 80,000 of the first three,
# headers of tables and training on several processes about 50,000, the page of tables 11,000. Own
# rows of workers, checkpoints within an epoch and their errors take 10,000, ONNX files of tables
# 8,000, weighted tables, the table of parameters and checksums 25,000, tables with several targets
# and their certificates 9,000. The film of the page, its side doors and its playground take 135,000
# in three languages, the drawn digits that its network learns from 8,000, one grammar of text
# and one reading of all containers 25,000, errors that know their settings 7,000, docstrings that
# repeat the table of parameters 10,700, code in lines of 100 characters 8,000. Cells of text in C
# take 12,000 in the module and the one file, compilers without intrinsics, plugins and lengths of
# outputs 5,000, fields of a training state and refusals as rows of tables 6,000. Groups of rows
# take 10,000, intervals and stack bounds of exported headers 6,500, older opsets of ONNX 5,500,
# warnings about columns 3,500, libraries for Arduino and other tools 14,000. Means of many
# categories, importances of columns and reports of drift take 12,000, forms of dates 11,000,
# ordered classes and monotone columns 6,000 each, lengths and errors of all calls of the C library
# 8,000. Rows that belong together, and reports of drift that know how often values are unknown,
# take 3,500, names of kernels in the one file 1,600. Requests, turns and pixel wishes that the film
# tells in numbers take 11,000, dates that ascend and outputs in one struct 5,000. The bridge at -Os
# would take 63,000 less, but a small fit would take 5 % more. Mended defects and
# the order that is drawn again take 12,000. Boards and examples of exported libraries, licences,
# linear models of ONNX, rules of the core and what is to come of the film take 28,000. What C tells of a
# row (dates of any form, sets, distances to training) and larger texts of the film take 5,000.
# Shapley values of tables in C take 25,000, values that mean a missing one 12,000. The comparison of
# rows that come in, copies, and text that is numbers or dates of seven languages take 45,000. Sums of
# small batches, dropout in vectors of AVX-512, and smaller modules take 12,000. Answers about rows
# of cells take 8,000. The bridge at -O1 takes 35,000 more than at -Og, whose calls are slower.
LARGEST = 3_110_000
LARGEST_WITHOUT_SAMPLE = 2_370_000


def wanted_files(root: Path) -> set[str]:
    """Return the names of all files of a wheel except the compiled module."""
    source = root / "src"
    patterns = [
        "**/*.py",
        "**/*.pyi",
        "*.pxd",
        "py.typed",
        "_data/files/*/*.gz",
        "_data/files/*/LICENSE.txt",
        "_export/page/assets/**/*",
        "story/page/**/*",
        "_export/*.h",
        "_export/projects/**/*.*",
        "_export/projects/**/Kconfig",
        "_export/projects/licence/LICENSE",
        "core/base/soft_root.h",
        "core/table/distance.h",
        "core/table/encode_row.h",
    ]
    modules = {
        path.relative_to(source).as_posix()
        for pattern in patterns
        for path in (source / "cmlp").glob(pattern)
        if path.is_file()
    }
    licences = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "license-files"
    ]
    about = [
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "top_level.txt",
        "sboms/cmlp.cdx.json",
    ]
    about += [f"licenses/{name}" for name in licences]
    cmake = {f"cmlp/cmake/{path.name}" for path in (root / "cmake/package").iterdir()}
    headers = {f"cmlp/include/{path.name}" for path in (root / "include").glob("*.h*")}
    library = headers | {
        f"cmlp/{name}" for name in ("include/cmlp.c", "include/arithmetic.md", "pkgconfig/cmlp.pc")
    }
    return modules | library | cmake | {f"dist-info/{name}" for name in about}


def faults_of_names(names: Iterable[str], wanted: set[str]) -> Iterator[str]:
    """Yield a message for each missing and each unexpected file."""
    found = {re.sub(r"^cmlp-[\w.]+\.dist-info/", "dist-info/", name) for name in names}
    modules = {*filter(MODULE.fullmatch, found)}
    if len(modules) != 1:
        yield f"{len(modules)} compiled modules"
    for name in sorted(wanted - found):
        yield f"lacks {name}"
    for name in sorted(found - wanted - modules):
        yield f"{name} does not belong there"


def faults_of_entry_points(text: str, root: Path) -> Iterator[str]:
    """Yield a message for each entry point of pyproject.toml that entry_points.txt lacks."""
    found = configparser.ConfigParser(delimiters="=")
    found.read_string(text)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for group, points in project["entry-points"].items():
        for name, target in points.items():
            if found.get(group, name, fallback=None) != target:
                yield f"lacks the entry point {name} of {group}"


def faults_of_sizes(whole: int, sample: int) -> Iterator[str]:
    """Yield a message for each limit that is exceeded."""
    if whole > LARGEST:
        yield f"{whole} bytes, more than {LARGEST}"
    if whole - sample > LARGEST_WITHOUT_SAMPLE:
        yield f"{whole - sample} bytes without the digits, more than {LARGEST_WITHOUT_SAMPLE}"


def main(path: str) -> int:
    """Report on a wheel; return the exit status."""
    whole = Path(path).stat().st_size
    with zipfile.ZipFile(path) as wheel:
        files = [info for info in wheel.infolist() if not info.is_dir()]
        (entry_points,) = [
            wheel.read(info).decode()
            for info in files
            if info.filename.endswith(".dist-info/entry_points.txt")
        ]
    sample = sum(info.compress_size for info in files if info.filename.startswith(SAMPLE))
    module = sum(info.file_size for info in files if MODULE.fullmatch(info.filename))
    print(
        f"wheel: {whole} bytes, {whole - sample} without the digits; compiled module {module} bytes"
    )
    faults = [
        *faults_of_names((info.filename for info in files), wanted_files(ROOT)),
        *faults_of_entry_points(entry_points, ROOT),
        *faults_of_sizes(whole, sample),
    ]
    for fault in faults:
        print(f"{Path(path).name}: {fault}")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
