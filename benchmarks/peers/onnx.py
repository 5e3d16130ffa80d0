"""onnxruntime: one thread, the session is created once."""

import onnx
import onnxruntime
from onnx import helper, numpy_helper

from benchmarks.data import rows
from benchmarks.peers import plain


def version():
    return f"onnxruntime {onnxruntime.__version__}"


def session(sizes):
    weights, biases = plain.parameters(sizes)
    nodes, tensors, at = [], [], "x"
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        tensors += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [at, f"w{i}", f"b{i}"], [f"z{i}"]))
        last = i == len(weights) - 1
        at = "p" if last else f"a{i}"
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"z{i}"], [at]))
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", kind, ["n", sizes[0]])],
        [helper.make_tensor_value_info("p", kind, ["n", sizes[-1]])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def forward(case):
    X, _ = rows(case)
    run = session(case["sizes"]).run
    return lambda: run(None, {"x": X})[0]
