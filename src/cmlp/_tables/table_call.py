"""What a call that fits a table asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cmlp._fit.call import EstimatorToFit, FitCall, fix_seed, to_warm_start
from cmlp._fit.resuming import table_to_resume
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.options import TableOptions

if TYPE_CHECKING:
    from cmlp._data.array_types import GivenRows
    from cmlp._model.table_columns import TableColumns


@dataclass(frozen=True, eq=False)
class TableCall(FitCall[TableOptions]):
    """A call that fits a table."""

    is_of_table = True

    given: GivenRows = field(kw_only=True)  # X, y and weights of the training rows
    groups: tuple[object, object] = field(kw_only=True)  # of the rows of training and validation
    repeated: TableColumns | None = None  # the columns of a fit that the call repeats
    time: object = None  # of the training rows

    @property
    def equal_columns(self) -> TableColumns | None:
        """The columns of an equal fit, which is resumed or repeated; None of another call."""
        return self.repeated if self.resumed is None else self.resumed.model.columns


def table_call(
    estimator: EstimatorToFit,
    training: GivenRows,
    validation: GivenRows = (None, None, None),
    groups: tuple[object, object] = (None, None),
    *,
    time: object = None,
    resume: bool = False,
    repeated: TableColumns | None = None,
) -> TableCall:
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
        previous = to_warm_start(estimator)
    return TableCall(
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
