# cython: language_level=3
"""A model file as C programs see it: each method calls one function of the library in the installed package."""

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

    cdef cmlp_table_query query(self, double coverage, object outputs, int64_t target):
        """Return a query for a row's outputs, which must outlive it, or for none."""
        cdef cmlp_table_query query
        query.struct_size, query.coverage, query.target = sizeof(cmlp_table_query), coverage, target
        query.outputs = NULL if outputs is None else <const double *>address_of(outputs)
        query.n_outputs = 0 if outputs is None else outputs.size
        query.by_class = query.reserved = 0
        return query

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
        cdef bytes encoded = text.encode("utf-8", "surrogatepass")
        cdef double number = 0
        check(api.model_read_cell(self.model, column, encoded, len(encoded), &number, NULL))
        return number

    def margin(self, double coverage, outputs=None, int64_t target=0):
        """Return how far the interval of a coverage reaches beyond the outputs of a row of a table's model."""
        row = None if outputs is None else np.array(outputs, np.float64, ndmin=1)
        cdef cmlp_table_query query = self.query(coverage, row, target)
        cdef double below = 0, above = 0
        check(api.model_margin(self.model, &query, &below, &above, NULL))
        return above

    def interval(self, double coverage, outputs, int64_t target=0):
        """Return the ends of the interval of a coverage for the outputs of a row of a table's model."""
        row = np.array(outputs, np.float64, ndmin=1)
        cdef cmlp_table_query query = self.query(coverage, row, target)
        cdef double low = 0, high = 0
        check(api.model_interval(self.model, &query, &low, &high, NULL))
        return low, high

    def find_set(self, double coverage, outputs, int64_t target=0, bint by_class=False):
        """Return whether each class is in the set of a coverage for the outputs of a row of a table's model.

        Of a label that a row can have beside others, these are the outcomes no and yes.
        """
        row, members = np.array(outputs, np.float64, ndmin=1), np.zeros(max(self.info.n_out, 2), np.int32)
        cdef cmlp_table_query query = self.query(coverage, row, target)
        query.by_class = by_class
        check(api.model_find_set(self.model, &query, <int32_t *>address_of(members), members.size, NULL))
        return members[: 2 if self.info.kind == CMLP_MODEL_MULTILABEL else self.info.n_out].astype(bool)

    def outside(self, row):
        """Return how far each value of a row of a table is outside of what its column had in training."""
        x, distances = np.array(row, np.float64, ndmin=1), np.empty(self.info.n_in)
        check(api.model_outside(self.model, <const double *>address_of(x), x.size, <double *>address_of(distances),
                                distances.size, NULL))
        return distances

    def explain(self, row, background=None, *, n_evaluations=None, bint exact=False, uint32_t seed=0):
        """Return the Shapley values of a row of a table, their standard errors and the mean outputs over the background.

        The background are rows, or None for those in the file.
        """
        cdef cmlp_rows rows
        cdef cmlp_explanation explanation
        cdef cmlp_run run
        x, values = np.array(row, np.float64, ndmin=1), np.empty((self.info.n_in, self.info.n_out))
        errors, base = np.empty_like(values), np.empty(self.info.n_out)
        memset(&explanation, 0, sizeof(explanation))
        memset(&run, 0, sizeof(run))
        run.struct_size, explanation.struct_size = sizeof(cmlp_run), sizeof(cmlp_explanation)
        explanation.n_evaluations, explanation.is_exact, explanation.seed = n_evaluations or 0, exact, seed
        explanation.values, explanation.n_values = <double *>address_of(values), values.size
        explanation.errors, explanation.n_errors = <double *>address_of(errors), errors.size
        explanation.base_values, explanation.n_base_values = <double *>address_of(base), base.size
        if background is not None:
            others = np.array(background, np.float64, order="C")
            api.rows_init(&rows, sizeof(cmlp_rows), address_of(others), CMLP_FLOAT64, len(others), others.shape[1])
            explanation.background = &rows
        check(api.model_explain_workspace_size(self.model, &explanation, &run.workspace_size, &run), &run)
        workspace = np.empty(run.workspace_size, np.uint8)
        run.workspace = address_of(workspace)
        check(api.model_explain(self.model, <const double *>address_of(x), x.size, &explanation, &run), &run)
        return values, errors, base

    def column_name(self, int64_t column):
        """Return the name of a column of a table, or of an input of a network; None if the file has no names."""
        cdef cmlp_table_column_info info
        info.struct_size = sizeof(cmlp_table_column_info)
        check(api.model_describe_column(self.model, column, &info, NULL))
        return None if info.name == NULL else text_of(info.name, info.n_name)
