"""The methods of networks and estimators that write a trained model for other programs and libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from cmlp._data.array_types import ArrayLike
    from cmlp._export.c_header import CHeader
    from cmlp._model.model import TrainedModel


class ExportMethods:
    """A base class of `Network` and all estimators. The exports themselves are loaded at first use."""

    def _trained(self) -> TrainedModel:
        """Return what the model consists of; raises NotFittedError for an estimator that is not fitted."""
        raise NotImplementedError

    def to_c(
        self,
        path: str | os.PathLike[str] | TextIO,
        *,
        name: str | None = None,
        project: str | None = None,
        dtype: str | None = None,
        int8: bool = False,
        calibrate: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
        intervals: bool = False,
    ) -> CHeader:
        """Write the trained model as a C header that only predicts, for microcontrollers and other programs.

        The header is C99 and C++, without dependencies and allocation. With the prefix "digits" it
        defines:

        - ``digits_predict(const float *x, float *output)``: the outputs of one row. They are
          bit-identical to those in Python, with every compiler and on every processor: those of
          `Network.forward`, `predict_proba` of a classifier (two outputs for two classes) or
          `predict` of a regressor.
        - ``digits_predict_u8(const uint8_t *x, float *output)``: the same for a row of bytes. Both
          functions apply the `input_scale` of the model.
        - ``digits_predict_checked``: returns 0 and computes nothing if an input is NaN or infinite,
          which `predict` refuses in Python, otherwise 1.
        - ``digits_classify``, ``digits_classify_u8``: the index of the predicted class, and
          ``digits_label(index)``, its label. Only if each row has one class.
        - ``digits_feature(index)``: the name of a column, if the columns have names.
        - ``digits_check()``: 1 if the outputs for pseudo-random rows have the bits that Python
          computed, 0 if options of the compiler change the results.

        Of an estimator for tables, the header has the encoder of the columns and all networks. Rows
        and outputs are doubles, and there are no functions for bytes. A row has an element for each
        column in the order of `fit`: a number, NaN for a missing one, or the code of a category,
        which ``digits_category(column, name)`` returns.

        Several C files can include the header: all of them define ``digits_DECLARE`` before, which
        declares the functions only, but one of them defines ``digits_DEFINE``. The header states
        how much stack each function needs at most.

        With `int8`, the header uses integer arithmetic only. It takes about a quarter of the
        memory, and its outputs are approximations (see Notes).

        Parameters
        ----------
        path : str, path-like or text file
            The header. An existing file is replaced atomically. With `project`, a folder.
        name : str or None, default=None
            Prefix of all names in the header, a C identifier; None means the file's name without
            its suffix, or the folder's name.
        project : {"arduino", "platformio", "zephyr", "esp-idf"} or None, default=None
            Write a library for this tool instead of the header alone: a folder with the header, the
            description that the tool reads, and an example. `path` is a new or an empty folder. It
            names a board with enough memory; if none is known, a warning names the smallest change
            with which there is one.
        dtype : {"float32"} or None, default=None
            "float32" rounds the weights of a float64 model, which is otherwise refused.
        int8 : bool, default=False
            Whether weights and activations are 8-bit integers. The activations of the hidden layers
            must be relu, logistic or tanh. AVR processors compile layers of at most 32,767 weights:
            no array of avr-gcc has more bytes. Not for tables: 8-bit inputs with one step for all
            columns would be too coarse a step for the bins.
        calibrate : array-like of shape (n, n_features) or tuple (X, y), default=None
            With `int8`: typical rows, for example 5,000 rows of the training data, which determine
            the ranges of the integers. The rows themselves are not stored. With the labels y of a
            classifier, the result also contains the accuracy on these rows.
        intervals : bool, default=False
            Of a regressor for tables: whether the header also has ``digits_interval(target,
            coverage, output, ends)``, the interval of `predict_interval` for the outputs of
            ``digits_predict``, and ``digits_outside(x, distance)``, see `outside`. The scores of
            the held-out or the calibration rows take 8 bytes of constants each.

        Returns
        -------
        CHeader
            Sizes of the header, and with `int8` its agreement with the float32 model; ``print``
            shows them.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        OSError
            If the file cannot be written.
        ValueError
            If an argument is invalid, `intervals` needs scores that the model does not have, a
            weight is NaN or infinite, `int8` does not support the
            model, a category, label or name contains a NUL character, an output is not finite, or
            float32 cannot hold the differences of a float64 model's outputs, because they are far
            from 0.

        Notes
        -----
        The int8 header rounds the weights of a layer one after the other, so that the later ones compensate the errors
        of the earlier ones on the calibration rows (Frantar et al., "GPTQ", 2022).

        Examples
        --------
        >>> import io
        >>> from cmlp import Network
        >>> print(Network([784, 16, 10], input_scale=1 / 255).to_c(io.StringIO(), name="digits"))
        digits: 51,944 bytes of constants, 464 bytes of stack
        """
        from cmlp._export.c_header import write_c_header

        return write_c_header(
            self._trained(),
            path,
            name=name,
            project=project,
            dtype=dtype,
            int8=int8,
            calibrate=calibrate,
            intervals=intervals,
        )

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        data: Sequence[ArrayLike] | None = None,
        title: str | None = None,
        background: bool = False,
        target: str | None = None,
        unit: str | Sequence[str] | None = None,
    ) -> None:
        """Write a web page that shows the trained network at work: one file that needs no network access.

        A model with 784 inputs gets a field to draw in, others get a field for each input. The page
        shows the activations of all neurons, the strongest connections, and for a chosen neuron its
        weights and weighted sum. With examples, the same network also learns in the page, from
        random weights.

        The page of an estimator for tables is for somebody who decides: it has a field for each
        column, and shows the probabilities of the classes or the predicted numbers, the interval or
        the set of `predict_interval` or `predict_set`, the effect of each column (Shapley values),
        values that the training rows did not have, and for each column a curve: the prediction if
        only this column changes. The ten columns with the largest effect come first, the others
        behind a button. The fields begin with a typical row: the medians and the most frequent
        categories. Lines of delimited text, pasted or from a file, fill them by the rules of
        ``cmlp predict``.

        Parameters
        ----------
        path : str or path-like
            The HTML file; an existing file is replaced atomically.
        data : Dataset or sequence of four arrays, default=None
            Examples ``X_train, y_train, X_test, y_test``, as for the training of this model, but
            dense. The page contains the first of them: at most 500 training and 300 test rows, and
            at most 120 KB. None for the bundled digits if the model has 784 inputs and its classes
            are digits, otherwise for no examples; an empty sequence for no examples. Always None
            for a table.
        title : str or None, default=None
            The heading; None for one that describes the model.
        background : bool, default=False
            Whether the page of a table contains the training rows that `keep_background` has kept,
            with which its reasons compare other rows. If False, the page has no row of the
            training: reasons compare with 32 rows made of values of each column in random order.
        target : str or None, default=None
            The name of the target of a table, which the page shows before its answer. Always None
            for several targets, whose names are those of the columns of y.
        unit : str, sequence of str or None, default=None
            The unit of the numbers that a table's model predicts, or that of each target, for
            example "USD". It is on the page only: the model does not keep it.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        OSError
            If the file cannot be written.
        ValueError
            If the page cannot show the model (a weight is NaN or infinite, or there are more than 8
            hidden layers, 1,024 neurons in a hidden layer, 100 outputs, 256 inputs other than 784,
            or 2,000,000 weights in all networks of a table), if `data` does not fit the model, if
            `background` asks for rows that the model does not have, if `target` or `unit` does not
            fit the model, or if `path` exists and is not a regular file.

        See Also
        --------
        to_c : A header of C.
        to_onnx : A model of ONNX.

        Notes
        -----
        The page's encoding of a table's columns is bit-identical to Python's. It computes its networks in
        double precision, so probabilities and standardized predictions differ from those of Python by about 1e-6.

        Examples
        --------
        >>> import os, tempfile
        >>> from cmlp import Network
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Network([4, 8, 3]).to_html(os.path.join(folder, "network.html"))
        """
        from cmlp._export.page.document import page_of

        page_of(
            self._trained(), data, title, background=background, target=target, unit=unit
        ).write(path)

    def to_onnx(
        self, path: str | os.PathLike[str], *, input_dtype: str | None = None, opset: int = 17
    ) -> None:
        """Write the trained model as an ONNX file, for ONNX Runtime and other programs.

        The graph has one input ``X`` of shape (n, n_features), for any n. The scaling by
        `input_scale` is part of the graph. The outputs are:

        - of a `Network`: ``output`` of shape (n, n_outputs), as `Network.forward` returns it.
        - of a classifier: ``label`` of shape (n,), or a 0/1 matrix for multilabel targets, and
          ``probabilities`` of shape (n, n_classes), as `predict` and `predict_proba` return them.
        - of a regressor: ``prediction``, of the shape that `predict` returns.

        The graph of an estimator for tables has the encoder of the columns and all networks. It has
        an input of shape (n, 1) for each column of `fit`, also for those that are not used. The
        inputs have the names of the columns, or ``column_0``, ``column_1`` and so on if not all
        names are text. Their types are:

        - text for a column whose categories are text; "" is the missing value.
        - double for all other columns, numbers and categories that are numbers or booleans; NaN is
          the missing value. A date is a number: days since 1970, in UTC if it has a time zone.

        Needs the package onnx (the extra ``cmlp[onnx]``).

        Parameters
        ----------
        path : str or path-like
            An existing file is replaced atomically.
        input_dtype : {"float32", "float64", "uint8"} or None, default=None
            Element type of ``X``; None means the type of the weights. Always None for a table.
        opset : int, default=17
            The version of ONNX's operators, from 9 to 28, but none that the installed package onnx
            does not know. ONNX Runtime 1.12 and later read 17; browsers, game engines and other
            old programs may need a lower one. Several quantiles, and several classes of a table,
            need at least 11.

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        NotFittedError
            If an estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If ONNX has no type for the class labels. It has types for integers, booleans, float32,
            float64 and text.
        ValueError
            If a weight is NaN or infinite, a label is not valid Unicode or not below ``2**63``,
            `input_scale` is out of the range of the weights' type, inputs of float32 cannot hold
            the values of a column, ONNX cannot contain a column of a table (its categories are text
            and numbers, or a number that is not a double, or both "" and missing values), the
            opset is out of range or cannot express the model, or the file would be larger than 2
            GiB.

        Notes
        -----
        Results agree with those of cmlp up to rounding, because other programs add numbers in another order. The
        encoding of a table's columns is bit-identical to Python's. A graph cannot raise errors: an infinite number,
        which `predict` refuses, counts as a very large one.

        An input whose column has the name of an output, for example "label", has an underscore at
        the end: ``label_``. An empty name becomes ``column_0`` with the index of the column. The
        file's metadata ``cmlp.feature_names`` has the names of `fit`.

        Examples
        --------
        >>> import cmlp, os, tempfile
        >>> net = cmlp.Network([784, 16, 16, 10], input_scale=1 / 255)
        >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
        ...     net.to_onnx(os.path.join(folder, "digits.onnx"), input_dtype="uint8")
        """
        from cmlp._export.onnx_write import write_onnx

        write_onnx(self._trained(), path, input_dtype, opset)

    def to_torch(self) -> Any:  # an nn.Module: torch is optional
        """Return the trained network as a PyTorch module, in evaluation mode.

        Needs the package torch.

        Returns
        -------
        torch.nn.Sequential or torch.nn.Module
            It computes the activations of the output layer, as `Network.forward` does: the
            probabilities of a classifier, or for two classes the probability of the second class.
            The parameters are copies of the weights in their dtype, so the module can be trained
            further or moved to another device. If `input_scale` is not 1, the first module scales
            the inputs, and accepts tensors of any type: float64 for columns far from 0. An
            estimator for tables gives a module of its encoder and networks. Its input are raw rows
            in float64: numbers, NaN for a missing one, and codes of categories, which are the
            indices in the lists of the attribute `categories`, or -1; its output is float64.

        Raises
        ------
        ImportError
            If the package torch is not installed.
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If a weight is NaN or infinite, or `input_scale` is out of the range of the weights'
            type.

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
        from cmlp._export.torch import to_torch

        return to_torch(self._trained())


for _method in (
    ExportMethods.to_c,
    ExportMethods.to_html,
    ExportMethods.to_onnx,
    ExportMethods.to_torch,
):
    # Python's TypeErrors name the method without this class.
    _method.__qualname__ = _method.__name__
