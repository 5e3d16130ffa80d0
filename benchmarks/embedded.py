"""C programs that predict one row at a time: cmlp and its peers for embedding. embedding.py measures them."""

import contextlib
import ctypes
import importlib
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np

from cmlp import cpu_info
from cmlp._bridge import _core

ROOT = Path(__file__).parents[1]
OPTIMIZED = ["-O3", "-march=native", "-fPIC", "-shared"]

# Each source defines the function that predicts n rows of 784 numbers one after the other.
LIBRARY = """
#include "cmlp.h"
static int64_t memory[1 << 17], workspace[1 << 16];
static const cmlp_model *model;
static cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
int load(const void *file, long size) {
    return cmlp_model_init(memory, sizeof memory, file, (size_t)size, NULL, &model, &run);
}
float predict(const float *x, int n) {
    float output[10], sum = 0;
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = 10};
    for (int i = 0; i < n; i++) {
        const cmlp_rows row = cmlp_dense_rows(x + 784 * i, CMLP_FLOAT32, 1, 784);
        if (cmlp_model_predict(model, &row, &prediction, &run)) return 0;
        sum += output[0];
    }
    return sum;
}
"""
HEADER = """
#include "digits.h"
float predict(const float *x, int n) {
    float output[10], sum = 0;
    for (int i = 0; i < n; i++) {
        digits_predict(x + 784 * i, output);
        sum += output[0];
    }
    return sum;
}
"""
INTEGERS = """
#include "digits8.h"
float predict(const unsigned char *x, int n) {
    int32_t output[10], sum = 0;
    for (int i = 0; i < n; i++) {
        digits8_predict_u8(x + 784 * i, output);
        sum += output[0] & 1;
    }
    return (float)sum;
}
"""
KANN = """
float predict_with(const float *(*apply)(void *, float *), void *net, float *x, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += apply(net, x + 784 * i)[0];
    return sum;
}
"""
# cynn's genann was compiled for an older C library, which had this function.
EXP_FINITE = """
#include <math.h>
double __exp_finite(double x) { return exp(x); }
"""
GENANN = """
float predict_with(const double *(*run)(void *, const double *), void *net, const double *x, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += (float)run(net, x + 784 * i)[0];
    return sum;
}
"""
FANN = """
#include <floatfann.h>
static struct fann *net;
void make(const unsigned *sizes, int n, int relu) {
    net = fann_create_standard_array((unsigned)n, sizes);
    fann_set_activation_function_hidden(net, relu ? FANN_LINEAR_PIECE : FANN_SIGMOID);
    fann_set_activation_function_output(net, FANN_SIGMOID);
}
float predict(float *x, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += fann_run(net, x + 784 * i)[0];
    return sum;
}
"""
TINY_DNN = """
#include <tiny_dnn/tiny_dnn.h>
using namespace tiny_dnn;
static network<sequential> net;
extern "C" void make(const unsigned *sizes, int n, int is_relu) {
    for (int i = 1; i < n; i++) {
        if (i == n - 1) net << fully_connected_layer<activation::softmax>(sizes[i - 1], sizes[i]);
        else if (is_relu) net << fully_connected_layer<activation::relu>(sizes[i - 1], sizes[i]);
        else net << fully_connected_layer<activation::sigmoid>(sizes[i - 1], sizes[i]);
    }
    net.init_weight();
}
extern "C" float predict(const float *x, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) {
        vec_t row(x + 784 * i, x + 784 * (i + 1));
        sum += net.predict(row)[0];
    }
    return sum;
}
"""
EMLEARN = """
#include "emlearn.h"
float predict(const float *x, int n) {
    float output[10], sum = 0;
    for (int i = 0; i < n; i++) {
        digits_regress(x + 784 * i, 784, output, 10);
        sum += output[0];
    }
    return sum;
}
"""


# Python's package has the library without its header. These are positions in the table OrtApi,
# which never change.
ONNX_RUNTIME = """
#include <stdint.h>
#include <string.h>
enum { CREATE_ENV = 3, CREATE_SESSION = 7, RUN = 9, CREATE_OPTIONS = 10, SET_THREADS = 24, CREATE_TENSOR = 49,
       CREATE_MEMORY = 69 };
struct base { void *const *(*table)(uint32_t version); };
static void *const *api;
static void *session, *tensors[2];
static float row[784], output[10];
static void *tensor(void *memory, float *data, int64_t n) {
    int64_t shape[2] = {1, n};
    void *value = NULL;
    ((void *(*)(void *, void *, size_t, int64_t *, size_t, int, void **))api[CREATE_TENSOR])(
        memory, data, (size_t)n * sizeof(float), shape, 2, 1, &value);
    return value;
}
int make(const struct base *(*base)(void), const char *path) {
    void *env, *options, *memory;
    api = base()->table(11);
    ((void *(*)(int, const char *, void **))api[CREATE_ENV])(3, "benchmark", &env);
    ((void *(*)(void **))api[CREATE_OPTIONS])(&options);
    ((void *(*)(void *, int))api[SET_THREADS])(options, 1);
    ((void *(*)(int, int, void **))api[CREATE_MEMORY])(0, 0, &memory);
    tensors[0] = tensor(memory, row, 784);
    tensors[1] = tensor(memory, output, 10);
    ((void *(*)(void *, const char *, void *, void **))api[CREATE_SESSION])(env, path, options, &session);
    return session == NULL;
}
float predict(const float *x, int n) {
    const char *in[1] = {"X"}, *out[1] = {"probabilities"};
    float sum = 0;
    for (int i = 0; i < n; i++) {
        memcpy(row, x + 784 * i, sizeof row);
        ((void *(*)(void *, void *, const char **, void **, size_t, const char **, size_t, void **))api[RUN])(
            session, NULL, in, tensors, 1, out, 1, tensors + 1);
        sum += output[0];
    }
    return sum;
}
"""


class MissingPeerError(Exception):
    """A peer that is not installed, or that does not support the network."""


def compiled(folder, name, source, *options, compiler="gcc", mode=ctypes.DEFAULT_MODE):
    """Compile a source to a shared library and load it."""
    if not shutil.which(compiler):
        raise MissingPeerError(f"{name}: {compiler} is not installed")
    path = folder / f"{name}.{'cpp' if compiler.endswith('++') else 'c'}"
    path.write_text(source, encoding="ascii")
    command = [
        compiler,
        *OPTIMIZED,
        f"-I{folder}",
        str(path),
        *options,
        "-o",
        str(path.with_suffix(".so")),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        message = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        raise MissingPeerError(f"{name}: does not compile: {message}")
    library = ctypes.CDLL(str(path.with_suffix(".so")), mode)
    if hasattr(library, "predict"):
        library.predict.restype = ctypes.c_float
    return library


def pointer(rows):
    return rows.ctypes.data_as(ctypes.c_void_p)


def installed(name, package):
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingPeerError(f"{name}: {package} is not installed") from error


def of_cynn(name):
    """Load a C library that is inside an extension module of the package cynn."""
    found = list(Path(installed(name, "cynn").__file__).parent.glob(f"{name}.*"))
    if not found:
        raise MissingPeerError(f"{name}: cynn does not contain it")
    return ctypes.CDLL(str(found[0]))


# ------------------------------------------------------------------------------------------------------- the peers
# Each function takes the folder, the classifier and the rows as bytes, and returns a function that
# predicts n rows.


def library(folder, model, pixels):
    """Compile the core without what only training needs, and with the instruction set alone that is used here."""
    sources = [str(path) for path in sorted((ROOT / "src/cmlp/core").rglob("*.c"))]
    parts = [
        "-DCMLP_BUILD_TRAINING=0",
        "-DCMLP_BUILD_FLOAT64=0",
        f"-DCMLP_BUILD_ISA={_core.ISAS[cpu_info()['used']]}",
    ]
    options = [*parts, f"-I{ROOT / 'include'}", *sources, "-pthread", "-lm"]
    loaded = compiled(folder, "library", LIBRARY, *options)
    model.save(folder / "digits.cmlp")
    content = np.frombuffer((folder / "digits.cmlp").read_bytes(), np.uint8).copy()
    if loaded.load(pointer(content), ctypes.c_long(len(content))):
        raise RuntimeError("the model file was refused")
    rows = pixels.astype(np.float32)
    return lambda n: (loaded.predict(pointer(rows), n), content)


def header(folder, model, pixels, *, compiler="gcc", options=()):
    model.to_c(folder / "digits.h")
    loaded = compiled(
        folder, f"header{len(options)}{compiler}", HEADER, *options, compiler=compiler
    )
    rows = pixels.astype(np.float32)
    return lambda n: loaded.predict(pointer(rows), n)


def integers(folder, model, pixels):
    model.to_c(folder / "digits8.h", int8=True, calibrate=pixels[:500])
    loaded = compiled(folder, "integers", INTEGERS)
    return lambda n: loaded.predict(pointer(pixels), n)


def kann(folder, model, pixels):
    peer = of_cynn("kann")
    for name in (
        "kann_layer_input",
        "kann_layer_dense",
        "kann_layer_cost",
        "kann_new",
        "kad_relu",
        "kad_sigm",
    ):
        getattr(peer, name).restype = ctypes.c_void_p
    node = ctypes.c_void_p(peer.kann_layer_input(784))
    for width in model.hidden_layer_sizes:
        node = ctypes.c_void_p(peer.kann_layer_dense(node, width))
        node = ctypes.c_void_p(
            (peer.kad_relu if model.activation == "relu" else peer.kad_sigm)(node)
        )
    cross_entropy = 2
    net = ctypes.c_void_p(
        peer.kann_new(ctypes.c_void_p(peer.kann_layer_cost(node, 10, cross_entropy)), 0)
    )
    loop = compiled(folder, "kann", KANN).predict_with
    rows = scaled(pixels)
    return lambda n: loop(peer.kann_apply1, net, pointer(rows), n)


def genann(folder, model, pixels):
    widths = set(model.hidden_layer_sizes)
    if len(widths) > 1 or model.activation != "logistic":
        raise MissingPeerError("genann: all hidden layers are logistic and of one size")
    compiled(folder, "finite", EXP_FINITE, "-lm", mode=ctypes.RTLD_GLOBAL)
    peer = of_cynn("genann")
    peer.genann_init.restype = ctypes.c_void_p
    net = ctypes.c_void_p(peer.genann_init(784, len(model.hidden_layer_sizes), widths.pop(), 10))
    loop = compiled(folder, "genann", GENANN).predict_with
    rows = scaled(pixels).astype(np.float64)
    return lambda n: loop(peer.genann_run, net, pointer(rows), n)


def made(loaded, model, pixels):
    """Return the calls of a library whose function `make` takes the layer sizes."""
    sizes = np.array([784, *model.hidden_layer_sizes, 10], np.uint32)
    loaded.make(pointer(sizes), len(sizes), int(model.activation == "relu"))
    rows = scaled(pixels)
    return lambda n: loaded.predict(pointer(rows), n)


def fann(folder, model, pixels):
    return made(compiled(folder, "FANN", FANN, "-lfloatfann", "-lm"), model, pixels)


def tiny_dnn(folder, model, pixels):
    """Debian's package needs libcereal-dev, libgemmlowp-dev and libstb-dev, whose headers are in another folder."""
    stb = folder / "third_party/stb"
    stb.mkdir(parents=True)
    for name in ("stb_image", "stb_image_resize", "stb_image_write"):
        (stb / f"{name}.h").write_text(f"#include <stb/{name}.h>\n", encoding="ascii")
    options = ["-std=c++14", "-DCNN_SINGLE_THREAD", "-pthread", "-w"]
    return made(compiled(folder, "tiny-dnn", TINY_DNN, *options, compiler="g++"), model, pixels)


def emlearn_header(folder, model):
    """Write emlearn.h with the weights of the model in the folder; return the package."""
    peer = installed("emlearn", "emlearn")
    with warnings.catch_warnings(), contextlib.chdir(folder):  # it compiles in the current folder
        warnings.simplefilter("ignore")
        converted = peer.convert(scikit_learn(model), method="inline", dtype="float")
        converted.save(file=str(folder / "emlearn.h"), name="digits")
    return peer


def emlearn(folder, model, pixels):
    peer = emlearn_header(folder, model)
    loaded = compiled(folder, "emlearn", EMLEARN, f"-I{peer.includedir}", "-lm", "-w")
    rows = scaled(pixels)
    return lambda n: loaded.predict(pointer(rows), n)


def onnx_runtime(folder, model, pixels):
    installed("ONNX Runtime", "onnx")
    found = list(
        Path(installed("ONNX Runtime", "onnxruntime").__file__).parent.glob(
            "capi/libonnxruntime.so*"
        )
    )
    if not found:
        raise MissingPeerError("ONNX Runtime: its package does not contain the C library")
    model.to_onnx(folder / "digits.onnx")
    loaded = compiled(folder, "onnxruntime", ONNX_RUNTIME)
    if loaded.make(ctypes.CDLL(str(found[0])).OrtGetApiBase, str(folder / "digits.onnx").encode()):
        raise MissingPeerError("ONNX Runtime: cannot load the model")
    rows = pixels.astype(np.float32)
    return lambda n: loaded.predict(pointer(rows), n)


def m2cgen(folder, model, pixels):
    peer = installed("m2cgen", "m2cgen")
    try:
        peer.export_to_c(scikit_learn(model))
    except NotImplementedError as error:
        raise MissingPeerError(f"m2cgen: {error}") from error
    raise MissingPeerError("m2cgen: supports this model now, but no loop calls it")


def scaled(pixels):
    """Return the rows as other libraries need them, from 0 to 1."""
    return pixels.astype(np.float32) / np.float32(255)


def scikit_learn(model):
    """Return scikit-learn's classifier with the same weights."""
    linear = installed("scikit-learn", "sklearn.neural_network")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = linear.MLPClassifier(
            model.hidden_layer_sizes, activation=model.activation, max_iter=1
        )
        theirs.fit(
            np.random.RandomState(0).random_sample((100, model.n_features_in_)), np.arange(100) % 10
        )
    theirs.coefs_ = [weights.astype(np.float64) for weights in model.coefs_]
    theirs.intercepts_ = [biases.astype(np.float64) for biases in model.intercepts_]
    return theirs
