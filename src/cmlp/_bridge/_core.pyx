# cython: language_level=3, freethreading_compatible=True
"""The bridge between Python and the C core: converts arguments, calls the core without the GIL, raises exceptions.

It calls only functions of ``cmlp.h``, ``cmlp_table.h`` and ``cmlp_explain.h``, which any other
program can call too, and those that choose a tuning. No argument may crash the interpreter.

``_call.pxi`` has the arguments and errors of a call, ``_atomic.pxi`` calls that no signal handler can leave by half,
``_table.pxi`` the columns of a table, ``_model.pxi`` model files; ``libcmlp.pxd`` declares the headers.

Lists are made by loops or by `map`: if the list of a comprehension cannot grow, the code of Cython 3.2 and 3.3 gives the
reference of the new item back twice.
"""

import operator
import os
from functools import lru_cache

cimport cython
cimport numpy as cnp
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.exc cimport PyErr_SetFromErrno, PyErr_SetObject
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset
from cmlp.libcmlp cimport *

cdef extern from "core/net/tuning_names.h" nogil:
    const char *cmlpi_tuning_name(int32_t index)
    const char *cmlpi_net_tuning(const cmlp_net *net)
    cmlp_status cmlpi_net_tune(const cmlp_net *net, int32_t index)

cdef extern from "core/file/write/any_names.h" nogil:
    cmlp_status cmlpi_model_write(const cmlp_net *net, const void *params, int64_t n_params,
                                  const cmlp_model_content *content, cmlp_run *run)
    cmlp_status cmlpi_table_write(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run)

cdef extern from "numpy/random/bitgen.h" nogil:
    ctypedef struct bitgen_t:
        void *state

import numpy as np

from cmlp._data.arrays import (
    as_doubles, as_matrix, as_order, as_sparse_matrix, excluded_target, is_sparse, rectangular,
    values_and_gradient,
)
from cmlp._data.labels import as_class_indices
from cmlp._data.losses import traits_of
from cmlp._data.weights import refusal
from cmlp._process.signals import DeferredSignals, TimeLimitReached, throw
from cmlp._process.threads import TaskStopped, available_threads, interruption
from cmlp.exceptions import DivergenceError, ModelFormatError, NonFiniteInputError, StatusError

cnp.import_array()


cdef class Activation:
    """A row of the C library's table of activations."""

    cdef readonly int32_t code
    cdef readonly bint hidden, output
    cdef readonly double init_factor
    cdef readonly double parameter  # the default; 0 if there is none

    def __init__(self, code, hidden, output, init_factor, parameter):
        self.code, self.hidden, self.output = code, hidden, output
        self.init_factor, self.parameter = init_factor, parameter


cdef class Loss:
    """A row of the C library's table of losses."""

    cdef readonly int32_t code
    cdef readonly tuple outputs  # names of the output activations allowed
    cdef readonly double parameter  # the default; 0 if there is none
    cdef readonly double lower_limit, limit  # the parameter must be above and below them

    def __init__(self, code, outputs, parameter, lower_limit, limit):
        self.code, self.outputs, self.parameter = code, outputs, parameter
        self.lower_limit, self.limit = lower_limit, limit


cdef dict activation_table():
    """The C library's activations by name."""
    cdef const cmlp_activation_info *info
    table = {}
    for code in range(1, 64):
        info = cmlp_activation_describe(code)
        if info == NULL:
            break
        table[info.name.decode()] = Activation(code, info.allows_hidden != 0, info.allows_output != 0, info.init_factor,
                                               info.parameter)
    return table


cdef dict tuning_table():
    """The indices of the C library's tunings by name."""
    table = {}
    while cmlpi_tuning_name(len(table)) != NULL:
        table[cmlpi_tuning_name(len(table)).decode()] = len(table)
    return table


cdef dict loss_table():
    """The C library's losses by name."""
    cdef const cmlp_loss_info *info
    table = {}
    for code in range(1, 64):
        info = cmlp_loss_describe(code)
        if info == NULL:
            break
        outputs = tuple(name for name, a in ACTIVATIONS.items() if cmlp_loss_allows(code, a.code))
        table[info.name.decode()] = Loss(code, outputs, info.parameter, info.lower_limit, info.limit)
    return table


ACTIVATIONS = activation_table()
LOSSES = loss_table()
SOLVERS = {cmlp_solver_name(code).decode(): code for code in range(CMLP_SOLVER_SGD, CMLP_SOLVER_ADAMW + 1)}
ISAS = {cmlp_isa_name(bit).decode(): bit for bit in (CMLP_ISA_GENERIC, CMLP_ISA_AVX2, CMLP_ISA_AVX512, CMLP_ISA_NEON)}
TUNINGS = tuning_table()

__version__ = cmlp_version().decode()


# --------------------------------------------------------------------------------------------- instruction sets

cdef cmlp_isa_set allowed_isa() except? 0:
    """Return the instruction sets that CMLP_ISA allows; raise ImportError if its name is unknown or unavailable."""
    cdef cmlp_isa_set available = cmlp_cpu_isa_mask()
    name = os.environ.get("CMLP_ISA")
    if not name:
        return available
    if name in ISAS and available & <cmlp_isa>ISAS[name]:
        return ISAS[name]
    names = ", ".join(n for n, bit in ISAS.items() if available & <cmlp_isa>bit)
    raise ImportError(f"CMLP_ISA={name!r} cannot be used on this processor; available: {names}", name="CMLP_ISA")


cdef int32_t chosen_tuning() except? -2:
    """Return the index of the tuning that CMLP_TUNING names, or -1; raise ImportError if its name is unknown."""
    name = os.environ.get("CMLP_TUNING")
    if name and name not in TUNINGS:
        names = ", ".join(TUNINGS)
        raise ImportError(f"CMLP_TUNING={name!r} is not a tuning of the kernels; available: {names}", name="CMLP_TUNING")
    return TUNINGS[name] if name else -1


cdef cmlp_isa_set ISA_MASK = allowed_isa()
cdef int32_t TUNING = chosen_tuning()


def cpu_info():
    """Return which instruction sets and how many threads cmlp can use.

    Returns
    -------
    dict
        ``available``: names of the instruction sets that this build has kernels for and this processor supports.
        ``used``: the one in use. The environment variable ``CMLP_ISA``, read at import, selects another.
        ``tuning``: how products read their operands: "plain", "avx2", "zen5" or "intel". It changes no result.
        The environment variable ``CMLP_TUNING``, read at import, selects another, for measurements.
        ``threads``: the maximum number of threads of a call with ``n_threads=None``: the number of CPUs that this
        process may use, limited by its control groups and by ``OMP_NUM_THREADS``. It is read once per process.

    Examples
    --------
    >>> from cmlp import cpu_info
    >>> cpu_info()["threads"] >= 1
    True
    """
    cdef cmlp_isa_set available = cmlp_cpu_isa_mask()
    net = Net((1, 1), ("identity",), "squared_error", np.float32)
    return {"available": [name for name, bit in ISAS.items() if available & <cmlp_isa>bit],
            "used": net.isa,
            "tuning": net.tuning,
            "threads": available_threads()}


include "_call.pxi"
include "_atomic.pxi"

cdef enum:
    NUMBERS_PER_POLL = 1 << 20  # random numbers between two checks for Ctrl-C, about 20 ms
    SMALL_BYTES = 32768  # size of the workspace of forward_small


cdef class Net:
    """The validated, immutable description of a network, and the kernels for this processor.

    Threads can share an instance.

    Parameters
    ----------
    sizes : sequence of int
        Layer sizes, input first.
    activations : sequence of str
        One name for each layer after the input.
    loss : str or callable
        A loss that the output activation allows; ``cmlp.h`` has the list. Or a function ``loss(y, output)`` that
        returns the cost of each row and its derivatives with respect to the outputs; see `cmlp._data.arrays`.
    dtype : dtype
        float32 or float64.
    activation_parameters : None or sequence of float, default=None
        The parameter of each activation; 0 and None mean the default.
    loss_parameter : float or sequence of float, default=0
        The parameter of the loss; 0 means the default. Or several quantiles, one for each output; `forward` then sorts
        the outputs of each row.

    Notes
    -----
    Keywords of the methods: ``scale`` is the factor of the inputs, or a pair of float64 vectors ``(shift, factor)`` for
    the inputs ``(X - shift) * factor``; ``order`` lists the rows to use; ``sample_weight``, ``alpha``, ``loss_scale``
    and ``clip`` define the objective.
    """

    cdef const cmlp_net *net
    cdef void *memory
    cdef void *workspace  # of forward_small; NULL while a thread uses it
    cdef int32_t code
    cdef readonly int64_t n_params, n_in, n_out
    cdef readonly tuple sizes, activations, activation_parameters
    cdef readonly str isa, tuning
    cdef readonly object loss, loss_parameter, dtype

    def __cinit__(self, sizes, activations, loss, dtype, activation_parameters=None, loss_parameter=0.0):
        cdef cmlp_net_config config
        cdef cmlp_layer_info layer
        cdef int64_t c_sizes[64]
        cdef int32_t c_activations[64]
        cdef double c_parameters[64]
        cdef double c_quantiles[100]
        cdef size_t net_size = 0
        cdef int32_t n
        self.sizes, self.activations = tuple(map(operator.index, sizes)), tuple(activations)
        self.loss, self.dtype = loss, np.dtype(dtype)
        n = min(len(self.sizes), CMLP_MAX_LAYERS + 1)
        if not 2 <= n <= CMLP_MAX_LAYERS:
            check(CMLP_ERROR_LAYERS)
        if len(self.activations) != n - 1:
            raise ValueError(f"activations must have one name for each of the {n - 1} layers after the input, got "
                             f"{len(self.activations)}")
        parameters = [0.0] * (n - 1) if activation_parameters is None else [float(p) for p in activation_parameters]
        if len(parameters) != n - 1:
            raise ValueError(f"activation_parameters must have {n - 1} numbers or be None, got {len(parameters)}")
        for i in range(n):
            c_sizes[i] = self.sizes[i] if 0 < self.sizes[i] < 2**31 else 0
        for i in range(n - 1):
            c_activations[i] = choice(ACTIVATIONS, self.activations[i], "activation").code
            c_parameters[i] = parameters[i]
        if self.dtype == np.float32:  # in native byte order only
            self.code = CMLP_FLOAT32
        elif self.dtype == np.float64:
            self.code = CMLP_FLOAT64
        config.struct_size, config.n_layers, config.isa_mask = sizeof(cmlp_net_config), n, ISA_MASK
        config.sizes, config.activations = c_sizes, c_activations
        config.activation_parameters, config.loss_parameter, config.quantiles = c_parameters, 0, NULL
        config.n_quantiles = 0
        if isinstance(loss_parameter, (tuple, list)):
            loss_parameter = tuple([float(quantile) for quantile in loss_parameter])
            if len(loss_parameter) != self.sizes[n - 1]:
                raise ValueError(f"loss_parameter must have a number for each of the {self.sizes[n - 1]} outputs, got "
                                 f"{len(loss_parameter)}")
            require(len(loss_parameter) <= CMLP_MAX_QUANTILES, CMLP_ERROR_OPTION, "config->quantiles")
            for i in range(len(loss_parameter)):
                c_quantiles[i] = loss_parameter[i]
            config.quantiles, config.n_quantiles = c_quantiles, len(loss_parameter)
        else:
            config.loss_parameter = loss_parameter
        # A function replaces the loss of the C network in every call, so any loss that is always allowed will do.
        config.loss = CMLP_LOSS_SQUARED_ERROR if callable(loss) else choice(LOSSES, loss, "loss").code
        config.dtype = self.code
        check(cmlp_net_size(&config, &net_size, NULL))
        self.memory = PyMem_RawMalloc(net_size)
        if self.memory == NULL:
            raise MemoryError("no memory for a network")
        check(cmlp_net_init(self.memory, net_size, &config, &self.net, NULL))
        if TUNING >= 0:
            check(cmlpi_net_tune(self.net, TUNING))
        self.n_params, self.n_in, self.n_out = cmlp_net_n_params(self.net), c_sizes[0], c_sizes[n - 1]
        self.isa = {bit: name for name, bit in ISAS.items()}[cmlp_net_isa(self.net)]
        self.tuning = cmlpi_net_tuning(self.net).decode()
        parameters = []
        for i in range(n - 1):
            layer.struct_size = sizeof(cmlp_layer_info)
            check(cmlp_net_describe_layer(self.net, i, &layer, NULL))
            parameters.append(layer.parameter)
        self.activation_parameters = tuple(parameters)
        self.loss_parameter = loss_parameter or (0.0 if callable(loss) else LOSSES[loss].parameter)

    def __dealloc__(self):
        PyMem_RawFree(self.workspace)
        PyMem_RawFree(self.memory)

    def get_state(self):
        """Return the description as a dict, for pickling."""
        return {"version": STATE_VERSION, "sizes": self.sizes, "activations": self.activations, "loss": self.loss,
                "dtype": self.dtype.name, "activation_parameters": self.activation_parameters,
                "loss_parameter": self.loss_parameter}

    def __reduce__(self):
        return restored_net, (self.get_state(),)

    cdef cnp.ndarray usable_params(self, object params, bint writeable):
        return usable(params, "params", self, writeable, self.n_params)

    cdef void *take_workspace(self) noexcept:
        """Return a workspace of SMALL_BYTES for the calling thread, or NULL if there is no memory."""
        cdef void *workspace
        with cython.critical_section(self):  # a lock in free-threaded Python; with the GIL it does nothing
            workspace, self.workspace = self.workspace, NULL
        return workspace if workspace != NULL else PyMem_RawMalloc(SMALL_BYTES)

    cdef void give_back(self, void *workspace) noexcept:
        """Keep a workspace for the next call, and free the workspace that another thread may have returned before."""
        with cython.critical_section(self):
            workspace, self.workspace = self.workspace, workspace
        PyMem_RawFree(workspace)

    def views(self, block):
        """Return the weights and the biases of each layer as views of a flat block of n_params elements."""
        cdef cmlp_layer_info layer
        weights, biases = [], []
        for i in range(len(self.sizes) - 1):
            layer.struct_size = sizeof(cmlp_layer_info)
            check(cmlp_net_describe_layer(self.net, i, &layer, NULL))
            weights.append(block[layer.first_weight:layer.first_bias].reshape(layer.n_in, layer.n_out))
            biases.append(block[layer.first_bias:layer.first_bias + layer.n_out])
        return weights, biases

    def forward(self, params, X, *, scale=1.0, out=None, order=None, n_threads=None, double seconds=FOREVER):
        """Return the output activations, (n, n_outputs); raises TimeLimitReached if a long call exceeds `seconds`."""
        cdef Call call = Call.__new__(Call)
        cdef cnp.ndarray result
        cdef cmlp_prediction prediction
        cdef int status
        call.set_rows(self, params, X, scale, order)
        if out is None:
            result = empty(self, call.n, self.n_out)
        else:
            result = usable(out, "out", self, True, call.n, self.n_out)
            call.hold(result)
            if call.overlapped(result) or overlap(result, params):
                raise ValueError("out must not overlap X or the parameters in memory")
        call.prepare(n_threads, seconds)
        memset(&prediction, 0, sizeof(prediction))
        prediction.struct_size, prediction.outputs = sizeof(prediction), cnp.PyArray_DATA(result)
        prediction.n_outputs = call.n * self.n_out
        with nogil:
            status = cmlp_forward(self.net, call.params, self.n_params, &call.rows, &prediction, &call.run)
        call.done(status)
        return result

    def forward_small(self, cnp.ndarray params not None, X, scale, out=None, n_threads=None):
        """Compute the same as `forward` with less overhead, for small batches in plain arrays.

        It allocates only the result. Returns None if the general path is needed: for other kinds of X, for large
        batches, or to report an error.
        """
        cdef cnp.ndarray x, result
        cdef cmlp_rows rows
        cdef cmlp_prediction prediction
        cdef cmlp_run run
        cdef void *workspace
        cdef PyThreadState *released
        cdef double work
        cdef int status
        # What can run Python code comes first: it could resize the arrays.
        if n_threads is not None:
            thread_count(n_threads)
        scale = plain_scale(scale, self.n_in)
        if type(X) is not cnp.ndarray:
            return None
        x = <cnp.ndarray>X
        if cnp.PyArray_NDIM(x) != 2 or not fits(params, 1, self.n_params, 1, self.code):
            return None
        memset(&rows, 0, sizeof(rows))
        memset(&run, 0, sizeof(run))
        memset(&prediction, 0, sizeof(prediction))
        rows.n_rows, rows.n_columns, rows.dtype = cnp.PyArray_DIM(x, 0), cnp.PyArray_DIM(x, 1), dtype_code(x)
        work = <double>rows.n_rows * <double>self.n_params
        if not rows.dtype or work > SMALL_WORK or scale is None:
            return None
        if out is None:
            result = empty(self, rows.n_rows, self.n_out)
        elif type(out) is cnp.ndarray and fits(<cnp.ndarray>out, 2, rows.n_rows, self.n_out, self.code):
            result = <cnp.ndarray>out
            if not cnp.PyArray_ISWRITEABLE(result) or overlap(result, x) or overlap(result, params):
                return None
        else:
            return None
        rows.struct_size, rows.kind = sizeof(cmlp_rows), CMLP_ROWS_DENSE
        rows.data = cnp.PyArray_DATA(x)
        set_scale(&rows, scale)
        rows.row_stride, rows.column_stride = stride_of(x, 0), stride_of(x, 1)
        run.struct_size, run.n_threads = sizeof(cmlp_run), 1
        workspace = self.take_workspace()
        if workspace == NULL:
            return None
        run.workspace, run.workspace_size = workspace, SMALL_BYTES  # the core returns an error if it needs more
        released = release_gil(work)
        prediction.struct_size, prediction.outputs = sizeof(prediction), cnp.PyArray_DATA(result)
        prediction.n_outputs = rows.n_rows * self.n_out
        status = cmlp_forward(self.net, cnp.PyArray_DATA(params), self.n_params, &rows, &prediction, &run)
        take_gil(released)
        self.give_back(workspace)
        return result if status == CMLP_OK else None

    cdef cnp.ndarray block_of(self, int64_t n):
        """Return a new array for the outputs of n rows of every layer after the input, layer after layer."""
        return np.empty(n * sum(self.sizes[1:]), self.dtype)

    cdef list each_layer(self, cnp.ndarray block, int64_t n):
        """Return a view (n, n_out) of such an array for each layer."""
        results, begin = [], 0
        for size in self.sizes[1:]:
            results.append(block[begin : begin + n * size].reshape(n, size))
            begin += n * size
        return results

    def activations_of(self, params, X, *, scale=1.0, n_threads=None, bint sums=False):
        """Return the activations, or weighted sums, of every layer after the input, each (n, n_out)."""
        cdef Call call = Call.__new__(Call)
        cdef cnp.ndarray block
        cdef cmlp_prediction prediction
        cdef int status
        call.set_rows(self, params, X, scale, None)
        block = self.block_of(call.n)
        memset(&prediction, 0, sizeof(prediction))
        prediction.struct_size = sizeof(prediction)
        if sums:
            prediction.sums, prediction.n_sums = cnp.PyArray_DATA(block), cnp.PyArray_SIZE(block)
        else:
            prediction.activations, prediction.n_activations = cnp.PyArray_DATA(block), cnp.PyArray_SIZE(block)
        call.prepare(n_threads)
        with nogil:
            status = cmlp_forward(self.net, call.params, self.n_params, &call.rows, &prediction, &call.run)
        call.done(status)
        return self.each_layer(block, call.n)

    def bounds(self, params, lower, upper, *, scale=1.0):
        """Return the bounds of the activations of every layer: two lists of arrays (n, n_out)."""
        cdef Call call = Call.__new__(Call), other = Call.__new__(Call)
        cdef cnp.ndarray lows, highs
        cdef cmlp_bounds_outputs wanted
        cdef int status
        call.set_rows(self, params, lower, scale, None)
        other.set_rows(self, params, upper, scale, None)
        lows, highs = self.block_of(call.n), self.block_of(call.n)
        wanted.struct_size = sizeof(wanted)
        wanted.lower, wanted.n_lower = cnp.PyArray_DATA(lows), cnp.PyArray_SIZE(lows)
        wanted.upper, wanted.n_upper = cnp.PyArray_DATA(highs), cnp.PyArray_SIZE(highs)
        call.prepare(1)
        other.require_unmoved()
        with nogil:
            status = cmlp_bounds(self.net, call.params, self.n_params, &call.rows, &other.rows, &wanted, &call.run)
        call.done(status)
        return self.each_layer(lows, call.n), self.each_layer(highs, call.n)

    def forward_paths(self, params, X, to, begins, starts, orders, *, scale=1.0, n_threads=None):
        """Return the outputs on paths from rows of X to each row of `to`, (n_to, n_paths, n_groups - 1, n_outputs)."""
        cdef Call call = Call.__new__(Call), ends = Call.__new__(Call)
        cdef cnp.ndarray each_begin, each_start, each_order, result
        cdef cmlp_paths paths
        cdef int status
        call.set_rows(self, params, X, scale, None)
        ends.set_rows(self, params, to, scale, None)
        each_begin, each_start = np.array(begins, np.int64).reshape(-1), np.array(starts, np.int64).reshape(-1)
        each_order = np.array(orders, np.int64)
        memset(&paths, 0, sizeof(paths))
        paths.struct_size, paths.n_groups, paths.n_paths = sizeof(cmlp_paths), len(each_begin) - 1, len(each_start)
        if (<object>each_order).shape != (paths.n_paths, paths.n_groups):
            raise ValueError(f"orders must have shape {(paths.n_paths, paths.n_groups)}, got {describe(each_order)}")
        paths.group_begins = <const int64_t *>cnp.PyArray_DATA(each_begin)
        paths.start_rows = <const int64_t *>cnp.PyArray_DATA(each_start)
        paths.orders = <const int64_t *>cnp.PyArray_DATA(each_order)
        n_steps = max(paths.n_groups - 1, 0)
        result = np.empty((ends.n, paths.n_paths, n_steps, self.n_out), self.dtype)
        call.prepare_paths(&ends.rows, &paths, n_threads)
        ends.require_unmoved()
        with nogil:
            status = cmlp_forward_paths(self.net, call.params, self.n_params, &call.rows, &ends.rows, &paths,
                                        cnp.PyArray_DATA(result), cnp.PyArray_SIZE(result), &call.run)
        call.done(status)
        return result

    def deltas(self, params, X, Y, *, scale=1.0, n_threads=None, **objective):
        """Return the derivatives of each row's cost with respect to the weighted sums, (n, n_out) for each layer."""
        cdef Call call = whole_call(self, params, X, Y, scale, None, objective, n_threads)
        cdef cnp.ndarray block = self.block_of(call.n)
        call.derivatives.deltas, call.derivatives.n_deltas = cnp.PyArray_DATA(block), cnp.PyArray_SIZE(block)
        call.backpropagate()
        return self.each_layer(block, call.n)

    def cost(self, params, X, Y, *, scale=1.0, order=None, n_threads=None, double seconds=FOREVER, bint checked=False,
             **objective):
        """Return the objective: the weighted mean of the rows' costs times loss_scale, plus the penalty.

        `checked` as in `train_epoch`.
        """
        cdef Call call = whole_call(self, params, X, Y, scale, order, objective, n_threads, seconds, checked)
        call.backpropagate()
        return call.derivatives.objective

    def cost_and_plain_cost(self, params, X, Y, *, scale=1.0, order=None, n_threads=None, double seconds=FOREVER,
                            bint checked=False, **objective):
        """Return the objective, and the plain cost: the mean of the rows' costs without what training adds to them.

        `checked` as in `train_epoch`.
        """
        cdef Call call = whole_call(self, params, X, Y, scale, order, objective, n_threads, seconds, checked)
        call.backpropagate()
        return call.derivatives.objective, call.derivatives.plain_cost

    def gradient(self, params, X, Y, *, scale=1.0, order=None, n_threads=None, double seconds=FOREVER, **objective):
        """Return the gradient of the objective as a flat block, and the objective."""
        cdef Call call = whole_call(self, params, X, Y, scale, order, objective, n_threads, seconds)
        cdef cnp.ndarray gradient = np.empty(self.n_params, self.dtype)
        call.derivatives.gradient, call.derivatives.n_gradient = cnp.PyArray_DATA(gradient), self.n_params
        call.backpropagate()
        return gradient, call.derivatives.objective

    def input_gradient(self, params, X, Y, *, scale=1.0, n_threads=None, **objective):
        """Return the gradient of each row's cost with respect to the inputs of that row, (n, n_in)."""
        cdef Call call = whole_call(self, params, X, Y, scale, None, objective, n_threads)
        cdef cnp.ndarray gradient = empty(self, call.n, self.n_in)
        call.derivatives.input_gradient = cnp.PyArray_DATA(gradient)
        call.derivatives.n_input_gradient = cnp.PyArray_SIZE(gradient)
        call.backpropagate()
        return gradient

    def train_epoch(self, params, X, Y, Optimizer optimizer not None, cnp.ndarray epochs=None, *, int64_t batch_size,
                    order=None, Random generator=None, scale=1.0, rates=None, bint wants_norm=False, n_threads=None,
                    bint checked=False, double seconds=FOREVER, workers=None, signs=None, **objective):
        """Train for one epoch, a part of it, or several epochs, with one step per batch.

        Changes params and optimizer in place, and writes what it has done to `epochs`, also if it raises an exception.
        This array has N_RESULTS doubles for each epoch to train. The first row has the sums of the batches before, to
        which the call adds its own. BATCH counts the batches of this call; it must be negative in the other rows, which
        the call sets to 0 when their epoch begins. `generator` shuffles the order before each epoch but the first; both
        change in place. An epoch whose cost is not finite is the last one.

        With `checked`, Y and the sample weights are arrays of the training loop, which has checked and converted them:
        they are not copied. `workers` are the processes that make the same call and compute it together (those of
        `cmlp.distributed`), or None. `signs` has an int8 for each parameter, the sign that it keeps: see
        `cmlp_optimizer.signs`.

        Returns the cost, the penalty, the gradient norm (NaN unless `wants_norm`) and the number of batches of the last
        epoch. Raises TimeLimitReached if a long call takes longer than `seconds`; all workers raise it together.
        """
        cdef Call call = call_of_epoch(self, params, X, Y, scale, order, objective, batch_size, wants_norm, checked, workers)
        cdef cmlp_epoch_result *result = &call.result
        cdef cmlp_random random
        cdef double *row
        cdef int64_t n_epochs
        cdef bint shuffles
        cdef int status
        if epochs is None:
            epochs = np.zeros((1, N_RESULTS))
        n_epochs = cnp.PyArray_DIM(epochs, 0)
        if not n_epochs or not fits(epochs, 2, n_epochs, N_RESULTS, CMLP_FLOAT64):
            raise ValueError(f"epochs must be rows of {N_RESULTS} values of dtype float64, got {describe(epochs)}.")
        row = <double *>call.hold(epochs)
        require(0 <= row[N_ROWS] <= MOST_ROWS, CMLP_ERROR_BATCH, "epoch->before->rows_done")
        result.cost_sum, result.penalty_sum, result.rows_done = row[COST], row[PENALTY], <int64_t>row[N_ROWS]
        call.epoch.before = result
        if rates is None and optimizer.optimizer.learning_rate == 0:
            rates = np.zeros(-(-call.n // batch_size))  # a rate of 0 is valid for a batch only
        if rates is not None:
            call.learning_rates = as_doubles(rates, -(-call.n // batch_size), "learning_rates")
            call.epoch.rates = <const double *>cnp.PyArray_DATA(call.learning_rates)
            call.epoch.n_rates = cnp.PyArray_SIZE(call.learning_rates)
        shuffles = n_epochs > 1 and order is not None
        if shuffles:
            if generator is None:
                raise TypeError("an order of several epochs needs a generator")
            positions_of(order)
            random = generator.random
        if signs is not None:
            call.signs = np.array(signs, np.int8)  # a copy, which nobody else can change
        call.prepare(n_threads, seconds)
        optimizer.require_fit(self)
        status = call.train(optimizer, &random, row, n_epochs)
        if shuffles:
            cnp.PyArray_CopyInto(order, call.order)
            generator.random = random
        call.done_together(status)
        return result.cost, result.penalty, result.gradient_norm, result.n_batches


cdef class Optimizer:
    """An optimizer for a network's parameters: hyperparameters, step counter and state.

    Parameters
    ----------
    net : Net
    solver : {"sgd", "momentum", "nesterov", "adam", "adamw"}
    learning_rate, momentum, beta_1, beta_2, epsilon, weight_decay, max_norm : float
        As in ``cmlp.h``.

    Notes
    -----
    A copy or pickle made while another thread trains contains the values at that moment, possibly from the middle of a
    step.
    """

    cdef cmlp_optimizer optimizer
    cdef cnp.ndarray block  # the memory of its state
    cdef readonly str solver
    cdef readonly object state  # the moments in this memory

    def __init__(self, Net net not None, solver, *, double learning_rate, double momentum=0.0, double beta_1=0.9,
                 double beta_2=0.999, double epsilon=1e-8, double weight_decay=0.0, double max_norm=0.0):
        cdef cmlp_optimizer *o = &self.optimizer
        cdef size_t size = 0
        if self.state is not None:  # another thread may be using it
            raise TypeError("an Optimizer cannot be initialized twice")
        self.solver = solver
        o.struct_size, o.solver = sizeof(cmlp_optimizer), choice(SOLVERS, solver, "solver")
        o.learning_rate, o.momentum, o.beta_1, o.beta_2, o.epsilon = learning_rate, momentum, beta_1, beta_2, epsilon
        o.weight_decay, o.max_norm = weight_decay, max_norm
        require(epsilon != 0, CMLP_ERROR_OPTION, "optimizer->epsilon")
        check(cmlp_optimizer_state_size(net.net, o, &size, NULL))
        self.allocate(size, net.dtype)

    def __repr__(self):
        return f"Optimizer({self.solver!r}, learning_rate={self.learning_rate:g}, n_steps={self.n_steps})"

    cdef cmlp_optimizer_state *allocate(self, size_t size, object dtype) except NULL:
        """Allocate a state of `size` bytes, which are zero and stay where they are; return its counters."""
        self.block = np.zeros(size, np.uint8)
        self.optimizer.state, self.optimizer.state_size = cnp.PyArray_DATA(self.block), size
        self.state = self.block[sizeof(cmlp_optimizer_state):].view(dtype)
        return <cmlp_optimizer_state *>self.optimizer.state

    cdef int require_fit(self, Net net) except -1:
        """Raise ValueError if the moments do not match the network's size and dtype."""
        cdef size_t size = 0
        check(cmlp_optimizer_state_size(net.net, &self.optimizer, &size, NULL))
        n = (size - sizeof(cmlp_optimizer_state)) // net.dtype.itemsize
        if not isinstance(self.state, cnp.ndarray) or not fits(self.state, 1, n, 1, net.code):
            raise StatusError(f"The {self.solver!r} optimizer state must have {n} values of dtype {net.dtype} for this "
                              f"network, got {describe(self.state)}.", "CMLP_ERROR_BUFFER_SIZE")
        return 0

    cdef cmlp_optimizer_state counters(self):
        """Return a copy of the counters; zeros of an object that `__new__` alone has made."""
        cdef cmlp_optimizer_state counters
        memset(&counters, 0, sizeof(counters))
        if self.optimizer.state != NULL:
            memcpy(&counters, self.optimizer.state, sizeof(counters))
        return counters

    @property
    def learning_rate(self):
        """Learning rate of the next step; may be set between calls."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, double value):
        self.optimizer.learning_rate = value

    @property
    def n_steps(self):
        """Number of steps taken."""
        return self.counters().n_steps

    def get_state(self):
        """Return hyperparameters, counters and a copy of the moments (`state`) as a dict, for pickling."""
        cdef cmlp_optimizer o = self.optimizer
        cdef cmlp_optimizer_state counters = self.counters()
        return {"version": STATE_VERSION, "solver": self.solver, "learning_rate": o.learning_rate, "momentum": o.momentum,
                "beta_1": o.beta_1, "beta_2": o.beta_2, "epsilon": o.epsilon, "beta_1_power": counters.beta_1_power,
                "beta_2_power": counters.beta_2_power, "n_steps": counters.n_steps, "weight_decay": o.weight_decay,
                "max_norm": o.max_norm, "state": self.state.copy()}

    def check(self, Net net not None):
        """Raise ValueError if the optimizer does not match the network's size and dtype."""
        self.require_fit(net)

    def __reduce__(self):
        return restored, (self.get_state(),)

    def copy(self):
        """Return an independent optimizer in the same state."""
        cdef Optimizer twin = Optimizer.__new__(Optimizer)
        twin.solver, twin.optimizer = self.solver, self.optimizer
        twin.allocate(self.optimizer.state_size, self.state.dtype)
        cnp.PyArray_CopyInto(twin.block, self.block)
        return twin


STATE_VERSION = 1  # version of the dicts that get_state returns


def named_fields(arguments, what):
    """Return the dict of a pickled object; raise ValueError if another version of cmlp wrote it."""
    fields = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], dict) else {}
    if fields.get("version") != STATE_VERSION:
        raise ValueError(f"The pickled {what} was written by another version of cmlp and cannot be loaded.")
    return fields


def native_vector(value, dtypes, what):
    """Return a copy of a 1-D array in native byte order; raise ValueError if its type is not one of `dtypes`."""
    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.newbyteorder("=") not in dtypes:
        names = " or ".join(map(str, map(np.dtype, dtypes)))
        raise ValueError(f"{what} must be a 1-D array of dtype {names}, got {describe(value)}.")
    return np.array(value, value.dtype.newbyteorder("="), order="C")


@lru_cache(maxsize=64)
def shared_net(sizes, activations, loss, dtype, activation_parameters=None, loss_parameter=0.0):
    """Return a network that calls with equal arguments share.

    A new one asks the processor for its instruction sets, which takes 60 µs in a virtual machine.
    """
    return Net(sizes, activations, loss, dtype, activation_parameters, loss_parameter)


def restored_net(*arguments):
    """Return the network that a dict from `Net.get_state` describes."""
    fields = named_fields(arguments, "network")
    try:
        return Net(fields["sizes"], fields["activations"], fields["loss"], fields["dtype"],
                   fields["activation_parameters"], fields["loss_parameter"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"The pickled network is damaged: {error!r}") from error


def restored(*arguments):
    """Return the optimizer that a dict from `Optimizer.get_state` describes."""
    fields = named_fields(arguments, "optimizer")
    cdef Optimizer optimizer = Optimizer.__new__(Optimizer)
    cdef cmlp_optimizer *o = &optimizer.optimizer
    cdef cmlp_optimizer_state counters
    memset(&counters, 0, sizeof(counters))
    try:
        optimizer.solver = fields["solver"]
        o.struct_size, o.solver = sizeof(cmlp_optimizer), choice(SOLVERS, optimizer.solver, "solver")
        o.learning_rate, o.momentum, o.epsilon = fields["learning_rate"], fields["momentum"], fields["epsilon"]
        o.beta_1, counters.beta_1_power = fields["beta_1"], fields["beta_1_power"]
        o.beta_2, counters.beta_2_power = fields["beta_2"], fields["beta_2_power"]
        o.weight_decay, o.max_norm, counters.n_steps = fields["weight_decay"], fields["max_norm"], fields["n_steps"]
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"an optimizer has invalid fields: {error!r}") from error
    if counters.n_steps < 0:
        raise ValueError(f"n_steps of an optimizer is {counters.n_steps}")
    moments = native_vector(fields.get("state"), (np.float32, np.float64), "The optimizer state")
    optimizer.allocate(sizeof(counters) + moments.nbytes, moments.dtype)[0] = counters
    optimizer.state[...] = moments
    return optimizer


cdef class Random:
    """A faster ``numpy.random.RandomState(seed)`` that gives the same bits, with only the methods that cmlp needs.

    Methods work on a copy of the state. Threads that share a generator may get the same numbers; nothing else can go
    wrong.
    """

    cdef cmlp_random random

    def __init__(self, uint32_t seed):
        cmlp_random_seed(&self.random, seed)

    def get_state(self):
        """Return the state as a dict, with the names of `numpy.random.MT19937`."""
        cdef cnp.ndarray key = np.empty(624, np.uint32)
        memcpy(cnp.PyArray_DATA(key), self.random.key, sizeof(self.random.key))
        return {"version": STATE_VERSION, "key": key, "position": self.random.position}

    def __reduce__(self):
        return restored_random, (self.get_state(),)

    def copy(self):
        """Return an independent generator in the same state."""
        cdef Random twin = Random.__new__(Random)
        twin.random = self.random
        return twin

    def __eq__(self, other):
        cdef Random twin
        if not isinstance(other, Random):
            return NotImplemented
        twin = other
        return (
            self.random.position == twin.random.position
            and memcmp(self.random.key, twin.random.key, sizeof(twin.random.key)) == 0
        )

    def random_sample(self, shape=()):
        """Return float64 numbers uniform in [0, 1). Ctrl-C raises KeyboardInterrupt."""
        cdef cnp.ndarray result = np.empty(shape)
        cdef double *values = <double *>cnp.PyArray_DATA(result)
        cdef int64_t n = cnp.PyArray_SIZE(result), start, i
        cdef cmlp_random random = self.random
        cdef PyThreadState *released
        for start in range(0, n, NUMBERS_PER_POLL):
            released = release_gil(min(n - start, NUMBERS_PER_POLL))
            for i in range(start, min(start + NUMBERS_PER_POLL, n)):
                values[i] = cmlp_random_double(&random)
            take_gil(released)
            if signalled():
                raised()
        self.random = random
        return result

    def permutation(self, values):
        """Return the values in random order as int64; an int n means the numbers 0 to n - 1."""
        if isinstance(values, (int, np.integer)):
            result = np.arange(values, dtype=np.int64)
        else:
            array = np.asarray(values)
            if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
                raise ValueError(f"values must be an int or a 1-D array of integers, got {describe(array)}")
            result = np.array(array, np.int64)
        self.shuffle(result)
        return result

    def shuffle(self, cnp.ndarray order not None):
        """Shuffle int64 numbers in place."""
        cdef int64_t *positions = positions_of(order)
        cdef int64_t n = cnp.PyArray_DIM(order, 0)
        cdef cmlp_random random = self.random
        cdef PyThreadState *released = release_gil(n)
        cmlp_random_shuffle(&random, positions, n)
        take_gil(released)
        self.random = random


cdef int64_t *positions_of(cnp.ndarray order) except NULL:
    """Return the numbers of an order that is shuffled in place."""
    if not is_vector(order, cnp.NPY_INT64) or not cnp.PyArray_ISWRITEABLE(order):
        raise ValueError(f"order must be a contiguous writeable 1-D array of int64, got {describe(order)}")
    return <int64_t *>cnp.PyArray_DATA(order)


def address_of(cnp.ndarray array not None):
    """Return the address of an array's data. NumPy's `__array_interface__` crashes if an allocation fails."""
    return <size_t>cnp.PyArray_DATA(array)


def restored_random(*arguments):
    """Return the generator that a dict from `Random.get_state` describes."""
    fields = named_fields(arguments, "random state")
    cdef cnp.ndarray key = native_vector(fields.get("key"), (np.uint32,), "The key of the random state")
    cdef Random random = Random.__new__(Random)
    position = fields.get("position")
    if cnp.PyArray_DIM(key, 0) != 624 or not isinstance(position, int) or not 0 <= position <= 624:
        raise ValueError("a random state must have 624 words and a position from 0 to 624")
    memcpy(random.random.key, cnp.PyArray_DATA(key), sizeof(random.random.key))
    random.random.position = position
    return random


def random_in_memory(bit_generator):
    """Return the generator that the memory of a NumPy MT19937 describes, if it has 624 words and a position.

    This takes 0.2 us instead of the 40 us of its property `state`, to which the caller compares one result.
    """
    cdef Random random = Random.__new__(Random)
    cdef const uint32_t *words
    cdef int position
    if type(bit_generator) is not np.random.MT19937:
        raise TypeError(f"bit_generator must be a numpy.random.MT19937, got {describe(bit_generator)}")
    words = <const uint32_t *>(<bitgen_t *>PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")).state
    memcpy(random.random.key, words, sizeof(random.random.key))
    memcpy(&position, words + 624, sizeof(position))
    if not 0 <= position <= 624:
        raise ValueError("a random state must have 624 words and a position from 0 to 624")
    random.random.position = position
    return random


def step(Net net not None, params, gradient, Optimizer optimizer not None):
    """Take one optimizer step with `gradient`; changes params and optimizer in place."""
    cdef cnp.ndarray p = net.usable_params(params, True)
    cdef cnp.ndarray g = usable(gradient, "gradient", net, False, net.n_params)
    cdef cmlp_run run
    cdef int status
    optimizer.require_fit(net)
    memset(&run, 0, sizeof(run))
    run.struct_size = sizeof(cmlp_run)
    with nogil:
        status = cmlp_step(net.net, cnp.PyArray_DATA(p), net.n_params, cnp.PyArray_DATA(g), net.n_params,
                           &optimizer.optimizer, &run)
    check(status, &run)


include "_table.pxi"
include "_model.pxi"
include "_shapley.pxi"
# -------------------------------------------------------------------- the function table for other extension modules

cdef extern from *:
    """
    #define CMLP_CAPI_TABLE
    #include <cmlp_capi.h>
    """
    const void *capi_table "(&cmlp_capi_table)"

capi = PyCapsule_New(<void *>capi_table, "cmlp.capi", NULL)
