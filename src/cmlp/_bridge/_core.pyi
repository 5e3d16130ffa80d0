"""Type annotations of the bridge. `_core.pyx` and `cmlp.h` document the arguments."""

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, Self, TypedDict, TypeVar, Unpack, type_check_only

import numpy as np
import numpy.typing as npt

from cmlp._data.array_types import LossFunction
from cmlp._data.arrays import CSR
from cmlp._process.signals import DeferredSignals
from cmlp._process.threads import Pool

_P = ParamSpec("_P")
_R = TypeVar("_R")

def run_locked(
    estimator: object,
    name: str,
    function: Callable[..., _R],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> _R: ...
def replace_attributes(
    changes: tuple[tuple[object, dict[str, Any]], ...], removed: tuple[str, ...]
) -> None: ...
def run_deferred(
    deferral: DeferredSignals | None,
    function: Callable[_P, _R],
    *args: _P.args,
    **keywords: _P.kwargs,
) -> _R: ...
def run_pool(
    pool: Pool, task: Callable[[int], None], progress: Callable[[int], None] | None = ...
) -> None: ...

class Activation:
    code: int
    hidden: bool
    output: bool
    init_factor: float
    parameter: float

class Loss:
    code: int
    outputs: tuple[str, ...]
    parameter: float
    lower_limit: float
    limit: float

ACTIVATIONS: dict[str, Activation]
LOSSES: dict[str, Loss]
SOLVERS: dict[str, int]
ISAS: dict[str, int]
TUNINGS: dict[str, int]
STATE_VERSION: int
COST: int
PENALTY: int
N_ROWS: int
NORM: int
SECONDS: int
N_SUMS: int
BATCH: int
N_RESULTS: int
FILE_DTYPES: dict[str, int]
__version__: str
capi: object

Array = npt.NDArray[Any]

@type_check_only
class CommonKeywords(TypedDict, total=False):
    """The keywords that all calls of a training share: what it minimizes, the scale of the inputs, the threads."""

    loss_scale: float
    clip: float
    alpha: float
    alphas: npt.ArrayLike
    dropout: npt.ArrayLike
    dropout_seed: int
    scale: float | tuple[Array, Array]
    n_threads: int | None

@type_check_only
class CallKeywords(CommonKeywords, total=False):
    """The keywords of every call with an objective: the common ones, and what belongs to the rows of the call."""

    sample_weight: npt.ArrayLike | None
    dropout_step: int
    dropout_row: int

def shared_net(
    sizes: tuple[int, ...],
    activations: tuple[str, ...],
    loss: str | LossFunction,
    dtype: npt.DTypeLike,
    activation_parameters: tuple[float, ...] | None = ...,
    loss_parameter: float | tuple[float, ...] = ...,
) -> Net: ...
def cpu_info() -> dict[str, Any]: ...  # text, a number and a list of text
def step(net: Net, params: Array, gradient: Array, optimizer: Optimizer) -> None: ...

class Net:
    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str | LossFunction
    dtype: np.dtype[np.floating]
    isa: str
    tuning: str
    n_params: int
    n_in: int
    n_out: int
    activation_parameters: tuple[float, ...]
    loss_parameter: float | tuple[float, ...]
    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[str],
        loss: str | LossFunction,
        dtype: npt.DTypeLike,
        activation_parameters: Sequence[float] | None = ...,
        loss_parameter: float | Sequence[float] = ...,
    ) -> None: ...
    def get_state(self) -> dict[str, Any]: ...
    def views(self, block: Array) -> tuple[list[Array], list[Array]]: ...
    def forward(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        *,
        scale: float | tuple[Array, Array] = ...,
        out: Array | None = ...,
        order: npt.ArrayLike | None = ...,
        n_threads: int | None = ...,
        seconds: float = ...,
    ) -> Array: ...
    def forward_small(
        self,
        params: Array,
        X: object,
        scale: float | tuple[Array, Array],
        out: Array | None = ...,
        n_threads: int | None = ...,
    ) -> Array | None: ...
    def activations_of(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        *,
        scale: float | tuple[Array, Array] = ...,
        n_threads: int | None = ...,
        sums: bool = ...,
    ) -> list[Array]: ...
    def bounds(
        self,
        params: Array,
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        *,
        scale: float | tuple[Array, Array] = ...,
    ) -> tuple[list[Array], list[Array]]: ...
    def cost(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        Y: npt.ArrayLike,
        *,
        order: npt.ArrayLike | None = ...,
        seconds: float = ...,
        checked: bool = ...,
        **keywords: Unpack[CallKeywords],
    ) -> float: ...
    def cost_and_plain_cost(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        Y: npt.ArrayLike,
        *,
        order: npt.ArrayLike | None = ...,
        seconds: float = ...,
        checked: bool = ...,
        **keywords: Unpack[CallKeywords],
    ) -> tuple[float, float]: ...
    def gradient(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        Y: npt.ArrayLike,
        *,
        order: npt.ArrayLike | None = ...,
        seconds: float = ...,
        **keywords: Unpack[CallKeywords],
    ) -> tuple[Array, float]: ...
    def input_gradient(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        Y: npt.ArrayLike,
        **keywords: Unpack[CallKeywords],
    ) -> Array: ...
    def forward_paths(
        self,
        params: Array,
        X: npt.ArrayLike,
        to: npt.ArrayLike,
        begins: npt.ArrayLike,
        starts: npt.ArrayLike,
        orders: npt.ArrayLike,
        *,
        scale: float | tuple[Array, Array] = ...,
        n_threads: int | None = ...,
    ) -> Array: ...
    def deltas(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        Y: npt.ArrayLike,
        **keywords: Unpack[CallKeywords],
    ) -> list[Array]: ...
    def train_epoch(
        self,
        params: Array,
        X: npt.ArrayLike | CSR,
        Y: npt.ArrayLike,
        optimizer: Optimizer,
        epochs: npt.NDArray[np.float64] | None = ...,
        *,
        batch_size: int,
        order: npt.ArrayLike | None = ...,
        generator: Random | None = ...,
        rates: npt.ArrayLike | None = ...,
        wants_norm: bool = ...,
        checked: bool = ...,
        seconds: float = ...,
        workers: Any = ...,
        signs: npt.ArrayLike | None = ...,
        **keywords: Unpack[CallKeywords],
    ) -> tuple[float, float, float, int]: ...

class Random:
    def __init__(self, seed: int) -> None: ...
    def copy(self) -> Random: ...
    def random_sample(self, shape: tuple[int, ...] = ...) -> npt.NDArray[np.float64]: ...
    def permutation(self, values: int | npt.ArrayLike) -> npt.NDArray[np.int64]: ...
    def shuffle(self, order: npt.NDArray[np.int64]) -> None: ...
    def get_state(self) -> dict[str, Any]: ...

class Optimizer:
    solver: str
    state: Array
    learning_rate: float
    n_steps: int
    def __init__(
        self,
        net: Net,
        solver: str,
        *,
        learning_rate: float,
        momentum: float = ...,
        beta_1: float = ...,
        beta_2: float = ...,
        epsilon: float = ...,
        weight_decay: float = ...,
        max_norm: float = ...,
    ) -> None: ...
    def get_state(self) -> dict[str, Any]: ...  # text, numbers and an array
    def check(self, net: Net) -> None: ...
    def copy(self) -> Optimizer: ...

def restored_net(*arguments: object) -> Net: ...
def restored(*arguments: object) -> Optimizer: ...
def restored_random(*arguments: object) -> Random: ...
def random_in_memory(bit_generator: object) -> Random: ...

COLUMN_ROLES: dict[str, int]
MODEL_KINDS: dict[str, int]
COLUMN_KINDS: dict[str, int]
CALIBRATION_KINDS: dict[str, int]

class Columns:
    def __new__(
        cls,
        layout: Sequence[tuple[str, int, int, tuple[int, ...]]],
        numbers: npt.ArrayLike,
        statistics: npt.ArrayLike = ...,
        n_missing: Sequence[int] | None = ...,
    ) -> Self: ...
    def width(self, bins: bool) -> int: ...
    def begins(self, bins: bool) -> npt.NDArray[np.int64]: ...
    def encode(self, raw: npt.ArrayLike, *, bins: bool) -> npt.NDArray[np.float32]: ...
    def without_bins(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...

def address_of(array: Array) -> int: ...
def model_head_size(start: bytes) -> int: ...
def model_file_info(head: bytes) -> tuple[int, int]: ...
def write_model(
    net: Net,
    params: Array,
    *,
    scale: float | tuple[Array, Array],
    kind: str | None = ...,
    labels: Sequence[object] | None = ...,
    names: Sequence[str] | None = ...,
    cells: tuple[str, str, Sequence[str], bool] | None = ...,
    strings: dict[str, str],
    arrays: dict[str, Array],
    write: Callable[[memoryview], object],
) -> None: ...
def write_table(
    columns: Columns,
    nets: Sequence[tuple[Net, Array]],
    target: Sequence[Sequence[float]] | None = ...,
    threshold: float | None = ...,
    *,
    kinds: Sequence[str] | None = ...,
    categories: Sequence[Sequence[object] | None] | None = ...,
    names: Sequence[str] | None = ...,
    formats: Sequence[str] | None = ...,
    target_names: Sequence[str] | None = ...,
    calibration: dict[str, Any] | None = ...,
    kind: str | None = ...,
    labels: Sequence[object] | None = ...,
    cells: tuple[str, str, Sequence[str], bool] | None = ...,
    strings: dict[str, str],
    arrays: dict[str, Array],
    write: Callable[[memoryview], object],
) -> None: ...

class FileMap:
    def __init__(self, descriptor: int, size: int) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class Content:
    def __init__(
        self,
        kind: str | None,
        strings: dict[str, str],
        arrays: dict[str, Array],
        write: Callable[[memoryview], object],
        labels: Sequence[object] | None = ...,
        names: Sequence[str] | None = ...,
        cells: tuple[str, str, Sequence[str], bool] | None = ...,
    ) -> None: ...

class Values:
    def __init__(self, values: Sequence[object], are_labels: bool = ...) -> None: ...

class TableColumns:
    def __init__(
        self,
        columns: Columns,
        kinds: Sequence[str] | None,
        categories: Sequence[Sequence[object] | None] | None,
        names: Sequence[str] | None,
    ) -> None: ...

class Calibration:
    def __init__(self, given: dict[str, Any]) -> None: ...

def check_model(file: npt.NDArray[np.uint8], verify: bool = True) -> None: ...
def shapley_pairs(
    n_columns: int, n_rows: int, n_evaluations: int | None, exact: bool
) -> tuple[int, bool]: ...

class Shapley:
    def __init__(
        self,
        base: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64],
        used: npt.NDArray[np.bool_],
        rows: npt.ArrayLike = ...,
        orders: npt.ArrayLike = ...,
    ) -> None: ...
    def mean(self) -> npt.NDArray[np.float64]: ...
    def sets(self) -> npt.NDArray[np.float64]: ...
    def add_sets(
        self, sets: npt.NDArray[np.float64], row: int, outputs: npt.NDArray[np.float64]
    ) -> None: ...
    def of_sets(
        self, sets: npt.NDArray[np.float64], output: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]: ...
    def of_paths(
        self, paths: npt.NDArray[np.float64], output: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
