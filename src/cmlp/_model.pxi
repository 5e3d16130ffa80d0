# Included by _core.pyx: model files. The core validates and writes the header; the package cmlp.files does the rest.

cdef extern from "Python.h":
    object PyMemoryView_FromMemory(char *memory, Py_ssize_t size, int flags)
    int PyBUF_READ

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


def model_file_size(bytes head not None):
    """Validate a complete head; return the size that the file must have, in bytes."""
    cdef cmlp_model_info info
    info.struct_size = sizeof(cmlp_model_info)
    cdef const char *start = <const char *>head
    cdef size_t n = len(head)
    cdef int status
    with nogil:
        status = cmlp_model_size(start, n, &info)
    check_file(status, info.error_at)
    return info.file_size


cdef int write_piece(void *context, const void *piece, size_t n) noexcept with gil:
    """Pass bytes to the Python function in `context`; store its exception, which write_model raises later."""
    write, errors = <list>context
    try:
        write(PyMemoryView_FromMemory(<char *>piece, <Py_ssize_t>n, PyBUF_READ))
    except BaseException as error:
        errors.append(error)
        return 1
    return 0


def write_model(Net net not None, params, *, scale, dict strings, dict arrays, write):
    """Write a model file through the function `write(memoryview)`, which must not keep a reference to its argument.

    `strings` maps keys to printable ASCII text; `arrays` maps names to contiguous arrays of one or two dimensions.
    """
    cdef list errors = [], context = [write, errors]
    keys = [(key.encode(), value.encode("ascii")) for key, value in sorted(strings.items())]
    tensors = [(name.encode(), np.ascontiguousarray(data)) for name, data in sorted(arrays.items())]
    c_strings = np.zeros((len(keys) + 1) * sizeof(cmlp_model_string), np.uint8)
    c_arrays = np.zeros((len(tensors) + 1) * sizeof(cmlp_model_array), np.uint8)
    cdef cmlp_model_string *string = <cmlp_model_string *>cnp.PyArray_DATA(<cnp.ndarray>c_strings)
    cdef cmlp_model_array *array = <cmlp_model_array *>cnp.PyArray_DATA(<cnp.ndarray>c_arrays)
    cdef cmlp_model_content content
    cdef cmlp_rows rows
    cdef void *block = cnp.PyArray_DATA(net.checked(params, False))
    cdef size_t size = 0
    cdef int status
    require(is_scale(scale, net.n_in), CMLP_ERROR_OPTION, "content->input_scale")
    set_scale(&rows, scale)
    content.struct_size, content.input_scale = sizeof(cmlp_model_content), rows.scale
    content.shifts, content.factors = rows.shifts, rows.factors
    content.strings, content.n_strings = string, len(keys)
    content.arrays, content.n_arrays = array, len(tensors)
    content.write, content.context = write_piece, <void *>context
    for i, (key, value) in enumerate(keys):
        string[i].key, string[i].value = key, value
    for i, (name, data) in enumerate(tensors):
        array[i].name, array[i].data = name, cnp.PyArray_DATA(<cnp.ndarray>data)
        array[i].rows, array[i].columns = data.shape[0], (data.shape[1] if data.ndim > 1 else 0)
        array[i].dtype = FILE_DTYPES[data.dtype.str[1:]]
    check(cmlp_model_write_size(net.net, &size))
    cdef void *scratch = PyMem_RawMalloc(size)
    if scratch == NULL:
        raise MemoryError(f"no memory for a scratch buffer of {size} bytes")
    with nogil:
        status = cmlp_model_write(net.net, block, &content, scratch, size)
    PyMem_RawFree(scratch)
    if errors:
        raise errors[0]
    check_file(status)
