# cython: language_level=3
"""A model file as C programs see it: each method makes one call of the library in the installed package."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memset

from cmlp.capi cimport *

from cmlp.exceptions import ModelFormatError, StatusError

cdef const cmlp_capi *api = cmlp_import_capi()


cdef int check(int status, const cmlp_run *run=NULL) except -1:
    """Raise the exception for a status, with the C name of the argument that `run` reports."""
    if status == CMLP_OK:
        return 0
    name = api.status_name(status).decode()
    refused = f" ({run.refused.decode()})" if run != NULL and run.refused != NULL else ""
    raise StatusError(f"{name}: {api.status_string(status).decode()}{refused}", name)


cdef void *address_of(array):
    """Return the address of a contiguous array, which must outlive its use."""
    return <void *><size_t>array.ctypes.data


cdef value_of(const cmlp_value *value):
    """Return a value of the library."""
    if value.kind == CMLP_VALUE_TEXT:
        return text_of(value.text, value.n_text)
    if value.kind == CMLP_VALUE_LARGE_INTEGER:
        return int(value.text[:value.n_text])
    if value.kind == CMLP_VALUE_DOUBLE:
        return value.number
    if value.kind == CMLP_VALUE_MISSING:
        return None
    return bool(value.integer) if value.kind == CMLP_VALUE_BOOLEAN else value.integer


cdef text_of(const char *text, int64_t n):
    return text[:n].decode("utf-8", "surrogatepass")


cdef class Model:
    """A loaded model.

    Parameters
    ----------
    content : bytes-like
        The whole file.
    """

    cdef object file, memory
    cdef cmlp_model_info info
    cdef const cmlp_model *model

    def __init__(self, content):
        cdef cmlp_run run
        cdef int status
        given = np.frombuffer(content, np.uint8)
        words = np.empty(-(-len(given) // 8), np.int64)  # whose address is a multiple of 8
        self.file = words.view(np.uint8)[: len(given)]
        self.file[:] = given
        self.info.struct_size = sizeof(cmlp_model_info)
        status = api.model_describe(address_of(self.file), len(given), &self.info, NULL)
        if status == CMLP_OK:
            self.memory = np.empty(self.info.model_size, np.uint8)
            workspace = self.workspace(&run)
            status = api.model_init(address_of(self.memory), self.info.model_size, address_of(self.file), len(given), NULL,
                                    &self.model, &run)
        if status != CMLP_OK:
            raise ModelFormatError(api.status_string(status).decode(), api.status_name(status).decode())

    cdef object workspace(self, cmlp_run *run):
        """Fill `run`; return the memory of its workspace, which must outlive it."""
        memory = np.empty(self.info.workspace_size, np.uint8)
        memset(run, 0, sizeof(cmlp_run))
        run.struct_size = sizeof(cmlp_run)
        run.workspace, run.workspace_size = address_of(memory), self.info.workspace_size
        return memory

    cdef answer(self, row, const cmlp_answer *answer):
        """Answer what is asked for about a row: the numbers of its columns, or a list of a text or None for each."""
        cdef cmlp_rows rows
        cdef cmlp_value[64] cells
        cdef cmlp_run run
        memset(&run, 0, sizeof(run))
        run.struct_size = sizeof(cmlp_run)
        assert len(row) == self.info.n_in <= 64
        if isinstance(row, list):
            for i, text in enumerate(row):
                cells[i] = cmlp_text(NULL if text is None else <const char *>text, -1 if text is None else len(text))
            rows = cmlp_cell_rows(cells, 1, self.info.n_in, NULL)
        else:
            x = np.array(row, np.float64)
            api.rows_init(&rows, sizeof(cmlp_rows), address_of(x), CMLP_FLOAT64, 1, x.size)
        check(api.model_answer_size(self.model, &rows, answer, &run.workspace_size, &run), &run)
        workspace = np.empty(run.workspace_size, np.uint8)
        run.workspace = address_of(workspace)
        check(api.model_answer(self.model, &rows, answer, &run), &run)

    def predict(self, row):
        """Return the class index of a row (-1 if there are no classes) and the outputs."""
        cdef cmlp_rows rows
        cdef cmlp_prediction prediction
        cdef cmlp_run run
        cdef int32_t label = -1
        dtype = np.float32 if self.info.dtype == CMLP_FLOAT32 else np.float64
        x, outputs = np.array(row, dtype), np.empty(self.info.n_out, dtype)
        assert x.shape == (self.info.n_in,)
        api.rows_init(&rows, sizeof(cmlp_rows), address_of(x), self.info.dtype, 1, x.size)
        memset(&prediction, 0, sizeof(prediction))
        prediction.struct_size, prediction.class_indices, prediction.n_class_indices = sizeof(cmlp_prediction), &label, 1
        prediction.outputs, prediction.n_outputs = address_of(outputs), outputs.size
        workspace = self.workspace(&run)
        check(api.model_predict(self.model, &rows, &prediction, &run), &run)
        return label, outputs

    def label(self, int32_t index):
        """Return the label of a class, and its text."""
        cdef cmlp_value label
        check(api.model_find_label(self.model, index, &label, NULL))
        return value_of(&label), text_of(label.text, label.n_text)

    def category(self, int64_t column, value):
        """Return the code of a category in a column of a table: text, a number, or None for the missing value."""
        cdef cmlp_value category
        cdef double code = 0
        text = str(value).encode("utf-8", "surrogatepass")
        memset(&category, 0, sizeof(category))
        category.kind = CMLP_VALUE_MISSING
        if isinstance(value, bool):
            category.kind, category.integer = CMLP_VALUE_BOOLEAN, value
        elif isinstance(value, int) and -2**63 <= value < 2**63:
            category.kind, category.integer = CMLP_VALUE_INTEGER, value
        elif isinstance(value, (str, int)):
            category.kind = CMLP_VALUE_TEXT if isinstance(value, str) else CMLP_VALUE_LARGE_INTEGER
            category.text, category.n_text = text, len(text)
        elif value is not None:
            category.kind, category.number = CMLP_VALUE_DOUBLE, value
        check(api.model_find_code(self.model, column, &category, &code, NULL))
        return code

    def category_of(self, int64_t column, int64_t code):
        """Return the category of a code in a column of a table."""
        cdef cmlp_value category
        check(api.model_find_category(self.model, column, code, &category, NULL))
        return value_of(&category)

    def cell(self, int64_t column, str text not None):
        """Return the number for the row of a cell of text in a column of a table."""
        cdef cmlp_answer answer
        numbers, cells = np.empty(self.info.n_in), [None] * self.info.n_in
        cells[column] = text.encode("utf-8", "surrogatepass")
        memset(&answer, 0, sizeof(answer))
        answer.struct_size = sizeof(cmlp_answer)
        answer.numbers, answer.n_numbers = <double *>address_of(numbers), numbers.size
        self.answer(cells, &answer)
        return numbers[column]

    def intervals(self, double coverage, row):
        """Return the lower and the upper end of the interval of each target for a row of a table's regressor."""
        cdef cmlp_answer answer
        ends = np.empty((self.info.n_ends // 2, 2))
        memset(&answer, 0, sizeof(answer))
        answer.struct_size, answer.coverage = sizeof(cmlp_answer), coverage
        answer.intervals, answer.n_intervals = <double *>address_of(ends), ends.size
        self.answer(row, &answer)
        return ends

    def sets(self, double coverage, row, bint by_class=False):
        """Return whether each class is in the set of a coverage for a row of a table's classifier.

        Of each label that a row can have beside others, these are the outcomes no and yes.
        """
        cdef cmlp_answer answer
        members = np.empty(self.info.n_set, np.int32)
        memset(&answer, 0, sizeof(answer))
        answer.struct_size, answer.coverage, answer.by_class = sizeof(cmlp_answer), coverage, by_class
        answer.sets, answer.n_sets = <int32_t *>address_of(members), members.size
        self.answer(row, &answer)
        is_pairs = self.info.kind == CMLP_MODEL_MULTILABEL
        return members.reshape([-1, 2] if is_pairs else [-1]).astype(bool)

    def outside(self, row):
        """Return how far each value of a row of a table is outside of what its column had in training."""
        cdef cmlp_answer answer
        distances = np.empty(self.info.n_in)
        memset(&answer, 0, sizeof(answer))
        answer.struct_size = sizeof(cmlp_answer)
        answer.outside, answer.n_outside = <double *>address_of(distances), distances.size
        self.answer(row, &answer)
        return distances

    def explain(self, row, background=None, *, n_evaluations=None, bint exact=False, uint32_t seed=0):
        """Return the Shapley values of a row of a table, their standard errors and the mean outputs over the background.

        The background are rows, or None for those in the file.
        """
        cdef cmlp_rows rows
        cdef cmlp_answer answer
        values = np.empty((self.info.n_in, self.info.n_out))
        errors, base = np.empty_like(values), np.empty(self.info.n_out)
        memset(&answer, 0, sizeof(answer))
        answer.struct_size = sizeof(cmlp_answer)
        answer.n_evaluations, answer.is_exact, answer.seed = n_evaluations or 0, exact, seed
        answer.reasons, answer.n_reasons = <double *>address_of(values), values.size
        answer.reason_errors, answer.n_reason_errors = <double *>address_of(errors), errors.size
        answer.base_values, answer.n_base_values = <double *>address_of(base), base.size
        if background is not None:
            others = np.array(background, np.float64, order="C")
            api.rows_init(&rows, sizeof(cmlp_rows), address_of(others), CMLP_FLOAT64, len(others), others.shape[1])
            answer.background = &rows
        self.answer(row, &answer)
        return values, errors, base

    def column_name(self, int64_t column):
        """Return the name of a column of a table, or of an input of a network; None if the file has no names."""
        cdef cmlp_table_column_info info
        info.struct_size = sizeof(cmlp_table_column_info)
        check(api.model_describe_column(self.model, column, &info, NULL))
        return None if info.name == NULL else text_of(info.name, info.n_name)
