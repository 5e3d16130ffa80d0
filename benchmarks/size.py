"""Lines of code, including comments and empty lines, and the size of the wheel in bytes."""

from pathlib import Path

from benchmarks.report import Report

ROOT = Path(__file__).parent.parent
PARTS = [
    ("C core with kernels", ["src/cmlp/core/**/*.c", "src/cmlp/core/**/*.h"], 3000),
    ("... of these the kernels", ["src/cmlp/core/kernels/**/*.[ch]"], None),
    ("public header", ["include/*.h"], None),
    ("bridge _core.pyx, _call.pxi", ["src/cmlp/_bridge/_core.pyx", "src/cmlp/_bridge/*.pxi"], None),
    ("... of these _core.pyx", ["src/cmlp/_bridge/_core.pyx"], 400),
    ("declarations .pxd, .pyi", ["src/cmlp/*.pxd", "src/cmlp/*.pyi"], None),
    ("Python", ["src/cmlp/*.py"], None),
    ("tests, Python", ["tests/**/*.py"], None),
    ("tests, C", ["tests/**/*.c", "tests/**/*.h"], None),
]


def lines(patterns):
    """Return the number of matching files and of their lines."""
    files = {file for pattern in patterns for file in ROOT.glob(pattern) if file.is_file()}
    return len(files), sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files)


def run(*, short):
    report = Report("size", short)
    rows = [[title, *lines(patterns), aim] for title, patterns, aim in PARTS]
    report.table("lines", ["", "files", "lines", "aim below"], rows)
    built = [*ROOT.glob("dist/*.whl"), *ROOT.glob("src/cmlp/_bridge/_core*.so")]
    rows = [[file.name, file.stat().st_size] for file in built]
    report.table("bytes", ["", "bytes"], rows)
    report.write()
