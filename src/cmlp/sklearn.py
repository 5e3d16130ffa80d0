"""The estimators as subclasses of scikit-learn's base classes, for programs that ask for these.

cmlp's own classes need no scikit-learn, so they inherit from none of its classes. Some programs require them
nevertheless: yellowbrick and river's wrappers check ``isinstance(model, BaseEstimator)``, MLflow's autologging patches
the subclasses of ``BaseEstimator``, and skl2onnx and BentoML look for its mixins. The classes of this module behave like
those of the same names in `cmlp`, and `save` writes the same files, which `cmlp.load` reads as models of `cmlp`.

skl2onnx converts them, alone or in a pipeline, by the methods that it calls on models that it does not know.

Examples
--------
>>> from cmlp.sklearn import MLPClassifier
>>> from sklearn.base import BaseEstimator
>>> isinstance(MLPClassifier(), BaseEstimator)
True
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # type: ignore[import-untyped]

import cmlp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]


class _Convertible:
    """The methods that skl2onnx calls on a model that it does not know: they add the graph of `to_onnx` to its own."""

    _estimator_type: ClassVar[str]
    to_onnx: Callable[..., None]

    def onnx_parser(self) -> Callable[..., list[Any]]:
        """Return the function that declares the outputs, with the names that skl2onnx uses."""
        names = ("label", "probabilities") if self._estimator_type == "classifier" else ("variable",)

        def parse(scope: Any, inputs: Sequence[Any]) -> list[Any]:
            from skl2onnx.common.data_types import _guess_type_proto  # type: ignore[import-untyped]

            found = [output.type.tensor_type for output in self._graph(inputs).graph.output]
            shapes = [[dim.dim_value or None for dim in kind.shape.dim] for kind in found]
            return [
                scope.declare_local_variable(name, _guess_type_proto(kind.elem_type, shape))
                for name, kind, shape in zip(names, found, shapes, strict=True)
            ]

        return parse

    def onnx_shape_calculator(self) -> Callable[[Any], None]:
        """Return a function without effect: the parser has declared the shapes."""
        return lambda operator: None

    def onnx_converter(self) -> Callable[[Any, Any, Any], None]:
        """Return the function that adds the graph."""

        def convert(scope: Any, operator: Any, container: Any) -> None:
            from skl2onnx.helpers.integration import add_onnx_graph  # type: ignore[import-untyped]

            add_onnx_graph(scope, operator, container, self._graph(operator.inputs))

        return convert

    def _graph(self, inputs: Sequence[Any]) -> Any:
        """Return the model that `to_onnx` writes, for inputs of skl2onnx; predictions of one output are a column."""
        import onnx
        from onnx.inliner import inline_local_functions
        from skl2onnx.common.data_types import guess_proto_type

        kinds = [guess_proto_type(variable.type) for variable in inputs]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            self._write_onnx(path, [onnx.helper.tensor_dtype_to_np_dtype(kind).name for kind in kinds])
            model = inline_local_functions(onnx.load(path))
        _read(model.graph, kinds, type(self).__name__)
        _write_column(model.graph)
        return model

    def _write_onnx(self, path: str, inputs: list[str]) -> None:
        """Write the file of `to_onnx` for inputs of these types."""
        self.to_onnx(path)


class _ConvertibleNetwork(_Convertible):
    def _write_onnx(self, path: str, inputs: list[str]) -> None:
        if len(inputs) != 1:
            raise ValueError(f"{type(self).__name__} needs one matrix as input, got {len(inputs)} inputs.")
        self.to_onnx(path, input_dtype=inputs[0])


def _read(graph: Any, kinds: list[int], owner: str) -> None:
    """Let a graph read inputs of these types: those of its own inputs, or one matrix instead of columns of numbers."""
    from onnx import TensorProto, helper, numpy_helper

    own = list(graph.input)
    types = [value.type.tensor_type.elem_type for value in own]
    if len(kinds) == 1 < len(own) and TensorProto.STRING not in (*types, *kinds):
        sizes = numpy_helper.from_array(np.ones(len(own), np.int64), "given.sizes")
        nodes = [
            helper.make_node("Cast", ["given"], ["given.cast"], to=types[0]),
            helper.make_node("Split", ["given.cast", "given.sizes"], [value.name for value in own], axis=1),
        ]
        inputs = [helper.make_tensor_value_info("given", kinds[0], ["N", len(own)])]
        graph.initializer.append(sizes)
    elif len(kinds) == len(own):
        names = [f"given.{i}" for i in range(len(own))]
        nodes = [
            helper.make_node("Cast", [name], [value.name], to=kind)
            for name, value, kind in zip(names, own, types, strict=True)
        ]
        inputs = [helper.make_tensor_value_info(*pair, None) for pair in zip(names, kinds, strict=True)]
    else:
        raise ValueError(f"{owner} needs an input for each of {len(own)} columns, got {len(kinds)} inputs.")
    for field, values in ((graph.node, [*nodes, *graph.node]), (graph.input, inputs)):
        del field[:]
        field.extend(values)


def _write_column(graph: Any) -> None:
    """Turn predictions of shape (n,) into a column, the shape that skl2onnx expects of a regressor."""
    from onnx import helper, numpy_helper

    output = graph.output[0]
    kind = output.type.tensor_type
    if output.name == "prediction" and len(kind.shape.dim) == 1:
        graph.initializer.append(numpy_helper.from_array(np.array([-1, 1]), "column.shape"))
        graph.node.append(helper.make_node("Reshape", [output.name, "column.shape"], ["column"]))
        output.CopyFrom(helper.make_tensor_value_info("column", kind.elem_type, ["N", 1]))


class MLPClassifier(_ConvertibleNetwork, cmlp.MLPClassifier, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.MLPClassifier` as a subclass of scikit-learn's ``ClassifierMixin`` and ``BaseEstimator``."""


class MLPRegressor(_ConvertibleNetwork, cmlp.MLPRegressor, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.MLPRegressor` as a subclass of scikit-learn's ``RegressorMixin`` and ``BaseEstimator``."""


class TabularClassifier(_Convertible, cmlp.TabularClassifier, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.TabularClassifier` as a subclass of scikit-learn's ``ClassifierMixin`` and ``BaseEstimator``."""


class TabularRegressor(_Convertible, cmlp.TabularRegressor, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.TabularRegressor` as a subclass of scikit-learn's ``RegressorMixin`` and ``BaseEstimator``."""
