"""What a call that fits a table asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cmlp._fit.fit import Fit, fix_seed
from cmlp._fit.recipe import require_this_recipe
from cmlp._fit.result import result_of
from cmlp._fit.resuming import table_to_resume
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.options import TableOptions

if TYPE_CHECKING:
    from typing import Self

    from cmlp._data.array_types import GivenRows
    from cmlp._fit.fit import EstimatorToFit
    from cmlp._model.table_columns import TableColumns


@dataclass(eq=False)
class TableCall(Fit):
    """A call that fits a table."""

    is_of_table = True

    options: TableOptions
    given: GivenRows = field(kw_only=True)  # X, y and weights of the training rows
    groups: tuple[object, object] = field(kw_only=True)  # of the rows of training and validation
    repeated: TableColumns | None = None  # the columns of a fit that the call repeats
    time: object = None  # of the training rows

    @property
    def equal_columns(self) -> TableColumns | None:
        """The columns of an equal fit, which is resumed or repeated; None of another call."""
        return self.repeated if self.resumed is None else self.resumed.model.columns

    @classmethod
    def from_estimator(
        cls,
        estimator: EstimatorToFit,
        training: GivenRows,
        validation: GivenRows,
        groups: tuple[object, object],
        *,
        time: object = None,
        resume: bool,
        repeated: TableColumns | None = None,
    ) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues.

        `training` are X, y and weights; `groups` are those of the rows of training and validation, and `time` are the
        times of those of training; `repeated` are the columns of a fit that the call repeats.
        """
        options = fix_seed(estimator, TableOptions.of(estimator))
        PARAMETERS.warn_of_unused(estimator._parameter_owner, estimator._parameters())
        previous = None
        if resume:
            previous = table_to_resume(estimator)
        elif options.warm_start:
            previous = result_of(estimator)
            if previous is not None:
                require_this_recipe(previous.recipe, "warm_start=True")
        return cls(
            estimator,
            options,
            previous,
            validation,
            resume,
            given=training,
            groups=groups,
            repeated=repeated,
            time=time,
        )
