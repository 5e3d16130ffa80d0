"""Constructor parameters of an estimator: get_params, set_params and repr, as in scikit-learn."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ClassVar

from cmlp._train.other_names import parameter_hint
from cmlp.exceptions import NotFittedError, sklearn_class

if TYPE_CHECKING:
    from collections.abc import Mapping
    from inspect import Parameter
    from typing import Any, Self


@functools.cache
def _constructor(cls: type) -> Mapping[str, Parameter]:
    """Return the parameters of a class's constructor; if it takes ``**keywords``, also those of the parent's."""
    import inspect  # imported here because it takes 10 ms, and only get_params and repr need it

    own = inspect.signature(cls).parameters
    named = {name: p for name, p in own.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    if len(named) == len(own) or not any(p.kind == p.VAR_KEYWORD for p in own.values()):
        return named
    _, parent = [base for base in cls.__mro__ if "__init__" in vars(base)][:2]
    return named if parent is object else {**_constructor(parent), **named}


class Parametrized:
    """A base class for estimators whose constructor only stores its parameters, as in scikit-learn."""

    _estimator_type: ClassVar[str]  # also for tools written before scikit-learn had estimator tags
    _owner: ClassVar[str]  # the parameters' owner in the table of hyperparameters
    _input_tags: ClassVar[Mapping[str, bool]]  # scikit-learn's tags of X
    _several_outputs: ClassVar[bool]  # whether y can have several columns

    def _store(self, arguments: Mapping[str, object]) -> None:
        """Store the constructor's arguments unchanged as attributes of the same names."""
        vars(self).update({k: v for k, v in arguments.items() if k not in ("self", "__class__")})

    @classmethod
    def _get_param_names(cls: type) -> list[str]:
        return sorted(_constructor(cls))

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> Self:
        """Return an estimator with the parameters of a preset.

        All parameters are explicit: ``get_params`` returns them, and ``set_params`` can change them.

        Parameters
        ----------
        name : {"3b1b", "fast"}
            The name of the preset. Both are for images of 28 x 28 bytes and set
            ``input_scale=1/255``. "3b1b" uses plain gradient descent, as in the video series by 3Blue1Brown.
            "fast" needs fewer epochs: it uses Adam with a one-cycle learning rate.
        **overrides
            Parameters of the constructor that replace those of the preset.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If there is no preset of this name for this kind of estimator.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> model = MLPClassifier.from_preset("3b1b", random_state=1)
        >>> model.hidden_layer_sizes, model.activation
        ((16, 16), 'logistic')
        """
        from cmlp._train.hyperparameters import preset_parameters

        parameters = preset_parameters(name, cls._owner, cls.__name__)
        return cls(**{**parameters, **overrides})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor.

        Parameters
        ----------
        deep : bool, default=True
            Ignored; present for scikit-learn compatibility. No parameter has parameters itself.

        Returns
        -------
        dict of str to object
        """
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; the next fit validates them.

        Parameters
        ----------
        **params
            Parameters of the constructor.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a name is unknown; no parameter is changed then.
        """
        names = self._get_param_names()
        for name in params:
            if name not in names:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {names!r}."
                    f"{parameter_hint(name, names)}"
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _is_default(self, name: str) -> bool:
        # The constructor of a subclass may not have this parameter: use the first class whose constructor has it.
        owner = next(cls for cls in type(self).__mro__ if name in _constructor(cls))
        value, default = getattr(self, name), _constructor(owner)[name].default
        return value is default or (type(value) is type(default) and value == default)

    def _not_fitted(self) -> Exception:
        return sklearn_class(NotFittedError)(
            f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments before "
            "using this estimator."
        )

    def __sklearn_tags__(self) -> Any:
        from sklearn import utils  # type: ignore[import-untyped]

        classifies, several = self._estimator_type == "classifier", self._several_outputs
        return utils.Tags(
            estimator_type=self._estimator_type,
            target_tags=utils.TargetTags(required=True, multi_output=several and not classifies),
            classifier_tags=utils.ClassifierTags(multi_label=several) if classifies else None,
            regressor_tags=None if classifies else utils.RegressorTags(),
            input_tags=utils.InputTags(**self._input_tags),
        )

    def __repr__(self) -> str:
        import textwrap

        shown = [f"{name}={getattr(self, name)!r}" for name in self._get_param_names() if not self._is_default(name)]
        head = f"{type(self).__name__}("
        return textwrap.fill(
            f"{head}{', '.join(shown)})",
            width=79,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
