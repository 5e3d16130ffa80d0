# Included by _core.pyx: model files. The core validates and writes the header; cmlp._model does the rest.

cdef extern from "Python.h":
    object PyMemoryView_FromMemory(char *memory, Py_ssize_t size, int flags)
    int PyBUF_READ

cdef extern from *:
    """
    #ifdef _WIN32
    static void *map_file(int descriptor, size_t n) { (void)descriptor; (void)n; errno = ENOSYS; return NULL; }
    static void unmap_file(void *memory, size_t n) { (void)memory; (void)n; }
    #else
    #include <sys/mman.h>
    static void *map_file(int descriptor, size_t n)
    {
        void *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
        return memory == MAP_FAILED ? NULL : memory;
    }
    static void unmap_file(void *memory, size_t n) { munmap(memory, n); }
    #endif
    """
    void *map_file(int descriptor, size_t n) nogil
    void unmap_file(void *memory, size_t n) nogil


cdef class FileMap:
    """The bytes of an open file, not on Windows: a page that is written to becomes a private copy.

    Unlike `mmap.mmap`, it keeps no descriptor of the file.
    """

    cdef void *memory
    cdef size_t size

    def __cinit__(self, int descriptor, size_t size):
        self.size = size
        self.memory = map_file(descriptor, size)
        if self.memory == NULL:
            PyErr_SetFromErrno(OSError)

    def __dealloc__(self):
        if self.memory != NULL:
            unmap_file(self.memory, self.size)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.memory, self.size, False, flags)


# What the outputs of a model are, what a column holds, and what the scores of a calibration are.
MODEL_KINDS = {
    "network": CMLP_MODEL_NETWORK,
    "regressor": CMLP_MODEL_REGRESSOR,
    "classifier": CMLP_MODEL_CLASSIFIER,
    "multilabel": CMLP_MODEL_MULTILABEL,
    "ordered": CMLP_MODEL_ORDERED,
}
COLUMN_KINDS = {
    "number": CMLP_TABLE_COLUMN_NUMBER,
    "boolean": CMLP_TABLE_COLUMN_BOOLEAN,
    "date": CMLP_TABLE_COLUMN_DATE,
    "time": CMLP_TABLE_COLUMN_TIME,
    "instant": CMLP_TABLE_COLUMN_INSTANT,
    "duration": CMLP_TABLE_COLUMN_DURATION,
    "category": CMLP_TABLE_COLUMN_CATEGORY,
    "ordered": CMLP_TABLE_COLUMN_ORDERED,
}
CALIBRATION_KINDS = {
    "absolute_error": CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR,
    "scaled_error": CMLP_TABLE_CALIBRATION_SCALED_ERROR,
    "quantiles": CMLP_TABLE_CALIBRATION_QUANTILES,
    "probability": CMLP_TABLE_CALIBRATION_PROBABILITY,
}
FILE_DTYPES = {"f4": CMLP_FLOAT32, "f8": CMLP_FLOAT64, "u1": CMLP_UINT8, "i4": CMLP_INT32, "i8": CMLP_INT64}


cdef int check_file(int status, const cmlp_model_info *info=NULL, const cmlp_run *run=NULL) except -1:
    """Raise ModelFormatError for a status of the model file functions, with the place that `info` or `run` reports.

    They are pointers for the same reason as that of `check`.
    """
    if status == CMLP_OK:
        return 0
    name = cmlp_status_name(status).decode()
    where = f" (at byte {info.error_at})" if info != NULL and info.error_at else ""
    if run != NULL and run.refused != NULL:
        index = "" if run.bad_element < 0 else f", {run.bad_element}"
        where = f" ({run.refused.decode()}{index})"
    raise ModelFormatError(f"{cmlp_status_string(status).decode()}{where}", name)


def model_head_size(bytes start not None):
    """Return the size of the head of a model file in bytes; `start` are the first 8 bytes of the file."""
    cdef cmlp_model_info info
    info.struct_size = sizeof(cmlp_model_info)
    cdef int status = cmlp_model_describe(<const char *>start, min(len(start), 8), &info, NULL)
    if status != CMLP_ERROR_FILE_SHORT or not info.head_size:
        check_file(status, &info)
    return info.head_size


def model_file_info(bytes head not None):
    """Validate a complete head; return the size that the file must have in bytes, and the number of a table's networks.

    The number is 0 for the file of one network.
    """
    cdef cmlp_model_info info
    info.struct_size = sizeof(cmlp_model_info)
    cdef const char *start = <const char *>head
    cdef size_t n = len(head)
    cdef int status
    with nogil:
        status = cmlp_model_describe(start, n, &info, NULL)
    if status == CMLP_ERROR_FILE_VERSION:
        # The number of an unknown version, or what a file requires from the first unknown word on.
        unknown = head[info.error_at : info.error_at + 200].partition(b'"')[0].decode("ascii", "replace")
        message = f"{cmlp_status_string(status).decode()} ({unknown})"
        raise ModelFormatError(message, cmlp_status_name(status).decode())
    check_file(status, &info)
    return info.file_size, info.n_nets


cdef int write_piece(void *context, const void *piece, size_t n) noexcept with gil:
    """Pass bytes to the Python function in `context`; store its exception, which write_model raises later."""
    write, errors = <list>context
    try:
        view = PyMemoryView_FromMemory(<char *>piece, <Py_ssize_t>n, PyBUF_READ)
        try:
            write(view)
        finally:
            view.release()  # the core reuses the memory
    except BaseException as error:
        errors.append(error)
        return 1
    return 0


cdef class Values:
    """Text, integers, booleans, floats and None as values of the core.

    Of labels, all have a text, and all are large integers if one is.
    """

    cdef cnp.ndarray memory
    cdef list texts
    cdef const cmlp_value *first

    def __cinit__(self, values, bint are_labels=False):
        cdef cmlp_value *value
        cdef bint is_large = False
        self.texts = []
        self.memory = np.zeros((len(values) + 1) * sizeof(cmlp_value), np.uint8)
        value = <cmlp_value *>cnp.PyArray_DATA(self.memory)
        self.first = value
        for given in values:
            is_large |= are_labels and isinstance(given, int) and is_beyond_64_bits(given)
        for i, given in enumerate(values):
            value[i].kind = CMLP_VALUE_MISSING
            if isinstance(given, str):
                value[i].kind = CMLP_VALUE_TEXT
            elif isinstance(given, bool):
                value[i].kind, value[i].integer = CMLP_VALUE_BOOLEAN, given
            elif isinstance(given, int):
                value[i].kind = CMLP_VALUE_LARGE_INTEGER if is_large or is_beyond_64_bits(given) else CMLP_VALUE_INTEGER
                value[i].integer = given if value[i].kind == CMLP_VALUE_INTEGER else 0
            elif given is not None:
                value[i].kind, value[i].number = CMLP_VALUE_DOUBLE, given
            if value[i].kind in (CMLP_VALUE_TEXT, CMLP_VALUE_LARGE_INTEGER) or are_labels:
                self.texts.append(str(given).encode("utf-8", "surrogatepass"))
                value[i].text, value[i].n_text = <bytes>self.texts[-1], len(self.texts[-1])


cdef bint is_beyond_64_bits(integer):
    return not -2**63 <= integer < 2**63


cdef object value_of(const cmlp_value *value):
    """Return a value of the core."""
    if value.kind == CMLP_VALUE_TEXT:
        return value.text[:value.n_text].decode("utf-8", "surrogatepass")
    if value.kind == CMLP_VALUE_LARGE_INTEGER:
        return int(value.text[:value.n_text])
    if value.kind == CMLP_VALUE_DOUBLE:
        return value.number
    if value.kind == CMLP_VALUE_MISSING:
        return None
    return bool(value.integer) if value.kind == CMLP_VALUE_BOOLEAN else value.integer


cdef class Content:
    """The content of a model file besides its networks and columns, as a struct of the core.

    `kind` is a key of MODEL_KINDS, or None for the one that follows from the labels and targets; `strings` maps keys to
    printable ASCII text; `arrays` maps names to contiguous arrays of one or two dimensions; `write(memoryview)` takes the
    bytes of its argument, which is then released. `labels` is None or the labels; `names` is None or the names of a
    network's inputs; `cells` is None or the decimal point, the separator of thousands, a list of words for missing
    values, and whether there are no others.
    """

    cdef cmlp_model_content content
    cdef cmlp_cell_format cells
    cdef list errors, context, keys, tensors
    cdef cnp.ndarray strings, arrays
    cdef Values labels, names, words

    def __cinit__(self, kind, dict strings, dict arrays, write, labels=None, names=None, cells=None):
        cdef cmlp_model_string *string
        cdef cmlp_model_array *array
        self.errors = []
        self.context = [write, self.errors]
        self.keys, self.tensors = [], []
        for key, value in sorted(strings.items()):
            self.keys.append((key.encode(), value.encode("ascii")))
        for name, data in sorted(arrays.items()):
            self.tensors.append((name.encode(), np.ascontiguousarray(data)))
        self.strings = np.zeros((len(self.keys) + 1) * sizeof(cmlp_model_string), np.uint8)
        self.arrays = np.zeros((len(self.tensors) + 1) * sizeof(cmlp_model_array), np.uint8)
        string = <cmlp_model_string *>cnp.PyArray_DATA(self.strings)
        array = <cmlp_model_array *>cnp.PyArray_DATA(self.arrays)
        self.content.struct_size = sizeof(cmlp_model_content)
        self.content.strings, self.content.n_strings = string, len(self.keys)
        self.content.arrays, self.content.n_arrays = array, len(self.tensors)
        self.content.write, self.content.write_context = write_piece, <void *>self.context
        self.content.kind = 0 if kind is None else choice(MODEL_KINDS, kind, "kind")
        for i, (key, value) in enumerate(self.keys):
            string[i].key, string[i].value, string[i].n_value = key, value, len(value)
        if labels is not None:
            self.labels = Values(labels, True)
            self.content.labels, self.content.n_labels = self.labels.first, len(labels)
        if names is not None:
            self.names = Values(names)
            self.content.names, self.content.n_names = self.names.first, len(names)
        if cells is not None:
            decimal, thousands, missing, has_own_words, of_spreadsheets = cells
            self.words = Values(missing)
            self.cells.struct_size = sizeof(cmlp_cell_format)
            self.cells.missing = self.words.first if missing else NULL
            self.cells.n_missing = len(missing)
            self.cells.decimal, self.cells.thousands = ord(decimal), ord(thousands or "\0")
            self.cells.has_own_words, self.cells.of_spreadsheets = has_own_words, of_spreadsheets
            self.content.cells = &self.cells
        for i, (name, data) in enumerate(self.tensors):
            array[i].name, array[i].data = name, cnp.PyArray_DATA(<cnp.ndarray>data)
            array[i].n_rows, array[i].n_columns = data.shape[0], (data.shape[1] if data.ndim > 1 else 0)
            array[i].dtype = FILE_DTYPES[data.dtype.str[1:]]

    cdef int done(self, int status, cmlp_run *run) except -1:
        """Free the workspace; raise the exception of the function that took the bytes, or that of the status."""
        PyMem_RawFree(run.workspace)
        if self.errors:
            raise self.errors[0]
        return check_file(status, NULL, run)


def write_model(Net net not None, params, *, scale, kind=None, labels=None, names=None, cells=None, dict strings,
                dict arrays, write):
    """Write the model file of a network; see `Content` for the arguments after `scale`."""
    cdef Content content
    cdef cmlp_rows rows
    cdef cnp.ndarray block
    cdef cmlp_run run
    cdef int status
    scale = plain_scale(scale, net.n_in)
    require(scale is not None, CMLP_ERROR_OPTION, "content->input_scale")
    content = Content(kind, strings, arrays, write, labels, names, cells)
    block = net.usable_params(params, False)
    set_scale(&rows, scale)
    content.content.input_scale = rows.scale
    content.content.shifts, content.content.factors = rows.shifts, rows.factors
    memset(&run, 0, sizeof(run))
    run.struct_size = sizeof(cmlp_run)
    check(cmlp_net_workspace_size(net.net, NULL, NULL, NULL, &run.workspace_size, &run), &run)
    run.workspace = workspace_of(run.workspace_size)
    with nogil:
        status = cmlpi_model_write(net.net, cnp.PyArray_DATA(block), net.n_params, &content.content, &run)
    content.done(status, &run)


cdef int require_length(values, int64_t n, str name) except -1:
    """Raise ValueError unless `values` are None or n in number, as many as the structs of the core that they go to."""
    if values is not None and len(values) != n:
        raise ValueError(f"{name} must have {n} entries, got {len(values)}")
    return 0


cdef class TableColumns:
    """The columns of a table with what only a file has of them: kinds, categories, names, and forms of dates."""

    cdef cnp.ndarray memory
    cdef list values
    cdef Values names, formats
    cdef const cmlp_table_column *first

    def __cinit__(self, Columns columns not None, kinds, categories, names, formats):
        cdef cmlp_table_column *column
        cdef const cmlp_value *name
        cdef const cmlp_value *format
        cdef int64_t n = columns.encoder.n_columns
        require_length(kinds, n, "kinds")
        require_length(categories, n, "categories")
        require_length(names, n, "names")
        require_length(formats, n, "formats")
        self.memory, self.values = columns.memory.copy(), []
        column = <cmlp_table_column *>cnp.PyArray_DATA(self.memory)
        self.first = column
        for i, kind in enumerate(kinds or ()):
            column[i].kind = choice(COLUMN_KINDS, kind, "kind")
        for i, values in enumerate(categories or ()):
            if values:
                self.values.append(Values(values))
                column[i].categories = (<Values>self.values[-1]).first
                if column[i].role == CMLP_TABLE_ROLE_CATEGORY:
                    n_listed = column[i].n_categories + column[i].n_missing_values
                    require_length(values, n_listed, f"categories of column {i}")
                else:
                    column[i].n_categories = len(values)
        if names is not None:
            self.names = Values(names)
            name = self.names.first
            for i in range(len(names)):
                column[i].name, column[i].n_name = name[i].text, name[i].n_text
        if formats is not None:
            self.formats = Values(formats)
            format = self.formats.first
            for i, text in enumerate(formats):
                if text:
                    column[i].format, column[i].n_format = format[i].text, format[i].n_text


cdef class Calibration:
    """The scores of a calibration: a dict of `kind`, `rows`, `scores`, `widths` and `limits`, as a struct of the core."""

    cdef cmlp_table_calibration calibration
    cdef cnp.ndarray scores, widths, limits

    def __cinit__(self, dict given not None):
        self.calibration.struct_size = sizeof(cmlp_table_calibration)
        self.calibration.kind = choice(CALIBRATION_KINDS, given["kind"], "kind")
        self.calibration.is_held_out = given["rows"] == "held_out"
        self.scores = np.array(given["scores"], np.float64, order="C")
        self.calibration.scores = <const double *>cnp.PyArray_DATA(self.scores)
        self.calibration.n_scores, self.calibration.n_targets = self.scores.size, len(self.scores)
        if given["widths"] is not None:
            self.widths = np.array(given["widths"], np.float64, order="C")
            self.calibration.widths, self.calibration.n_widths = <const double *>cnp.PyArray_DATA(self.widths), self.widths.size
        if given["limits"] is not None:
            self.limits = np.array(given["limits"], np.float64, order="C")
            self.calibration.limits, self.calibration.n_limits = <const double *>cnp.PyArray_DATA(self.limits), self.limits.size


def write_table(Columns columns not None, nets, target=None, threshold=None, *, kinds=None, categories=None, names=None,
                formats=None, target_names=None, calibration=None, kind=None, labels=None, cells=None, dict strings,
                dict arrays, write):
    """Write the model file of a table.

    `nets` are pairs (net, params); `target` is None, or four lists with a number for each target: centre, scale, low and
    high; `threshold` is None or a number. `kinds`, `categories` (of a column None if it has none; behind them, of
    a column whose networks see categories, what means a missing value), `names` and `formats` (of
    a column without one "") are those of the columns, or None; `calibration` is None or a dict, see `Calibration`. See
    `Content` for the other arguments.
    """
    cdef Content content = Content(kind, strings, arrays, write, labels, None, cells)
    cdef TableColumns table_columns = TableColumns(columns, kinds, categories, names, formats)
    cdef Values names_of_targets = Values(target_names or [])
    cdef const cmlp_value *name = names_of_targets.first
    cdef Calibration scores
    cdef cnp.ndarray networks = np.zeros(max(len(nets), 1) * sizeof(cmlp_table_net), np.uint8)
    cdef list targets = [] if target is None else [*zip(*target, strict=True)]
    cdef cmlp_table_net *network = <cmlp_table_net *>cnp.PyArray_DATA(networks)
    cdef list blocks = []
    cdef cmlp_table table
    cdef cnp.ndarray memory
    cdef cmlp_table_target *c_target
    cdef cmlp_run run
    cdef int status
    require_length(target_names, len(targets), "target_names")
    table.struct_size, table.n_nets = sizeof(cmlp_table), len(nets)
    table.columns, table.n_columns = table_columns.first, columns.encoder.n_columns
    table.nets = network
    memory = np.zeros(max(len(targets), 1) * sizeof(cmlp_table_target), np.uint8)
    c_target = <cmlp_table_target *>cnp.PyArray_DATA(memory)
    for i, (centre, scale, low, high) in enumerate(targets):
        c_target[i].centre, c_target[i].scale, c_target[i].low, c_target[i].high = centre, scale, low, high
        if target_names is not None:
            c_target[i].name, c_target[i].n_name = name[i].text, name[i].n_text
    table.targets, table.n_targets = NULL if target is None else c_target, len(targets)
    table.threshold, table.has_threshold = 0.0 if threshold is None else threshold, threshold is not None
    table.reserved = 0
    table.calibration = NULL
    if calibration is not None:
        scores = Calibration(calibration)
        table.calibration = &scores.calibration
    for i, (net, params) in enumerate(nets):
        blocks.append((<Net?>net).usable_params(params, False))
        network[i].net = (<Net>net).net
        network[i].params = cnp.PyArray_DATA(<cnp.ndarray>blocks[i])
        network[i].n_params = cnp.PyArray_SIZE(<cnp.ndarray>blocks[i])
    memset(&run, 0, sizeof(run))
    run.struct_size = sizeof(cmlp_run)
    check(cmlp_table_write_workspace_size(&table, &run.workspace_size, &run), &run)
    run.workspace = workspace_of(run.workspace_size)
    with nogil:
        status = cmlpi_table_write(&table, &content.content, &run)
    content.done(status, &run)


def check_model(cnp.ndarray file not None, bint verify=True):
    """Let the core load a model from the bytes of a file; raise ModelFormatError if it refuses them.

    Parameters
    ----------
    file : ndarray of uint8
        The whole file, at an address that is a multiple of 8.
    verify : bool, default=True
        Whether to check the data's checksum, that parameters are finite, and the example.
    """
    cdef const void *first = cnp.PyArray_DATA(file)
    cdef size_t n = cnp.PyArray_NBYTES(file)
    cdef cmlp_model_options options
    cdef cmlp_model_info info
    cdef cmlp_run run
    cdef const cmlp_model *model
    cdef void *memory
    cdef int status
    if not cnp.PyArray_IS_C_CONTIGUOUS(file) or cnp.PyArray_TYPE(file) != cnp.NPY_UINT8:
        raise ValueError(f"file must be a contiguous array of uint8, got {describe(file)}")
    options.struct_size, options.is_trusted, options.isa_mask = sizeof(cmlp_model_options), not verify, ISA_MASK
    info.struct_size = sizeof(cmlp_model_info)
    memset(&run, 0, sizeof(run))
    run.struct_size = sizeof(cmlp_run)
    check_file(cmlp_model_describe(first, n, &info, NULL), &info)
    run.workspace_size = info.workspace_size
    memory = workspace_of(info.model_size)
    try:
        run.workspace = workspace_of(info.workspace_size)
        with nogil:
            status = cmlp_model_init(memory, info.model_size, first, n, &options, &model, &run)
        check_file(status, NULL, &run)
    finally:
        PyMem_RawFree(run.workspace)
        PyMem_RawFree(memory)
