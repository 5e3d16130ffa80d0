"""The text of a C header that predicts raw rows of a table, with the bits of Python's predictions."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from itertools import accumulate
from string import Template
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp.export.c_float import CHECK_ROWS, FIND, OPENING, SEED, Outputs, dense, finish, float_functions, later_layers
from cmlp.export.c_text import array, floats, literal
from cmlp.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from cmlp.files.tables import TableContent

    Predict: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

TABLE_OPENING = f"""\
{OPENING}
#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#endif
"""
_NUMBER_BYTES, _COLUMN_BYTES = 8, 40


class Encoding(NamedTuple):
    """One way to encode a row: with bins or without them.

    Attributes
    ----------
    bins : bool
    n_inputs : int
    nets : list of int
        The networks that see it.
    inputs, layer : str
        The names of the array of inputs and of the function of the first layer, without the header's prefix.
    """

    bins: bool
    n_inputs: int
    nets: list[int]
    inputs: str
    layer: str


def encodings_of(content: TableContent, widths: tuple[int, int]) -> list[Encoding]:
    """Return the encodings that the networks of a table see; `widths` are the inputs without and with bins."""
    found = []
    for bins in (True, False):
        nets = [i for i, (net, _) in enumerate(content.nets) if net.n_in == widths[bins]]
        if nets and (bins or widths[0] != widths[1]):
            found.append(
                Encoding(bins, widths[bins], nets, "inputs" if bins else "plain", "layer1" if bins else "layer1_plain")
            )
    return found


class Table(NamedTuple):
    """What the text of a header is made of.

    Attributes
    ----------
    content : TableContent
    encodings : list of Encoding
    predict : callable
        Returns the outputs of the model for raw rows of shape (n_rows, n_columns).
    outputs : Outputs
    prefix : str
    """

    content: TableContent
    encodings: list[Encoding]
    predict: Predict
    outputs: Outputs
    prefix: str

    @property
    def first(self) -> Record:
        """The first network."""
        return Record(*self.content.nets[0])


def table_outputs(content: TableContent) -> Outputs:
    """Return what `predict_proba` of a classifier or `predict` of a regressor does."""
    n = content.nets[0][0].n_out
    if content.labels is None:
        return Outputs(n, "plain", "", 0, "the prediction" if n == 1 else "the predicted quantiles")
    if n == 1:
        return Outputs(2, "binary", "largest", 2, "the probabilities of both classes")
    return Outputs(n, "plain", "largest", n, "the probabilities of the classes")


def table_body(table: Table) -> str:
    """Return the arithmetic of a header: functions, columns, networks, predictions and the self-check."""
    prefix, plain = table.prefix, table.outputs._replace(n=table.first.net.n_out, kind="plain")
    parts = [
        float_functions(table.first, prefix, plain),
        *_encoder(prefix),
        *_columns(table),
        *_networks(table),
        *_layers(table),
        finish(table.first, prefix, plain, block=True),
        *_predictions(table),
        *([_categories(table)] if any(values is not None for values in table.content.categories) else []),
        _check(table),
    ]
    return "\n".join(parts)


def core_text(name: str, prefix: str) -> str:
    """Return the functions of a header of the core with another prefix."""
    text = files("cmlp").joinpath("core", name).read_text("ascii")
    inside = re.split(r"\n\n(?:#include .*\n)+\n", text, maxsplit=1)[1].rsplit("\n#endif", 1)[0]
    inside = inside.replace("cmlp_", f"{prefix}_").replace("CMLP_", f"{prefix}_")
    return inside.replace("VEC_FN", "static inline")


def _encoder(prefix: str) -> Iterator[str]:
    yield core_text("soft_root.h", prefix)
    text = files("cmlp.export").joinpath("table_functions.h").read_text("ascii")
    yield text.split("\n\n", 1)[1].replace("NAME_", f"{prefix}_")
    yield core_text("encode_row.h", prefix)


def _columns(table: Table) -> Iterator[str]:
    """Yield the edges of all bins, and the columns."""
    prefix, content = table.prefix, table.content
    edges: list[str] = []
    columns, at = [], 0
    for kind, n, missing in content.columns:
        centre, scale, where = "0.0", "1.0", "NULL"
        if kind == "number":
            centre, scale = map(repr, content.numbers[at : at + 2].tolist())
            where = f"{prefix}_edges + {len(edges)}" if n else "NULL"
            edges += map(repr, content.numbers[at + 2 : at + 2 + n].tolist())
            at += 2 + n
        columns.append(f"{{{prefix}_COLUMN_{kind.upper()}, {int(missing)}, {n}, {centre}, {scale}, {where}}}")
    if edges:
        yield "/* Edges of the bins of all columns. */\n" + array(f"double {prefix}_edges", edges, 4)
    yield array(f"{prefix}_column {prefix}_columns", columns, 1)


def _networks(table: Table) -> Iterator[str]:
    for i, (_, params) in enumerate(table.content.nets):
        title = f"/* Network {i + 1}: weights (inputs, outputs) and biases of each layer. */\n"
        yield title + floats(f"{table.prefix}_net{i}", params + np.float32(0))  # no negative zero


def _layers(table: Table) -> Iterator[str]:
    n_out = table.first.sizes[1]
    for encoding in table.encodings:
        suffix, shape = encoding.layer.removeprefix("layer"), (encoding.n_inputs, n_out)
        yield dense(table.prefix, suffix, shape, "float", "x[k]", skip=True, at=0)
    yield from later_layers(table.first, table.prefix, at=0)


_PREDICT = Template("""\
/* Computes the outputs of one raw row. */
static inline void ${prefix}_predict(const double x[$n_in], double output[$n_out])
{
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
    for (int j = 0; j < $n; j++) output[j] = $mean;$both
}
""")
_CLASSIFY = Template("""\
/* Returns the index of the predicted class. */
static inline int ${prefix}_classify(const double x[$n_in])
{
    double output[$n_out];
    int best = 0;
    ${prefix}_predict(x, output);
    $find
    return best;
}
""")


def _predictions(table: Table) -> Iterator[str]:
    prefix, content, n_nets = table.prefix, table.content, len(table.content.nets)
    limited, value, mean = "", "value", f"output[j] / {n_nets}.0"
    if content.target is not None:
        centre, scale, low, high = map(repr, map(float, content.target))
        limited, value = f", above = value < {low} ? {low} : value", f"(above > {high} ? {high} : above)"
        mean = f"{prefix}_rounded({mean} * {scale}) + {centre}"
    names = {"prefix": prefix, "n_in": len(content.columns), "n_out": table.outputs.n}
    columns = f"{prefix}_columns, {len(content.columns)}"
    yield _PREDICT.substitute(
        names,
        n=table.first.net.n_out,
        n_nets=n_nets,
        nets=", ".join(f"{prefix}_net{i}" for i in range(n_nets)),
        arrays=", ".join(f"{encoding.inputs}[{encoding.n_inputs}]" for encoding in table.encodings),
        width=max(table.first.sizes[1:]),
        encode="\n    ".join(
            f"{prefix}_encode_columns({columns}, {int(encoding.bins)}, x, {encoding.inputs});"
            for encoding in table.encodings
        ),
        forward=_forward(table),
        limited=limited,
        value=value,
        mean=mean,
        both="\n    output[1] = output[0];\n    output[0] = 1.0 - output[1];" if table.outputs.kind == "binary" else "",
    )
    if table.outputs.classify:
        find = FIND[table.outputs.classify].replace("$n_classes", str(table.outputs.n_classes))
        yield _CLASSIFY.substitute(names, find=find)


def _forward(table: Table) -> str:
    """Return the statements that compute network i, from the inputs that it sees."""
    prefix, width = table.prefix, table.first.sizes[1]
    calls = [
        f"{prefix}_{encoding.layer}(nets[i], {encoding.inputs}, z);\n"
        f"        {prefix}_finish(nets[i] + {(encoding.n_inputs + 1) * width}, z, net);"
        for encoding in table.encodings
    ]
    if len(calls) == 1:
        return calls[0]
    seen = ", ".join(str(int(i in table.encodings[0].nets)) for i in range(len(table.content.nets)))
    first, second = (call.replace("\n", "\n    ") for call in calls)
    return (
        f"static const char has_bins[{len(table.content.nets)}] = {{{seen}}};\n"
        f"        if (has_bins[i]) {{\n            {first}\n        }} else {{\n            {second}\n        }}"
    )


_CATEGORY = Template("""\
/* Returns the code of a category in a column, for its place in a row. name: the category in UTF-8 (a number as in
 * JSON, for example 2.5), or NULL for the missing value. Returns -1.0, the code of all other categories, if the
 * category is not known, or the column has no categories. */
static inline double ${prefix}_category(int column, const char *name)
{
    $first
    $names
    if (column < 0 || column >= $n) return -1.0;
    for (int i = first[column]; i < first[column + 1]; i++) {
        const char *a = names[i], *b = name;
        while (a && b && *a && *a == *b) a++, b++;
        if (a && b ? *a == *b : a == b) return (double)(i - first[column]);
    }
    return -1.0;
}
""")


def _categories(table: Table) -> str:
    """Return the function that finds the code of a category."""
    categories = table.content.categories
    texts = [_category(value) for values in categories for value in values or ()]
    first = map(str, accumulate((len(values or ()) for values in categories), initial=0))
    return _CATEGORY.substitute(
        prefix=table.prefix,
        n=len(categories),
        first=array("int first", first, 16).replace("\n", "\n    ").strip(),
        names=array("char *const names", texts, 6).replace("\n", "\n    ").strip(),
    )


def _category(value: object) -> str:
    if value is None:
        return "NULL"
    text = value if isinstance(value, str) else json.dumps(value.item() if isinstance(value, np.generic) else value)
    if "\0" in text:
        raise ValueError(f"the category {text!r} contains a NUL character, which would end it in C")
    return literal(text)


_CHECK = Template("""\
/* Returns 1 if the outputs of $rows pseudo-random rows have the bits that Python computed. Otherwise returns 0: options
 * of the compiler, or the floating-point mode, change the results. */
static inline int ${prefix}_check(void)
{
    $expected
    const uint64_t nan = 0x7ff8000000000000u;
    double x[$n_in], output[$n_out];
    uint64_t wrong = 0, bits;
    uint32_t state = $seed;
    for (int i = 0; i < $rows; i++) {
        for (int k = 0; k < $n_in; k++) {
            const ${prefix}_column *c = &${prefix}_columns[k];
            state = state * 1664525u + 1013904223u;
            x[k] = 0.0;
            if (c->kind == ${prefix}_COLUMN_CATEGORY) x[k] = (double)((state >> 8) % (uint32_t)(c->n + 1)) - 1.0;
            if (c->kind != ${prefix}_COLUMN_NUMBER) continue;
            x[k] = (double)((int32_t)(state >> 8) - 8388608) / 2097152.0;
            x[k] = ${prefix}_rounded(x[k] * c->scale) + c->centre;
            if (c->has_missing && !(state >> 29)) memcpy(&x[k], &nan, sizeof nan);
        }
        ${prefix}_predict(x, output);
        for (int j = 0; j < $n_out; j++) {
            memcpy(&bits, &output[j], sizeof bits);
            wrong |= bits ^ expected[i * $n_out + j];
        }
    }
    return wrong == 0;
}
""")


def check_rows(columns: Sequence[tuple[str, int, bool]], numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the raw rows of the self-check: numbers up to 4 scales from the centre, and all categories."""
    rows = np.zeros((CHECK_ROWS, len(columns)))
    state = SEED
    for row in rows:
        at = 0
        for k, (kind, n, missing) in enumerate(columns):
            state = (state * 1664525 + 1013904223) % 2**32
            if kind == "category":
                row[k] = (state >> 8) % (n + 1) - 1.0
            elif kind == "number":
                centre, scale = map(float, numbers[at : at + 2])
                row[k] = np.nan if missing and not state >> 29 else ((state >> 8) - 2**23) / 2.0**21 * scale + centre
                at += 2 + n
    return rows


def _check(table: Table) -> str:
    content = table.content
    rows = check_rows(content.columns, content.numbers)
    expected = np.full((1, 1), np.inf) if np.isinf(rows).any() else table.predict(rows)
    if not np.isfinite(expected).all():
        raise ValueError("the outputs for pseudo-random rows are not finite: such a model cannot be exported")
    bits = (f"0x{word:016x}u" for word in np.ascontiguousarray(expected).view(np.uint64).ravel().tolist())
    return _CHECK.substitute(
        prefix=table.prefix,
        rows=CHECK_ROWS,
        n_in=len(content.columns),
        n_out=table.outputs.n,
        expected=array("uint64_t expected", bits, 5).replace("\n", "\n    ").strip(),
        seed=SEED,
    )


def table_constants_size(content: TableContent) -> int:
    """Return the bytes of a header's weights, biases, columns and edges."""
    n_edges = sum(n for kind, n, _ in content.columns if kind == "number")
    params = sum(net.n_params for net, _ in content.nets)
    return 4 * params + _NUMBER_BYTES * n_edges + _COLUMN_BYTES * len(content.columns)


def table_stack_size(table: Table) -> int:
    """Return the bytes of the arrays that are on the stack during a prediction."""
    widths = table.first.sizes[1:]
    n_inputs = sum(encoding.n_inputs for encoding in table.encodings)
    floats_used = n_inputs + 2 * max(widths) + max(widths[1:-1], default=0) + table.first.net.n_out
    return 4 * floats_used + _NUMBER_BYTES * table.outputs.n
