"""The methods of networks and estimators that export a trained model to other programs and libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import TextIO

    from numpy.typing import ArrayLike

    from cmlp.export.c_header import CHeader
    from cmlp.record import Record


class ExportMethods:
    """A base class of `Network` and the estimators. The exports themselves are loaded at first use."""

    def _record(self) -> Record:
        """Return the content of the model; raises NotFittedError for an estimator that is not fitted."""
        raise NotImplementedError

    def to_c(
        self,
        path: str | os.PathLike[str] | TextIO,
        *,
        name: str | None = None,
        dtype: str | None = None,
        int8: bool = False,
        calibrate: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    ) -> CHeader:
        """Write the trained model as a C header that only predicts, for microcontrollers and other programs.

        The header is C99 and C++, without dependencies and allocation. With the prefix "digits" it defines:

        - ``digits_predict(const float *x, float *output)``: the outputs of one row. They have the same bits as in
          Python, with every compiler and on every processor: those of `Network.forward`, `predict_proba` of a
          classifier (two outputs for two classes) or `predict` of a regressor.
        - ``digits_predict_u8(const uint8_t *x, float *output)``: the same for a row of bytes. Both functions apply
          the `input_scale` of the model.
        - ``digits_classify``, ``digits_classify_u8``: the index of the predicted class, and ``digits_label(index)``,
          its label. Only if each row has one class.
        - ``digits_check()``: 1 if the outputs for pseudo-random rows have the bits that Python computed, 0 if options
          of the compiler change the results.

        With `int8`, the header uses integer arithmetic only. It takes about a quarter of the memory, and its outputs
        are approximations (see Notes).

        Parameters
        ----------
        path : str, path-like or text file
            The header. An existing file is replaced atomically.
        name : str or None, default=None
            Prefix of all names in the header, a C identifier; None means the file's name without its suffix.
        dtype : {"float32"} or None, default=None
            "float32" rounds the weights of a float64 model, which is otherwise refused.
        int8 : bool, default=False
            Whether weights and activations are 8-bit integers. The activations of the hidden layers must be relu,
            logistic or tanh.
        calibrate : array-like of shape (n, n_features) or tuple (X, y), default=None
            With `int8`: typical rows, for example 5,000 rows of the training data, which determine the ranges of the
            integers. The rows themselves are not stored. With the labels y of a classifier, the result also contains
            the accuracy on these rows.

        Returns
        -------
        CHeader
            Sizes of the header, and with `int8` its agreement with the float32 model; ``print`` shows them.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        OSError
            If the file cannot be written.
        ValueError
            If an argument is invalid, a weight is NaN or infinite, `int8` does not support an activation, or float32
            cannot hold the differences of a float64 model's outputs, because they are far from 0.

        Notes
        -----
        The int8 header rounds the weights of a layer one after the other, so that the later ones compensate the errors
        of the earlier ones on the calibration rows (Frantar et al., "GPTQ", 2022).

        Examples
        --------
        >>> import io
        >>> from cmlp import Network
        >>> print(Network([784, 16, 10], input_scale=1 / 255).to_c(io.StringIO(), name="digits"))
        digits: 51,944 bytes of constants, 168 bytes of stack
        """
        from cmlp.export.c_header import write_c_header

        return write_c_header(self._record(), path, name=name, dtype=dtype, int8=int8, calibrate=calibrate)

    def to_html(
        self, path: str | os.PathLike[str], *, data: Sequence[ArrayLike] | None = None, title: str | None = None
    ) -> None:
        """Write a web page that shows the trained network at work: one file that needs no network access.

        A model with 784 inputs gets a field to draw in, others get a field for each input. The page shows the
        activations of all neurons, the strongest connections, and for a chosen neuron its weights and weighted sum.
        With examples, the same network also learns in the page, from random weights.

        Parameters
        ----------
        path : str or path-like
            The HTML file; an existing file is replaced atomically.
        data : Dataset or sequence of four arrays, default=None
            Examples ``X_train, y_train, X_test, y_test``, as for the training of this model, but dense. The page
            contains the first of them: at most 500 training and 300 test rows, and at most 120 KB. None for the
            bundled digits if the model has 784 inputs and its classes are digits, otherwise for no examples.
        title : str or None, default=None
            The heading; None for one that describes the model.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        OSError
            If the file cannot be written.
        ValueError
            If the page cannot show the model (a weight is NaN or infinite, or there are more than 8 hidden layers,
            1,024 neurons in a hidden layer, 100 outputs, or 256 inputs other than 784), if `data` does not fit the
            model, or if `path` exists and is not a regular file.

        Examples
        --------
        >>> import os, tempfile
        >>> from cmlp import Network
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Network([4, 8, 3]).to_html(os.path.join(folder, "network.html"))
        """
        from cmlp.page.document import write_page

        write_page(self._record(), path, data, title)

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
            the range of the weights' type, inputs of float32 cannot hold the values of a column, or the file would be
            larger than 2 GiB.

        Notes
        -----
        Results agree with those of cmlp up to rounding, because other programs add numbers in another order.

        Examples
        --------
        >>> import cmlp, os, tempfile
        >>> net = cmlp.Network([784, 16, 16, 10], input_scale=1 / 255)
        >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
        ...     net.to_onnx(os.path.join(folder, "digits.onnx"), input_dtype="uint8")
        """
        from cmlp.export.onnx_writer import write_onnx

        write_onnx(self._record(), path, input_dtype)

    def to_torch(self) -> Any:
        """Return the trained network as a PyTorch module, in evaluation mode.

        Needs the package torch.

        Returns
        -------
        torch.nn.Sequential
            It computes the activations of the output layer, as `Network.forward` does: the probabilities of a
            classifier, or for two classes the probability of the second class. The parameters are copies of the
            weights in their dtype, so the module can be trained further or moved to another device. If `input_scale` is
            not 1, the first module scales the inputs, and accepts tensors of any type: float64 for columns far from 0.

        Raises
        ------
        ImportError
            If the package torch is not installed.
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If a weight is NaN or infinite, or `input_scale` is out of the range of the weights' type.

        See Also
        --------
        cmlp.from_torch : The opposite direction.

        Examples
        --------
        >>> import cmlp
        >>> cmlp.Network([4, 8, 3], "relu").to_torch()  # doctest: +SKIP
        Sequential(
          (0): Linear(in_features=4, out_features=8, bias=True)
          (1): ReLU()
          (2): Linear(in_features=8, out_features=3, bias=True)
          (3): Softmax(dim=1)
        )
        """
        from cmlp.export.torch_modules import to_torch

        return to_torch(self._record())
