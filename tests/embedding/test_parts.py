"""Macros leave parts out of the library, whose other functions then refuse what needs them."""

import shutil
import subprocess

import pytest
from c_build import ROOT, compiled, core_objects, linked, needs_compiler, run

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
            "model_margin",
            "model_outside",
            "model_answer",
            "model_explain",
        ),
        "model_write_table",
        *CELLS,
    },
    "CMLP_NO_CELLS": CELLS,
    "CMLP_NO_WORKERS": {"workers", "fingerprint"},
    "CMLP_NO_EXPLAIN": {"bounds", "paths", "model_explain"},
}
PROGRAM = """
#include <cmlp_file.h>
static int nothing(void *context, const void *bytes, size_t n) { (void)context, (void)bytes; return n == 0; }
int main(int argc, char **argv)
{
    static char memory[CMLP_NET_SIZE(2)], workspace[1 << 16];
    static float params[64], row[4];
    const cmlp_net *net = NULL;
    const cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    const cmlp_model_content content = {.struct_size = sizeof content, .write = nothing};
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, 4);
    const cmlp_targets targets = cmlp_dense_targets(row, CMLP_FLOAT32, 1, 1);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    const cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    static cmlp_optimizer_state state;
    cmlp_optimizer sgd = cmlp_default_optimizer(CMLP_SOLVER_SGD);
    sgd.state = &state;
    sgd.state_size = sizeof state;
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = params, .n_outputs = 1};
    cmlp_file file;
    int status = argc > 1 ? cmlp_file_load(&file, argv[1], NULL)
                          : cmlp_net_init(memory, sizeof memory, &config, &net, &run);
    if (!status) status = cmlp_model_predict(file.model, &rows, &prediction, &run);
    if (!status) status = cmlp_model_write(net, params, 64, &content, &run);
    if (!status) status = cmlp_train_epoch(net, params, 64, &rows, &targets, &objective, &sgd, &epoch, NULL, &run);
    return status;
}
"""

WITH_WORKERS = """
#include <cmlp_workers.h>
int main(void)
{
    static char memory[CMLP_NET_SIZE(2)], workspace[1 << 14];
    static float params[3], row[2];
    static const int64_t sizes[] = {2, 1};
    static const cmlp_activation identity = CMLP_ACTIVATION_IDENTITY;
    const cmlp_net *net = NULL;
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &identity,
                                    .n_layers = 2, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, 2);
    const cmlp_targets targets = cmlp_dense_targets(row, CMLP_FLOAT32, 1, 1);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_workers workers = {.struct_size = sizeof workers, .n_workers = 1};
    const cmlp_epoch epoch = {.struct_size = sizeof epoch, .workers = &workers};
    static cmlp_optimizer_state state;
    cmlp_optimizer sgd = cmlp_default_optimizer(CMLP_SOLVER_SGD);
    sgd.state = &state;
    sgd.state_size = sizeof state;
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    size_t bytes = 0;
    const cmlp_status made = cmlp_net_init(memory, sizeof memory, &config, &net, &run);
    const cmlp_status measured = cmlp_net_workspace_size(net, &rows, &objective, &epoch, &bytes, &run);
    const cmlp_status trained = cmlp_train_epoch(net, params, 3, &rows, &targets, &objective, &sgd, &epoch, NULL, &run);
    return made || measured != trained ? 1 : trained;
}
"""

ONE_ROW = """
#include <cmlp.h>
#include <stdio.h>
int main(void)
{
    static char memory[CMLP_NET_SIZE(3)], workspace[1 << 16];
    static float params[99], inputs[2][4] = {{1, -2, 3, 0.5f}, {0}}, outputs[2][3];
    static const int64_t sizes[] = {4, 7, 3};
    static const cmlp_activation activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net *net = NULL;
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32};
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    cmlp_rows rows = cmlp_dense_rows(inputs, CMLP_FLOAT32, 1, 4);
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = outputs, .n_outputs = 6};
    for (int i = 0; i < 59; i++) params[i] = (float)(i % 5 - 2) / 4;
    int status = cmlp_net_init(memory, sizeof memory, &config, &net, &run);
    if (!status) status = cmlp_forward(net, params, 59, &rows, &prediction, &run);
    printf("%a %a %a\\n", outputs[0][0], outputs[0][1], outputs[0][2]);
    rows.n_rows = 2;
    return status ? 1 : cmlp_forward(net, params, 59, &rows, &prediction, &run);
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
    return core_objects(*SMALL)


def test_program_links_only_what_it_uses(library, tmp_path):
    run("ar", "rcs", tmp_path / "libcmlp.a", *library)
    (tmp_path / "program.c").write_text(PROGRAM)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    found = symbols(linked("program", [*objects, tmp_path / "libcmlp.a"]))
    assert {"cmlp_train_epoch", "cmlp_model_write", "cmlp_model_predict"} <= found
    stems = {*PARTS["CMLP_NO_EXPLAIN"], "model_write_table"}
    left_out = [path for path in library if path.stem.partition("-")[2] in stems]
    assert len(left_out) == len(stems) and len(public_symbols(left_out)) >= 2
    assert not public_symbols(left_out) & found


@pytest.mark.parametrize("macro", PARTS)
def test_part_can_be_left_out(macro, tmp_path):
    without = core_objects(*SMALL, f"-D{macro}")
    left_out = [path for path in without if path.stem.partition("-")[2] in PARTS[macro]]
    assert not public_symbols(left_out)
    (tmp_path / "program.c").write_text(PROGRAM)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    program = linked("program", [*objects, *without])
    assert (
        subprocess.run([program]).returncode == 31
    )  # CMLP_ERROR_LAYERS of the empty configuration


@pytest.mark.parametrize(("macro", "status"), [("CMLP_NO_EXPLAIN", 0), ("CMLP_NO_WORKERS", 82)])
def test_epoch_with_workers_needs_their_part(macro, status, tmp_path):
    library = core_objects(*SMALL, f"-D{macro}")
    (tmp_path / "program.c").write_text(WITH_WORKERS)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    program = linked("program", [*objects, *library])
    assert subprocess.run([program]).returncode == status  # CMLP_ERROR_LEFT_OUT


def test_build_for_one_row_refuses_more(library, tmp_path):
    (tmp_path / "program.c").write_text(ONE_ROW)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    small = core_objects(*SMALL, "-DCMLP_ONE_ROW")
    parts = [path for path in small if path.stem.partition("-")[2] in {*CELLS, "train", "table"}]
    assert len(parts) == 4 and not public_symbols(parts)
    programs = [linked(f"program{i}", [*objects, *each]) for i, each in enumerate([library, small])]
    done = [subprocess.run([program], capture_output=True) for program in programs]
    assert [each.returncode for each in done] == [0, 82]  # CMLP_ERROR_LEFT_OUT
    assert done[0].stdout == done[1].stdout
