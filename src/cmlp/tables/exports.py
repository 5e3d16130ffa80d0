"""The methods of estimators for tables that write files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from typing import TextIO

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from cmlp.export.c_header import CHeader
    from cmlp.files.tables import TableContent

_OTHER_EXPORTS = ("to_sklearn", "to_torch")  # methods of the other estimators


class TableExports:
    """A base class of the estimators for tables."""

    def _content(self) -> TableContent:
        """Return what the estimator consists of; raises NotFittedError if it is not fitted."""
        raise NotImplementedError

    def _parameters(self) -> dict[str, Any]:
        """Return the validated parameters."""
        raise NotImplementedError

    def _of_raw(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outputs of the model for raw rows."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a model file, which `cmlp.load` and the C library can read.

        Saving is atomic: if it fails, an existing file stays unchanged. The file contains the networks, the encoding of
        the columns, the categories, the classes or the range of the targets, the names of the columns and the
        parameters of the constructor, but no training data and no history.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If a parameter (for example a RandomState), the labels or the column names (for example dates), or a
            category (for example a Decimal) cannot be stored exactly, or if this is an instance of a subclass.
        ValueError
            If a parameter is invalid, there are more than 1,024 networks, or `path` exists and is not a regular file.
        """
        from cmlp.files.models import require_own_class
        from cmlp.files.tables import write_table

        require_own_class(self)
        content = self._content()
        self._parameters()  # raises ValueError for invalid parameters, with which the file could not be loaded
        write_table(path, content)

    def to_c(
        self,
        path: str | os.PathLike[str] | TextIO,
        *,
        name: str | None = None,
        dtype: str | None = None,
        int8: bool = False,
        calibrate: ArrayLike | None = None,
    ) -> CHeader:
        """Write the fitted estimator as a C header that only predicts: the encoder of the columns and all networks.

        The header is C99 and C++, without dependencies and allocation. A row is an array of doubles with an element for
        each column in the order of `fit`: a number, NaN for a missing one, or the code of a category. With the prefix
        "flats" the header defines:

        - ``flats_predict(const double *x, double *output)``: the outputs of one row. They have the bits of
          `predict_proba` of a classifier or `predict` of a regressor, with every compiler and on every processor.
        - ``flats_classify(x)``: the index of the predicted class, and ``flats_label(index)``, its label.
        - ``flats_category(column, name)``: the code of a category, if there are columns of categories.
        - ``flats_feature(index)``: the name of a column, if the columns have names.
        - ``flats_check()``: 1 if the outputs for pseudo-random rows have the bits that Python computed, 0 if options
          of the compiler change the results.

        Parameters
        ----------
        path : str, path-like or text file
            The header. An existing file is replaced atomically.
        name : str or None, default=None
            Prefix of all names in the header, a C identifier; None means the file's name without its suffix.
        dtype : {"float32"} or None, default=None
            No effect, because the networks have float32 weights; for code that exports other estimators too.
        int8, calibrate : default=False and None
            Not supported: 8-bit inputs with one step for all columns would lose the places in the bins.

        Returns
        -------
        CHeader
            Sizes of the header; ``print`` shows them.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        ValueError
            If an argument is invalid, a category, label or name contains a NUL character, or an output is not finite.

        Examples
        --------
        >>> import io
        >>> from cmlp import TabularRegressor
        >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
        >>> model = TabularRegressor(random_state=0, max_time=1e-9).fit(X, [row[0] for row in X])
        >>> print(model.to_c(io.StringIO(), name="flats"))
        flats: 275,584 bytes of constants, 1,576 bytes of stack
        """
        from cmlp.export.table_header import write_table_header

        if int8 or calibrate is not None:
            raise ValueError(
                "to_c(int8=True) does not support tables: the int8 export quantizes all inputs of one network with the "
                "same step, which would lose the places of numbers in their bins. Leave out int8 and calibrate."
            )
        if dtype not in (None, "float32"):
            raise ValueError(f"dtype must be 'float32' or None, got {dtype!r}")
        return write_table_header(self._content(), self._of_raw, path, name=name)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator as an ONNX file (opset 17), for ONNX Runtime and other programs.

        The graph has the encoder of the columns and all networks. It has an input of shape (n, 1) for each column of
        `fit`, also for those that are not used, for any n. The inputs have the names of the columns, or ``column_0``,
        ``column_1`` and so on if not all names are text. Their types are:

        - text for a column whose categories are text; "" is the missing value.
        - double for all other columns, numbers and categories that are numbers or booleans; NaN is the missing value.
          A date is a number: days since 1970, in UTC if it has a time zone.

        The outputs are:

        - of a `TabularClassifier`: ``label`` of shape (n,) and ``probabilities`` of shape (n, n_classes), doubles, as
          `predict` and `predict_proba` return them.
        - of a `TabularRegressor`: ``prediction``, doubles of the shape that `predict` returns.

        Needs the package onnx (the extra ``cmlp[onnx]``).

        Parameters
        ----------
        path : str or path-like
            An existing file is replaced atomically.

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If ONNX has no type for the class labels. It has types for integers, booleans, float32, float64 and text.
        ValueError
            If ONNX cannot contain a column (its categories are text and numbers, or a number that is not a double, or
            both "" and missing values), a label is not below ``2**63``, a text is not valid Unicode, a weight is NaN or
            infinite, or the file would be larger than 2 GiB.

        Notes
        -----
        The graph encodes the columns with the bits of Python. Results agree with those of cmlp up to rounding, because
        other programs add the numbers of a layer in another order. A graph cannot raise errors: an infinite number,
        which `predict` refuses, counts as a very large one.

        An input whose column has the name of an output, for example "label", has an underscore at the end: ``label_``.
        An empty name becomes ``column_0`` with the index of the column. The file's metadata
        ``cmlp.feature_names`` has the names of `fit`.

        Examples
        --------
        >>> import os, tempfile
        >>> from cmlp import TabularRegressor
        >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
        >>> model = TabularRegressor(random_state=0, max_time=1e-9).fit(X, [row[0] for row in X])
        >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
        ...     model.to_onnx(os.path.join(folder, "flats.onnx"))
        """
        from cmlp.export.onnx_table import write_table_onnx

        write_table_onnx(self._content(), path)

    def to_html(self, path: str | os.PathLike[str], *, title: str | None = None) -> None:
        """Write a web page that predicts: one file that needs no network access.

        The page has a field for each column, shows the probabilities of the classes or the predicted numbers, and for
        each column a curve: the prediction if only this column changes. The fields begin with a typical row: the
        medians and the most frequent categories.

        Parameters
        ----------
        path : str or path-like
            The HTML file; an existing file is replaced atomically.
        title : str or None, default=None
            The heading; None for one that says what is predicted.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        ValueError
            If the page cannot show the model (a weight is NaN or infinite, or there are more than 256 columns, 100
            outputs, 8 hidden layers, 1,024 neurons in a hidden layer, or 2,000,000 weights in all networks), or if
            `path` exists and is not a regular file.

        Notes
        -----
        Numbers and categories are encoded with the bits of Python. The networks compute in double precision, so
        probabilities and standardized predictions differ from those of Python by about 1e-6.

        Examples
        --------
        >>> import os, tempfile
        >>> from cmlp import TabularRegressor
        >>> X = [[float(size), "town" if size % 2 else None] for size in range(40)]
        >>> model = TabularRegressor(random_state=0, max_time=1e-9).fit(X, [row[0] for row in X])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.to_html(os.path.join(folder, "flats.html"))
        """
        from cmlp.page.table import write_table_page

        write_table_page(self._content(), path, title)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Say why there is no method of this name."""
            if name in _OTHER_EXPORTS:
                raise AttributeError(
                    f"{type(self).__name__} has no {name}: it exports one network, and this model has an encoder of "
                    "columns and several networks. to_onnx writes an ONNX file, to_c a C header, to_html a web page, "
                    "save a file for the C library; estimators_ has the networks, whose inputs are encoded rows.",
                    name=name,
                    obj=self,
                )
            return super().__getattribute__(name)  # raises AttributeError
