"""Lines of code, including comments and empty lines; bytes of the wheel and of builds of the C library."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import cmlp
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
GENERIC, SMALLEST = "-DCMLP_BUILD_ISA=1", "-DCMLP_PARTS=0"
NETWORKS, TABLES = [SMALLEST, "-DCMLP_BUILD_ROWS=1"], [SMALLEST, "-DCMLP_BUILD_TABLES=1"]
# Options for cmlp.c alone, and for a program with it.
LIBRARIES = {
    "`-O2`": ["-O2"],
    "`-Os`, networks (in CMake `-DCMAKE_BUILD_TYPE=MinSizeRel`)": ["-Os", *NETWORKS],
    f"`-Os`, networks, `{GENERIC}`": ["-Os", *NETWORKS, GENERIC],
    f"`-Os`, `{SMALLEST}`, `{GENERIC}`": ["-Os", SMALLEST, GENERIC],
}
MORE = {"-Os, tables, generic": ["-Os", *TABLES, GENERIC]}
PROGRAMS = {
    "program that predicts tables": ["-Os", *TABLES, GENERIC],
    "... networks": ["-Os", *NETWORKS, GENERIC],
    "... one row": ["-Os", SMALLEST, GENERIC],
}
PROGRAM = """
#include <cmlp.h>
static unsigned char file[4096], memory[4096], workspace[4096];
int main(int argc, char **argv)
{
    (void)argv;
    const cmlp_model *model;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace, run.workspace_size = sizeof workspace;
    if (cmlp_model_describe(file, (size_t)argc, &info, &run)) return 1;
    if (cmlp_model_init(memory, sizeof memory, file, (size_t)argc, NULL, &model, &run)) return 1;
    float x[10] = {0};
    int32_t index;
    const cmlp_rows row = cmlp_dense_rows(x, CMLP_FLOAT32, 1, 10);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.class_indices = &index, prediction.n_class_indices = 1;
    return cmlp_model_predict(model, &row, &prediction, &run) ? 1 : index;
}
"""


def code_and_constants(options, *, is_program):
    """Return the bytes of code and constants of cmlp.c as GCC compiles it, or of a program that is linked with it."""
    with tempfile.TemporaryDirectory() as folder:
        output, main = Path(folder, "output"), Path(folder, "main.c")
        main.write_text(PROGRAM, encoding="ascii")
        linked = [main, "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]
        parts = linked if is_program else ["-c"]
        command = ["gcc", *options, *parts, f"-I{cmlp.get_include()}", cmlp.get_source(), "-lm"]
        subprocess.run([*command, "-o", output], check=True)
        found = subprocess.run(["size", output], capture_output=True, text=True, check=True)
    return sum(map(int, found.stdout.splitlines()[1].split()[:2]))


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
    if shutil.which("gcc") and not short:
        title = "bytes of code and constants"
        for more, builds in (("", LIBRARIES), (", more", MORE), (" of programs", PROGRAMS)):
            rows = [
                [name, f"{code_and_constants(options, is_program=builds is PROGRAMS):,}"]
                for name, options in builds.items()
            ]
            report.table(f"{title}{more}", ["options", "bytes"], rows)
    report.write()
