"""A program that uses cmlp.h alone links no other part, and the library can be built without them."""

import shutil
import subprocess

import pytest
from c_build import ROOT, compiled, core_sources, linked, needs_compiler, run

pytestmark = [
    needs_compiler,
    pytest.mark.slow,  # the whole core is compiled
    pytest.mark.skipif(not shutil.which("nm") or not shutil.which("ar"), reason="needs nm and ar"),
]
SMALL = ("-O0", "-DCMLP_BUILD_ISA=1", "-DCMLP_NO_FLOAT64", "-DCMLP_NO_THREADS")
CELLS = {"cells", "model_cell"}
PARTS = {
    "CMLP_NO_TABLES": {
        *(
            "encode",
            "decimal",
            "table",
            "table_rows",
            "model_columns",
            "model_table",
            "model_category",
            "model_margin",
        ),
        "model_write_table",
        *CELLS,
    },
    "CMLP_NO_CELLS": CELLS,
    "CMLP_NO_WORKERS": {"workers", "fingerprint"},
    "CMLP_NO_EXPLAIN": {"bounds", "paths"},
}
PROGRAM = """
#include <cmlp_file.h>
static int nothing(void *context, const void *bytes, size_t n) { (void)context, (void)bytes; return n == 0; }
int main(int argc, char **argv)
{
    static char memory[CMLP_NET_SIZE], workspace[1 << 16];
    static float params[64], row[4];
    const cmlp_net *net = NULL;
    const cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    const cmlp_model_content content = {.struct_size = sizeof content, .write = nothing};
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, 4);
    const cmlp_targets targets = cmlp_dense_targets(row, CMLP_FLOAT32, 1, 1);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    const cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    cmlp_optimizer sgd = cmlp_default_optimizer(CMLP_SOLVER_SGD);
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    cmlp_file file;
    int status = argc > 1 ? cmlp_file_load(&file, argv[1]) : cmlp_net_init(memory, sizeof memory, &config, &net);
    if (!status) status = cmlp_model_predict_f32(file.model, row, 4, NULL, NULL, 0, workspace, sizeof workspace);
    if (!status) status = cmlp_model_predict_rows_f32(file.model, &rows, NULL, params, &run);
    if (!status) status = cmlp_model_write(net, params, &content, workspace, sizeof workspace);
    if (!status) status = cmlp_train_epoch(net, params, &rows, &targets, &objective, &sgd, &epoch, NULL, &run);
    return status;
}
"""


def symbols(path, *options):
    """Return the names that an object file or a program defines. The library's are local in a program."""
    return {
        line.split()[-1]
        for line in run("nm", "--defined-only", *options, path).splitlines()
        if " " in line
    }


def public_symbols(objects):
    return {
        name
        for path in objects
        for name in symbols(path, "-g")
        if name.lstrip("_").startswith("cmlp_")
    }


@pytest.fixture(scope="module")
def library():
    return compiled(core_sources(), *SMALL)


def test_program_links_only_what_it_uses(library, tmp_path):
    run("ar", "rcs", tmp_path / "libcmlp.a", *library)
    (tmp_path / "program.c").write_text(PROGRAM)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    found = symbols(linked("program", [*objects, tmp_path / "libcmlp.a"]))
    assert {"cmlp_train_epoch", "cmlp_model_write", "cmlp_model_predict_f32"} <= found
    for stems in PARTS.values():
        left_out = [path for path in library if path.stem.partition("-")[2] in stems]
        assert len(left_out) == len(stems) and len(public_symbols(left_out)) >= 2
        assert not public_symbols(left_out) & found


@pytest.mark.parametrize("macro", PARTS)
def test_part_can_be_left_out(macro, tmp_path):
    without = compiled(core_sources(), *SMALL, f"-D{macro}")
    left_out = [path for path in without if path.stem.partition("-")[2] in PARTS[macro]]
    assert not public_symbols(left_out)
    (tmp_path / "program.c").write_text(PROGRAM)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    program = linked("program", [*objects, *without])
    assert (
        subprocess.run([program]).returncode == 18
    )  # CMLP_ERROR_LAYERS of the empty configuration
