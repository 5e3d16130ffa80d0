"""HTML representation in notebooks, if the program has imported scikit-learn.

scikit-learn renders the diagram, also of pipelines. It calls methods of each estimator that return tables of the
parameters and the fitted attributes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._model.attributes import unchanging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Table:
    """A collapsible HTML table with the CSS classes of scikit-learn's style sheet.

    Each row has its kind, "user-set" (highlighted) or "default", and the texts of its cells: first the name, last the
    value. There is no header row without `head`.
    """

    def __init__(self, title: str, rows: Iterable[tuple[str, tuple[str, ...]]], head: tuple[str, ...] = ()) -> None:
        self.title, self.rows, self.head = title, list(rows), head

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_inner(self) -> str:
        from html import escape

        lines = ["<tr>", *(f"<th>{escape(text)}</th>" for text in self.head), "</tr>"] if self.head else []
        for kind, (name, *middle, value) in self.rows:
            cells = "".join(f'<td class="fitted-att-type">{escape(text)}</td>' for text in middle)
            label = f'<span style="display: block; padding: .5em">{escape(name)}</span>'
            lines.append(
                f'<tr class="{kind}"><td class="param">{label}</td>{cells}<td class="value">{escape(value)}</td></tr>'
            )
        return (
            f'<div class="estimator-table"><details><summary>{escape(self.title)}</summary>'
            f'<table class="parameters-table"><tbody>{"".join(lines)}</tbody></table></details></div>'
        )


class Representation:
    """Mixin for an estimator's HTML representation in scikit-learn's style: changed parameters are highlighted."""

    _is_default: Callable[[str], bool]

    @property
    def _repr_html_(self) -> Callable[[], str]:
        if not _draws_diagrams():
            raise AttributeError("_repr_html_ exists only if scikit-learn is loaded and its option display='diagram'.")
        return self._html

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        if _draws_diagrams():
            bundle["text/html"] = self._html()
        return bundle

    def _html(self) -> str:
        from sklearn.utils import estimator_html_repr  # type: ignore[import-untyped]

        html: str = estimator_html_repr(unchanging(self))
        return html

    def _get_params_html(self, deep: bool = True, doc_link: str = "") -> Table:
        """Return a table of the parameters, changed ones first. scikit-learn calls this method."""
        import inspect
        import reprlib

        order = list(inspect.signature(type(self)).parameters)
        names = sorted(order, key=self._is_default)
        return Table(
            "Parameters",
            [
                ("default" if self._is_default(name) else "user-set", (name, reprlib.repr(getattr(self, name))))
                for name in names
            ],
        )

    def _get_fitted_attr_html(self, doc_link: str = "") -> Table:
        """Return a table of the fitted attributes. scikit-learn 1.9 and later call this method."""
        now = unchanging(self)
        names = [name for name in dir(now) if name.endswith("_") and not name.startswith("_") and hasattr(now, name)]
        rows = [("default", (name, *_type_and_text(getattr(now, name)))) for name in names]
        return Table("Fitted attributes", rows, ("Name", "Type", "Value"))


def _draws_diagrams() -> bool:
    """Return whether the program has imported scikit-learn and its option `display` is "diagram"."""
    sklearn = sys.modules.get("sklearn")
    return sklearn is not None and sklearn.get_config()["display"] == "diagram"


def _type_and_text(value: Any) -> tuple[str, str]:
    """Return the type of a fitted attribute and a short text for its value."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=2, separator=", ", suppress_small=True, threshold=4)
        return f"ndarray[{value.dtype}]{value.shape}", text
    if isinstance(value, tuple) and value and isinstance(value[0], np.ndarray):
        return f"tuple of {len(value)} ndarray[{value[0].dtype}]", ", ".join(str(array.shape) for array in value)
    if isinstance(value, list):
        kind = type(value[0]).__name__ if value else "float"
        shown = [_short(entry) for entry in value[:6]] + ["..."] * (len(value) > 6)
        return f"list of {len(value)} {kind}", f"[{', '.join(shown)}]"
    return type(value).__name__, _short(value)


def _short(value: Any) -> str:
    """Return a short text for a number or another object."""
    import reprlib

    return f"{value:.4g}" if isinstance(value, float) else reprlib.repr(value)
