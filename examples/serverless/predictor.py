"""Predict with a model file, without NumPy and without the package cmlp: for functions that start often.

    python predictor.py LIBRARY MODEL CELL...

prints the index of the class (-1 if there is none) and all outputs.
"""

import sys
from ctypes import (
    CDLL,
    Structure,
    addressof,
    byref,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    sizeof,
)


class Info(Structure):
    """``cmlp_model_info`` of cmlp.h."""

    _fields_ = [
        *((name, c_size_t) for name in ("struct_size", "model_size")),
        *((name, c_size_t) for name in ("workspace_size", "answer_size")),
        *((name, c_uint64) for name in ("head_size", "file_size", "error_at")),
        *((name, c_int64) for name in ("n_in", "n_out", "n_labels", "n_nets")),
        *((name, c_int32) for name in ("dtype", "kind")),
        *((name, c_int64) for name in ("n_targets", "n_ends", "n_set")),
    ]


class Value(Structure):
    """``cmlp_value``."""

    _fields_ = [
        ("text", c_char_p),
        ("n_text", c_int64),
        ("number", c_double),
        ("integer", c_int64),
        *((name, c_int32) for name in ("kind", "padding")),
        ("reserved", c_int64),
    ]


class Rows(Structure):
    """``cmlp_rows``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("data", c_void_p),
        *((name, c_int64) for name in ("n_rows", "n_columns", "row_stride", "column_stride")),
        ("scale", c_double),
        ("order", c_void_p),
        ("n_order", c_int64),
        *((name, c_void_p) for name in ("indptr", "indices")),
        ("n_values", c_int64),
        *((name, c_int32) for name in ("kind", "dtype", "index_dtype", "reserved")),
        *((name, c_void_p) for name in ("shifts", "factors", "names")),
        ("n_names", c_int64),
    ]


class Answer(Structure):
    """``cmlp_answer`` of cmlp_table.h."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("labels", c_void_p),
        ("n_labels", c_int64),
        ("class_indices", c_void_p),
        ("n_class_indices", c_int64),
        ("outputs", c_void_p),
        ("n_outputs", c_int64),
        ("coverage", c_double),
        ("intervals", c_void_p),
        ("n_intervals", c_int64),
        ("sets", c_void_p),
        ("n_sets", c_int64),
        ("outside", c_void_p),
        ("n_outside", c_int64),
        ("states", c_void_p),
        ("n_states", c_int64),
        ("numbers", c_void_p),
        ("n_numbers", c_int64),
        ("reasons", c_void_p),
        ("n_reasons", c_int64),
        ("reason_errors", c_void_p),
        ("n_reason_errors", c_int64),
        ("base_values", c_void_p),
        ("n_base_values", c_int64),
        ("background", c_void_p),
        ("n_evaluations", c_int64),
        *((name, c_int32) for name in ("seed", "is_exact", "by_class", "reserved")),
    ]


class Run(Structure):
    """``cmlp_run``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("workspace", c_void_p),
        ("workspace_size", c_size_t),
        *((name, c_void_p) for name in ("poll", "poll_context", "refused")),
        *((name, c_int64) for name in ("bad_row", "bad_element", "bad_column")),
        *((name, c_int32) for name in ("n_threads", "reserved")),
    ]


def value_of(cell):
    """Return a cell of a CSV file, which is a text, or a number."""
    if not isinstance(cell, str):
        return Value(number=cell, kind=2)  # CMLP_VALUE_DOUBLE
    text = cell.encode()
    return Value(text=text, n_text=len(text), kind=1)  # CMLP_VALUE_TEXT


class Predictor:
    """A model in memory. Threads need a Predictor each, because a prediction uses the workspace."""

    def __init__(self, library, path):
        self.library = CDLL(library)
        self.library.cmlp_status_string.restype = c_char_p
        with open(path, "rb") as stream:
            content = stream.read()
        self.file = create_string_buffer(content, len(content))
        self.info = Info(struct_size=sizeof(Info))
        self._call("model_describe", self.file, c_size_t(len(content)), byref(self.info), None)
        self.memory = create_string_buffer(self.info.model_size)
        self.workspace = create_string_buffer(max(self.info.workspace_size, self.info.answer_size))
        self.run = Run(struct_size=sizeof(Run), workspace_size=len(self.workspace))
        self.run.workspace = addressof(self.workspace)
        self.model = c_void_p()
        blocks = (self.memory, self.file)
        arguments = [part for block in blocks for part in (block, c_size_t(len(block)))]
        self._call("model_init", *arguments, None, byref(self.model), byref(self.run))

    def predict(self, cells):
        """Return the index of the class and the outputs of a row: numbers, or cells of a CSV file as texts."""
        values = (Value * len(cells))(*map(value_of, cells))
        rows = Rows(
            struct_size=sizeof(Rows), data=addressof(values), n_rows=1, n_columns=len(cells)
        )
        rows.kind, rows.column_stride = 3, sizeof(Value)  # CMLP_ROWS_CELLS
        index, outputs = c_int32(), (c_double * self.info.n_out)()
        answer = Answer(struct_size=sizeof(Answer), n_class_indices=1, n_outputs=len(outputs))
        answer.class_indices, answer.outputs = addressof(index), addressof(outputs)
        asked = (self.model, byref(rows), byref(answer))
        status = self.library.cmlp_model_answer(*asked, byref(self.run))
        if status:
            text = create_string_buffer(500)
            self.library.cmlp_model_say(
                *asked, c_int32(status), byref(self.run), text, c_int64(len(text))
            )
            raise ValueError(text.value.decode())
        return index.value, list(outputs)

    def _call(self, name, *arguments):
        status = self.library[f"cmlp_{name}"](*arguments)
        if status:
            raise ValueError(self.library.cmlp_status_string(status).decode())


if __name__ == "__main__":
    answer, outputs = Predictor(*sys.argv[1:3]).predict(sys.argv[3:])
    print(answer, *outputs)
