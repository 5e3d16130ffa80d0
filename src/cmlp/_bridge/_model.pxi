# Included by _core.pyx: model files. The core validates and writes the header; cmlp._model does the rest.

cdef extern from "Python.h":
    object PyMemoryView_FromMemory(char *memory, Py_ssize_t size, int flags)
    int PyBUF_READ

CATEGORY_KINDS = {
    CMLP_TABLE_CATEGORY_MISSING: "missing",
    CMLP_TABLE_CATEGORY_TEXT: "text",
    CMLP_TABLE_CATEGORY_NUMBER: "number",
}
FILE_DTYPES = {"f4": CMLP_FLOAT32, "f8": CMLP_FLOAT64, "u1": CMLP_UINT8, "i4": CMLP_INT32, "i8": CMLP_INT64}


cdef int check_file(int status, uint64_t at=0) except -1:
    """Raise ModelFormatError for a status of the model file functions."""
    if status == CMLP_OK:
        return 0
    name = cmlp_status_name(status).decode()
    where = f" (at byte {at})" if at else ""
    raise ModelFormatError(f"{cmlp_status_string(status).decode()}{where}", name)


def model_head_size(bytes start not None):
    """Return the size of the head of a model file in bytes; `start` are the first 8 bytes of the file."""
    cdef cmlp_model_info info
    info.struct_size = sizeof(cmlp_model_info)
    cdef int status = cmlp_model_size(<const char *>start, min(len(start), 8), &info)
    if status != CMLP_ERROR_FILE_SHORT or not info.head_size:
        check_file(status, info.error_at)
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
        status = cmlp_model_size(start, n, &info)
    if status == CMLP_ERROR_FILE_VERSION:
        # The number of an unknown version, or what a file requires from the first unknown word on.
        unknown = head[info.error_at : info.error_at + 200].partition(b'"')[0].decode("ascii", "replace")
        message = f"{cmlp_status_string(status).decode()} ({unknown})"
        raise ModelFormatError(message, cmlp_status_name(status).decode())
    check_file(status, info.error_at)
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


cdef class Content:
    """The strings and arrays of a model file, and the function that takes its bytes, as a struct of the core.

    `strings` maps keys to printable ASCII text; `arrays` maps names to contiguous arrays of one or two dimensions;
    `write(memoryview)` must not keep a reference to its argument.
    """

    cdef cmlp_model_content content
    cdef list errors, context, keys, tensors
    cdef cnp.ndarray strings, arrays

    def __cinit__(self, dict strings, dict arrays, write):
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
        self.content.write, self.content.context = write_piece, <void *>self.context
        for i, (key, value) in enumerate(self.keys):
            string[i].key, string[i].value = key, value
        for i, (name, data) in enumerate(self.tensors):
            array[i].name, array[i].data = name, cnp.PyArray_DATA(<cnp.ndarray>data)
            array[i].rows, array[i].columns = data.shape[0], (data.shape[1] if data.ndim > 1 else 0)
            array[i].dtype = FILE_DTYPES[data.dtype.str[1:]]

    cdef int done(self, int status) except -1:
        """Raise the exception of the function that took the bytes, or that of the status."""
        if self.errors:
            raise self.errors[0]
        return check_file(status)


def write_model(Net net not None, params, *, scale, dict strings, dict arrays, write):
    """Write the model file of a network; see `Content` for the last three arguments."""
    cdef Content content = Content(strings, arrays, write)
    cdef cmlp_rows rows
    cdef void *block = cnp.PyArray_DATA(net.usable_params(params, False))
    cdef size_t size = 0
    cdef int status
    require(is_scale(scale, net.n_in), CMLP_ERROR_OPTION, "content->input_scale")
    set_scale(&rows, scale)
    content.content.input_scale = rows.scale
    content.content.shifts, content.content.factors = rows.shifts, rows.factors
    check(cmlp_workspace_size(net.net, NULL, NULL, NULL, 1, &size))
    cdef void *workspace = workspace_of(size)
    with nogil:
        status = cmlp_model_write(net.net, block, &content.content, workspace, size)
    PyMem_RawFree(workspace)
    content.done(status)


def write_table(Columns columns not None, nets, target=None, threshold=None, *, dict strings, dict arrays, write):
    """Write the model file of a table.

    `nets` are pairs (net, params); `target` is None, or four lists with a number for each target: centre, scale, low and
    high; `threshold` is None or a number. See `Content` for the other arguments.
    """
    cdef Content content = Content(strings, arrays, write)
    cdef cnp.ndarray addresses = np.zeros((2, max(len(nets), 1)), np.uintp)
    cdef list targets = [] if target is None else [*zip(*target, strict=True)]
    cdef cnp.npy_uintp *address = <cnp.npy_uintp *>cnp.PyArray_DATA(addresses)
    cdef list blocks = []
    cdef cmlp_table table
    cdef cnp.ndarray memory
    cdef cmlp_table_target *c_target
    cdef double limit = 0.0 if threshold is None else threshold
    cdef size_t size = 0
    cdef int status
    for i, (net, params) in enumerate(nets):
        blocks.append((<Net?>net).usable_params(params, False))
        address[i] = <cnp.npy_uintp>(<Net>net).net
        address[len(nets) + i] = <cnp.npy_uintp>cnp.PyArray_DATA(<cnp.ndarray>blocks[i])
    table.struct_size, table.n_nets = sizeof(cmlp_table), len(nets)
    table.columns, table.n_columns = columns.encoder.columns, columns.encoder.n_columns
    table.nets = <const cmlp_net *const *>address
    table.params = <const void *const *>(address + len(nets))
    memory = np.zeros(max(len(targets), 1) * sizeof(cmlp_table_target), np.uint8)
    c_target = <cmlp_table_target *>cnp.PyArray_DATA(memory)
    for i, (centre, scale, low, high) in enumerate(targets):
        c_target[i].centre, c_target[i].scale, c_target[i].low, c_target[i].high = centre, scale, low, high
    table.target, table.n_targets = NULL if target is None else c_target, len(targets)
    table.threshold = NULL if threshold is None else &limit
    check(cmlp_table_workspace_size(&table, &size), b"table")
    cdef void *workspace = workspace_of(size)
    with nogil:
        status = cmlp_table_write(&table, &content.content, workspace, size)
    PyMem_RawFree(workspace)
    content.done(status)


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
    cdef void *workspace

    def __cinit__(self, cnp.ndarray file not None, bint verify=True):
        cdef const void *first = cnp.PyArray_DATA(file)
        cdef size_t n = cnp.PyArray_NBYTES(file)
        cdef int status
        if not cnp.PyArray_IS_C_CONTIGUOUS(file) or cnp.PyArray_TYPE(file) != cnp.NPY_UINT8:
            raise ValueError(f"file must be a contiguous array of uint8, got {describe(file)}")
        self.file = file
        self.info.struct_size = sizeof(cmlp_model_info)
        check_file(cmlp_model_size(first, n, &self.info), self.info.error_at)
        self.memory = workspace_of(self.info.model_size)
        self.workspace = workspace_of(self.info.workspace_size)
        with nogil:
            status = cmlp_model_init(self.memory, self.info.model_size, first, n, 0 if verify else CMLP_MODEL_TRUSTED,
                                     self.workspace, self.info.workspace_size, &self.model)
        check_file(status)

    def __dealloc__(self):
        PyMem_RawFree(self.memory)
        PyMem_RawFree(self.workspace)

    def predict(self, row):
        """Return the class index of a row (-1 if there are no classes) and the outputs."""
        dtype = np.float32 if self.info.dtype == CMLP_FLOAT32 else np.float64
        cdef cnp.ndarray x = np.array(row, dtype)
        cdef cnp.ndarray outputs = np.empty(self.info.n_outputs, dtype)
        cdef int32_t label = -1
        if cnp.PyArray_NDIM(x) != 1 or len(x) != self.info.n_inputs:
            raise ValueError(f"row must have shape ({self.info.n_inputs},), got {describe(x)}")
        if self.info.dtype == CMLP_FLOAT32:
            check(cmlp_model_predict_f32(self.model, <float *>cnp.PyArray_DATA(x), len(x), &label,
                                         <float *>cnp.PyArray_DATA(outputs), len(outputs), self.workspace,
                                         self.info.workspace_size))
        else:
            check(cmlp_model_predict_f64(self.model, <double *>cnp.PyArray_DATA(x), len(x), &label,
                                         <double *>cnp.PyArray_DATA(outputs), len(outputs), self.workspace,
                                         self.info.workspace_size))
        return label, outputs

    def category(self, int64_t column, value):
        """Return the code of a category in a column of a table: text, a number, or None for the missing value."""
        cdef cmlp_table_categories categories
        cdef double code = 0
        categories.struct_size = sizeof(cmlp_table_categories)
        check(cmlp_table_find_categories(self.model, column, &categories))
        if value is None:
            check(cmlp_table_code_of_text(&categories, NULL, &code))
        elif isinstance(value, str):
            check(cmlp_table_code_of_text(&categories, value.encode(), &code))
        elif isinstance(value, int):
            check(cmlp_table_code_of_integer(&categories, value, &code))
        else:
            check(cmlp_table_code_of_number(&categories, value, &code))
        return code

    def category_text(self, int64_t column, int64_t code):
        """Return the text of a category in a column of a table, and "missing", "text" or "number"."""
        cdef cmlp_table_categories categories
        cdef cmlp_table_category_kind kind = 0
        cdef size_t length = 0
        cdef bytearray text
        categories.struct_size = sizeof(cmlp_table_categories)
        check(cmlp_table_find_categories(self.model, column, &categories))
        cmlp_table_category(&categories, code, NULL, 0, &length, NULL)
        text = bytearray(length + 1)
        check(cmlp_table_category(&categories, code, text, length + 1, NULL, &kind))
        return text[:length].decode(), CATEGORY_KINDS[kind]

    def cell(self, int64_t column, str text not None):
        """Return the number for the row of a cell of text in a column of a table."""
        cdef bytes encoded = text.encode("utf-8", "surrogatepass")
        cdef double number = 0
        check(cmlp_table_code_of_cell(self.model, column, encoded, len(encoded), &number))
        return number

    def margin(self, double coverage, outputs=None, int64_t target=0):
        """Return how far the interval of a coverage reaches beyond the outputs of a row of a table's model."""
        cdef cnp.ndarray row = np.array([] if outputs is None else outputs, np.float64, ndmin=1)
        cdef const double *first = NULL if outputs is None else <const double *>cnp.PyArray_DATA(row)
        cdef double margin = 0
        check(cmlp_table_margin(self.model, target, coverage, first, len(row), &margin))
        return margin

    def interval(self, double coverage, outputs, int64_t target=0):
        """Return the ends of the interval of a coverage for the outputs of a row of a table's model."""
        cdef cnp.ndarray row = np.array(outputs, np.float64, ndmin=1)
        cdef double ends[2]
        check(cmlp_table_interval(self.model, target, coverage, <const double *>cnp.PyArray_DATA(row), len(row), ends))
        return ends[0], ends[1]
