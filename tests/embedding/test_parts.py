"""Macros ask for parts of the library. Without its part, a function is not linked, and others refuse what needs it."""

import shutil
import subprocess

import pytest
from c_build import COMPILER, CORE, ROOT, compiled, core_objects, linked, needs_compiler, run
from c_header import parts_of_functions

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(not CORE.exists(), reason="the core is in the source tree only"),
    pytest.mark.skipif(not shutil.which("nm") or not shutil.which("ar"), reason="needs nm and ar"),
]
compiles = pytest.mark.slow  # the whole core
PARTS = ("FLOAT64", "ROWS", "TRAINING", "TABLES", "EXPLAIN", "THREADS")
SMALL = ("-O0", "-DCMLP_BUILD_ISA=1", "-DCMLP_BUILD_FLOAT64=0", "-DCMLP_BUILD_THREADS=0")
UNUSED = {"bounds", "paths", "model_write_table"}  # sources that PROGRAM does not need
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

ROWS = """
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


def preprocessed(*macros):
    """Return the parts of a build with these macros, and the error of the preprocessor."""
    text = '#include "base/build.h"\n' + "".join(f"{part} CMLP_BUILD_{part}\n" for part in PARTS)
    flags = [f"-D{macro}" for macro in macros]
    done = subprocess.run(
        [COMPILER, "-E", "-P", "-x", "c", "-I", CORE, *flags, "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    words = dict(line.split() for line in done.stdout.splitlines()[-len(PARTS) :])
    return {part for part in PARTS if words[part] == "1"}, done.stderr if done.returncode else ""


@pytest.mark.parametrize(
    ("macros", "parts"),
    [
        ([], {*PARTS}),
        (["PARTS=0"], set()),
        (["PARTS=0", "BUILD_FLOAT64=1"], {"FLOAT64"}),
        (["PARTS=0", "BUILD_TABLES=1"], {"ROWS", "TABLES"}),
        (["PARTS=0", "BUILD_TABLES=1", "BUILD_EXPLAIN=1"], {"ROWS", "TABLES", "EXPLAIN"}),
        (["BUILD_TABLES=0"], {*PARTS} - {"TABLES"}),
        (["BUILD_ROWS=0"], {"FLOAT64"}),
    ],
)
def test_a_named_part_brings_what_it_needs(macros, parts):
    assert preprocessed(*(f"CMLP_{macro}" for macro in macros)) == (parts, "")


@pytest.mark.parametrize(
    ("macros", "error"),
    [
        (["CMLP_BUILD_ROWS=0", "CMLP_BUILD_TABLES=1"], "EXPLAIN and THREADS need CMLP_BUILD_ROWS"),
        (["CMLP_BUILD_THREADS=1", "__STDC_NO_ATOMICS__"], "needs the atomic operations"),
        (["CMLP_BUILD_TABLES=ON"], "THREADS must be 0 or 1"),
        (["CMLP_PARTS=2"], "CMLP_PARTS must be 0 or 1"),
    ],
)
def test_a_build_that_cannot_be_is_an_error(macros, error):
    assert error in preprocessed(*macros)[1]


BUILDS = [
    ["PARTS=0"],
    *([f"BUILD_{part}=0"] for part in PARTS),
    *(["PARTS=0", f"BUILD_{part}=1"] for part in PARTS[2:5]),
]


@compiles
@pytest.mark.parametrize("macros", BUILDS, ids=" ".join)
def test_the_comment_of_a_function_names_its_parts(macros, single_file, tmp_path):
    flags, target = [f"-DCMLP_{macro}" for macro in [*macros, "BUILD_ISA=1"]], tmp_path / "cmlp.o"
    run(COMPILER, "-O0", *flags, "-c", single_file, "-o", target)
    built, error = preprocessed(*(f"CMLP_{macro}" for macro in macros))
    assert not error and "cmlp" not in run("nm", "-u", target)
    parts = parts_of_functions()
    assert len(parts) > 40
    assert public_symbols([target]) & {*parts} == {
        name
        for name, needed in parts.items()
        if all(not built.isdisjoint(either) for either in needed)
    }


@compiles
def test_program_links_only_what_it_uses(library, tmp_path):
    run("ar", "rcs", tmp_path / "libcmlp.a", *library)
    (tmp_path / "program.c").write_text(PROGRAM)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    found = symbols(linked("program", [*objects, tmp_path / "libcmlp.a"]))
    assert {"cmlp_train_epoch", "cmlp_model_write", "cmlp_model_predict"} <= found
    unused = [path for path in library if path.stem.partition("-")[2] in UNUSED]
    assert len(unused) == len(UNUSED) and len(public_symbols(unused)) >= 2
    assert not public_symbols(unused) & found


@compiles
def test_build_for_one_row_refuses_more(library, tmp_path):
    (tmp_path / "program.c").write_text(ROWS)
    objects = compiled([tmp_path / "program.c"], "-I", ROOT / "include")
    small = core_objects(*SMALL, "-DCMLP_PARTS=0")
    programs = [linked(f"program{i}", [*objects, *each]) for i, each in enumerate([library, small])]
    done = [subprocess.run([program], capture_output=True) for program in programs]
    assert [each.returncode for each in done] == [0, 82]  # CMLP_ERROR_LEFT_OUT
    assert done[0].stdout == done[1].stdout
