"""The text of a C header that predicts raw rows of a table, bit-identical to Python."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import accumulate, chain
from string import Template
from typing import NamedTuple

import numpy as np

from cmlp._data.array_types import NDArray
from cmlp._export.c_intervals import interval_constants, write_interval_functions
from cmlp._export.c_text import (
    CALL,
    CHECK_ROWS,
    SEED,
    Function,
    HeaderParts,
    NetText,
    array,
    check_function,
    checked,
    classify,
    expected_outputs,
    float_array,
    inner,
    literal,
    stack_of_layers,
    write_opening,
)
from cmlp._model.calibration import n_answers
from cmlp._model.model import AnswerScale, Combination, Rule, TableModel
from cmlp._model.table_columns import PARTS, TableColumn, TableColumns

_OPENING = """
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#endif
"""
# Bytes of stack beside the arrays, like those of c_text.py.
_FRAMES = 320
_FRAMES_OF_DATES = 120  # more, if columns have parts
# For AVR processors.
_REMEDY = (
    "a table needs them, so use a processor of 32 bits, or train one network (MLPClassifier or "
    "MLPRegressor) and write it with to_c(..., int8=True)"
)
_LONGEST_IDENTIFIER = 63  # in characters that C99 guarantees
_NUMBER_BYTES = 8
_COLUMN_BYTES = 40
_PARTS_BYTES = 16  # of a column, and of each part
_STATISTICS_BYTES = 24
_MISSING_VALUES_BYTES = 8  # of a column
_ABOUT = [
    "",
    "A row has a double for each column, in the order of fit: a number, the code of a category, or NaN if it is",
    "missing: of categories that is the missing one, or an unknown one if training had none. No number is infinite.",
    "A column is counted from 0.",
]


def parts_of_table(model: TableModel, prefix: str, *, intervals: bool) -> HeaderParts:
    """Return the parts of a header for several networks behind an encoder of columns."""
    table = _Table(model, prefix)
    columns = table.columns
    combination = model.combination
    n_numbers = sum(len(edges) for column in columns for edges in column.all_edges)
    n_params = sum(net.n_params for net, _ in model.networks)
    size = 0
    column_bytes = _COLUMN_BYTES
    code = "2 to 3 KB"
    if table.has_parts:
        size += _PARTS_BYTES * sum(len(column.parts) for column in columns)
        column_bytes += _PARTS_BYTES
        code = "3 to 4 KB"
    n_statistics = len(columns.statistics)
    if n_statistics:
        column_bytes += _STATISTICS_BYTES
    if table.has_codes:
        column_bytes += _MISSING_VALUES_BYTES
        size += _NUMBER_BYTES * sum(column.n_missing for column in columns if column.is_number)
    body = list(table.write_body())
    functions = list(table.write_functions())
    if intervals:
        body.append(_read_core_text("table/distance.h", prefix))
        functions += write_interval_functions(model, prefix)
        size += interval_constants(model)
    return HeaderParts(
        constants=4 * (n_params + n_statistics)
        + _NUMBER_BYTES * n_numbers
        + column_bytes * len(columns)
        + size,
        about=_ABOUT,
        code=f"{code} of code and the compiler's arithmetic in double",
        sizes=(len(columns), combination.n),
        opening=write_opening(prefix, _REMEDY) + _OPENING,
        body="\n".join(body),
        functions=functions,
        contract=_write_contract(model, prefix),
        row=_typical_row(model, prefix),
        columns=_name_columns(model, prefix),
    )


def _name_columns(model: TableModel, prefix: str) -> list[str]:
    """Return the name of each column in the enum."""
    names: list[str] = []
    most = _LONGEST_IDENTIFIER - len(f"{prefix}_column__{len(model.columns)}")
    for i in range(len(model.columns)):
        name = ""
        if model.feature_names is not None:
            name = re.sub(r"[\W_]+", "_", str(model.feature_names[i]), flags=re.ASCII)[:most].strip(
                "_"
            )
        while not name or f"{prefix}_column_{name}" in names:
            name = f"{name}_{i}".strip("_")
        names.append(f"{prefix}_column_{name}")
    return names


def _write_contract(model: TableModel, prefix: str) -> str:
    """Return the enum of the columns, with the meaning of each."""
    lines = []
    for i, (name, column) in enumerate(
        zip(_name_columns(model, prefix), model.columns, strict=True)
    ):
        meaning = column.meaning
        if column.categories is not None:
            meaning += f": {prefix}_category({i}, name)"
        lines.append(f"    {name} = {i}, /* {meaning} */\n")
    return f"/* The columns, and the values that they take. */\nenum {{\n{''.join(lines)}}};\n"


def _typical_row(model: TableModel, prefix: str) -> list[str]:
    """Return the medians of the training rows and the most frequent categories; "" for a column that is not used."""
    row = []
    for i, (name, column) in enumerate(
        zip(_name_columns(model, prefix), model.columns, strict=True)
    ):
        value = column.centre
        known = np.empty(0)
        if model.summary is not None:
            known = model.summary.values[:, i]
            known = known[known >= 0] if column.categories is not None else known[~np.isnan(known)]
        if len(known):  # an even number of codes has no median that is one
            values, counts = np.unique(known, return_counts=True)
            value = (
                values[counts.argmax()] if column.is_category else np.sort(known)[len(known) // 2]
            )
        if not column.is_used:
            row.append("")
        elif column.categories is None:
            row.append(repr(float(value)))
        else:
            text = _category_literals(model.columns, i)[int(value)]
            row.append(f"{prefix}_category({name}, {text})")
    return row


def _name_outputs(model: TableModel) -> str:
    """Return what the outputs of a header are."""
    if n_answers(model.net, model.labels) > 1:
        if model.labels is None:
            return "the prediction of each target"
        return "the probability of each label"
    if model.labels is not None:
        if model.combination.rule == "binary":
            return "the probabilities of both classes"
        return "the probabilities of the classes"
    if model.combination.n > 1:
        return "the predicted quantiles"
    return "the prediction"


class _Encoding(NamedTuple):
    """One way to encode a row, with bins or without.

    The names of the array and of the first layer have no prefix.
    """

    bins: bool
    n_inputs: int
    inputs: str
    layer: str


class _Table:
    """The text of the header of a model."""

    def __init__(self, model: TableModel, prefix: str) -> None:
        self.model = model
        self.prefix = prefix
        self.columns = model.columns
        wide = model.columns.width(True)
        names = {True: ("inputs", "layer1"), False: ("plain", "layer1_plain")}
        seen = sorted({net.n_in for net, _ in model.networks}, reverse=True)
        self.encodings = [_Encoding(n == wide, n, *names[n == wide]) for n in seen]
        self.has_categories = any(
            column.categories is not None or column.type == "boolean" for column in self.columns
        )
        self.has_parts = any(column.parts for column in self.columns)
        self.has_statistics = any(column.statistics is not None for column in self.columns)
        self.has_codes = any(column.is_number and column.n_missing for column in self.columns)

    def write_body(self) -> Iterator[str]:
        """Yield the columns, the networks, and the functions that the header itself calls."""
        n_out = self.model.net.n_out
        text = NetText(self.model.first, self.prefix, Combination(n_out), takes_params=True)
        yield text.write_functions()
        yield from self._write_encoder()
        yield from self._write_columns()
        for i, (_, params) in enumerate(self.model.networks):
            title = f"/* Network {i + 1}: weights (inputs, outputs) and biases of each layer. */\n"
            # no negative zero
            yield title + float_array(f"{self.prefix}_net{i}", params + np.float32(0))
        for encoding in self.encodings:
            suffix = encoding.layer.removeprefix("layer")
            shape = (encoding.n_inputs, text.net.sizes[1])
            yield text.write_dense(suffix, shape, "float", "x[k]", skip=True)
        yield from text.write_later_layers()
        yield text.write_finish()
        scale = self.model.answer_scale
        if scale is not None and n_answers(self.model.net, None) > 1:
            yield _write_targets(scale, self.prefix)

    def write_functions(self) -> Iterator[Function]:
        """Yield the functions that programs call."""
        prefix = self.prefix
        model = self.model
        n_in = len(self.columns)
        combination = model.combination
        predict = self._write_prediction()
        yield predict
        yield checked(predict, f"{prefix}_predict", n_in, "double", "output", nan_is_missing=True)
        n_bytes = _NUMBER_BYTES * combination.n
        if combination.answer:
            yield classify(
                f"{prefix}_classify(const double x[{n_in}])",
                f"double output[{combination.n}];",
                f"{prefix}_predict(x, output);",
                combination,
                predict.stack + n_bytes + CALL,
                of_second=model.threshold,
            )
        if self.has_categories:
            yield _write_category_function(self.columns, prefix)
        body = _write_table_check(model, prefix)
        yield check_function(prefix, body, predict.stack + n_bytes + _NUMBER_BYTES * n_in)

    def _write_encoder(self) -> Iterator[str]:
        yield _read_core_text("base/soft_root.h", self.prefix)
        text = files("cmlp._export").joinpath("table_functions.h").read_text("ascii")
        text = text.split("\n\n", 1)[1].replace("NAME_", f"{self.prefix}_")
        encode = _read_core_text("table/encode_row.h", self.prefix).replace(
            f"static inline void {self.prefix}_encode_columns(",
            f"{self.prefix}_OUT_OF_LINE void {self.prefix}_encode_columns(",
        )
        for each in (text, encode):
            yield self._without_unused(each)

    def _without_unused(self, text: str) -> str:
        """Return a text without what is in `#if` for columns with parts, or statistics, if none has some."""
        for name, is_used in (
            ("PARTS", self.has_parts),
            ("STATISTICS", self.has_statistics),
            ("MISSING_VALUES", self.has_codes),
        ):
            kept = r"\1" if is_used else ""
            text = re.sub(rf"#if \w+_{name}\n(.*?)#endif\n", kept, text, flags=re.DOTALL)
        return text

    def _write_columns(self) -> Iterator[str]:
        """Yield the edges of all bins, the parts of dates, the statistics, and the columns."""
        prefix = self.prefix
        columns = []
        edges: list[str] = []
        parts: list[str] = []
        n_statistics = 0
        for column in self.columns:
            role = column.role.upper()
            n_edges = len(column.edges)
            n_categories = 0
            if column.is_category:
                n_categories = column.n
            codes = column.missing_numbers if column.is_number else column.edges[:0]
            where = self._add_edges(np.concatenate([column.edges, codes]), edges)
            numbers = f"{column.centre!r}, {column.scale!r}"
            of_date = ""
            if column.parts:
                of_date = f", {prefix}_parts + {len(parts)}, {len(column.parts)}"
                parts += self._write_parts(column, edges)
            elif self.has_parts:
                of_date = ", NULL, 0"
            statistics = ""
            if self.has_statistics:
                statistics = ", NULL, 0, 0"
            if column.statistics is not None:
                table, n_one_hot, _ = column.statistics
                statistics = f", {prefix}_statistics + {n_statistics}, {table.size}, {n_one_hot}"
                n_statistics += table.size
            of_codes = f", {column.n_missing * column.is_number}" if self.has_codes else ""
            columns.append(
                f"{{{prefix}_ROLE_{role}, {column.has_missing}, {numbers}, {where}, {n_edges}, "
                f"{n_categories}{of_date}{statistics}{of_codes}}}"
            )
        if edges:
            yield "/* Edges of the bins of all columns and of their parts. */\n" + array(
                f"double {prefix}_edges", edges, 4
            )
        if parts:
            yield array(f"{prefix}_date_part {prefix}_parts", parts, 1)
        if n_statistics:
            title = "/* The statistics of the categories of each column with statistics. */\n"
            # no negative zero
            yield title + float_array(
                f"{prefix}_statistics", self.columns.statistics + np.float32(0)
            )
        yield array(f"{prefix}_column {prefix}_columns", columns, 1)

    def _add_edges(self, added: NDArray[np.float64], edges: list[str]) -> str:
        """Add edges to the array of all edges, and return a pointer to them."""
        if len(added):
            where = f"{self.prefix}_edges + {len(edges)}"
        else:
            where = "NULL"
        edges += map(repr, added.tolist())
        return where

    def _write_parts(self, column: TableColumn, edges: list[str]) -> Iterator[str]:
        """Yield the parts of a date, and add their edges."""
        names = list(PARTS)
        for part in column.parts:
            where = self._add_edges(part.edges, edges)
            yield f"{{{where}, {len(part.edges)}, {names.index(part.name) + 1}}}"

    def _write_prediction(self) -> Function:
        prefix = self.prefix
        model = self.model
        combination = self.model.combination
        n_nets = len(model.networks)
        n_in = len(self.columns)
        n_out = combination.n
        limited = ""
        value = "value"
        mean = f"output[j] / {n_nets}.0"
        if model.answer_scale is not None:
            numbers: Iterable[str] = (f"{prefix}_targets[j][{k}]" for k in range(4))
            if n_answers(model.net, None) == 1:
                numbers = (repr(one) for (one,) in model.answer_scale.numbers)
            centre, scale, low, high = numbers
            limited = f", above = value < {low} ? {low} : value"
            value = f"(above > {high} ? {high} : above)"
            mean = f"{prefix}_rounded({mean} * {scale}) + {centre}"
        body = _PREDICT.substitute(
            prefix=prefix,
            n=model.net.n_out,
            n_nets=n_nets,
            nets=", ".join(f"{prefix}_net{i}" for i in range(n_nets)),
            arrays=", ".join(
                f"{encoding.inputs}[{encoding.n_inputs}]" for encoding in self.encodings
            ),
            width=max(model.net.sizes[1:]),
            encode="\n    ".join(
                f"{prefix}_encode_columns({prefix}_columns, {n_in}, {int(encoding.bins)}, x, {encoding.inputs});"
                for encoding in self.encodings
            ),
            forward=self._write_forward(),
            limited=limited,
            value=value,
            mean=mean,
            then=_THEN.get(combination.rule, "").format(n=n_out, last=n_out - 1),
        )
        n_floats = sum(encoding.n_inputs for encoding in self.encodings)
        n_floats += stack_of_layers(model.first) + model.net.n_out
        return Function(
            f"void {prefix}_predict(const double x[{n_in}], double output[{n_out}])",
            f"Computes {_name_outputs(model)} of a raw row.",
            body,
            4 * n_floats + _FRAMES + self.has_parts * _FRAMES_OF_DATES,
        )

    def _write_forward(self) -> str:
        """Return the statements that compute network i, from the inputs that it sees."""
        prefix = self.prefix
        width = self.model.net.sizes[1]
        networks = self.model.networks
        calls = [
            f"{prefix}_{encoding.layer}(nets[i], {encoding.inputs}, z);\n"
            f"        {prefix}_finish(nets[i] + {(encoding.n_inputs + 1) * width}, z, net);"
            for encoding in self.encodings
        ]
        if len(calls) == 1:
            return calls[0]
        seen = ", ".join(str(int(net.n_in == self.encodings[0].n_inputs)) for net, _ in networks)
        first, second = (call.replace("\n", "\n    ") for call in calls)
        return (
            f"static const char has_bins[{len(networks)}] = {{{seen}}};\n        if (has_bins[i]) "
            f"{{\n            {first}\n        }} else {{\n            {second}\n        }}"
        )


def _read_core_text(name: str, prefix: str) -> str:
    """Return the functions of a header of the core with another prefix."""
    text = files("cmlp").joinpath("core", name).read_text("ascii")
    inside = re.split(r"\n\n(?:#include .*\n)+\n", text, maxsplit=1)[1].rsplit("\n#endif", 1)[0]
    inside = re.sub(r"\b(?:cmlpi?|CMLPI?)_(?:table_|TABLE_)?", f"{prefix}_", inside)
    return inside.replace("VEC_FN", "static inline")


_PREDICT = Template("""\
    static const float *const nets[$n_nets] = {$nets};
    float $arrays, z[$width], net[$n];
    $encode
    for (int i = 0; i < $n_nets; i++) {
        $forward
        for (int j = 0; j < $n; j++) {
            const double value = net[j]$limited;
            output[j] = i ? output[j] + $value : $value;
        }
    }
    for (int j = 0; j < $n; j++) output[j] = $mean;$then
""")
# What follows the mean, by the rule of the combination.
_THEN: Mapping[Rule, str] = {
    "binary": "\n    output[1] = output[0];\n    output[0] = 1.0 - output[1];",
    "normalized": """
    double sum = output[0];
    for (int j = 1; j < {n}; j++) sum += output[j];
    for (int j = 0; j < {n}; j++) output[j] = output[j] / sum;""",
    "cumulative": """
    for (int j = 1; j < {last}; j++) output[j] = output[j] > output[j - 1] ? output[j - 1] : output[j];
    for (int j = {last}; j > 0; j--) output[j] = output[j - 1] - (j < {last} ? output[j] : 0.0);
    output[0] = 1.0 - output[0];""",
}

_CATEGORY = Template("""\
    $first
    $names$codes
    const int is_column = column >= 0 && column < $n;
    for (int i = is_column ? first[column] : 0; is_column && i < first[column + 1]; i++) {
        const char *a = names[i], *b = name;
        while (a && b && *a && *a == *b) a++, b++;
        if (a && b ? *a == *b : a == b) return $code;
    }
    if (is_column && ${prefix}_columns[column].role == ${prefix}_ROLE_CATEGORY) return -1.0;
    return ${prefix}_nan();
""")


def _write_category_function(columns: TableColumns, prefix: str) -> Function:
    """Return the function that finds the code of a category."""
    each = [_named_codes(columns, i) for i in range(len(columns))]
    named = [*chain.from_iterable(each)]
    has_codes = any(column.categories is not None and column.missing_values for column in columns)
    codes = f"\n    {inner(array('double codes', (repr(code) for _, code in named), 16))}"
    first = map(str, accumulate(map(len, each), initial=0))
    return Function(
        f"double {prefix}_category(int column, const char *name)",
        "Returns the code of a category in a column, for its place in a row. name: the category in "
        "UTF-8 (a number as in JSON, for example 2.5), or NULL for the missing value. Returns "
        "-1.0, the code of all other categories, if the category is not known; NaN, a missing "
        "number, if the column has numbers, ordered categories or no place in a row. For a column "
        "of 0 or 1, false and true are known.",
        _CATEGORY.substitute(
            prefix=prefix,
            n=len(columns),
            first=inner(array("int first", first, 16)),
            names=inner(array("char *const names", (name for name, _ in named), 6)),
            codes=codes if has_codes else "",
            code="codes[i]" if has_codes else "(double)(i - first[column])",
        ),
    )


def _category_literals(columns: TableColumns, i: int) -> list[str]:
    """Return the names of the codes of a column; raises ValueError if two of them are equal."""
    values = columns[i].categories
    if values is None:
        return ['"false"', '"true"'] if columns[i].type == "boolean" else []
    texts = [_category_literal(value) for value in values]
    for value, text in zip(values, texts, strict=True):
        first = values[texts.index(text)]
        if first is not value:
            raise ValueError(
                f"{columns.label(i)} has the categories {first!r} and {value!r}, which are the same text in C: "
                "convert the column to text before fit"
            )
    return texts


def _named_codes(columns: TableColumns, i: int) -> list[tuple[str, float]]:
    """Return the names that the header knows in a column, and the number of each for a row."""
    column, literals = columns[i], _category_literals(columns, i)
    named = {literal: float(code) for code, literal in enumerate(literals)}
    if column.categories is not None:
        # Without a missing category -1; of ordered categories, the ranks behind theirs mean a missing value.
        missing = column.has_missing - 1 if column.is_category else len(literals)
        for value in column.missing_values:
            named.setdefault(_category_literal(value), float(missing))
    return [*named.items()]


def _category_literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        text = value
    elif isinstance(value, np.generic):
        text = json.dumps(value.item())
    else:
        text = json.dumps(value)
    if "\0" in text:
        raise ValueError(f"the category {text!r} contains a NUL character, which would end it in C")
    return literal(text)


def _write_targets(scale: AnswerScale, prefix: str) -> str:
    """Return the numbers of several targets."""
    rows = [f"{{{', '.join(map(repr, one))}}}" for one in zip(*scale.numbers, strict=True)]
    title = (
        "/* Of each target: its centre, its scale, and the lowest and highest scaled value. */\n"
    )
    return title + array(f"double {prefix}_targets", rows, 1).replace("] =", "][4] =", 1)


_CHECK = Template("""\
    $expected
    double x[$n_in], output[$n_out];
    uint64_t wrong = 0, bits;
    uint32_t state = $seed;
    for (int i = 0; i < $rows; i++) {
        for (int k = 0; k < $n_in; k++) {
            const ${prefix}_column *c = &${prefix}_columns[k];
            state = state * 1664525u + 1013904223u;
            x[k] = 0.0;
            if (c->role == ${prefix}_ROLE_CATEGORY) x[k] = (double)((state >> 8) % \
(uint32_t)(c->n_categories + 1)) - 1.0;
            if (c->role == ${prefix}_ROLE_NUMBER) {
                x[k] = (double)((int32_t)(state >> 8) - 8388608) / 2097152.0;
                x[k] = ${prefix}_rounded(x[k] * c->scale) + c->centre;
            }
            if (c->has_missing && (i == 0 || !(state >> 29))) x[k] = ${prefix}_nan();
        }
        ${prefix}_predict(x, output);
        for (int j = 0; j < $n_out; j++) {
            memcpy(&bits, &output[j], sizeof bits);
            wrong |= bits ^ expected[i * $n_out + j];
        }
    }
    return wrong == 0;
""")


def _make_check_rows(columns: TableColumns) -> NDArray[np.float64]:
    """Return the raw rows of the self-check.

    They have numbers up to 4 scales from the centre, and all categories. In the first row, everything that may be
    missing is missing, so that the check fails where the compiler assumes that there is no NaN.
    """
    rows = np.zeros((CHECK_ROWS, len(columns)))
    state = SEED
    for i, row in enumerate(rows):
        for k, column in enumerate(columns):
            state = (state * 1664525 + 1013904223) % 2**32
            if column.is_category:
                row[k] = (state >> 8) % (column.n + 1) - 1.0
            elif column.is_number:
                row[k] = ((state >> 8) - 2**23) / 2.0**21 * column.scale + column.centre
            if column.has_missing and (i == 0 or not state >> 29):
                row[k] = np.nan
    return rows


def _write_table_check(model: TableModel, prefix: str) -> str:
    rows = _make_check_rows(model.columns)
    if np.isinf(rows).any():
        expected = np.full((1, 1), np.inf)
    else:
        expected = model.predict(rows)
    return _CHECK.substitute(
        prefix=prefix,
        rows=CHECK_ROWS,
        n_in=len(model.columns),
        n_out=expected.shape[1],
        expected=expected_outputs(expected, "rows", 5),
        seed=SEED,
    )
