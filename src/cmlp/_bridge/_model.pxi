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
        write(PyMemoryView_FromMemory(<char *>piece, <Py_ssize_t>n, PyBUF_READ))
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
    bytes and must not keep a reference to its argument. `labels` is None or the labels; `names` is None or the names of a
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
        for i, (name, data) in enumerate(self.tensors):
            array[i].name, array[i].data = name, cnp.PyArray_DATA(<cnp.ndarray>data)
            array[i].n_rows, array[i].n_columns = data.shape[0], (data.shape[1] if data.ndim > 1 else 0)
            array[i].dtype = FILE_DTYPES[data.dtype.str[1:]]
        if labels is not None:
            self.labels = Values(labels, True)
            self.content.labels, self.content.n_labels = self.labels.first, len(labels)
        if names is not None:
            self.names = Values(names)
            self.content.names, self.content.n_names = self.names.first, len(names)
        if cells is not None:
            decimal, thousands, missing, has_own_words = cells
            self.words = Values(missing)
            self.cells.struct_size = sizeof(cmlp_cell_format)
            self.cells.missing = self.words.first if missing else NULL
            self.cells.n_missing = len(missing)
            self.cells.decimal, self.cells.thousands = ord(decimal), ord(thousands or "\0")
            self.cells.has_own_words = has_own_words
            self.content.cells = &self.cells

    cdef int done(self, int status, cmlp_run *run) except -1:
        """Free the workspace; raise the exception of the function that took the bytes, or that of the status."""
        PyMem_RawFree(run.workspace)
        if self.errors:
            raise self.errors[0]
        return check_file(status, NULL, run)


def write_model(Net net not None, params, *, scale, kind=None, labels=None, names=None, cells=None, dict strings,
                dict arrays, write):
    """Write the model file of a network; see `Content` for the arguments after `scale`."""
    cdef Content content = Content(kind, strings, arrays, write, labels, names, cells)
    cdef cmlp_rows rows
    cdef void *block = cnp.PyArray_DATA(net.usable_params(params, False))
    cdef cmlp_run run
    cdef int status
    require(is_scale(scale, net.n_in), CMLP_ERROR_OPTION, "content->input_scale")
    set_scale(&rows, scale)
    content.content.input_scale = rows.scale
    content.content.shifts, content.content.factors = rows.shifts, rows.factors
    memset(&run, 0, sizeof(run))
    run.struct_size = sizeof(cmlp_run)
    check(cmlp_net_workspace_size(net.net, NULL, NULL, NULL, &run.workspace_size, &run), &run)
    run.workspace = workspace_of(run.workspace_size)
    with nogil:
        status = cmlpi_model_write(net.net, block, net.n_params, &content.content, &run)
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
        self.scores = np.ascontiguousarray(given["scores"], np.float64)
        self.calibration.scores = <const double *>cnp.PyArray_DATA(self.scores)
        self.calibration.n_scores, self.calibration.n_targets = self.scores.size, len(self.scores)
        if given["widths"] is not None:
            self.widths = np.ascontiguousarray(given["widths"], np.float64)
            self.calibration.widths, self.calibration.n_widths = <const double *>cnp.PyArray_DATA(self.widths), self.widths.size
        if given["limits"] is not None:
            self.limits = np.ascontiguousarray(given["limits"], np.float64)
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
    for i, (net, params) in enumerate(nets):
        blocks.append((<Net?>net).usable_params(params, False))
        network[i].net = (<Net>net).net
        network[i].params = cnp.PyArray_DATA(<cnp.ndarray>blocks[i])
        network[i].n_params = cnp.PyArray_SIZE(<cnp.ndarray>blocks[i])
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
    memset(&run, 0, sizeof(run))
    run.struct_size = sizeof(cmlp_run)
    check(cmlp_table_write_workspace_size(&table, &run.workspace_size, &run), &run)
    run.workspace = workspace_of(run.workspace_size)
    with nogil:
        status = cmlpi_table_write(&table, &content.content, &run)
    content.done(status, &run)


cdef cmlp_table_query query_of(double coverage, cnp.ndarray outputs, int64_t target):
    """Return a query for a row's outputs, which must outlive it."""
    cdef cmlp_table_query query
    query.struct_size, query.coverage, query.target = sizeof(cmlp_table_query), coverage, target
    query.outputs, query.n_outputs = <const double *>cnp.PyArray_DATA(outputs), cnp.PyArray_SIZE(outputs)
    return query


cdef class Model:
    """A model in the bytes of a file, loaded and verified by the core.

    Parameters
    ----------
    file : ndarray of uint8
        The whole file, at an address that is a multiple of 8; not copied.
    verify : bool, default=True
        Whether to check the data's checksum, that parameters are finite, and the example.
    """

    cdef cmlp_model_info info
    cdef cnp.ndarray file
    cdef const cmlp_model *model
    cdef void *memory
    cdef cmlp_run run

    def __cinit__(self, cnp.ndarray file not None, bint verify=True):
        cdef const void *first = cnp.PyArray_DATA(file)
        cdef size_t n = cnp.PyArray_NBYTES(file)
        cdef cmlp_model_options options
        cdef int status
        options.struct_size, options.is_trusted, options.isa_mask = sizeof(cmlp_model_options), not verify, ISA_MASK
        if not cnp.PyArray_IS_C_CONTIGUOUS(file) or cnp.PyArray_TYPE(file) != cnp.NPY_UINT8:
            raise ValueError(f"file must be a contiguous array of uint8, got {describe(file)}")
        self.file = file
        self.info.struct_size = sizeof(cmlp_model_info)
        self.run.struct_size = sizeof(cmlp_run)
        check_file(cmlp_model_describe(first, n, &self.info, NULL), &self.info)
        self.memory = workspace_of(self.info.model_size)
        self.run.workspace = workspace_of(self.info.workspace_size)
        self.run.workspace_size = self.info.workspace_size
        with nogil:
            status = cmlp_model_init(self.memory, self.info.model_size, first, n, &options,
                                     &self.model, &self.run)
        check_file(status, NULL, &self.run)

    def __dealloc__(self):
        PyMem_RawFree(self.memory)
        PyMem_RawFree(self.run.workspace)

    def predict(self, row):
        """Return the class index of a row (-1 if there are no classes) and the outputs."""
        dtype = np.float32 if self.info.dtype == CMLP_FLOAT32 else np.float64
        cdef cnp.ndarray x = np.array(row, dtype)
        cdef cnp.ndarray outputs = np.empty(self.info.n_out, dtype)
        cdef cmlp_rows rows
        cdef cmlp_prediction prediction
        cdef int32_t label = -1
        if cnp.PyArray_NDIM(x) != 1 or len(x) != self.info.n_in:
            raise ValueError(f"row must have shape ({self.info.n_in},), got {describe(x)}")
        rows = cmlp_dense_rows(cnp.PyArray_DATA(x), self.info.dtype, 1, len(x))
        memset(&prediction, 0, sizeof(prediction))
        prediction.struct_size, prediction.class_indices, prediction.n_class_indices = sizeof(cmlp_prediction), &label, 1
        prediction.outputs, prediction.n_outputs = cnp.PyArray_DATA(outputs), len(outputs)
        check(cmlp_model_predict(self.model, &rows, &prediction, &self.run), &self.run)
        return label, outputs

    def label(self, int32_t index):
        """Return the label of a class, and its text."""
        cdef cmlp_value label
        check(cmlp_model_find_label(self.model, index, &label, NULL))
        return value_of(&label), label.text[:label.n_text].decode("utf-8", "surrogatepass")

    def category(self, int64_t column, value):
        """Return the code of a category in a column of a table: text, a number, or None for the missing value."""
        cdef Values values = Values([value])
        cdef double code = 0
        check(cmlp_model_find_code(self.model, column, values.first, &code, NULL))
        return code

    def category_of(self, int64_t column, int64_t code):
        """Return the category of a code in a column of a table."""
        cdef cmlp_value category
        check(cmlp_model_find_category(self.model, column, code, &category, NULL))
        return value_of(&category)

    def cell(self, int64_t column, str text not None):
        """Return the number for the row of a cell of text in a column of a table."""
        cdef bytes encoded = text.encode("utf-8", "surrogatepass")
        cdef double number = 0
        check(cmlp_model_read_cell(self.model, column, encoded, len(encoded), &number, NULL))
        return number

    def margin(self, double coverage, outputs=None, int64_t target=0):
        """Return how far the interval of a coverage reaches beyond the outputs of a row of a table's model."""
        cdef cnp.ndarray row = np.array([] if outputs is None else outputs, np.float64, ndmin=1)
        cdef cmlp_table_query query = query_of(coverage, row, target)
        cdef double below = 0, above = 0
        if outputs is None:
            query.outputs = NULL
        check(cmlp_model_margin(self.model, &query, &below, &above, NULL))
        return above

    def interval(self, double coverage, outputs, int64_t target=0):
        """Return the ends of the interval of a coverage for the outputs of a row of a table's model."""
        cdef cnp.ndarray row = np.array(outputs, np.float64, ndmin=1)
        cdef cmlp_table_query query = query_of(coverage, row, target)
        cdef double low = 0, high = 0
        check(cmlp_model_interval(self.model, &query, &low, &high, NULL))
        return low, high

    def find_set(self, double coverage, outputs, int64_t target=0):
        """Return whether each class is in the set of a coverage for the outputs of a row of a table's model.

        Of a label that a row can have beside others, these are the outcomes no and yes.
        """
        cdef cnp.ndarray row = np.array(outputs, np.float64, ndmin=1)
        cdef cmlp_table_query query = query_of(coverage, row, target)
        cdef cnp.ndarray members = np.zeros(max(self.info.n_out, 2), np.int32)
        check(cmlp_model_find_set(self.model, &query, <int32_t *>cnp.PyArray_DATA(members), len(members), NULL))
        return members[: 2 if self.info.kind == CMLP_MODEL_MULTILABEL else self.info.n_out].astype(bool)

    def outside(self, row):
        """Return how far each value of a row of a table is outside of what its column had in training."""
        cdef cnp.ndarray x = np.array(row, np.float64, ndmin=1)
        cdef cnp.ndarray distances = np.empty(self.info.n_in)
        check(cmlp_model_outside(self.model, <const double *>cnp.PyArray_DATA(x), len(x),
                                 <double *>cnp.PyArray_DATA(distances), len(distances), NULL))
        return distances

    def explain(self, row, background=None, *, n_evaluations=None, bint exact=False, uint32_t seed=0):
        """Return the Shapley values of a row of a table, their standard errors and the mean outputs over the background.

        The background are rows, or None for those in the file.
        """
        cdef cnp.ndarray x = np.array(row, np.float64, ndmin=1)
        cdef cnp.ndarray values = np.empty((self.info.n_in, self.info.n_out)), errors = np.empty_like(values)
        cdef cnp.ndarray base = np.empty(self.info.n_out), others
        cdef cmlp_rows rows
        cdef cmlp_explanation explanation
        cdef cmlp_run run
        cdef int status
        memset(&explanation, 0, sizeof(explanation))
        memset(&run, 0, sizeof(run))
        run.struct_size, explanation.struct_size = sizeof(cmlp_run), sizeof(cmlp_explanation)
        explanation.n_evaluations, explanation.is_exact, explanation.seed = n_evaluations or 0, exact, seed
        explanation.values, explanation.n_values = <double *>cnp.PyArray_DATA(values), cnp.PyArray_SIZE(values)
        explanation.errors, explanation.n_errors = <double *>cnp.PyArray_DATA(errors), cnp.PyArray_SIZE(errors)
        explanation.base_values, explanation.n_base_values = <double *>cnp.PyArray_DATA(base), len(base)
        if background is not None:
            others = np.ascontiguousarray(as_matrix(background, "background", self.info.n_in), np.float64)
            rows = cmlp_dense_rows(cnp.PyArray_DATA(others), CMLP_FLOAT64, len(others), cnp.PyArray_DIM(others, 1))
            explanation.background = &rows
        status = cmlp_model_explain_workspace_size(self.model, &explanation, &run.workspace_size, &run)
        check(status, &run)
        run.workspace = workspace_of(run.workspace_size)
        with nogil:
            status = cmlp_model_explain(self.model, <const double *>cnp.PyArray_DATA(x), cnp.PyArray_SIZE(x), &explanation,
                                        &run)
        PyMem_RawFree(run.workspace)
        check(status, &run)
        return values, errors, base

    def column_name(self, int64_t column):
        """Return the name of a column of a table, or of an input of a network; None if the file has no names."""
        cdef cmlp_table_column_info info
        info.struct_size = sizeof(cmlp_table_column_info)
        check(cmlp_model_describe_column(self.model, column, &info, NULL))
        return None if info.name == NULL else info.name[:info.n_name].decode("utf-8", "surrogatepass")
