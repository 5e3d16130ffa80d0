"""ONNX graphs from the fuzzer's choices; ONNX Runtime is the judge of what `cmlp.from_onnx` makes of them."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

import cmlp

if TYPE_CHECKING:
    from pathlib import Path

ACTIVATIONS = [
    "Sigmoid",
    "Tanh",
    "Relu",
    "LeakyRelu",
    "Elu",
    "Softplus",
    "Softsign",
    "Exp",
    "Softmax",
    "Identity",
]
OTHERS = [
    "LogSoftmax",
    "HardSigmoid",
    "Selu",
    "Celu",
    "Neg",
    "Abs",
    "Sqrt",
    "Erf",
    "Mish",
    "HardSwish",
    "PRelu",
    "Clip",
    "ThresholdedRelu",
    "Hardmax",
    "Floor",
    "Sign",
    "LpNormalization",
    "Gelu",
    "Swish",
]
BINARY = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Gemm", "MatMul"]
NUMBERS = [
    0.0,
    0.5,
    1.0,
    2.0,
    -1.0,
    20.0,
    0.01,
    1 / 255,
    1e-30,
    1e30,
    float("inf"),
    float("nan"),
    2**0.5,
    0.5**0.5,
]
ML = "ai.onnx.ml"


class Graph:
    """A graph that grows node by node."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.nodes, self.constants, self.n = rng, [], [], 0
        self.dtype = np.dtype(rng.choice(["f4", "f4", "f4", "f8"]))
        self.opset = rng.choice([7, 9, 10, 11, 12, 13, 14, 17, 18, 20, 21])

    def name(self) -> str:
        self.n += 1
        return f"t{self.n}"

    def constant(self, values: Any, dtype: Any = None) -> str:
        values = np.asarray(values, self.dtype if dtype is None else dtype)
        name = self.name()
        if self.rng.random() < 0.2:
            self.nodes.append(
                helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))
            )
        else:
            self.constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        output = self.name()
        named = self.name() if self.rng.random() < 0.5 else ""
        self.nodes.append(
            helper.make_node(operator, list(inputs), [output], named, domain=domain, **attributes)
        )
        return output

    def normal(self, *shape: int) -> np.ndarray:
        return np.random.default_rng(self.rng.getrandbits(32)).standard_normal(shape)

    def maybe(self, p: float = 0.5) -> bool:
        return self.rng.random() < p

    # ------------------------------------------------------------------------------------------- parts of a network

    def scaled(self, x: str, n_in: int) -> str:
        """Scale or shift the inputs."""
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            shape = self.rng.choice([(), (1,), (1, 1), (n_in,), (1, n_in)])
            by = self.constant(np.exp(self.normal(*shape)))
            operator = self.rng.choice(["Mul", "Div", "Add", "Sub"])
            swapped = operator in ("Mul", "Add") and self.maybe()
            x = self.add(operator, *((by, x) if swapped else (x, by)))
        return x

    def layer(self, x: str, n_in: int, n_out: int) -> str:
        """Compute weighted sums by Gemm, or by MatMul and Add."""
        shape = self.rng.choice([(n_out,), (n_out,), (1, n_out), (1,), ()])
        bias = self.constant(self.normal(*shape))
        if self.maybe(0.6):
            attributes: dict[str, Any] = {}
            for key in ("alpha", "beta"):
                if self.maybe(0.2):
                    attributes[key] = self.rng.choice([0.5, 2.0, 1.0, -1.0, 0.0])
            transposed = self.maybe(0.3)
            if transposed or self.maybe(0.2):
                attributes["transB"] = int(transposed)
            weights = self.constant(self.normal(*((n_out, n_in) if transposed else (n_in, n_out))))
            with_bias = [bias] if self.maybe(0.8) or self.opset < 11 else []
            return self.add("Gemm", x, weights, *with_bias, **attributes)
        z = self.add("MatMul", x, self.constant(self.normal(n_in, n_out)))
        if self.maybe(0.2):
            return z
        return self.add("Add", *((bias, z) if self.maybe() else (z, bias)))

    def normalized(self, x: str, n: int) -> str:
        """Normalize the columns by moments."""
        moments = [self.constant(self.normal(n)) for _ in range(3)]
        return self.add("BatchNormalization", x, *moments, self.constant(np.exp(self.normal(n))))

    def activation(self, z: str, *, last: bool = False) -> str:
        form = self.rng.choice(["operator"] * 5 + ["silu", "gelu", "softsign", "none"])
        if form == "none" or (form != "operator" and last):
            return z
        if form == "silu":
            return self.add("Mul", *self.rng.sample([z, self.add("Sigmoid", z)], 2))
        if form == "softsign":
            return self.add("Div", z, self.add("Add", self.add("Abs", z), self.constant(1.0)))
        if form == "gelu":
            e = self.add(
                "Add",
                self.add("Erf", self.add("Mul", z, self.constant(0.5**0.5))),
                self.constant(1.0),
            )
            return self.add("Mul", self.add("Mul", z, self.constant(0.5)), e)
        operator = self.rng.choice(
            ACTIVATIONS[:8]
            if not last
            else ["Sigmoid", "Tanh", "Softmax", "Exp", "Identity", "LogSoftmax"]
        )
        attributes = {}
        if operator in ("LeakyRelu", "Elu") and self.maybe(0.7):
            attributes["alpha"] = self.rng.choice([0.01, 0.3, 1.0, 2.5, 0.0, -0.5])
        if operator in ("Softmax", "LogSoftmax") and self.maybe(0.7):
            attributes["axis"] = self.rng.choice([1, -1, 1, -1, 0])
        return self.add(operator, z, **attributes)

    def labelled(self, a: str, n_out: int) -> Any:
        """Look up the label of the largest output; return the graph's output."""
        index = self.add("ArgMax", a, axis=1, keepdims=int(self.maybe()))
        values = (
            sorted(self.rng.sample(range(-9, 99), n_out))
            if self.maybe(0.8)
            else self.rng.sample(range(99), n_out)
        )
        texts = self.maybe(0.3)
        table = self.constant(
            [f"c{value}" for value in values] if texts else values, object if texts else np.int64
        )
        if self.maybe(0.3):
            found = self.add("ArrayFeatureExtractor", table, index, domain=ML)
        else:
            found = self.add("Gather", table, index, axis=0)
        if self.maybe(0.7):
            found = self.add("Reshape", found, self.constant([-1], np.int64))
        return helper.make_tensor_value_info(
            found, onnx.TensorProto.STRING if texts else onnx.TensorProto.INT64, None
        )


def _inputs(graph: Graph, n_in: int) -> tuple[str, list[Any], np.dtype[Any]]:
    """Return the tensor with the inputs as a matrix, and the shape and the type of the graph's input."""
    rows = graph.rng.choice(["N", "N", 3])
    dtype, shape, x = graph.dtype, [rows, n_in], "x"
    if graph.maybe(0.15) and n_in % 2 == 0:
        shape = [rows, 2, n_in // 2]
        if graph.maybe():
            x = graph.add("Flatten", x)
        else:
            x = graph.add(
                "Reshape",
                x,
                graph.constant(graph.rng.choice([[-1, n_in], [0, n_in], [0, -1]]), np.int64),
            )
    if graph.maybe(0.2):
        dtype = np.dtype(graph.rng.choice(["u1", "f8", "f4", "i8", "i4", "f2"]))
        x = graph.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(graph.dtype))
    return x, shape, dtype


def _model(rng: random.Random) -> onnx.ModelProto:
    graph = Graph(rng)
    sizes = [rng.choice([1, 2, 3, 4]) for _ in range(rng.choice([2, 2, 3, 4]))]
    x, shape, dtype = _inputs(graph, sizes[0])
    x = graph.scaled(x, sizes[0])
    for i, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        x = graph.layer(x, n_in, n_out)
        if graph.maybe(0.1):
            x = graph.normalized(x, n_out)
        x = graph.activation(x, last=i == len(sizes) - 2)
        if graph.maybe(0.1):
            x = graph.normalized(x, n_out)
        if graph.maybe(0.15):
            x = graph.add(rng.choice(["Identity", "Dropout"]), x)
    outputs = [helper.make_tensor_value_info(x, helper.np_dtype_to_tensor_dtype(graph.dtype), None)]
    if sizes[-1] > 1 and graph.maybe(0.25):
        outputs.insert(rng.randint(0, 1), graph.labelled(x, sizes[-1]))
    for output in outputs:
        output.type.tensor_type.shape.SetInParent()
        del output.type.tensor_type.shape.dim[:]
    given = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(dtype), shape)
    proto = helper.make_graph(graph.nodes, "g", [given], outputs, graph.constants)
    versions = [helper.make_opsetid("", graph.opset), helper.make_opsetid(ML, 3)]
    return helper.make_model(proto, ir_version=rng.choice([6, 8, 9, 10]), opset_imports=versions)


# ------------------------------------------------------------------------------------------------- one thing broken


def _break(model: onnx.ModelProto, rng: random.Random) -> None:
    graph = model.graph
    node = rng.choice(graph.node)
    tensors = [
        "x",
        *(t.name for t in graph.initializer),
        *(name for n in graph.node for name in n.output),
    ]
    way = rng.choice(
        [
            "operator",
            "attribute",
            "input",
            "output",
            "weights",
            "extra",
            "input",
            "attribute",
            "other",
        ]
    )
    if way == "operator":
        node.op_type = rng.choice([*ACTIVATIONS, *OTHERS, *BINARY])
    elif way == "attribute":
        _break_attribute(node, rng)
    elif way == "input" and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice([*tensors, ""])
    elif way == "output":
        graph.output[rng.randrange(len(graph.output))].name = rng.choice(tensors)
    elif way == "weights" and graph.initializer:
        _break_weights(rng.choice(graph.initializer), rng)
    elif way == "extra":
        operator = rng.choice([*ACTIVATIONS, *OTHERS, *BINARY])
        inputs = [rng.choice(tensors) for _ in range(1 + (operator in BINARY))]
        at = rng.randint(0, len(graph.node))
        graph.node.insert(at, helper.make_node(operator, inputs, ["extra"]))
        if rng.random() < 0.7:  # it comes between two nodes, or becomes the output
            after = list(graph.node)[at + 1 :]
            target = rng.choice(after) if after else None
            if target is not None and target.input:
                target.input[0] = "extra"
            else:
                graph.output[0].name = "extra"
    else:
        _break_other(model, rng)


def _break_attribute(node: onnx.NodeProto, rng: random.Random) -> None:
    key = rng.choice(
        [
            "alpha",
            "beta",
            "axis",
            "transA",
            "transB",
            "keepdims",
            "to",
            "ratio",
            "perm",
            "axes",
            "gamma",
        ]
    )
    for entry in [entry for entry in node.attribute if entry.name == key]:
        node.attribute.remove(entry)
    value = rng.choice([0, 1, 2, -1, -2, 3, 7, 10, *NUMBERS, [0], [1, 0], [1], "none", "tanh"])
    if key in ("alpha", "beta", "ratio", "gamma") and isinstance(value, int):
        value = float(value)
    node.attribute.append(helper.make_attribute(key, value))


def _break_weights(tensor: onnx.TensorProto, rng: random.Random) -> None:
    if tensor.data_type == onnx.TensorProto.STRING:
        tensor.string_data[0] = rng.choice([b"", b"\xff", b"c\0", tensor.string_data[-1]])
        return
    try:
        values = numpy_helper.to_array(tensor).copy()
    except ValueError:
        return  # broken already
    way = rng.choice(["number", "type", "transposed", "shape", "dims", "short"])
    if way == "number" and values.size:
        values.reshape(-1)[rng.randrange(values.size)] = (
            rng.choice(NUMBERS) if values.dtype.kind == "f" else -1
        )
    elif way == "type":
        values = values.astype(rng.choice(["f2", "f4", "f8", "i4", "i8", "u1", "b1"]))
    elif way == "transposed":
        values = values.T
    elif way == "shape":
        values = values.reshape(rng.choice([(-1,), (1, -1), (-1, 1), (1, 1, -1)]))
    name = tensor.name
    tensor.CopyFrom(
        numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
    )
    if way == "dims":
        tensor.dims.append(rng.choice([0, 1, 2, -1, 2**40]))
    elif way == "short":
        tensor.raw_data = tensor.raw_data[: rng.randint(0, len(tensor.raw_data))]


def _break_other(model: onnx.ModelProto, rng: random.Random) -> None:
    graph = model.graph
    way = rng.randrange(9)
    if way == 0:
        model.opset_import[0].version = rng.choice([1, 6, 7, 12, 13, 18, 22, 99])
    elif way == 1:
        rng.choice(graph.node).domain = rng.choice(["cmlp", ML, "ai.onnx", "com.microsoft"])
    elif way == 2 and graph.initializer:  # an input with a default
        tensor = rng.choice(graph.initializer)
        graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        )
    elif way == 3:
        graph.input.append(helper.make_tensor_value_info("x2", 1, [1]))
    elif way == 4:
        graph.output.append(graph.output[0])
    elif way == 5:
        size = graph.input[0].type.tensor_type.shape.dim
        rng.choice(size).dim_value = rng.choice([0, 1, 5, -1])
    elif way == 6:
        graph.input[0].type.tensor_type.elem_type = rng.choice([1, 2, 3, 6, 7, 8, 9, 10, 11, 16])
    elif way == 7 and len(graph.node) > 1:
        nodes = list(graph.node)
        rng.shuffle(nodes)
        del graph.node[:]
        graph.node.extend(nodes)
    else:
        key = rng.choice(["cmlp.loss", "cmlp.class", "cmlp.feature_names"])
        value = rng.choice(
            [
                "",
                "[]",
                '["poisson",null]',
                '["quantile",[0.1,0.9]]',
                '["huber",1e999]',
                "MLPRegressor",
            ]
        )
        helper.set_model_props(model, {key: value})


# ----------------------------------------------------------------------------------------------------------- judge


class Target:
    """Graphs, and their outputs."""

    changed = 0.1  # part of the inputs that are made by changing bytes

    def __init__(self, name: str, folder: Path) -> None:
        self.path = folder / "graph.onnx"

    def make(self, rng: random.Random) -> tuple[bytes, None]:
        model = _model(rng)
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            _break(model, rng)
        return model.SerializeToString(), None

    def judge(self, content: bytes, _: object) -> str:
        self.path.write_bytes(content)
        try:
            ours = cmlp.from_onnx(self.path)
        except ValueError as error:
            text = str(error)
            named = (
                text.startswith(f"{self.path} cannot be converted: ")
                or "is not a valid ONNX file" in text
            )
            assert named and text.isprintable(), text
            return text.removeprefix(str(self.path))
        return _compared(ours, content)


def _compared(ours: Any, content: bytes) -> str:
    """Compare with ONNX Runtime; return how."""
    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of ONNX Runtime, which have no common class
        return f"ONNX Runtime cannot: {type(error).__name__} {_reason(error)}"
    (given,) = session.get_inputs()
    shape = [size if isinstance(size, int) else 3 for size in given.shape]
    dtype = helper.tensor_dtype_to_np_dtype(
        helper.np_dtype_to_tensor_dtype(np.dtype(_NAMES[given.type]))
    )
    rng = np.random.default_rng(0)
    rows = (
        rng.integers(0, 9, shape) if dtype.kind in "iub" else rng.standard_normal(shape)
    ).astype(dtype)
    try:
        outputs = session.run(None, {given.name: rows})
    except Exception as error:
        return f"ONNX Runtime fails: {type(error).__name__} {_reason(error)}"
    matrix = rows.reshape(len(rows), int(np.prod(shape[1:])))
    is_network = isinstance(ours, cmlp.Network)
    found = (
        ours.forward(matrix) if is_network else getattr(ours, "predict_proba", ours.predict)(matrix)
    )
    operators = {node.op_type for node in onnx.load_model_from_string(content).graph.node}
    for output in outputs:
        if isinstance(output, list):
            output = np.array([list(row.values()) for row in output])
        if output.dtype.kind == "f":
            if operators & {"LogSoftmax", "Log"} and (output <= 0).all():
                output = np.exp(output)  # a network returns the probabilities
            _compare_numbers(np.asarray(found, np.float64), output.astype(np.float64), is_network)
        else:
            assert output.reshape(-1).tolist() == ours.predict(matrix).reshape(
                -1
            ).tolist() or _is_close_call(found)
    return f"the same outputs: {type(ours).__name__} {len(outputs)}"


_NAMES = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(uint8)": "u1", "tensor(int8)": "i1",
          "tensor(uint16)": "u2", "tensor(int16)": "i2", "tensor(int32)": "i4", "tensor(int64)": "i8",
          "tensor(float16)": "f2", "tensor(bool)": "b1", "tensor(uint32)": "u4", "tensor(uint64)": "u8"}  # fmt: skip


def _reason(error: Exception) -> str:
    return str(error).rsplit(":", 1)[-1].strip()[:60]


def _compare_numbers(ours: np.ndarray, theirs: np.ndarray, is_network: bool) -> None:
    if (
        not is_network
        and ours.shape == theirs.shape
        and not np.isclose(theirs.sum(axis=-1), 1).all()
    ):
        logits = np.exp(
            theirs - theirs.max(axis=1, keepdims=True)
        )  # a classifier makes probabilities of them
        theirs = logits / logits.sum(axis=1, keepdims=True)
    if (
        not is_network and ours.shape == theirs.shape
    ):  # in the order of the labels, which are compared too
        ours, theirs = np.sort(ours), np.sort(theirs)
    if ours.ndim == 2 and ours.shape[1] == 1 and theirs.ndim == 2 and theirs.shape[1] == 2:
        theirs = theirs[:, 1:]
    assert ours.size == theirs.size, (ours.shape, theirs.shape)
    np.testing.assert_allclose(ours.reshape(-1), theirs.reshape(-1), rtol=2e-4, atol=2e-5)


def _is_close_call(found: np.ndarray) -> bool:
    """Return whether the two largest outputs of a row are so close that rounding may decide."""
    ordered = np.sort(found, axis=1)
    return bool((ordered[:, -1] - ordered[:, -2] < 1e-4).any())
