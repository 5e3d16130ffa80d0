"""The methods of networks and estimators that export a trained model to other programs and libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os


class Exports:
    """A base class of `Network` and the estimators. The exports themselves are loaded at first use."""

    def to_onnx(self, path: str | os.PathLike[str], *, input_dtype: str | None = None) -> None:
        """Write the trained model as an ONNX file (opset 17), for ONNX Runtime and other programs.

        The graph has one input ``X`` of shape (n, n_features), for any n. The scaling by `input_scale` is part of the
        graph. The outputs are:

        - of a `Network`: ``output`` of shape (n, n_outputs), as `Network.forward` returns it.
        - of an `MLPClassifier`: ``label`` of shape (n,), or a 0/1 matrix for multilabel targets, and ``probabilities``
          of shape (n, n_classes), as `predict` and `predict_proba` return them.
        - of an `MLPRegressor`: ``prediction``, of the shape that `predict` returns.

        Needs the package onnx (the extra ``cmlp[onnx]``).

        Parameters
        ----------
        path : str or path-like
            An existing file is replaced atomically.
        input_dtype : {"float32", "float64", "uint8"} or None, default=None
            Element type of ``X``; None means the type of the weights.

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        NotFittedError
            If an estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If ONNX has no type for the class labels. It has types for integers, booleans, float32, float64 and text.
        ValueError
            If a weight is NaN or infinite, a label is not valid Unicode or not below ``2**63``, `input_scale` is out of
            the range of the weights' type, or the file would be larger than 2 GiB.

        Notes
        -----
        Results agree with those of cmlp up to rounding, because other programs add numbers in another order.
        """
        from cmlp.export.onnx_writer import write_onnx

        write_onnx(self, path, input_dtype)

    def to_torch(self) -> Any:
        """Return the trained network as a PyTorch module, in evaluation mode.

        Needs the package torch.

        Returns
        -------
        torch.nn.Sequential
            It computes the activations of the output layer, as `Network.forward` does: the probabilities of a
            classifier, or for two classes the probability of the second class. The parameters are copies of the
            weights in their dtype, so the module can be trained further or moved to another device. If `input_scale` is
            not 1, the first module multiplies the inputs, and accepts tensors of any type.

        Raises
        ------
        ImportError
            If the package torch is not installed.
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If a weight is NaN or infinite.

        See Also
        --------
        cmlp.from_torch : The opposite direction.
        """
        from cmlp.export.torch_modules import to_torch

        return to_torch(self)
