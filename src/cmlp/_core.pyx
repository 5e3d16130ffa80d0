# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""The bridge between NumPy and the C core: arrays in, statuses to exceptions, the GIL released while it computes.

Nothing is calculated here, and nothing is called that an embedding program could not call.
"""

import os

cimport numpy as cnp
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int32_t, int64_t, uint32_t, uintptr_t
from cmlp.libcmlp cimport *

import numpy as np

from cmlp._arrays import as_labels, as_matrix, as_order, as_row_weights, available_threads
from cmlp.exceptions import DivergenceError, NonFiniteInputError, StatusError

cnp.import_array()

cdef extern from "<time.h>" nogil:
    cdef struct timespec:
        long long tv_sec
        long tv_nsec
    int TIME_UTC
    int timespec_get(timespec *now, int base)

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept

ACTIVATIONS = {"identity": CMLP_IDENTITY, "logistic": CMLP_LOGISTIC, "tanh": CMLP_TANH, "relu": CMLP_RELU,
               "softmax": CMLP_SOFTMAX, "exp": CMLP_EXP}
LOSSES = {"log_loss": CMLP_LOG_LOSS, "squared_error": CMLP_SQUARED_ERROR, "poisson": CMLP_POISSON}
SOLVERS = {"sgd": CMLP_SGD, "momentum": CMLP_MOMENTUM, "nesterov": CMLP_NESTEROV, "adam": CMLP_ADAM}
ISAS = {"generic": CMLP_ISA_GENERIC, "avx2": CMLP_ISA_AVX2, "avx512": CMLP_ISA_AVX512, "neon": CMLP_ISA_NEON}

__version__ = cmlp_version().decode()


# --------------------------------------------------------------------------------------------- instruction sets

cdef uint32_t allowed_isa() except? 0:
    """The mask that CMLP_ISA asks for; an unknown or unavailable name is an error, never a silent fall-back."""
    cdef uint32_t available = cmlp_cpu_isa()
    name = os.environ.get("CMLP_ISA")
    if not name:
        return available
    if name in ISAS and available & <uint32_t>ISAS[name]:
        return ISAS[name]
    names = ", ".join(n for n, bit in ISAS.items() if available & <uint32_t>bit)
    raise ImportError(f"CMLP_ISA={name!r} cannot be used on this processor; available: {names}")


cdef uint32_t ISA_MASK = allowed_isa()


def isa_names():
    """Names of the instruction sets that can be used here, and of the one that is."""
    cdef uint32_t available = cmlp_cpu_isa()
    names = [name for name, bit in ISAS.items() if available & <uint32_t>bit]
    return names, Net((1, 1), ("identity",), "squared_error", np.float32).isa


# ------------------------------------------------------------------------------------------- running and failing

cdef struct Poll:
    double next  # when signals are looked for again, in seconds

cdef double now() noexcept nogil:
    cdef timespec t
    timespec_get(&t, TIME_UTC)
    return <double>t.tv_sec + 1e-9 * <double>t.tv_nsec


cdef int poll_signals(void *context) noexcept nogil:
    """Looks for Ctrl-C at most every 20 ms: Python's handlers run only where the GIL is held."""
    cdef Poll *poll = <Poll *>context
    cdef int stop
    if now() < poll.next:
        return 0
    with gil:
        stop = PyErr_CheckSignals()
    poll.next = now() + 0.02
    return stop


cdef int raised() except -1:
    """Passes on the exception that a signal handler has set."""
    return -1


cdef class Run:
    """Workspace, threads and poll of one call; freed with the object."""

    cdef cmlp_run run
    cdef Poll poll
    cdef void *memory

    def __dealloc__(self):
        PyMem_RawFree(self.memory)

    cdef int prepare(self, Net net, int call, int64_t n_rows, int64_t batch, object n_threads) except -1:
        cdef size_t size = 0
        cdef double work = <double>net.n_params * <double>n_rows
        if n_threads is None:
            n_threads = available_threads() if work > 1e6 else 1
        self.run.struct_size = sizeof(cmlp_run)
        self.run.n_threads = min(n_threads, CMLP_MAX_THREADS)
        check(cmlp_workspace_size(net.net, call, batch, self.run.n_threads, &size))
        self.memory = PyMem_RawMalloc(size + 64)
        if self.memory == NULL:
            raise MemoryError(f"no memory for a workspace of {size} bytes")
        self.run.workspace = <void *>((<uintptr_t>self.memory + 63) & ~<uintptr_t>63)
        self.run.workspace_size = size
        if work > 1e6:
            self.poll.next = now() + 0.02
            self.run.poll = poll_signals
            self.run.poll_context = &self.poll
        return 0

    cdef int check(self, int status, X, Y=None) except -1:
        """Raises what a status means, with the row and column that the core found."""
        if status == CMLP_OK:
            return 0
        if status == CMLP_CANCELLED:
            return raised()
        row, column = self.run.bad_row, self.run.bad_column
        if status == CMLP_ERROR_INPUT:
            raise NonFiniteInputError(f"Input X contains {kind_of(X, row, column)} at row {row}, column {column}.",
                                      row, column)
        if status == CMLP_ERROR_TARGET:
            raise StatusError(f"Input y contains {kind_of(Y, row, column)} at row {row}, column {column}.",
                              cmlp_status_name(status).decode())
        if status == CMLP_ERROR_DIVERGED:
            raise DivergenceError("Solver produced non-finite parameter weights. The input data may contain large "
                                  "values and need to be preprocessed.")
        return check(status)


def kind_of(values, row, column):
    """What is wrong with one element, in scikit-learn's words."""
    value = values[row, column] if np.ndim(values) == 2 else values[row]
    return "NaN" if np.isnan(value) else "infinity or a value too large for the network's dtype"


cdef int check(int status) except -1:
    if status == CMLP_OK:
        return 0
    name = cmlp_status_name(status).decode()
    if status == CMLP_ERROR_OVERFLOW:
        raise MemoryError(f"{name}: {cmlp_status_string(status).decode()}")
    raise StatusError(f"{name}: {cmlp_status_string(status).decode()}", name)


# ------------------------------------------------------------------------------------------------ rows, targets

cdef int32_t dtype_code(cnp.ndarray a) noexcept:
    """The core's name for an array's element type, 0 if it has none."""
    if not (cnp.PyArray_ISBEHAVED_RO(a)):
        return 0
    cdef int t = cnp.PyArray_TYPE(a)
    if t == cnp.NPY_FLOAT32:
        return CMLP_FLOAT32
    if t == cnp.NPY_FLOAT64:
        return CMLP_FLOAT64
    return CMLP_UINT8 if t == cnp.NPY_UINT8 or t == cnp.NPY_BOOL else 0


cdef cnp.ndarray matrix(object value, str name, int64_t width):
    """`value` as a 2-D array that the core reads as it is; converted only if it must be."""
    cdef cnp.ndarray a
    if type(value) is cnp.ndarray:
        a = <cnp.ndarray>value
        if cnp.PyArray_NDIM(a) == 2 and cnp.PyArray_DIM(a, 1) == width and dtype_code(a):
            return a
    return as_matrix(value, name, width)


cdef cnp.ndarray block(Net net, object value, str name, bint writeable):
    """`value` as a block of parameters that the core can use in place."""
    cdef cnp.ndarray a
    if isinstance(value, cnp.ndarray):
        a = <cnp.ndarray>value
        if (cnp.PyArray_NDIM(a) == 1 and cnp.PyArray_DIM(a, 0) == net.n_params and cnp.PyArray_IS_C_CONTIGUOUS(a)
                and dtype_code(a) == net.code and (not writeable or cnp.PyArray_ISWRITEABLE(a))):
            return a
    raise ValueError(f"{name} must be a contiguous{' writeable' if writeable else ''} array of {net.n_params} "
                     f"elements of {net.dtype}, got {describe(value)}")


def describe(value):
    """An argument in an error message."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return f"{type(value).__name__}"


cdef class Batch:
    """Rows, targets and objective of one call, and the arrays that they point into."""

    cdef cmlp_rows rows
    cdef cmlp_targets targets
    cdef cmlp_objective objective
    cdef cnp.ndarray X, Y, order, weights
    cdef int64_t n

    cdef int set_rows(self, Net net, object X, double scale, object order) except -1:
        cdef cmlp_rows *rows = &self.rows
        self.X = matrix(X, "X", net.n_in)
        rows.struct_size = sizeof(cmlp_rows)
        rows.kind = CMLP_DENSE
        rows.dtype = dtype_code(self.X)
        rows.data = cnp.PyArray_DATA(self.X)
        rows.n_rows = self.n = cnp.PyArray_DIM(self.X, 0)
        rows.n_cols = cnp.PyArray_DIM(self.X, 1)
        rows.row_stride = cnp.PyArray_STRIDE(self.X, 0)
        rows.col_stride = cnp.PyArray_STRIDE(self.X, 1)
        rows.scale = scale
        if order is not None:
            self.order = as_order(order, self.n)
            rows.order = <const int64_t *>cnp.PyArray_DATA(self.order)
            rows.n_order = self.n = cnp.PyArray_DIM(self.order, 0)
        return 0

    cdef int set_targets(self, Net net, object Y) except -1:
        cdef cmlp_targets *targets = &self.targets
        targets.struct_size = sizeof(cmlp_targets)
        if np.ndim(Y) == 1:
            self.Y = as_labels(Y, self.rows.n_rows, net.n_out)
            targets.kind = CMLP_CLASSES
        else:
            self.Y = matrix(Y, "Y", net.n_out)
            targets.kind = CMLP_DENSE
            targets.dtype = dtype_code(self.Y)
            targets.col_stride = cnp.PyArray_STRIDE(self.Y, 1)
        targets.data = cnp.PyArray_DATA(self.Y)
        targets.n_rows = cnp.PyArray_DIM(self.Y, 0)
        targets.row_stride = cnp.PyArray_STRIDE(self.Y, 0)
        if targets.n_rows != self.rows.n_rows:
            raise ValueError(f"X and Y must have the same number of rows, got {self.rows.n_rows} and "
                             f"{targets.n_rows}")
        return 0

    cdef int set_objective(self, object weights, double alpha, double loss_scale, double clip) except -1:
        self.objective.struct_size = sizeof(cmlp_objective)
        if weights is not None:
            self.weights = as_row_weights(weights, self.rows.n_rows)
            self.objective.row_weights = <const double *>cnp.PyArray_DATA(self.weights)
        self.objective.alpha = alpha
        self.objective.loss_scale = loss_scale
        self.objective.log_loss_clip = clip
        return 0


# ------------------------------------------------------------------------------------------------------- network

cdef class Net:
    """A checked, constant description of a network, with the kernels chosen for this processor.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first; 2 to 64 of them.
    activations : sequence of str
        One per layer with weights: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``; the last one, of the
        output, ``"identity"``, ``"logistic"``, ``"softmax"`` or ``"exp"``.
    loss : {"log_loss", "squared_error", "poisson"}
        See ``cmlp.h`` for what goes with which output.
    dtype : numpy.float32 or numpy.float64
        Of the parameters and of all arithmetic.
    """

    cdef cmlp_net *net
    cdef void *memory
    cdef int32_t code
    cdef readonly int64_t n_params, n_in, n_out
    cdef readonly tuple sizes, activations
    cdef readonly str loss, isa
    cdef readonly object dtype

    def __cinit__(self, sizes, activations, loss, dtype):
        cdef cmlp_net_config config
        cdef int64_t c_sizes[64]
        cdef int32_t c_activations[64]
        self.sizes, self.activations = tuple(map(int, sizes)), tuple(activations)
        self.loss, self.dtype = loss, np.dtype(dtype)
        if len(self.sizes) > CMLP_MAX_LAYERS:
            check(CMLP_ERROR_LAYERS)
        if len(self.activations) != len(self.sizes) - 1:
            raise ValueError(f"activations must name one for each of the {len(self.sizes) - 1} layers behind the "
                             f"input, got {len(self.activations)}")
        for i, size in enumerate(self.sizes):
            c_sizes[i] = size if 0 < size < 2**31 else 0
        for i, name in enumerate(self.activations):
            c_activations[i] = choice(ACTIVATIONS, name, "activation")
        self.code = {"f4": CMLP_FLOAT32, "f8": CMLP_FLOAT64}.get(self.dtype.str[1:], 0)
        config.struct_size = sizeof(cmlp_net_config)
        config.n_layers = <int32_t>len(self.sizes)
        config.sizes, config.activations = c_sizes, c_activations
        config.loss, config.dtype, config.isa_mask = choice(LOSSES, loss, "loss"), self.code, ISA_MASK
        self.memory = PyMem_RawMalloc(cmlp_net_size() + 64)
        if self.memory == NULL:
            raise MemoryError("no memory for a network")
        self.net = <cmlp_net *>((<uintptr_t>self.memory + 63) & ~<uintptr_t>63)
        check(cmlp_net_init(self.net, cmlp_net_size(), &config))
        self.n_params = cmlp_net_n_params(self.net)
        self.n_in, self.n_out = self.sizes[0], self.sizes[len(self.sizes) - 1]
        self.isa = {bit: name for name, bit in ISAS.items()}[cmlp_net_isa(self.net)]

    def __dealloc__(self):
        PyMem_RawFree(self.memory)

    def __reduce__(self):
        return Net, (self.sizes, self.activations, self.loss, self.dtype)

    def views(self, values):
        """Weights and biases, layer by layer, as views of a flat block of n_params elements."""
        cdef cmlp_layer layer
        weights, biases = [], []
        for i in range(len(self.sizes) - 1):
            check(cmlp_net_layer(self.net, i, &layer))
            weights.append(values[layer.weights:layer.biases].reshape(layer.n_in, layer.n_out))
            biases.append(values[layer.biases:layer.biases + layer.n_out])
        return weights, biases

    def forward(self, params, X, *, double scale=1.0, out=None, order=None, n_threads=None):
        """The last activations, (n, n_outputs)."""
        cdef Batch batch = Batch.__new__(Batch)
        cdef Run run = Run.__new__(Run)
        cdef cnp.ndarray p = block(self, params, "params", False), result
        cdef void *output
        cdef int status
        batch.set_rows(self, X, scale, order)
        result = self.new_output(batch.n, out)
        output = cnp.PyArray_DATA(result)
        run.prepare(self, CMLP_CALL_FORWARD, batch.n, batch.n, n_threads)
        with nogil:
            status = cmlp_forward(self.net, cnp.PyArray_DATA(p), &batch.rows, output, &run.run)
        run.check(status, batch.X)
        return result

    cdef cnp.ndarray new_output(self, int64_t n, object out):
        cdef cnp.npy_intp shape[2]
        cdef cnp.ndarray a
        if out is None:
            shape[0], shape[1] = n, self.n_out
            return cnp.PyArray_EMPTY(2, shape, cnp.NPY_FLOAT32 if self.code == CMLP_FLOAT32 else cnp.NPY_FLOAT64, 0)
        if isinstance(out, cnp.ndarray):
            a = <cnp.ndarray>out
            if (cnp.PyArray_NDIM(a) == 2 and cnp.PyArray_DIM(a, 0) == n and cnp.PyArray_DIM(a, 1) == self.n_out
                    and cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_ISWRITEABLE(a) and dtype_code(a) == self.code):
                return a
        raise ValueError(f"out must be a contiguous writeable array of shape ({n}, {self.n_out}) and dtype "
                         f"{self.dtype}, got {describe(out)}")

    def activations_of(self, params, X, *, double scale=1.0, n_threads=None):
        """Activations of every layer behind the input, each (n, n_out)."""
        cdef Batch batch = Batch.__new__(Batch)
        cdef Run run = Run.__new__(Run)
        cdef cnp.ndarray p = block(self, params, "params", False)
        cdef void *outputs[64]
        cdef int status
        batch.set_rows(self, X, scale, None)
        results = [np.empty((batch.n, size), self.dtype) for size in self.sizes[1:]]
        for i, result in enumerate(results):
            outputs[i] = cnp.PyArray_DATA(result)
        run.prepare(self, CMLP_CALL_FORWARD, batch.n, batch.n, n_threads)
        with nogil:
            status = cmlp_activations(self.net, cnp.PyArray_DATA(p), &batch.rows, outputs, &run.run)
        run.check(status, batch.X)
        return results

    cdef Batch batch(self, X, Y, double scale, order, weights, double alpha, double loss_scale, double clip):
        cdef Batch batch = Batch.__new__(Batch)
        batch.set_rows(self, X, scale, order)
        batch.set_targets(self, Y)
        batch.set_objective(weights, alpha, loss_scale, clip)
        return batch

    def cost(self, params, X, Y, *, double scale=1.0, order=None, sample_weight=None, double alpha=0.0,
             double loss_scale=1.0, double clip=0.0, n_threads=None):
        """The objective's value: the mean of the rows' costs times loss_scale, and the penalty."""
        cdef Batch batch = self.batch(X, Y, scale, order, sample_weight, alpha, loss_scale, clip)
        cdef Run run = Run.__new__(Run)
        cdef cnp.ndarray p = block(self, params, "params", False)
        cdef double cost = 0
        cdef int status
        run.prepare(self, CMLP_CALL_GRADIENT, batch.n, batch.n, n_threads)
        with nogil:
            status = cmlp_cost(self.net, cnp.PyArray_DATA(p), &batch.rows, &batch.targets, &batch.objective, &cost,
                               &run.run)
        run.check(status, batch.X, batch.Y)
        return cost

    def gradient(self, params, X, Y, *, double scale=1.0, order=None, sample_weight=None, double alpha=0.0,
                 double loss_scale=1.0, double clip=0.0, n_threads=None):
        """The gradient of the objective as a flat block, and its value."""
        cdef Batch batch = self.batch(X, Y, scale, order, sample_weight, alpha, loss_scale, clip)
        cdef Run run = Run.__new__(Run)
        cdef cnp.ndarray p = block(self, params, "params", False), gradient = np.empty(self.n_params, self.dtype)
        cdef double cost = 0
        cdef int status
        run.prepare(self, CMLP_CALL_GRADIENT, batch.n, batch.n, n_threads)
        with nogil:
            status = cmlp_gradient(self.net, cnp.PyArray_DATA(p), &batch.rows, &batch.targets, &batch.objective,
                                   cnp.PyArray_DATA(gradient), &cost, &run.run)
        run.check(status, batch.X, batch.Y)
        return gradient, cost

    def input_gradient(self, params, X, Y, *, double scale=1.0, double loss_scale=1.0, n_threads=None):
        """Row i: the gradient of row i's own cost for its inputs, (n, n_in)."""
        cdef Batch batch = self.batch(X, Y, scale, None, None, 0, loss_scale, 0)
        cdef Run run = Run.__new__(Run)
        cdef cnp.ndarray p = block(self, params, "params", False), out = np.empty((batch.n, self.n_in), self.dtype)
        cdef int status
        run.prepare(self, CMLP_CALL_GRADIENT, batch.n, batch.n, n_threads)
        with nogil:
            status = cmlp_input_gradient(self.net, cnp.PyArray_DATA(p), &batch.rows, &batch.targets,
                                         &batch.objective, cnp.PyArray_DATA(out), &run.run)
        run.check(status, batch.X, batch.Y)
        return out

    def train_epoch(self, params, X, Y, Optimizer optimizer, *, int64_t batch_size, order=None, sample_weight=None,
                    double alpha=0.0, double loss_scale=1.0, double clip=0.0, double scale=1.0, rates=None,
                    int64_t first_batch=0, bint want_norm=False, n_threads=None):
        """Goes once through the rows, with a step after each batch; params and optimizer change in place."""
        cdef Batch batch = self.batch(X, Y, scale, order, sample_weight, alpha, loss_scale, clip)
        cdef Run run = Run.__new__(Run)
        cdef cnp.ndarray p = block(self, params, "params", True), c_rates
        cdef cmlp_epoch epoch
        cdef int status
        epoch.struct_size = sizeof(cmlp_epoch)
        epoch.batch_size, epoch.first_batch, epoch.want_norm, epoch.rates = batch_size, first_batch, want_norm, NULL
        if rates is not None:
            n_batches = -(-batch.n // max(batch_size, 1))
            c_rates = np.ascontiguousarray(rates, np.float64)
            if c_rates.shape[0] != n_batches:
                raise ValueError(f"rates must have one learning rate for each of the {n_batches} batches, got "
                                 f"{describe(c_rates)}")
            epoch.rates = <const double *>cnp.PyArray_DATA(c_rates)
        run.prepare(self, CMLP_CALL_TRAIN, batch.n, max(batch_size, 1), n_threads)
        with nogil:
            status = cmlp_train_epoch(self.net, cnp.PyArray_DATA(p), &batch.rows, &batch.targets, &batch.objective,
                                      &optimizer.optimizer, &epoch, &run.run)
        run.check(status, batch.X, batch.Y)
        return epoch.cost, epoch.penalty, epoch.gradient_norm, epoch.batches


def choice(table, name, what):
    """The core's number for a name."""
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, table))}, got {name!r}")
    return table[name]


cdef class Optimizer:
    """Hyperparameters, counters and state of an optimiser for a network's parameters.

    Parameters
    ----------
    net : Net
    kind : {"sgd", "momentum", "nesterov", "adam"}
    learning_rate, momentum, beta_1, beta_2, epsilon : float
        As in ``cmlp.h``.
    """

    cdef cmlp_optimizer optimizer
    cdef readonly str kind
    cdef readonly object state

    def __init__(self, Net net, kind, *, double learning_rate, double momentum=0.0, double beta_1=0.9,
                 double beta_2=0.999, double epsilon=1e-8):
        cdef cmlp_optimizer *o = &self.optimizer
        cdef size_t size = 0
        self.kind = kind
        o.struct_size, o.solver = sizeof(cmlp_optimizer), choice(SOLVERS, kind, "kind")
        o.learning_rate, o.momentum, o.beta_1, o.beta_2, o.epsilon = learning_rate, momentum, beta_1, beta_2, epsilon
        o.beta_1_power = o.beta_2_power = 1
        check(cmlp_optimizer_state_size(net.net, o.solver, &size))
        self.set_state(np.zeros(size // net.dtype.itemsize, net.dtype))

    cdef int set_state(self, cnp.ndarray state) except -1:
        self.state = state
        self.optimizer.state, self.optimizer.state_size = cnp.PyArray_DATA(state), cnp.PyArray_NBYTES(state)
        return 0

    @property
    def learning_rate(self):
        """The step's length; may be set between calls."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, double value):
        self.optimizer.learning_rate = value

    @property
    def n_steps(self):
        """Steps taken."""
        return self.optimizer.n_steps

    def __reduce__(self):
        o = self.optimizer
        return restored, (self.kind, self.state.copy(), (o.learning_rate, o.momentum, o.beta_1, o.beta_2, o.epsilon,
                                                          o.beta_1_power, o.beta_2_power, o.n_steps))


def restored(kind, state, values):
    """An optimiser as it was pickled."""
    cdef Optimizer optimizer = Optimizer.__new__(Optimizer)
    cdef cmlp_optimizer *o = &optimizer.optimizer
    optimizer.kind = kind
    o.struct_size, o.solver = sizeof(cmlp_optimizer), choice(SOLVERS, kind, "kind")
    (o.learning_rate, o.momentum, o.beta_1, o.beta_2, o.epsilon, o.beta_1_power, o.beta_2_power,
     o.n_steps) = values
    optimizer.set_state(np.array(state))
    return optimizer


def step(Net net, params, gradient, Optimizer optimizer):
    """One step of the optimiser along `gradient`; params and optimizer change in place."""
    cdef cnp.ndarray p = block(net, params, "params", True), g = block(net, gradient, "gradient", False)
    cdef int status
    with nogil:
        status = cmlp_step(net.net, cnp.PyArray_DATA(p), cnp.PyArray_DATA(g), &optimizer.optimizer)
    check(status)
