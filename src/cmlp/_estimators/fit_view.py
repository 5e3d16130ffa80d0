"""`FitView`: the trainer that the callbacks of an estimator's fit get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._estimators.trainer import Trainer

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from cmlp._estimators.network import Network
    from cmlp._train.training import Training


class FitView(Trainer):
    """A trainer of some of the networks of an estimator; `snapshot` returns a copy of the estimator."""

    def __init__(
        self,
        networks: Sequence[Network],
        trainings: Sequence[Training],
        snapshot: Callable[[], Any],
        *,
        is_of_table: bool,
    ) -> None:
        self._set_up(networks, [(each.options, each.state) for each in trainings])
        self._estimator_now = snapshot
        self._is_of_table = is_of_table

    @property
    def network(self) -> Any:
        """The network that is trained; AttributeError for a table, which has several."""
        if self._is_of_table:
            raise AttributeError(
                "A Trainer of a table has no attribute 'network', but several networks: see "
                "networks."
            )
        return self.networks[0]

    def snapshot(self) -> Any:
        """Return a copy of the estimator as it is now."""
        return self._estimator_now()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `snapshot` to a model file, which has the training state unless it is that of a table."""
        state = {} if self._is_of_table else {"include_training_state": True}
        self.snapshot().save(path, **state)

    def _networks_shown(self) -> str:
        if self._is_of_table:
            return f"{len(self.networks)} networks of a table"
        return super()._networks_shown()

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy trains the network alone.
        return Trainer.__new__, (Trainer,), self.__getstate__()
