# Included by _core.pyx: class Call, one call of the core. It converts arrays to structs and status codes to exceptions,
# and checks for Ctrl-C while the core computes.
#
# Shapes, strides and addresses are read from the C fields of arrays, because a subclass can override the Python
# attributes. They are read once, and no Python code runs in between. The Call object keeps the arrays alive. But later
# conversions can run Python code, which can resize an array in place: `Call.hold` notes where it was.

cdef extern from * nogil:
    """
    #include <time.h>
    #ifdef CLOCK_MONOTONIC
    #define read_clock(now) clock_gettime(CLOCK_MONOTONIC, now)
    #else /* Windows */
    #define read_clock(now) timespec_get(now, TIME_UTC)
    #endif
    """
    cdef struct timespec:
        long long tv_sec
        long tv_nsec
    int read_clock(timespec *now)

cdef extern from "Python.h":
    ctypedef struct PyObject
    int PyErr_CheckSignals() noexcept
    ctypedef struct PyThreadState:
        pass
    PyThreadState *PyEval_SaveThread() noexcept
    void PyEval_RestoreThread(PyThreadState *state) noexcept

cdef double POLL_SECONDS = 0.02
cdef double FOREVER = float("inf")
cdef double NAN = float("nan")
cdef double MOST_ROWS = 2.0 ** 53  # a double holds every number of rows up to this one
cdef double TINY_WORK = 5e4  # calls with fewer multiply-adds keep the GIL
cdef double SMALL_WORK = 1e6  # calls with fewer multiply-adds use one thread and do not check for signals


# What is known of an epoch, a row of `epochs` of `Net.train_epoch`: sums of cost and penalty over its rows and the number of
# these, the norm of the last gradient, the duration, and the number of its batches that are done. The first N_SUMS belong to
# the training state.
cpdef enum:
    COST, PENALTY, N_ROWS, NORM, SECONDS, BATCH
    N_SUMS = SECONDS
    N_RESULTS = BATCH + 1


cdef int check(int status, const cmlp_run *run=NULL) except -1:
    """Raise the exception for a status code, with the C name of the invalid argument if the call reported it in `run`.

    `run` is a pointer because Cython reads the arguments of `check` before it makes the call that one of them is.
    """
    return 0 if status == CMLP_OK else refuse(status, run.refused if run != NULL else NULL)


cdef int refuse(int status, const char *refused) except -1:
    """Raise the exception for a status code; `refused` is the C name of the invalid argument, or NULL."""
    name = cmlp_status_name(status).decode()
    message = f"{name}: {cmlp_status_string(status).decode()}"
    if refused != NULL:
        message += f" ({refused.decode()})"
    raise MemoryError(message) if status == CMLP_ERROR_OVERFLOW else StatusError(message, name)


def kind_of(values, row, column):
    """Describe a non-finite element with scikit-learn's wording."""
    return "NaN" if np.isnan(values[row, column]) else "infinity or a value too large for the network's dtype"


def describe(value):
    """Describe an argument for an error message."""
    if isinstance(value, np.ndarray):
        value = np.asarray(value)
    elif not is_sparse(value):
        return type(value).__name__
    return f"an array of shape {value.shape} and dtype {value.dtype}"


def choice(table, name, what):
    """Return the entry of a table for a name."""
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, table))}, got {name!r}")
    return table[name]


cdef bint status_trained(int status) noexcept:
    """Return whether a call with this status has trained, though it may be for a part of its batches."""
    cdef bint is_argument = 16 <= status < 64
    return not is_argument and status not in (CMLP_ERROR_CLASS, CMLP_ERROR_WEIGHT, CMLP_ERROR_ORDER, CMLP_ERROR_SPARSE)


cdef int require(bint holds, int status, const char *name) except -1:
    """Raise the exception for a status unless `holds`. For example, the C library interprets 0 as "the default"."""
    return 0 if holds else refuse(status, name)


cdef int thread_count(object n_threads) except -1:
    """Return a number of threads that the core accepts; raise ValueError unless it is a positive integer."""
    if isinstance(n_threads, bool) or not isinstance(n_threads, (int, np.integer)) or n_threads < 1:
        raise ValueError(f"n_threads must be a positive integer or None, got {n_threads!r}")
    return min(n_threads, CMLP_MAX_THREADS)


cdef int64_t stride_of(cnp.ndarray a, int axis) noexcept:
    """Return a stride for the C library; CMLP_REPEAT for 0, which the library interprets as "contiguous"."""
    cdef int64_t stride = cnp.PyArray_STRIDE(a, axis)
    return stride if stride or cnp.PyArray_DIM(a, axis) < 2 else CMLP_REPEAT


cdef class Call


cdef struct Poll:
    double begin  # time of the call, in seconds
    double last  # time of the latest check for signals
    double limit  # duration after which the call is cancelled
    bint expired
    PyObject *call  # the Call


cdef double now() noexcept nogil:
    cdef timespec t
    read_clock(&t)
    return <double>t.tv_sec + 1e-9 * <double>t.tv_nsec


cdef void *workspace_of(size_t size) except NULL:
    """Allocate a workspace, which the caller frees."""
    cdef void *workspace = PyMem_RawMalloc(size)
    if workspace == NULL:
        raise MemoryError(f"no memory for a workspace of {size} bytes")
    return workspace


cdef PyThreadState *release_gil(double work) noexcept:
    """Release the GIL, unless this many simple operations take less time than other threads with taking it."""
    return PyEval_SaveThread() if work > TINY_WORK else NULL


cdef void take_gil(PyThreadState *released) noexcept:
    """Take back the GIL if it was released."""
    if released != NULL:
        PyEval_RestoreThread(released)


cdef bint signalled() noexcept:
    """Let signals take effect; return whether an exception is set, by a handler or because a pool is stopped."""
    try:
        if PyErr_CheckSignals():
            raised()
        kind = interruption()
        if kind is None:
            return False
        raise kind
    except BaseException as error:
        PyErr_SetObject(type(error), error)
    return True


cdef int poll_signals(void *context) noexcept nogil:
    """Run Python's signal handlers, which need the GIL, at most every 20 ms. A nonzero result cancels the call."""
    cdef Poll *poll = <Poll *>context
    cdef double t = now()
    if t - poll.begin >= poll.limit:
        poll.expired = True
        return 1
    if poll.last <= t < poll.last + POLL_SECONDS:  # if the clock was set back, check now
        return 0
    poll.last = t
    with gil:
        return (<Call>poll.call).interrupted()


cdef int raised() except -1:
    """Propagate the exception that `signalled` found."""
    return -1


cdef int32_t dtype_code(cnp.ndarray a) noexcept:
    """Return the core's number for an array's element type, or 0 if the core cannot read the array in place."""
    if not cnp.PyArray_ISBEHAVED_RO(a):
        return 0
    cdef int t = cnp.PyArray_TYPE(a)
    if t == cnp.NPY_FLOAT32:
        return CMLP_FLOAT32
    if t == cnp.NPY_FLOAT64:
        return CMLP_FLOAT64
    return CMLP_UINT8 if t == cnp.NPY_UINT8 or t == cnp.NPY_BOOL else 0


cdef cnp.ndarray matrix(object value, str name, int64_t width):
    """Return `value` as a 2-D array that the core can read, converted if necessary."""
    cdef cnp.ndarray a
    if type(value) is cnp.ndarray:
        a = <cnp.ndarray>value
        if cnp.PyArray_NDIM(a) == 2 and cnp.PyArray_DIM(a, 1) == width and dtype_code(a):
            return a
    return as_matrix(value, name, width)


cdef cnp.ndarray usable(object value, str name, Net net, bint writeable, int64_t rows, int64_t columns=-1):
    """Return `value` if it is a contiguous array of the net's dtype and of this shape; otherwise raise ValueError.

    Without `columns` it must be a vector.
    """
    cdef cnp.ndarray a
    if isinstance(value, cnp.ndarray):
        a = <cnp.ndarray>value
        if fits(a, 1 if columns < 0 else 2, rows, columns, net.code) and (not writeable or cnp.PyArray_ISWRITEABLE(a)):
            return a
    shape = [rows] if columns < 0 else [rows, columns]
    raise ValueError(f"{name} must be a contiguous{' writeable' if writeable else ''} array of shape {tuple(shape)} and "
                     f"dtype {net.dtype}, got {describe(value)}")


cdef bint fits(cnp.ndarray a, int ndim, int64_t rows, int64_t columns, int32_t code) noexcept:
    """Return whether an array is contiguous, of this shape and of this element type."""
    return (cnp.PyArray_NDIM(a) == ndim and cnp.PyArray_DIM(a, 0) == rows
            and (ndim == 1 or cnp.PyArray_DIM(a, 1) == columns) and cnp.PyArray_IS_C_CONTIGUOUS(a)
            and dtype_code(a) == code)


cdef bint overlap(cnp.ndarray out, cnp.ndarray X):
    """Return whether the memory ranges of two arrays overlap; `out` is contiguous."""
    cdef char *low = <char *>cnp.PyArray_DATA(X)
    cdef char *high = low + cnp.PyArray_ITEMSIZE(X)
    cdef char *start = <char *>cnp.PyArray_DATA(out)
    cdef cnp.npy_intp span
    cdef int axis
    if not cnp.PyArray_NBYTES(out):
        return False
    for axis in range(cnp.PyArray_NDIM(X)):
        span = (cnp.PyArray_DIM(X, axis) - 1) * cnp.PyArray_STRIDE(X, axis)
        if span < 0:
            low += span
        else:
            high += span
    return start < high and low < start + cnp.PyArray_NBYTES(out)


cdef bint is_vector(object value, int number_type, int64_t n=-1):
    """Return whether `value` is a contiguous vector of this type that the core can read, with n elements if n >= 0."""
    if not isinstance(value, cnp.ndarray):
        return False
    cdef cnp.ndarray a = <cnp.ndarray>value
    return (cnp.PyArray_NDIM(a) == 1 and cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_ISBEHAVED_RO(a)
            and cnp.PyArray_TYPE(a) == number_type and (n < 0 or cnp.PyArray_DIM(a, 0) == n))


cdef cnp.ndarray order_copy(object order, int64_t n_rows):
    """Return row indices as a checked int64 array: always a copy, which other threads cannot change."""
    cdef cnp.ndarray copy
    cdef cnp.npy_intp n
    cdef int64_t *indices
    cdef int64_t i
    cdef bint outside = False
    if not is_vector(order, cnp.NPY_INT64):
        return as_order(order, n_rows)
    n = cnp.PyArray_DIM(<cnp.ndarray>order, 0)
    copy = cnp.PyArray_EMPTY(1, &n, cnp.NPY_INT64, 0)
    indices = <int64_t *>cnp.PyArray_DATA(copy)
    memcpy(indices, cnp.PyArray_DATA(<cnp.ndarray>order), n * sizeof(int64_t))
    for i in range(n):
        outside |= <uint64_t>indices[i] >= <uint64_t>n_rows
    return as_order(copy, n_rows) if outside else copy  # raises ValueError


cdef int require_vector(object value, str name, int32_t item_size) except -1:
    """Raise ValueError unless `value` is a contiguous 1-D array of integers of this size."""
    cdef cnp.ndarray a
    if isinstance(value, cnp.ndarray):
        a = <cnp.ndarray>value
        if (cnp.PyArray_NDIM(a) == 1 and cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_ISBEHAVED_RO(a)
                and cnp.PyArray_ISINTEGER(a) and cnp.PyArray_ITEMSIZE(a) == item_size):
            return 0
    raise ValueError(f"{name} must be a contiguous 1-D array of int{8 * item_size}, got {describe(value)}")


cdef cnp.ndarray empty(Net net, int64_t rows, int64_t columns):
    """Return an uninitialized matrix of the net's dtype."""
    cdef cnp.npy_intp shape[2]
    shape[0], shape[1] = rows, columns
    return cnp.PyArray_EMPTY(2, shape, cnp.NPY_FLOAT32 if net.code == CMLP_FLOAT32 else cnp.NPY_FLOAT64, 0)


cdef object plain_scale(object scale, int64_t width):
    """Return `scale` as a float, or as a tuple (shift, factor) of float64 vectors of this width; None if it is 0 or neither.

    Reading the result runs no Python code.
    """
    if not isinstance(scale, tuple):
        scale = float(scale)
        return None if scale == 0 else scale
    scale = tuple(scale)
    if len(scale) != 2:
        return None
    for values in scale:
        if not isinstance(values, cnp.ndarray) or not fits(<cnp.ndarray>values, 1, width, 1, CMLP_FLOAT64):
            return None
    return scale


cdef int set_scale(cmlp_rows *rows, object scale) except -1:
    """Let rows use the result of `plain_scale`, which stays alive during the call."""
    rows.shifts = rows.factors = NULL
    rows.scale = 1
    if isinstance(scale, tuple):
        rows.shifts = <const double *>cnp.PyArray_DATA(<cnp.ndarray>scale[0])
        rows.factors = <const double *>cnp.PyArray_DATA(<cnp.ndarray>scale[1])
    else:
        rows.scale = scale
    return 0


cdef int call_loss(void *context, const cmlp_loss_call *rows) noexcept nogil:
    """Call the network's loss, which is a function. A nonzero result ends the call of the core."""
    with gil:
        return (<Call>context).call_loss(rows)


cdef int send_bytes(void *context, const void *data, size_t n_bytes, int32_t to,
                    double seconds) noexcept nogil:
    with gil:
        call = <Call>context
        return call.exchange(call.peers.send, <void *>data, n_bytes, to, seconds)


cdef int receive_bytes(void *context, void *data, size_t n_bytes, int32_t source,
                       double seconds) noexcept nogil:
    with gil:
        call = <Call>context
        return call.exchange(call.peers.receive, data, n_bytes, source, seconds)


cdef int broadcast_bytes(void *context, void *data, size_t n_bytes, int32_t source,
                         double seconds) noexcept nogil:
    with gil:
        call = <Call>context
        return call.exchange(call.peers.broadcast, data, n_bytes, source, seconds)


cdef enum:
    MOST_HELD = 16


cdef struct Held:
    PyObject *array  # which stays alive during the call
    void *data
    cnp.npy_intp n_bytes


cdef class Call:
    """The structs of one call of the core, the arrays that they point into, and the workspace."""

    cdef Net net
    cdef cmlp_rows rows
    cdef cmlp_targets targets
    cdef cmlp_derivatives derivatives
    cdef cmlp_objective objective
    cdef cmlp_epoch epoch
    cdef cmlp_epoch_result result
    cdef cmlp_run run
    cdef Poll poll
    cdef void *memory
    cdef void *params
    cdef cnp.ndarray X, Y, order, weights, indices, indptr, alphas, dropout_rates, learning_rates, signs
    cdef object csr  # the rows if they are sparse; X is then the array of their values
    cdef object block, scale
    cdef object error  # the exception that the loss, a function, or the exchange with other workers has raised
    cdef object peers  # the workers of this call, or None
    cdef cmlp_workers workers
    cdef int64_t n  # number of selected rows
    cdef Held held[MOST_HELD]
    cdef int n_held
    cdef bint checked  # whether targets and weights have been checked, see Net.train_epoch

    def __dealloc__(self):
        PyMem_RawFree(self.memory)

    cdef void *hold(self, cnp.ndarray array) except NULL:
        """Return the address of an array of the caller, at which `require_unmoved` expects it."""
        assert self.n_held < MOST_HELD
        cdef Held *held = &self.held[self.n_held]
        held.array, held.data, held.n_bytes = <PyObject *>array, cnp.PyArray_DATA(array), cnp.PyArray_NBYTES(array)
        self.n_held += 1
        return held.data

    cdef int require_unmoved(self) except -1:
        """Raise ValueError if Python code has resized an array that is held: the core would use memory that is freed."""
        cdef int i
        cdef cnp.ndarray array
        for i in range(self.n_held):
            array = <cnp.ndarray>self.held[i].array
            if cnp.PyArray_DATA(array) != self.held[i].data or cnp.PyArray_NBYTES(array) < self.held[i].n_bytes:
                raise ValueError("An array must keep its size during a call that uses it, but was resized; it is now "
                                 f"{describe(array)}.")
        return 0

    cdef int set_rows(self, Net net, object params, object X, object scale, object order) except -1:
        cdef cmlp_rows *rows = &self.rows
        self.net, self.block = net, net.usable_params(params, False)
        self.params = self.hold(<cnp.ndarray>self.block)
        if type(X) is not cnp.ndarray and is_sparse(X):
            self.set_sparse(X)
        else:
            self.X = matrix(X, "X", net.n_in)
            rows.kind = CMLP_ROWS_DENSE
            rows.n_rows, rows.n_columns = cnp.PyArray_DIM(self.X, 0), cnp.PyArray_DIM(self.X, 1)
            if self.peers is not None and self.peers.part is not None:
                part = self.peers.part
                self.workers.first_stored, self.workers.n_stored = part.first_row, rows.n_rows
                self.workers.first_shard, self.workers.n_shards = part.first_shard, part.n_shards
                self.workers.n_all_shards, rows.n_rows = part.n_all_shards, part.all_rows
            rows.row_stride, rows.column_stride = stride_of(self.X, 0), stride_of(self.X, 1)
        rows.struct_size, rows.dtype, rows.data = sizeof(cmlp_rows), dtype_code(self.X), self.hold(self.X)
        self.scale = plain_scale(scale, net.n_in)
        require(self.scale is not None, CMLP_ERROR_OPTION, "rows->scale")
        if self.csr is not None and isinstance(self.scale, tuple) and np.any(self.scale[0]):
            raise ValueError("X must be dense because input_scale has a shift other than 0, which would make the zeros "
                             "of a sparse X nonzero.")
        set_scale(rows, self.scale)
        if isinstance(self.scale, tuple):
            for values in self.scale:
                self.hold(values)
        self.n = rows.n_rows
        if order is not None:
            self.order = order_copy(order, rows.n_rows)
            rows.order = <const int64_t *>cnp.PyArray_DATA(self.order)
            rows.n_order = self.n = cnp.PyArray_DIM(self.order, 0)
        return 0

    cdef int set_sparse(self, object X) except -1:
        cdef cmlp_rows *rows = &self.rows
        self.csr = csr = as_sparse_matrix(X, "X", self.net.n_in)
        data, indices, indptr = csr.data, csr.indices, csr.indptr
        rows.kind = CMLP_ROWS_CSR
        rows.n_rows, rows.n_columns = csr.shape
        if not isinstance(data, cnp.ndarray):
            raise ValueError(f"X.data must be an array, got {describe(data)}")
        self.X = data
        if cnp.PyArray_NDIM(self.X) != 1 or not cnp.PyArray_IS_C_CONTIGUOUS(self.X) or not dtype_code(self.X):
            raise ValueError("X.data must be a contiguous 1-D array of bool, uint8, float32 or float64, "
                             f"got {describe(data)}")
        require_vector(indices, "X.indices", 4 if getattr(indices, "itemsize", 0) == 4 else 8)
        self.indices = indices
        require_vector(indptr, "X.indptr", cnp.PyArray_ITEMSIZE(self.indices))
        self.indptr = indptr
        if cnp.PyArray_DIM(self.indptr, 0) - 1 != rows.n_rows:
            raise ValueError(f"X must have {rows.n_rows + 1} row pointers, got {cnp.PyArray_DIM(self.indptr, 0)}")
        rows.n_values = min(cnp.PyArray_DIM(self.X, 0), cnp.PyArray_DIM(self.indices, 0))
        rows.indices, rows.indptr = self.hold(self.indices), self.hold(self.indptr)
        rows.index_dtype = CMLP_INT32 if cnp.PyArray_ITEMSIZE(self.indices) == 4 else CMLP_INT64
        return 0

    cdef bint overlapped(self, cnp.ndarray out):
        """Return whether the memory ranges of `out` and X overlap."""
        if self.csr is not None and (overlap(out, self.indices) or overlap(out, self.indptr)):
            return True
        return overlap(out, self.X)

    cdef int set_targets(self, object Y) except -1:
        cdef cmlp_targets *targets = &self.targets
        cdef Net net = self.net
        targets.struct_size = sizeof(cmlp_targets)
        Y = rectangular(Y, "y")
        if cnp.PyArray_NDIM(Y) == 1:
            if traits_of(net.loss).outside(0):
                raise ValueError(f"y must {traits_of(net.loss).targets} with loss={net.loss!r}, but class indices mean "
                                 "targets of 0 and 1")
            # The core checks the indices too. The check in Python has the better message.
            if not self.checked or not is_vector(Y, cnp.NPY_INT32):
                Y = as_class_indices(Y, net.n_out, net.activations[len(net.activations) - 1])
            self.Y = Y
            targets.kind = CMLP_TARGETS_CLASSES
        else:
            self.Y = matrix(Y, "y", net.n_out)
            targets.kind, targets.dtype = CMLP_TARGETS_DENSE, dtype_code(self.Y)
            targets.n_columns, targets.column_stride = cnp.PyArray_DIM(self.Y, 1), stride_of(self.Y, 1)
        targets.data, targets.n_rows = self.hold(self.Y), cnp.PyArray_DIM(self.Y, 0)
        targets.row_stride = stride_of(self.Y, 0)
        if targets.n_rows != self.rows.n_rows:
            raise ValueError("X and y must have the same number of rows, got "
                             f"{self.rows.n_rows} and {targets.n_rows}")
        if not self.n:
            what = "X must have" if self.order is None else "order must contain"
            given = self.given() if self.order is None else self.order
            raise ValueError(f"{what} at least one row, got {describe(given)}")
        return 0

    cdef object given(self):
        """Return X, for error messages."""
        return self.X if self.csr is None else self.csr

    def set_objective(self, *, sample_weight=None, double alpha=0.0, double loss_scale=1.0, double clip=0.0,
                      alphas=None, dropout=None, uint32_t dropout_seed=0, int64_t dropout_step=0,
                      int64_t dropout_row=0):
        cdef cmlp_objective *objective = &self.objective
        require(loss_scale != 0, CMLP_ERROR_OPTION, "objective->loss_scale")
        objective.struct_size = sizeof(cmlp_objective)
        objective.alpha, objective.loss_scale, objective.log_loss_clip = alpha, loss_scale, clip
        if sample_weight is not None:
            if not self.checked or not is_vector(sample_weight, cnp.NPY_FLOAT64, self.rows.n_rows):
                sample_weight = as_doubles(sample_weight, self.rows.n_rows, "sample_weight")
            self.weights = sample_weight
            objective.row_weights = <const double *>self.hold(self.weights)
            objective.n_row_weights = cnp.PyArray_SIZE(self.weights)
        if alphas is not None:
            self.alphas = as_doubles(alphas, len(self.net.sizes) - 1, "alphas")
            objective.alphas = <const double *>cnp.PyArray_DATA(self.alphas)
            objective.n_alphas = cnp.PyArray_SIZE(self.alphas)
        if dropout is not None:
            self.dropout_rates = as_doubles(dropout, len(self.net.sizes) - 2, "dropout")
            objective.dropout_rates = <const double *>cnp.PyArray_DATA(self.dropout_rates)
            objective.n_dropout_rates = cnp.PyArray_SIZE(self.dropout_rates)
            objective.dropout_seed, objective.dropout_step = dropout_seed, dropout_step
            objective.dropout_row = dropout_row
        if callable(self.net.loss):
            objective.loss, objective.loss_context = call_loss, <void *>self

    cdef int call_loss(self, const cmlp_loss_call *rows) noexcept:
        """Call the network's loss for copies of targets and outputs, and copy what it returns.

        Outputs that are not finite get the cost NaN, which the core reports as divergence.
        """
        cdef cnp.ndarray y, output, values, gradient
        cdef int64_t i, n = rows.n_rows
        try:
            y, output = empty(self.net, n, self.net.n_out), empty(self.net, n, self.net.n_out)
            memcpy(cnp.PyArray_DATA(y), rows.targets, cnp.PyArray_NBYTES(y))
            memcpy(cnp.PyArray_DATA(output), rows.outputs, cnp.PyArray_NBYTES(output))
            if not np.isfinite(output).all():
                for i in range(n):
                    rows.costs[i] = NAN
                return 0
            values, gradient = values_and_gradient(self.net.loss, y, output)
            self.require_unmoved()
            memcpy(rows.costs, cnp.PyArray_DATA(values), n * sizeof(double))
            memcpy(rows.slopes, cnp.PyArray_DATA(gradient), cnp.PyArray_NBYTES(output))
            return 0
        except BaseException as error:
            self.error = error
            return 1

    cdef int prepare(self, object n_threads, double seconds=FOREVER) except -1:
        """Allocate the workspace, choose the number of threads, and set up signal checks for long calls.

        A long call is cancelled after `seconds`; `done` then raises TimeLimitReached.
        """
        cdef const cmlp_objective *objective = &self.objective if self.objective.struct_size else NULL
        cdef const cmlp_epoch *epoch = &self.epoch if self.epoch.struct_size else NULL
        cdef size_t size = 0
        cdef double work = self.work()
        cdef cmlp_rows rows = self.rows
        if self.objective.loss != NULL:
            n_threads = 1
        self.set_threads(n_threads, work)
        if 0 < self.epoch.batch_size < self.n:  # the workspace is for this call alone
            rows.n_rows, rows.order, rows.n_order = epoch.batch_size, NULL, 0
        check(cmlp_net_workspace_size(self.net.net, &rows, objective, epoch, &size, &self.run), &self.run)
        return self.allocate(size, work, seconds)

    cdef int prepare_paths(self, const cmlp_rows *to, const cmlp_paths *paths, object n_threads) except -1:
        """Do the same as `prepare`, for a prediction of paths."""
        cdef size_t size = 0
        cdef double steps = <double>to.n_rows * <double>paths.n_paths * <double>paths.n_groups
        cdef double work = <double>self.net.n_params * (<double>self.n + steps)
        self.set_threads(n_threads, work)
        check(cmlp_paths_workspace_size(self.net.net, &self.rows, to, paths, &size, &self.run), &self.run)
        return self.allocate(size, work, FOREVER)

    cdef int set_threads(self, object n_threads, double work) except -1:
        """Set the number of threads of a call with about `work` multiply-adds."""
        if n_threads is None:
            n_threads = available_threads() if work > SMALL_WORK else 1
        self.run.struct_size, self.run.n_threads = sizeof(cmlp_run), thread_count(n_threads)
        return 0

    cdef int allocate(self, size_t size, double work, double seconds) except -1:
        """Allocate a workspace of this size, and set up signal checks if the call is long. All arguments are converted."""
        self.require_unmoved()
        self.memory = workspace_of(size)
        self.run.workspace, self.run.workspace_size = self.memory, size
        self.poll.limit, self.poll.call = seconds, <PyObject *>self
        if work > SMALL_WORK:
            self.poll.last = self.poll.begin = now()
            self.run.poll, self.run.poll_context = poll_signals, &self.poll
        return 0

    cdef int backpropagate(self) except -1:
        """Compute the costs and the derivatives that self.derivatives asks for."""
        cdef int status
        self.derivatives.struct_size = sizeof(cmlp_derivatives)
        with nogil:
            status = cmlp_backpropagate(self.net.net, self.params, self.net.n_params, &self.rows, &self.targets,
                                        &self.objective, &self.derivatives, &self.run)
        return self.done(status)

    cdef int train(self, Optimizer optimizer, cmlp_random *random, double *epochs, int64_t n_epochs) noexcept:
        """Train, see Net.train_epoch; return the status."""
        cdef cmlp_optimizer given = optimizer.optimizer
        if self.signs is not None:
            given.signs, given.n_signs = <const cmlp_sign *>cnp.PyArray_DATA(self.signs), cnp.PyArray_SIZE(self.signs)
        cdef PyThreadState *released = release_gil(n_epochs * self.work())
        cdef int status = CMLP_OK
        cdef double begin, end = now(), total
        cdef int64_t k
        if self.run.poll == NULL:
            self.poll.last = self.poll.begin = end
        for k in range(n_epochs):
            begin = end
            if k:
                if end - self.poll.last >= POLL_SECONDS or end - self.poll.begin >= self.poll.limit:  # in short epochs
                    if poll_signals(&self.poll):
                        status = CMLP_CANCELLED
                        break
                epochs += N_RESULTS
                epochs[BATCH], self.epoch.before = 0, NULL
                if self.rows.order != NULL:
                    cmlp_random_shuffle(random, <int64_t *>self.rows.order, self.n)
            status = cmlp_train_epoch(self.net.net, self.params, self.net.n_params, &self.rows, &self.targets,
                                      &self.objective, &given, &self.epoch, &self.result, &self.run)
            end = now()
            if status_trained(status):
                epochs[COST], epochs[PENALTY] = self.result.cost_sum, self.result.penalty_sum
                epochs[N_ROWS], epochs[NORM] = <double>self.result.rows_done, self.result.gradient_norm
                epochs[SECONDS], epochs[BATCH] = end - begin, <double>self.result.next_batch
            total = self.result.cost_sum + self.result.penalty_sum
            if status != CMLP_OK or total - total != 0:  # infinite or NaN
                break
        take_gil(released)
        return status

    cdef double work(self) noexcept:
        """Return the number of multiply-adds of a pass over the rows, roughly."""
        return <double>self.net.n_params * <double>self.n

    cdef int set_workers(self, object peers) except -1:
        """Fill the struct of the processes that make this call together."""
        cdef cmlp_workers *workers = &self.workers
        self.peers = peers
        workers.struct_size, workers.rank, workers.n_workers = sizeof(cmlp_workers), peers.rank, peers.size
        workers.send, workers.receive, workers.broadcast = send_bytes, receive_bytes, broadcast_bytes
        workers.context, workers.failed_rank = <void *>self, -1
        workers.seconds = peers.seconds
        return 0

    cdef bint interrupted(self) noexcept:
        """Return whether an exception ends this call, which is kept: this is a moment that all workers can share."""
        try:
            if signalled():
                raised()
            self.require_unmoved()  # by a signal handler
            if self.peers is not None:
                self.peers.deliver()
        except BaseException as error:
            self.error = error
            return True
        return False

    cdef int exchange(self, object method, void *data, size_t n_bytes, int32_t rank,
                      double seconds) noexcept:
        """Send or receive bytes; return nonzero after an exception, which is kept."""
        cdef cnp.npy_intp size = n_bytes
        try:
            method(cnp.PyArray_SimpleNewFromData(1, &size, cnp.NPY_UINT8, data), rank, seconds)
            self.require_unmoved()
        except BaseException as error:
            self.error = error
            return 1
        return 0

    cdef int done_together(self, int status) except -1:
        """Do the same as `done`; all workers raise an exception if one of them has cancelled the call."""
        if self.peers is not None and status == CMLP_OK:
            return 0  # signals wait for the next moment at which all workers can stop
        if status == CMLP_ERROR_MESSAGE:
            self.peers.broken = True
        if self.peers is None or status != CMLP_CANCELLED:
            return self.done(status)
        failed, own = self.workers.failed_rank, None
        if failed == self.workers.rank:
            try:
                self.done(status)
            except BaseException as error:
                own = error
        self.peers.raise_together(own, failed)
        return 0

    cdef int done(self, int status) except -1:
        """Raise the exception for a status code, with the row and column that the core reports."""
        if status == CMLP_OK:
            # Freeing a workspace of 200 MB takes 50 ms: signals do not wait for it.
            return raised() if signalled() else 0
        if status in (CMLP_CANCELLED, CMLP_ERROR_MESSAGE) and self.error is not None:
            error, self.error = self.error, None
            raise error
        if status == CMLP_CANCELLED:
            if self.poll.expired and not signalled():
                raise TimeLimitReached()
            return raised()
        row, column = self.run.bad_row, self.run.bad_column
        if status == CMLP_ERROR_INPUT:
            found = "NaN or infinity" if self.workers.n_stored else kind_of(self.given(), row, column)
            raise NonFiniteInputError(found, row, column)
        if status == CMLP_ERROR_TARGET:
            if abs(self.Y[row, column]) <= np.finfo(self.net.dtype).max:
                problem = excluded_target(self.Y, row, column, self.net.loss, self.net.dtype)
            else:
                problem = f"Input y contains {kind_of(self.Y, row, column)} at row {row}, column {column}."
            raise StatusError(problem, "CMLP_ERROR_TARGET")
        if status == CMLP_ERROR_WEIGHT:
            raise StatusError(refusal(self.weights, row, self.net.dtype), "CMLP_ERROR_WEIGHT")
        if status == CMLP_ERROR_SPARSE:
            raise StatusError("CMLP_ERROR_SPARSE: X is a broken sparse container: its row pointers must not decrease, "
                              "and the columns of each row must increase strictly and be from 0 to "
                              f"{self.net.n_in - 1}", "CMLP_ERROR_SPARSE")
        if status == CMLP_ERROR_DIVERGED:
            raise DivergenceError("Solver produced non-finite parameter weights. The input data may contain large "
                                  "values and need to be preprocessed.")
        return check(status, &self.run)


cdef Call call_with_targets(Net net, params, X, Y, scale, order, dict objective, bint checked, workers=None):
    """Return a call that has all but what `prepare` sets up, and an epoch."""
    cdef Call call = Call.__new__(Call)
    call.checked = checked
    if workers is not None:
        call.set_workers(workers)
    call.set_rows(net, params, X, scale, order)
    call.set_targets(Y)
    call.set_objective(**objective)
    return call


cdef Call whole_call(Net net, params, X, Y, scale, order, dict objective, n_threads, double seconds=FOREVER,
                     bint checked=False):
    """Prepare a call in which all rows are one batch."""
    cdef Call call = call_with_targets(net, params, X, Y, scale, order, objective, checked)
    call.prepare(n_threads, seconds)
    return call


cdef Call call_of_epoch(Net net, params, X, Y, scale, order, dict objective, int64_t batch_size, bint wants_norm,
                        bint checked, workers=None):
    """Return a call that trains, but for what `prepare` sets up."""
    net.usable_params(params, True)
    require(batch_size > 0, CMLP_ERROR_BATCH, "epoch->batch_size")
    cdef Call call = call_with_targets(net, params, X, Y, scale, order, objective, checked, workers)
    call.epoch.struct_size, call.epoch.batch_size, call.epoch.wants_norm = sizeof(cmlp_epoch), batch_size, wants_norm
    if workers is not None:
        call.epoch.workers = &call.workers
    call.result.struct_size = sizeof(cmlp_epoch_result)
    return call
