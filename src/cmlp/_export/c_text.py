"""The text of C headers.

Names, literals and arrays; the layers of networks; the functions that predict rows.
"""

from __future__ import annotations

import os
import re
import textwrap
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cmlp._data.array_types import AnyArray
    from cmlp._export.quantization import Int8Comparison
    from cmlp._model.model import Combination, NetworkModel, TrainedNet


_LONGEST_NAME = 40  # C99 guarantees 63 significant characters; the longest suffix has 20
_KEYWORDS = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
    char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr
    constinit continue decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
    return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using
    virtual void volatile wchar_t while xor xor_eq
"""


class Function(NamedTuple):
    """A function that programs call."""

    signature: str  # for example "int digits_classify(const float x[64])"
    comment: str
    body: str  # the statements, each line with its indent
    stack: int = 0  # bytes that a call needs at most; 0 for next to nothing

    def declare(self, prefix: str) -> str:
        """Return the declaration, with the comment."""
        text = self.comment
        if self.stack:
            text += f" Needs at most {self.stack} bytes of stack."
        lines = textwrap.wrap(text, 94, break_on_hyphens=False)
        comment = "\n * ".join(lines)
        return f"/* {comment} */\n{prefix}_API {self.signature};\n"

    def define(self, prefix: str) -> str:
        """Return the definition."""
        return f"{prefix}_API {self.signature}\n{{\n{self.body}}}\n"


class HeaderParts(NamedTuple):
    """The parts of a header that depend on its rows and its arithmetic."""

    constants: int  # bytes
    about: list[str]  # more lines for the comment
    code: str  # its size on a Cortex-M4
    sizes: tuple[int, int]  # number of inputs and outputs
    opening: str  # before the declarations
    body: str  # constants and functions that the header itself calls
    functions: list[Function]
    contract: str = ""  # what each column of a table is
    comparison: Int8Comparison | None = None  # of integers with float32
    row: Sequence[str] = ()  # the elements of a row for the example of a library
    columns: Sequence[str] = ()  # their names in the enum of a table
    largest_array: int | None = (
        None  # bytes, of integers; None for floats, which AVR processors do not compute
    )

    @property
    def stack(self) -> int:
        """Bytes of stack that a prediction needs at most: of any function but the self-check."""
        return max(each.stack for each in self.functions if "_check(" not in each.signature)


def prefix_of(
    name: str | None, path: str | os.PathLike[str] | TextIO, *, of_folder: bool = False
) -> str:
    """Return the prefix of all names in a header: `name`, or the stem of the file's name.

    If `path` is the folder of a library, it is the folder's name.
    """
    if name is not None and not isinstance(name, str):
        raise InvalidParameterError(
            f"name must be a str or None, got {type(name).__name__}.",
            parameter="name",
            value=name,
            expected="a str or None",
        )
    if name is not None:
        prefix = name
        origin = "name"
    elif isinstance(path, (str, bytes, os.PathLike)):
        prefix = os.path.basename(os.fsdecode(path))
        origin = "the folder's name"
        if not of_folder:
            prefix = os.path.splitext(prefix)[0]
            origin = "the file name without its suffix"
    else:
        raise InvalidParameterError("name must be given if path is an open file.", parameter="name")
    if (
        not re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", prefix)
        or len(prefix) > _LONGEST_NAME
        or prefix in _KEYWORDS.split()
    ):
        advice = ""
        if name is None:
            advice = "; pass another one as name"
        expected = (
            f"a C identifier of at most {_LONGEST_NAME} characters, without leading, trailing or "
            "double underscores, and not a keyword of C or C++"
        )
        raise InvalidParameterError(
            f"{origin} must be {expected}, got {prefix!r}{advice}.",
            parameter="name",
            value=name,
            expected=expected,
        )
    return prefix


def literal(text: str) -> str:
    """Return a C string literal with the UTF-8 bytes of `text`, in printable ASCII.

    Every byte that could end a comment or start a trigraph, an HTML tag or an escape sequence is
    written in octal. A lone surrogate, which UTF-8 cannot represent, becomes its Python escape, for
    example ``\\udc80``.
    """
    plain = (
        b" !#$%&'()+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    )
    encoded = text.encode("utf-8", "backslashreplace")
    # Iteration over bytes yields integers.
    texts = (chr(byte) if byte in plain else f"\\{byte:03o}" for byte in encoded)
    return f'"{"".join(texts)}"'


def float_literals(values: AnyArray) -> list[str]:
    """Return float32 numbers as the shortest decimal literals.

    A compiler reads the same bits from them.
    """
    texts = np.asarray(values, np.float32).ravel().astype("U32").tolist()
    return [re.sub(r"^(-?)0[.]", r"\1.", text) + "f" for text in texts]


def array(declaration: str, values: Iterable[str], per_line: int, attribute: str = "") -> str:
    """Return the definition of a constant array; an attribute begins with a space."""
    entries = list(values)
    lines = (", ".join(entries[i : i + per_line]) for i in range(0, len(entries), per_line))
    return (
        f"static const {declaration}[{len(entries)}]{attribute} = {{\n    "
        + ",\n    ".join(lines)
        + "};\n"
    )


def inner(definition: str) -> str:
    """Return a definition with the indent of a function's body, but for its first line."""
    return definition.replace("\n", "\n    ").strip()


def float_array(name: str, values: AnyArray, attribute: str = "") -> str:
    """Return the definition of an array of float."""
    return array(f"float {name}", float_literals(values), 8, attribute)


def integer_array(ctype: str, name: str, values: AnyArray, attribute: str = "") -> str:
    """Return the definition of an array of integers."""
    texts = map(str, np.asarray(values).ravel().tolist())
    per_line = 24 if ctype in ("int8_t", "uint8_t") else 10
    return array(f"{ctype} {name}", texts, per_line, attribute)


def text_function(prefix: str, what: str, texts: Sequence[str], comment: str) -> Function:
    """Return a function that returns one of several strings.

    Raises ValueError if a string contains a NUL.
    """
    ended = [text for text in texts if "\0" in text]
    if ended:
        raise ValueError(
            f"the {what} {ended[0]!r} contains a NUL character, which would end it in C"
        )
    table = ",\n".join(f"        {literal(text)}" for text in texts)
    return Function(
        f"const char *{prefix}_{what}(int index)",
        comment,
        f"    static const char *const texts[{len(texts)}] = {{\n{table}}};\n"
        f'    return index < 0 || index >= {len(texts)} ? "" : texts[index];\n',
    )


def classify(
    signature: str,
    arrays: str,
    calls: str,
    combination: Combination,
    stack: int,
    *,
    threshold: str = "0.5f",
    of_second: float | None = None,
) -> Function:
    """Return the function that finds the class of a row from its outputs.

    `of_second` is the probability of the second class from which on it is predicted.
    """
    find = f"best = output[0] > {threshold};"
    if of_second is not None:
        find = f"best = output[1] >= {of_second!r};"
    elif combination.answer == "largest":
        loop = f"for (int j = 1; j < {combination.n_classes}; j++)"
        find = f"{loop} best = output[j] > output[best] ? j : best;"
    elif combination.answer == "median":
        last = combination.n - 1
        find = (
            f"double sum = output[{last}];\n"
            f"    for (best = {last}; best > 0 && !(sum > 0.5); best--) sum += output[best - 1];"
        )
    return Function(
        f"int {signature}",
        "Returns the index of the predicted class of a row.",
        f"    {arrays}\n    int best = 0;\n    {calls}\n    {find}\n    return best;\n",
        stack,
    )


_CHECKED = Template("""\
    for (int k = 0; k < $n; k++) {
        $word bits;
        memcpy(&bits, &x[k], sizeof bits);
        if ($refused) return 0;
    }
    $name(x, $result);
    return 1;
""")


def checked(
    function: Function, name: str, n: int, ctype: str, result: str, *, nan_is_missing: bool = False
) -> Function:
    """Return the variant of a function of a row x that refuses rows as Python does.

    `name` is what the function is called, and `result` the array that it writes.
    """
    word = "uint32_t"
    exponent = "0x7f800000u"
    if ctype == "double":
        word = "uint64_t"
        exponent = "0x7ff0000000000000u"
    refused = f"(bits & {exponent}) == {exponent}"
    what = "NaN or infinite"
    if nan_is_missing:
        refused = f"bits << 1 >> 1 == {exponent}"
        what = "infinite"
    return Function(
        function.signature.replace(f"void {name}(", f"int {name}_checked("),
        f"Returns 0, and leaves {result} as it is, if a number is {what}, which Python refuses. "
        f"Otherwise calls {name}, and returns 1.",
        _CHECKED.substitute(n=n, word=word, refused=refused, name=name, result=result),
        function.stack + _CHECKED_FRAME,
    )


def take_functions(template: str, prefix: str, used: Iterable[str]) -> str:
    """Return the functions of a template that `used` names, and those that they call.

    They are in the order of the template.
    """
    defined: dict[str, str] = {}
    for paragraph in re.split(r"\n\n+", template):
        found = re.search(r"^static inline [\w *]+?NAME_(\w+)\(", paragraph, re.MULTILINE)
        if found:
            defined[found[1]] = paragraph.strip()
    wanted: set[str] = set()
    waiting = list(used)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += re.findall(r"NAME_([a-z]\w*)", defined[name])  # no macros
    kept = [text for name, text in defined.items() if name in wanted]
    return "\n\n".join(kept).replace("NAME_", f"{prefix}_") + "\n"


# ----------------------------------------------------------- the text of the networks in a C header


# Bytes of stack beside the arrays, which the bounds in headers count. tests/export/test_c_stack.py
# compares the bounds with what processors need.
_FRAMES = 272
CALL = 16  # for a call of a function that predicts
_CHECKED_FRAME = 64
_CHECK_FRAME = 128
CHUNK = 128  # length of the partial sums, see docs/arithmetic.md
# The pseudo-random rows of the self-check.
CHECK_ROWS = 8
SEED = 20

_OUT_OF_LINE = """
/* A function whose arrays or temporaries are not on the stack of its callers, too. */
#if defined(__GNUC__) || defined(__clang__)
#define NAME_OUT_OF_LINE static __attribute__((noinline, unused))
#elif defined(_MSC_VER)
#define NAME_OUT_OF_LINE static __declspec(noinline)
#else
#define NAME_OUT_OF_LINE static
#endif
"""
_OPENING = Template("""\
#include <float.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(_M_FP_FAST)
#error "this header gives other results with -ffast-math, -funsafe-math-optimizations, -Ofast or \
/fp:fast"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "this header tests for NaN and gives other results with -ffinite-math-only"
#endif
#if defined(__AVR__) && DBL_MANT_DIG != 53
#error "AVR processors (Arduino Uno, Nano, Mega) have no 64-bit doubles: $remedy"
#elif DBL_MANT_DIG != 53 || (FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1 && FLT_EVAL_METHOD != 16)
#error "this header needs 64-bit doubles and no excess precision (32-bit x86: -msse2 -mfpmath=sse)"
#endif
""")


def define_out_of_line(prefix: str) -> str:
    """Return the macro that begins a function which compilers may not inline."""
    return _OUT_OF_LINE.replace("NAME_", f"{prefix}_")


def write_opening(prefix: str, remedy: str) -> str:
    """Return the text that includes standard headers, and refuses compilers that change results.

    `remedy` is for AVR processors.
    """
    return _OPENING.substitute(remedy=remedy) + define_out_of_line(prefix)


# A partial sum for each chunk of inputs. Skipping zeros changes no bit.
_DENSE = Template("""\
${prefix}_OUT_OF_LINE void ${prefix}_layer${suffix}(${parameter}const $ctype *x, float *z)
{
    const float *w = $weights, *const biases = $biases;
    float sum[$n_out];
    for (int j = 0; j < $n_out; j++) z[j] = biases[j];
    for (int k = 0; k < $n_in;) {
        const int end = $n_in - k < $chunk ? $n_in : k + $chunk;
        for (int j = 0; j < $n_out; j++) sum[j] = 0.0f;
        for (; k < end; k++, w += $n_out) {
            ${skip}const float v = $value;
            for (int j = 0; j < $n_out; j++) sum[j] = ${prefix}_fma(v, w[j], sum[j]);
        }
        for (int j = 0; j < $n_out; j++) z[j] += sum[j];
    }
}
""")


class NetText:
    """The functions of a network in float32; `combination` is what follows the output layer.

    With `takes_params`, the caller passes the parameters as one array; otherwise each layer reads its own
    arrays.
    """

    def __init__(
        self,
        trained: TrainedNet,
        prefix: str,
        combination: Combination,
        *,
        takes_params: bool = False,
    ) -> None:
        self.net = trained.net
        self.layers = trained.layers
        self.sorts = trained.sorts
        self.prefix = prefix
        self.combination = combination
        self.takes_params = takes_params

    def write_functions(self) -> str:
        """Return the functions of the activations, and those that they need."""
        used = {*self.net.activations} - {"identity"} | {"fma", "bits"}
        if self.combination.rule == "normalized":
            used.add("normalize")
        return take_functions(
            files("cmlp._export").joinpath("float_functions.h").read_text("ascii"),
            self.prefix,
            used,
        )

    def write_dense(
        self,
        suffix: str,
        shape: tuple[int, int],
        ctype: str,
        value: str,
        *,
        skip: bool = False,
        at: int = 0,
    ) -> str:
        """Return the function that computes the weighted sums of a layer.

        `suffix` is its number, with a suffix for the type of rows. In this array, its parameters begin
        at `at`.
        """
        n_in, n_out = shape
        zero = "0.0f" if ctype == "float" else "0"
        if self.takes_params:
            where = {
                "parameter": "const float *params, ",
                "weights": f"params + {at}",
                "biases": f"params + {at + n_in * n_out}",
            }
        else:
            i = suffix.partition("_")[0]
            where = {
                "parameter": "",
                "weights": f"{self.prefix}_weights{i}",
                "biases": f"{self.prefix}_biases{i}",
            }
        skipped = ""
        if skip:
            skipped = f"if (x[k] == {zero}) continue;\n            "
        return _DENSE.substitute(
            where,
            prefix=self.prefix,
            suffix=suffix,
            ctype=ctype,
            n_in=n_in,
            n_out=n_out,
            chunk=CHUNK,
            skip=skipped,
            value=value,
        )

    def write_later_layers(self) -> list[str]:
        """Return the other layers.

        Their zeros (of relu) are irregular: a branch would cost more than it saves.
        """
        parts = []
        at = 0
        for i, (weights, biases, *_) in enumerate(self.layers[1:], 2):
            parts.append(self.write_dense(str(i), weights.shape, "float", "x[k]", at=at))
            at += weights.size + biases.size
        return parts

    def write_finish(self) -> str:
        """Return the function that computes everything after the weighted sums of the first layer.

        With `takes_params`, the caller passes the parameters of the other layers.
        """
        prefix = self.prefix
        layers = self.layers
        binary = self.combination.rule == "binary"
        declared = ""
        argument = ""
        if self.takes_params:
            declared = "const float *params, "
            argument = "params, "
        widths = self.net.sizes[1:]
        lines = ""
        if len(layers) > 2:
            lines += f"    float other[{max(widths[1:-1])}];\n"
        last = "output"
        if binary:
            lines += "    float p[1];\n"
            last = "p"
        here = "z"
        there = "other"
        for i, (_, biases, activation, parameter) in enumerate(layers, 1):
            if i > 1:
                target = last if i == len(layers) else there
                lines += f"    {prefix}_layer{i}({argument}{here}, {target});\n"
                here, there = target, here
            elif i == len(layers):
                lines += f"    for (int j = 0; j < {len(biases)}; j++) {last}[j] = z[j];\n"
                here = last
            lines += _apply_activation(prefix, activation, parameter, here, len(biases))
        if binary:
            lines += "    output[0] = 1.0f - p[0];\n    output[1] = p[0];\n"
        if self.sorts:
            lines += _SORT.replace("$n", str(self.net.n_out))
        if self.takes_params and len(layers) == 1:
            lines = "    (void)params;\n" + lines
        return (
            "/* Computes the outputs from the weighted sums of the first layer, which it "
            f"overwrites. */\n{prefix}_OUT_OF_LINE void {prefix}_finish({declared}float *z, float "
            f"*output)\n{{\n{lines}}}\n"
        )


def expected_outputs(outputs: AnyArray, what: str, per_line: int) -> str:
    """Return the array of bits that the self-check expects, for pseudo-random inputs or rows."""
    if not np.isfinite(outputs).all():
        raise ValueError(
            f"the outputs for pseudo-random {what} are not finite: such a model cannot be exported"
        )
    size = outputs.itemsize
    words = np.ascontiguousarray(outputs).view(f"u{size}").ravel().tolist()
    bits = (f"0x{word:0{2 * size}x}u" for word in words)
    return inner(array(f"uint{8 * size}_t expected", bits, per_line))


def stack_of_layers(trained: TrainedNet) -> int:
    """Return the floats that layers need on the stack, without inputs and outputs."""
    widths = trained.net.sizes[1:]
    return 2 * max(widths) + max(widths[1:-1], default=0)


def _apply_activation(prefix: str, activation: str, parameter: float, values: str, n: int) -> str:
    """Return the statement that applies an activation in place."""
    if activation == "identity":
        return ""
    if activation == "softmax":
        return f"    {prefix}_softmax({values}, {n});\n"
    more = ""
    if parameter:
        more = f", {float_literals(np.array([parameter], np.float32))[0]}"
    return (
        f"    for (int j = 0; j < {n}; j++) {values}[j] = "
        f"{prefix}_{activation}({values}[j]{more});\n"
    )


# Quantiles must not cross. Insertion, as in Python: rows that are sorted already cost little.
_SORT = """\
    for (int j = 1; j < $n; j++) {
        const float value = output[j];
        int k = j;
        for (; k > 0 && output[k - 1] > value; k--) output[k] = output[k - 1];
        output[k] = value;
    }
"""


# -------------------------------------------------------- headers that predict rows without a table


_MEANINGS = {
    "binary": "the probabilities of both classes",
    "multiclass": "the probabilities of the classes",
}


def parts_of_rows(model: NetworkModel, prefix: str) -> HeaderParts:
    """Return the parts of a header for a model in float32 without a table."""
    scale = model.input_scale
    about = []
    scale_bytes = 0
    if isinstance(scale, tuple):
        about = [
            "",
            (
                "Inputs are raw: each has its own shift and factor, as in Python. Pass large "
                "numbers as double:"
            ),
            "float rounds seconds since 1970, for example, to multiples of 128.",
        ]
        scale_bytes = 16 * model.n_inputs
    elif scale != 1:
        about = ["", f"All inputs are multiplied by {scale!r}, as in Python."]
        scale_bytes = 1024
    return HeaderParts(
        constants=4 * model.net.n_params + scale_bytes,
        about=[
            *about,
            "",
            "A row with NaN or infinity has outputs without meaning: the checked functions refuse it.",
        ],
        code="1 to 3 KB of code",
        sizes=(model.n_inputs, model.combination.n),
        opening=write_opening(
            prefix,
            "write the header with to_c(..., int8=True), which reads constants beyond 64 KB of "
            "flash, too",
        ),
        body=_write_layers(model, prefix),
        functions=[*_write_predictions(model, prefix), _write_row_check(model, prefix)],
        row=float_literals(_make_check_rows(model)[0]),
    )


def _write_layers(model: NetworkModel, prefix: str) -> str:
    """Return the weights and the layers of a header."""
    text = NetText(model.first, prefix, model.combination)
    parts = [
        text.write_functions(),
        *_write_weights(model, prefix),
        *_write_first_layers(model, text),
        *text.write_later_layers(),
        text.write_finish(),
    ]
    return "\n".join(parts)


def _write_weights(model: NetworkModel, prefix: str) -> list[str]:
    parts = []
    for i, (weights, biases, _, _) in enumerate(model.first.layers, 1):
        parts.append(
            f"/* Layer {i}: weights ({weights.shape[0]} inputs, {weights.shape[1]} outputs) and "
            "biases. */\n"
            + float_array(f"{prefix}_weights{i}", weights)
            + float_array(f"{prefix}_biases{i}", biases + np.float32(0))  # no negative zero
        )
    scale = model.input_scale
    if isinstance(scale, tuple):
        parts.append(
            "/* The network sees (x - shift) * factor for each input x, computed in double. */\n"
        )
        for name, values in zip(("shifts", "factors"), scale, strict=True):
            parts[-1] += array(f"double {prefix}_{name}", map(repr, values.tolist()), 4)
    elif scale != 1:
        scaled = (np.arange(256) * scale).astype(np.float32)
        parts.append(
            "/* The scaled values of a byte. */\n" + float_array(f"{prefix}_bytes", scaled)
        )
    return parts


def _write_first_layers(model: NetworkModel, text: NetText) -> list[str]:
    """Return the first layer for each type of rows; it applies the input scale."""
    shape = (model.n_inputs, model.net.sizes[1])
    scale = model.input_scale
    prefix = text.prefix
    if isinstance(scale, tuple):
        value = f"(float)(((double)x[k] - {prefix}_shifts[k]) * {prefix}_factors[k])"
        return [
            text.write_dense(f"1{suffix}", shape, ctype, value)
            for suffix, ctype in _row_types(model)
        ]
    number = "x[k]"
    byte = "(float)x[k]"
    if scale != 1:
        number = f"(float)((double)x[k] * {scale!r})"
        byte = f"{prefix}_bytes[x[k]]"
    return [
        text.write_dense("1", shape, "float", number, skip=True),
        text.write_dense("1_u8", shape, "uint8_t", byte, skip=True),
    ]


def _row_types(model: NetworkModel) -> list[tuple[str, str]]:
    """Return suffix and type of the rows that a program can pass.

    The type is double if float could not hold the shifts.
    """
    types = [("", "float"), ("_u8", "uint8_t")]
    if isinstance(model.input_scale, tuple):
        return [*types, ("_f64", "double")]
    return types


_PREDICT = Template("""\
    float z[$width];
    ${prefix}_layer1$suffix(x, z);
    ${prefix}_finish(z, output);$after
""")

_OF = {"": "float", "_u8": "bytes", "_f64": "double"}


def _write_predictions(model: NetworkModel, prefix: str) -> Iterator[Function]:
    """Yield the functions that predict, for each type of rows."""
    n_in = model.n_inputs
    width = max(model.net.sizes[1:])
    combination = model.combination
    n_out = combination.n
    meaning = "the outputs"
    if model.labels is not None:
        meaning = _MEANINGS.get(model.labels.kind, "the probability of each label")
    after = ""
    if combination.rule == "normalized":
        after = f"\n    {prefix}_normalize(output, {n_out});"
    stack = _stack_size(model)
    for suffix, ctype in _row_types(model):
        name = f"{prefix}_predict{suffix}"
        predict = Function(
            f"void {name}(const {ctype} x[{n_in}], float output[{n_out}])",
            f"Computes {meaning} of a row of {_OF[suffix]}.",
            _PREDICT.substitute(prefix=prefix, suffix=suffix, width=width, after=after),
            stack,
        )
        yield predict
        if ctype != "uint8_t":
            yield checked(predict, name, n_in, ctype, "output")
        if combination.answer:
            calls = f"{prefix}_layer1{suffix}(x, z);\n    {prefix}_finish(z, output);"
            arrays = f"float z[{width}], output[{n_out}];"
            signature = f"{prefix}_classify{suffix}(const {ctype} x[{n_in}])"
            yield classify(signature, arrays, calls, combination, stack + 4 * n_out + CALL)


# The rows shrink, because large inputs can saturate activations and hide errors.
_CHECK = Template("""\
    $expected
    $ctype x[$n_in], unit = $unit;
    float output[$n_out];
    uint32_t state = $seed, wrong = 0;
    for (int i = 0; i < $rows; i++, unit *= 0.5f) {
        for (int k = 0; k < $n_in; k++) {
            state = state * 1664525u + 1013904223u;
            x[k] = $value;
        }
        ${prefix}_predict$suffix(x, output);
        for (int j = 0; j < $n_out; j++) wrong |= ${prefix}_bits(output[j]) ^ expected[i * $n_out \
+ j];
    }
    return wrong == 0;
""")


def check_function(prefix: str, body: str, stack: int) -> Function:
    """Return the self-check."""
    return Function(
        f"int {prefix}_check(void)",
        f"Returns 1 if the outputs of {CHECK_ROWS} pseudo-random rows have the bits that Python "
        "computed. Otherwise returns 0: options of the compiler, or the floating-point mode, "
        "change the results.",
        body,
        stack + _CHECK_FRAME,
    )


def _make_check_rows(model: NetworkModel) -> AnyArray:
    """Return the raw rows of the self-check.

    Scaled inputs of the first row are uniform from -1 to 1; with shifts, rows are double.
    """
    n_in = model.n_inputs
    scale = model.input_scale
    state = SEED
    numbers = []
    for _ in range(CHECK_ROWS * n_in):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers.append((state >> 8) - 2**23)
    shrinking = 2.0 ** -np.arange(CHECK_ROWS)[:, None]
    if isinstance(scale, tuple):
        drawn = np.array(numbers, np.float64).reshape(-1, n_in)
        return scale.shift + drawn * (2.0**-23 * shrinking) / scale.factor
    return np.array(numbers, np.float32).reshape(-1, n_in) * (
        _check_unit(scale) * shrinking.astype(np.float32)
    )


def _check_unit(scale: float) -> np.float32:
    """Return the smallest step between the inputs of the first row of the self-check."""
    return np.float32(2.0**-23 / abs(scale))


def _write_row_check(model: NetworkModel, prefix: str) -> Function:
    """Return the self-check."""
    n_in = model.n_inputs
    scale = model.input_scale
    rows = _make_check_rows(model)
    if isinstance(scale, tuple):
        value = (
            f"{prefix}_shifts[k] + (double)((int32_t)(state >> 8) - 8388608) * unit / "
            f"{prefix}_factors[k]"
        )
        fields = {"suffix": "_f64", "ctype": "double", "unit": repr(2.0**-23), "value": value}
    else:
        unit = float_literals(np.array([_check_unit(scale)]))[0]
        fields = {"suffix": "", "ctype": "float", "unit": unit}
        fields["value"] = "(float)((int32_t)(state >> 8) - 8388608) * unit"
    outputs = model.predict(rows)
    n_out = outputs.shape[1]
    body = _CHECK.substitute(
        fields,
        prefix=prefix,
        rows=CHECK_ROWS,
        n_in=n_in,
        n_out=n_out,
        expected=expected_outputs(outputs, "inputs", 9),
        seed=SEED,
    )
    return check_function(prefix, body, rows.itemsize * n_in + 4 * n_out + _stack_size(model))


def _stack_size(model: NetworkModel) -> int:
    """Return the bytes of stack that a prediction needs at most, without the outputs."""
    return 4 * stack_of_layers(model.first) + _FRAMES
