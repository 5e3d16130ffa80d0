"""Share of the processor's peak that each dense product and an epoch reach, one thread, float32.

The peak is the loop of multiply-adds in registers that `peers/limit.py` compiles, for the
instruction set in use. The products are the kernels of this source tree, compiled for this
instruction set alone, and called as in training: `delta_product` of backward.c, and the kernels
`dense` and `gradient`. Their rows are in the caches. Each round measures the peak before each
product, and shares are medians of the rounds, so that a change of the clock affects both. CMLP_ISA
and CMLP_TUNING select what is measured.
"""

import ctypes
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.compare import EPOCH, LIMITS, compared, named
from benchmarks.peers import limit
from benchmarks.report import Report
from benchmarks.rounds import Peer

ROOT = Path(__file__).parents[1]
SOURCE = r"""
#include "cmlp.c"
#define ELEMENTS (1 << 19) /* more than the weights and biases of the largest layer */
static _Alignas(64) float x[ELEMENTS], w[ELEMENTS], z[ELEMENTS], d[ELEMENTS], scratch[ELEMENTS];
static _Alignas(64) char copies[CMLPI_COPY_BYTES];
static char memory[CMLP_NET_SIZE(2)];
static const cmlp_net *net;
static cmlpi_layer_memory layer_space = {.deltas = d};
static cmlpi_batch_job job;

int prepare(cmlp_isa isa_mask, int32_t tuning, int64_t n_in, int64_t n_out)
{
    const int64_t sizes[] = {n_in, n_out};
    const int32_t activation = CMLP_ACTIVATION_IDENTITY;
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32,
                                    .isa_mask = isa_mask};
    for (int i = 0; i < ELEMENTS; i++) x[i] = w[i] = d[i] = (float)(i % 97 + 1) / 97;
    const cmlp_status status = cmlp_net_init(memory, sizeof memory, &config, &net, NULL);
    job = (cmlpi_batch_job){.data.net = net, .params = w, .memory = {.input.copies = copies, .layers = &layer_space,
                           .scratch = (char *)scratch}};
    return status ? status : cmlpi_net_tune(net, tuning);
}

void run_forward(int64_t rows, int64_t calls)
{
    const int64_t n_in = net->layers[0].n_in;
    const cmlpi_dense_input input = {.n_rows = rows, .n_in = n_in, .base = x, .ld = n_in, .copy = copies};
    const cmlpi_product to = cmlpi_layer_product(net, w, 0, z);
    while (calls--) net->kernels->dense(&input, &to);
}

void run_deltas(int64_t rows, int64_t calls)
{
    const cmlpi_row_range range = {.n = rows};
    while (calls--) delta_product(&job, 0, &range, z);
}

void run_gradient(int64_t rows, int64_t calls)
{
    const int64_t n_in = net->layers[0].n_in;
    const void *list[CMLPI_CHUNK];
    const cmlpi_dense_input input = {.n_rows = rows, .list = list, .copy = copies};
    const cmlpi_gradient_output to = {.d = d, .k1 = n_in, .n_out = net->layers[0].n_out, .is_first = 1, .sums = z,
                                     .w = w, .mode = CMLPI_UPDATE, .inverse = 1e-9, .rate = 1e-9,
                                     .tuning = net->tuning};
    for (int64_t i = 0; i < rows; i++) list[i] = x + i * n_in;
    while (calls--) net->kernels->gradient(&input, &to);
}
"""
FLAGS = [
    "-std=gnu11",
    "-O3",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fPIC",
    "-shared",
    "-DCMLP_BUILD_FLOAT64=0",
]
PRODUCTS = ["forward", "deltas", "gradient"]
NARROW, WIDE = (784, 16), (784, 512)
LAYERS = [
    (128, NARROW),
    (10, NARROW),
    (128, (784, 128)),
    (10, (784, 128)),
    (128, (128, 64)),
    (128, WIDE),
]
LAYERS += [(128, (512, 512)), (128, (24, 512))]
EPOCHS = [
    ([784, 16, 16, 10], 128),
    ([784, 16, 16, 10], 10),
    ([784, 128, 64, 10], 128),
    ([784, 128, 64, 10], 10),
]
EPOCHS += [([784, 512, 512, 10], 128)]
OPERATIONS = 2e8  # of a measurement: milliseconds
PRODUCTS_TITLE = "products of a layer: GFLOP/s, percent of the peak"


def compiled(isa):
    """Return the functions of SOURCE as a loaded library with the kernels of one instruction set."""
    from cmlp._bridge import _core

    compiler = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory() as folder:
        single = Path(folder, "cmlp.c")
        subprocess.run([sys.executable, ROOT / "tools/make_single_file.py", single], check=True)
        source, library = Path(folder, "products.c"), Path(folder, "products.so")
        source.write_text(SOURCE, encoding="ascii")
        options = [*FLAGS, f"-DCMLP_BUILD_ISA={_core.ISAS[isa]}", f"-I{ROOT / 'include'}"]
        subprocess.run([*compiler, *options, source, "-o", library, "-pthread", "-lm"], check=True)
        loaded = ctypes.CDLL(str(library))
    loaded.prepare.argtypes = [ctypes.c_uint32, ctypes.c_int64, ctypes.c_int64]
    for name in PRODUCTS:
        getattr(loaded, f"run_{name}").argtypes = [ctypes.c_int64, ctypes.c_int64]
        getattr(loaded, f"run_{name}").restype = None
    return loaded


def rate(operations, call, *arguments):
    """Return the GFLOP/s of a call with this many operations."""
    start = time.process_time()
    call(*arguments)
    return operations / (time.process_time() - start) / 1e9


def shares(library, probes, n_rows, layer, rounds, amount):
    """Return for each product the median GFLOP/s and the median percentage of the peak."""
    operations = 2 * n_rows * layer[0] * layer[1]
    calls = max(1, round(amount / operations))
    steps = round(amount / ctypes.c_long.in_dll(probes, "operations_of_a_step").value)
    rates, percentages = {name: [] for name in PRODUCTS}, {name: [] for name in PRODUCTS}
    for name in PRODUCTS * (rounds + 1):
        peak = rate(amount, probes.multiply_adds, 0.999, steps)
        found = rate(calls * operations, getattr(library, f"run_{name}"), n_rows, calls)
        rates[name].append(found)
        percentages[name].append(100 * found / peak)
    return [
        statistics.median(found[name][1:]) for name in PRODUCTS for found in (rates, percentages)
    ]


def products(report, layers, rounds, amount):
    from cmlp import cpu_info
    from cmlp._bridge import _core

    info = cpu_info()
    try:
        library, probes = compiled(info["used"]), limit.compiled({"isa": info["used"]})
    except (OSError, ImportError) as error:
        report.note(left_out=f"the products need a C compiler: {error}")
        return
    rows = []
    for n_rows, layer in layers:
        if library.prepare(_core.ISAS[info["used"]], _core.TUNINGS[info["tuning"]], *layer):
            raise RuntimeError(f"cmlp_net_init refuses a layer {layer}")
        rows.append(
            [
                named(layer, f"{n_rows} rows"),
                *shares(library, probes, n_rows, layer, rounds, amount),
            ]
        )
    report.table(PRODUCTS_TITLE, ["", *(cell for name in PRODUCTS for cell in (name, "%"))], rows)


def run(*, short):
    from cmlp import cpu_info

    report = Report("peak", short)
    n, rounds, amount = (2_000, 2, OPERATIONS / 100) if short else (20_000, 15, OPERATIONS)
    report.note(rows=f"{n}, dense: none of them 0", rounds=rounds)
    products(report, LAYERS, rounds, amount)
    for sizes, batch in EPOCHS[: 1 if short else None]:
        case = {
            "sizes": sizes,
            "batch": batch,
            "rows": n,
            "kind": "dense",
            "isa": cpu_info()["used"],
        }
        title = named(sizes, f"batch {batch}", "epoch")
        peers = [Peer("cmlp", "ours", "train_network"), *LIMITS]
        compared(report, title, peers, case, rounds=2 if short else 5, unit=EPOCH, bases=[])
    report.write()
