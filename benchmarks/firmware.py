"""One row on a microcontroller: flash, RAM, stack and time of exported headers, of the library, and of peers.

The network classifies scikit-learn's digits (64 inputs), the models of tables columns of numbers. Flash and RAM are
what a prediction adds to a linked program that has the start of the board alone, the functions of the compiler (such
as software floating point) included. The stack is painted before and read after the first row, loading of the model
included. QEMU counts the instructions of the mean row, which are not cycles; simavr counts cycles. Every float program
must find the classes that Python finds, and one of int8 at least 90 % of them.

Needed are gcc-arm-none-eabi with newlib and qemu-system-arm, and gcc-avr, avr-libc and simavr; what is missing is left
out. The peers are the package emlearn of PyPI, and genann, CMSIS-NN and TFLite Micro as sources in the folders that
CMLP_GENANN, CMLP_CMSIS_NN and CMLP_TFLITE_MICRO name. TFLite Micro has its `third_party_downloads`,
and needs the headers of libstdc++-arm-none-eabi-newlib. m2cgen of PyPI is asked whether it takes the network.
"""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits

import cmlp
from benchmarks import embedded
from benchmarks.embedding import CORTEX_M4
from benchmarks.report import Report

BOARD = Path(__file__).parents[1] / "examples/microcontroller"
M4, M0, AVR = "Cortex-M4F", "Cortex-M0", "ATmega328P"
CORES = {M4: CORTEX_M4, M0: ["-mcpu=cortex-m0", "-mthumb", "-Os"]}
MACHINES = {
    M4: ["-M", "mps2-an386"],
    M0: ["-M", "microbit", "-global", "nrf51-soc.sram-size=65536"],
}
LINKED = [
    "-ffunction-sections",
    "-fdata-sections",
    "-nostartfiles",
    "-Wl,--gc-sections",
    "-T",
    BOARD / "board.ld",
]
NEWLIB = ["--specs=nano.specs", "--specs=nosys.specs", "-w"]
SMALL = ["-DCMLP_PARTS=0", "-DCMLP_BUILD_ROWS=1"]
WORKSPACES = {
    (16,): 768,
    (64, 32): 1280,
}  # hidden layers, and cmlp_model_info.workspace_size in multiples of 256
LOOPS = 100_000

# Predicts all rows, and prints the stack of the first one, the ticks of LOOPS iterations of two
# instructions, those of all rows, and the classes.
ARM = """
#include "board.h"
EMBED(rows, "rows.bin");
#include "predictor.h"
static volatile uint32_t *const timer = (volatile uint32_t *)0xe000e010; /* counts down, 24 bits */
__attribute__((noinline)) static void report(void)
{
    uint32_t sp, stack, begin, loop = LOOPS, ticks_of_loop, ticks_of_rows, classes[ROWS];
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    start();
    classes[0] = (uint32_t)classify(rows);
    stack = stack_used() - ((uint32_t)(uintptr_t)stack_top - sp);
    timer[1] = 0xffffff, timer[2] = 0, timer[0] = 5;
    begin = timer[2];
    __asm__ volatile(".syntax unified\\n1: subs %0, #1\\nbne 1b" : "+l"(loop) : : "cc");
    ticks_of_loop = (begin - timer[2]) & 0xffffff;
    begin = timer[2];
    for (int i = 0; i < ROWS; i++) classes[i] = (uint32_t)classify(rows + INPUTS * i);
    ticks_of_rows = (begin - timer[2]) & 0xffffff;
    print_number(stack, " "), print_number(ticks_of_loop, " "), print_number(ticks_of_rows, " ");
    for (int i = 0; i < ROWS; i++) print_number(classes[i], " ");
    print("\\n");
}
"""
# The same for an AVR, whose timer counts 8 cycles and whose loop of 4 cycles is the measure.
MEGA = """
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <stdint.h>
#include <stdlib.h>
#include "rows.h"
#include "predictor.h"
extern uint8_t __heap_start;
static void print_number(uint32_t value)
{
    char text[12];
    ultoa(value, text, 10);
    for (const char *p = text; *p; p++) UDR0 = (uint8_t)*p;
    UDR0 = ' ';
}
int main(void)
{
    uint8_t row[INPUTS], *const base = (uint8_t *)SP, *lowest = &__heap_start;
    uint16_t loop = 10000, of_loop;
    uint32_t of_rows = 0;
    UCSR0B = 1 << TXEN0;
    for (volatile uint8_t *p = lowest; p < base; p++) *p = 0xa5;
    memcpy_P(row, rows, sizeof row);
    classify(row);
    while (*lowest == 0xa5) lowest++;
    TCCR1B = 1 << CS11;
    TCNT1 = 0;
    __asm__ volatile("1: sbiw %0, 1\\nbrne 1b" : "+w"(loop));
    of_loop = TCNT1;
    print_number((uint32_t)(base - lowest)), print_number(of_loop);
    for (int i = 0; i < ROWS; i++) {
        memcpy_P(row, rows + INPUTS * i, sizeof row);
        TCNT1 = 0;
        classify(row);
        of_rows += TCNT1;
    }
    print_number(of_rows);
    for (int i = 0; i < ROWS; i++) {
        memcpy_P(row, rows + INPUTS * i, sizeof row);
        print_number((uint32_t)classify(row));
    }
    UDR0 = '\\n';
    cli();
    sleep_mode();
}
"""
FUNCTION = "__attribute__((noinline)) static"
NOTHING = (
    f"static void start(void) {{}}\n{FUNCTION} int classify(const uint8_t *x) {{ return x[0]; }}\n"
)
HEADER = f"""#include "digits.h"
static void start(void) {{}}
{FUNCTION} int classify(const uint8_t *x) {{ return digits_classify_u8(x); }}
"""
HEADER_OF_FLOATS = f"""#include "digits.h"
static void start(void) {{}}
{FUNCTION} int classify(const uint8_t *x)
{{
    float row[INPUTS];
    for (int i = 0; i < INPUTS; i++) row[i] = x[i];
#ifdef QUANTIZE
    uint8_t bytes[INPUTS];
    digits_quantize(row, bytes);
    return digits_classify_u8(bytes);
#else
    return digits_classify(row);
#endif
}}
"""
LIBRARY = f"""#include <cmlp.h>
EMBED(model_file, "digits.cmlp");
static unsigned char memory[4096] __attribute__((aligned(8))), workspace[WORKSPACE] __attribute__((aligned(8)));
static const cmlp_model *model;
static cmlp_run run = {{.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace}};
{FUNCTION} void start(void)
{{
    const size_t n = (size_t)(model_file_end - model_file);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    if (cmlp_model_describe(model_file, n, &info, 0)) fault();
    if (cmlp_model_init(memory, sizeof memory, model_file, n, NULL, &model, &run)) fault();
}}
{FUNCTION} int classify(const uint8_t *x)
{{
    int32_t answer = -1;
    const cmlp_rows row = cmlp_dense_rows(x, CMLP_UINT8, 1, INPUTS);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.class_indices = &answer;
    prediction.n_class_indices = 1;
    return cmlp_model_predict(model, &row, &prediction, &run) ? -1 : answer;
}}
"""
LARGEST = """
static int largest(const FLOAT *output)
{
    int best = 0;
    for (int i = 1; i < OUTPUTS; i++)
        if (output[i] > output[best]) best = i;
    return best;
}
"""
TABLE = f"""#include "table.h"
static void start(void) {{}}
{FUNCTION} int classify(const uint8_t *x)
{{
    double row[INPUTS];
    for (int i = 0; i < INPUTS; i++) row[i] = x[i];
    return table_classify(row);
}}
"""
EMLEARN = f"""#define FLOAT float
{LARGEST}#include "emlearn.h"
static void start(void) {{}}
{FUNCTION} int classify(const uint8_t *x)
{{
    float row[INPUTS], output[OUTPUTS];
    for (int i = 0; i < INPUTS; i++) row[i] = x[i] * (1 / 16.0f);
    digits_regress(row, INPUTS, output, OUTPUTS);
    return largest(output);
}}
"""
GENANN = f"""#define FLOAT double
{LARGEST}#include "genann.h"
#include "weights.h"
static double numbers[INPUTS + WIDTH + OUTPUTS];
static genann net = {{INPUTS, 1, WIDTH, OUTPUTS, genann_act_relu, genann_act_linear, sizeof weights / sizeof *weights,
                     INPUTS + WIDTH + OUTPUTS, (double *)weights, numbers, 0}};
static void start(void) {{}}
{FUNCTION} int classify(const uint8_t *x)
{{
    double row[INPUTS];
    for (int i = 0; i < INPUTS; i++) row[i] = x[i] * (1 / 16.0);
    return largest(genann_run(&net, row));
}}
"""

CMSIS_NN = f"""#include "arm_nnfunctions.h"
struct dense {{
    const int8_t *weights;
    const int32_t *biases;
    int32_t n_in, n_out, in_offset, out_offset, multiplier, shift;
}};
#include "weights.h"
static void start(void) {{}}
{FUNCTION} int classify(const uint8_t *x)
{{
    int8_t memory[2][INPUTS], *in = memory[0], *out = memory[1];
    const cmsis_nn_context context = {{0, 0}};
    for (int i = 0; i < INPUTS; i++) in[i] = (int8_t)x[i];
    for (const struct dense *layer = layers; layer < layers + sizeof layers / sizeof *layers; layer++) {{
        const cmsis_nn_fc_params params = {{layer->in_offset, 0, layer->out_offset, {{-128, 127}}}};
        const cmsis_nn_per_tensor_quant_params scale = {{layer->multiplier, layer->shift}};
        const cmsis_nn_dims n_in = {{1, 1, 1, layer->n_in}}, filter = {{layer->n_in, 1, 1, layer->n_out}};
        const cmsis_nn_dims n_out = {{1, 1, 1, layer->n_out}};
        arm_fully_connected_s8(&context, &params, &scale, &n_in, in, &filter, layer->weights, &n_out, layer->biases,
                               &n_out, out);
        int8_t *const free = in;
        in = out, out = free;
    }}
    int best = 0;
    for (int i = 1; i < OUTPUTS; i++)
        if (in[i] > in[best]) best = i;
    return best;
}}
"""

TFLITE_MICRO = f"""{LARGEST}EMBED(model_file, "digits.tflite");
int tflite_start(const void *model);
void *tflite_input(void);
const void *tflite_outputs(void);
{FUNCTION} void start(void)
{{
    if (tflite_start(model_file)) fault();
}}
{FUNCTION} int classify(const uint8_t *x)
{{
    FLOAT *const row = tflite_input();
    for (int i = 0; i < INPUTS; i++) row[i] = x[i] * (FLOAT)SCALE;
    const FLOAT *const output = tflite_outputs();
    return output ? largest(output) : -1;
}}
"""
# The sources of TFLite Micro that a network of dense layers needs, in the folder "tensorflow".
TFLITE_SOURCES = [
    "compiler/mlir/lite/core/api/error_reporter.cc",
    "compiler/mlir/lite/schema/schema_utils.cc",
    "lite/core/api/flatbuffer_conversions.cc",
    "lite/core/api/tensor_utils.cc",
    "lite/core/c/common.cc",
    "lite/kernels/internal/common.cc",
    "lite/kernels/internal/portable_tensor_utils.cc",
    "lite/kernels/internal/quantization_util.cc",
    "lite/kernels/internal/reference/portable_tensor_utils.cc",
    "lite/kernels/internal/runtime_shape.cc",
    "lite/kernels/internal/tensor_ctypes.cc",
    "lite/kernels/internal/tensor_utils.cc",
    "lite/kernels/kernel_util.cc",
    "lite/micro/arena_allocator/non_persistent_arena_buffer_allocator.cc",
    "lite/micro/arena_allocator/persistent_arena_buffer_allocator.cc",
    "lite/micro/arena_allocator/single_arena_buffer_allocator.cc",
    "lite/micro/debug_log.cc",
    "lite/micro/flatbuffer_utils.cc",
    "lite/micro/kernels/fully_connected.cc",
    "lite/micro/kernels/fully_connected_common.cc",
    "lite/micro/kernels/kernel_util.cc",
    "lite/micro/memory_helpers.cc",
    "lite/micro/memory_planner/greedy_memory_planner.cc",
    "lite/micro/memory_planner/linear_memory_planner.cc",
    "lite/micro/micro_allocation_info.cc",
    "lite/micro/micro_allocator.cc",
    "lite/micro/micro_context.cc",
    "lite/micro/micro_interpreter.cc",
    "lite/micro/micro_interpreter_context.cc",
    "lite/micro/micro_interpreter_graph.cc",
    "lite/micro/micro_log.cc",
    "lite/micro/micro_op_resolver.cc",
    "lite/micro/micro_resource_variable.cc",
    "lite/micro/micro_utils.cc",
    "lite/micro/system_setup.cc",
    "lite/micro/tflite_bridge/flatbuffer_conversions_bridge.cc",
    "lite/micro/tflite_bridge/micro_error_reporter.cc",
]
TFLITE_OPTIONS = [
    "-DTF_LITE_STATIC_MEMORY",
    "-DTF_LITE_STRIP_ERROR_STRINGS",
    "-DNDEBUG",
    "-fno-rtti",
    "-fno-exceptions",
    "-fno-threadsafe-statics",
]
ARENA = 2048  # bytes in which the interpreter starts, not the least


def classifier(hidden, X, y, scale=1 / 16):
    """Return a classifier of the raw pixels from 0 to 16."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cmlp.MLPClassifier(hidden, input_scale=scale, dtype="float32", random_state=0).fit(
            X, y
        )


def printed(command, timeout=300):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def sections(program, prefix):
    """Return the bytes of flash and of static memory of a linked program."""
    text, data, bss = map(int, printed([f"{prefix}-size", program]).splitlines()[1].split()[:3])
    return text + data, data + bss


def built(folder, core, predictor, options, macros):
    """Compile and link the program of a core; return its flash and RAM."""
    (folder / "predictor.h").write_text(predictor, encoding="ascii")
    (folder / "main.c").write_text(MEGA if core == AVR else ARM, encoding="ascii")
    output = ["-o", folder / "firmware.elf"]
    if core == AVR:
        printed(
            [
                "avr-gcc",
                "-mmcu=atmega328p",
                "-std=gnu99",
                "-Os",
                *macros,
                *options,
                folder / "main.c",
                *output,
            ]
        )
        return sections(folder / "firmware.elf", "avr")
    flags = [
        *CORES[core],
        "-std=gnu11",
        *LINKED,
        *NEWLIB,
        f"-I{BOARD}",
        f"-I{folder}",
        f"-Wa,-I{folder}",
        *macros,
    ]
    printed(["arm-none-eabi-gcc", *flags, folder / "main.c", *options, "-lm", *output])
    return sections(folder / "firmware.elf", "arm-none-eabi")


def executed(folder, core, n_rows):
    """Run the program: return the stack, the instructions (AVR: cycles) of a row, and the classes."""
    firmware = folder / "firmware.elf"
    if core == AVR:
        text = printed(["simavr", "-m", "atmega328p", "-f", "16000000", firmware])
        units = 40_000
    else:
        host = ["-chardev", "stdio,id=host", "-semihosting-config", "enable=on,chardev=host"]
        counted = ["-icount", "shift=0,sleep=off", "-display", "none"]
        text = printed(["qemu-system-arm", *MACHINES[core], *counted, *host, "-kernel", firmware])
        units = 2 * LOOPS
    numbers = re.search(rf"(?:\d+ ){{{n_rows + 3}}}", text)
    if not numbers:
        raise RuntimeError(f"{core}: {text}")
    stack, of_loop, of_rows, *classes = map(int, numbers[0].split())
    return stack, of_rows * units / of_loop / n_rows, classes


# ---------------------------------------------------------------------------------------------------- the predictors
# Each function takes the folder, the classifier, the calibration rows and the core, writes what the
# firmware includes, and returns the C text that predicts, and more sources and options of the
# compiler.


def nothing(folder, model, X, core):
    return NOTHING, []


def header(folder, model, X, core):
    if core == AVR:
        raise embedded.MissingPeerError("float header: an AVR has no double of 64 bits")
    model.to_c(folder / "digits.h")
    return HEADER, []


def header_of_floats(folder, model, X, core):
    return HEADER_OF_FLOATS, header(folder, model, X, core)[1]


def integers(folder, model, X, core):
    model.to_c(folder / "digits.h", int8=True, calibrate=X)
    return HEADER, []


def integers_of_floats(folder, model, X, core):
    if core == AVR:
        raise embedded.MissingPeerError("int8 header, rows of float: measured on ARM only")
    model.to_c(folder / "digits.h", int8=True, calibrate=X.astype(np.float32) + np.float32(0.25))
    return HEADER_OF_FLOATS, ["-DQUANTIZE"]


def library(folder, model, X, core):
    if core == AVR:
        raise embedded.MissingPeerError("library: an AVR has no double of 64 bits")
    model.save(folder / "digits.cmlp")
    return LIBRARY, [
        *SMALL,
        f"-DWORKSPACE={WORKSPACES[model.hidden_layer_sizes]}",
        f"-I{cmlp.get_include()}",
        cmlp.get_source(),
    ]


def emlearn(folder, model, X, core):
    if core == AVR:
        raise embedded.MissingPeerError("emlearn: measured on ARM only")
    peer = embedded.emlearn_header(folder, model)
    return EMLEARN, [f"-I{peer.includedir}"]


def sources(name, core):
    """Return the folder of a peer's sources, which a variable names."""
    variable = f"CMLP_{name.upper().replace('-', '_')}"
    if variable not in os.environ:
        raise embedded.MissingPeerError(f"{name}: {variable} does not name its folder")
    if core == AVR:
        raise embedded.MissingPeerError(f"{name}: measured on ARM only")
    return Path(os.environ[variable])


class Dense(NamedTuple):
    """A layer of 8-bit integers: weights of (n_in, n_out), and the scales and zeros of what it reads and writes."""

    weights: np.ndarray
    biases: np.ndarray
    step: float
    scale_in: float
    zero_in: int
    scale_out: float
    zero_out: int


def quantized(model, X):
    """Yield the layers as integers of 8 bits with one scale for each layer."""
    rows, scale, zero = X * np.float64(1 / 16), 1 / 16, 0
    for i, (weights, biases) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        is_last = i == len(model.coefs_) - 1
        rows = rows @ weights + biases if is_last else np.maximum(rows @ weights + biases, 0)
        step, scale_out = np.abs(weights).max() / 127, np.ptp(rows) / 255
        zero_out = int(np.round(-128 - rows.min() / scale_out))
        integers = np.rint(weights / step).astype(np.int8)
        whole = np.rint(biases / (scale * step)).astype(np.int32)
        yield Dense(integers, whole, step, scale, zero, scale_out, zero_out)
        scale, zero = scale_out, zero_out


def cmsis_nn(folder, model, X, core):
    peer = sources("CMSIS-NN", core)
    text, table = "", []
    for i, layer in enumerate(quantized(model, X)):
        for name, values in (("weights", layer.weights.T), ("biases", layer.biases)):
            numbers = ", ".join(map(str, values.ravel()))
            text += f"static const {values.dtype}_t {name}{i}[] = {{{numbers}}};\n"
        fraction, exponent = np.frexp(layer.scale_in * layer.step / layer.scale_out)
        multiplier = int(np.rint(fraction * 2**31))
        numbers = [*layer.weights.shape, -layer.zero_in, layer.zero_out, multiplier, int(exponent)]
        table.append(f"{{weights{i}, biases{i}, {', '.join(map(str, numbers))}}}")
    text += f"static const struct dense layers[] = {{{', '.join(table)}}};\n"
    (folder / "weights.h").write_text(text, encoding="ascii")
    files = [
        "FullyConnectedFunctions/arm_fully_connected_s8.c",
        "NNSupportFunctions/arm_nn_vec_mat_mult_t_s8.c",
    ]
    return CMSIS_NN, [f"-I{peer / 'Include'}", *(peer / "Source" / file for file in files)]


def tflite_micro(folder, model, X, core):
    layers = [
        Dense(weights, biases, 1, 1, 0, 1, 0)
        for weights, biases in zip(model.coefs_, model.intercepts_, strict=True)
    ]
    return tflite(folder, model, core, "float", layers)


def tflite_micro_int8(folder, model, X, core):
    return tflite(folder, model, core, "int8_t", list(quantized(model, X)))


@functools.cache
def tflite_object(peer, core):
    """Compile TFLite Micro for a core; return the folder with tflite.o, which is deleted at the end."""
    folder = tempfile.TemporaryDirectory()
    files = [peer / "tensorflow" / name for name in TFLITE_SOURCES]
    one = ["-r", "-nostdlib", "-o", Path(folder.name, "tflite.o")]
    options = [*CORES[core], *LINKED[:2], "-w", *tflite_options(peer)]
    printed(["arm-none-eabi-gcc", *options, *files, *one], timeout=3600)
    return folder


def tflite_options(peer):
    """Return the options for TFLite Micro's sources and what includes its headers."""
    parts = peer / "tensorflow/lite/micro/tools/make/downloads"
    folders = [peer, *(parts / name for name in ("flatbuffers/include", "gemmlowp", "ruy"))]
    return [*TFLITE_OPTIONS, *(f"-I{folder}" for folder in folders)]


def tflite(folder, model, core, number, layers):
    peer = sources("TFLite-Micro", core)
    if len(model.hidden_layer_sizes) > 1:
        raise embedded.MissingPeerError("TFLite Micro: measured with one hidden layer only")
    spec = importlib.util.spec_from_file_location(
        "tflite_schema", peer / "tensorflow/lite/python/schema_py_generated.py"
    )
    schema = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(schema)
    (folder / "digits.tflite").write_bytes(tflite_file(schema, layers))
    return TFLITE_MICRO, [
        f"-DFLOAT={number}",
        f"-DSCALE={1 / 16 if number == 'float' else 1}",
        f"-DARENA={ARENA}",
        *tflite_options(peer),
        Path(__file__).with_name("tflite_micro.cc"),
        Path(tflite_object(peer, core).name, "tflite.o"),
    ]


def tflite_file(schema, layers):
    """Return a model file of dense layers, by the module of the schema."""
    import flatbuffers

    types = {"float32": 0, "int32": 2, "int8": 9}  # of TensorType
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.buffers, graph.tensors, graph.operators = [schema.BufferT()], [], []
    is_integer = layers[0].weights.dtype == np.int8

    def add(shape, values, dtype, scale, zero):
        """Add a tensor; return its index."""
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = list(shape), types[str(dtype)], 0
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
        if is_integer:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero]
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    dtype, first = layers[0].weights.dtype, layers[0]
    index = add((1, len(first.weights)), None, dtype, first.scale_in, first.zero_in)
    graph.inputs = [index]
    for layer in layers:
        values = np.ascontiguousarray(layer.weights.T)
        weights = add(values.shape, values, dtype, layer.step, 0)
        scale = layer.step * layer.scale_in
        biases = add(layer.biases.shape, layer.biases, layer.biases.dtype, scale, 0)
        operator, options = schema.OperatorT(), schema.FullyConnectedOptionsT()
        if layer is not layers[-1]:
            options.fusedActivationFunction = schema.ActivationFunctionType.RELU
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions, operator.inputs = options, [index, weights, biases]
        index = add((1, len(layer.biases)), None, dtype, layer.scale_out, layer.zero_out)
        operator.outputs = [index]
        graph.operators.append(operator)
    graph.outputs = [index]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def m2cgen(folder, model, X, core):
    return embedded.m2cgen(folder, model, X)


def genann(folder, model, X, core):
    peer = sources("genann", core)
    if len(model.hidden_layer_sizes) > 1:
        raise embedded.MissingPeerError("genann: measured with one hidden layer only")
    layers = zip(model.coefs_, model.intercepts_, strict=True)
    numbers = np.concatenate(
        [np.vstack([-biases, weights]).T.ravel() for weights, biases in layers]
    )
    text = ",\n".join(repr(float(number)) for number in numbers)
    (folder / "weights.h").write_text(
        f"static const double weights[] = {{\n{text}}};\n", encoding="ascii"
    )
    width = f"-DWIDTH={model.hidden_layer_sizes[0]}"
    return GENANN, ["-DNDEBUG", f"-I{peer}", width, peer / "genann.c"]


PREDICTORS = {
    "float header, rows of bytes": header,
    "float header, rows of floats": header_of_floats,
    "int8 header, rows of bytes": integers,
    "int8 header, rows of floats": integers_of_floats,
    "library": library,
    "emlearn float": emlearn,
    "genann double": genann,
    "CMSIS-NN int8": cmsis_nn,
    "TFLite Micro float": tflite_micro,
    "TFLite Micro int8": tflite_micro_int8,
    "m2cgen": m2cgen,
}


def measure(hidden, core, *, n_rows):
    """Return a row of the table for each way to predict."""
    digits = load_digits()
    X, y = digits.data.astype(np.uint8), digits.target
    model, rows = classifier(hidden, X[:1200], y[:1200]), X[1200 : 1200 + n_rows]
    macros = [f"-DROWS={n_rows}", "-DINPUTS=64", "-DOUTPUTS=10", f"-DLOOPS={LOOPS}"]
    found, base = [], (0, 0)
    for name, make in {"": nothing, **PREDICTORS}.items():
        with tempfile.TemporaryDirectory() as path:
            folder = Path(path)
            (folder / "rows.bin").write_bytes(rows.tobytes())
            text = ",".join(map(str, rows.ravel()))
            (folder / "rows.h").write_text(
                f"static const uint8_t rows[] PROGMEM = {{{text}}};\n", encoding="ascii"
            )
            try:
                predictor, options = make(folder, model, X[:1200], core)
            except embedded.MissingPeerError as error:
                print(f"left out: {core}, {error}")
                continue
            flash, memory = built(folder, core, predictor, options, macros)
            if not name:
                base = flash, memory
                continue
            stack, time, classes = executed(folder, core, n_rows)
        agree = np.mean(model.classes_[classes] == model.predict(rows))
        if agree < (0.9 if "int8" in name else 1):
            raise RuntimeError(f"{core}, {name}: {agree:.0%} of the classes are those of Python")
        found.append(
            [
                f"{core}, {name}",
                *map("{:,}".format, (flash - base[0], memory - base[1], stack, hundreds(time))),
            ]
        )
    return found


def hundreds(number):
    """Return a number rounded to hundreds."""
    return 100 * round(number / 100)


TABLES = [(2, 2), (2, 4), (44, 2)]  # columns and networks


def measure_table(n_columns, n_networks, *, n_rows):
    """Return the row of a table's header on a Cortex-M4F."""
    X = np.random.RandomState(0).randint(0, 256, (400, n_columns)).astype(np.uint8)
    model = cmlp.TabularClassifier(n_estimators=n_networks, n_epochs=1, random_state=0)
    model.fit(X, X[:, 0] > 127)
    macros = [f"-DROWS={n_rows}", f"-DINPUTS={n_columns}", f"-DLOOPS={LOOPS}"]
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "rows.bin").write_bytes(X[:n_rows].tobytes())
        base = built(folder, M4, NOTHING, [], macros)
        model.to_c(folder / "table.h")
        flash, memory = built(folder, M4, TABLE, [], macros)
        stack, time, classes = executed(folder, M4, n_rows)
    if (model.classes_[classes] != model.predict(X[:n_rows])).any():
        raise RuntimeError(f"{n_columns} columns: the classes are not those of Python")
    title = f"{M4}, table of {n_columns} columns, {n_networks} networks"
    figures = flash - base[0], memory - base[1], stack, hundreds(time)
    return [title, *map("{:,}".format, figures)]


def run(*, short):
    report = Report("firmware", short)
    tools = {M4: ["arm-none-eabi-gcc", "qemu-system-arm"], AVR: ["avr-gcc", "simavr"]}
    tools[M0] = tools[M4]
    for hidden in list(WORKSPACES)[: 1 if short else None]:
        rows = []
        for core in (M4, M0, AVR):
            missing = [tool for tool in tools[core] if not shutil.which(tool)]
            if missing:
                print(f"left out: {core}: {missing[0]} is not installed")
                continue
            rows += measure(hidden, core, n_rows=5 if short else 50)
        title = "-".join(map(str, (64, *hidden, 10)))
        columns = [
            "core, form",
            "flash, bytes",
            "static RAM",
            "stack",
            "instructions (AVR: cycles)",
        ]
        report.table(f"{title}: what one prediction adds", columns, rows)
    if all(map(shutil.which, tools[M4])):
        rows = [measure_table(*table, n_rows=5) for table in TABLES[: 1 if short else None]]
        report.table(f"tables on a {M4}: what one prediction adds", columns, rows)
    report.write()
