"""The parameters of `MLPClassifier` and `MLPRegressor`, and their documentation.

``tools/write_docstrings.py`` writes what repeats the table of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cmlp._data.array_types import ArrayLike, LossFunction
from cmlp._data.weights import ClassWeight
from cmlp._parameters.name_hints import hinted


class MLPClassifier:
    """Neural network classifier, trained by stochastic gradient descent.

    The parameters have the names, order and defaults of scikit-learn's MLPClassifier. The same seed
    gives the same weights, up to rounding. The parameters from `loss` on do not exist in
    scikit-learn.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units of each hidden layer; ``()`` gives a linear model.
    activation : str or list of str, default="relu"
        Activation of the hidden layers: one name for all of them, or one for each. The names are
        "elu", "gelu", "identity", "leaky_relu", "logistic", "relu", "silu", "softplus", "softsign",
        "tanh".
    solver : {"adam", "adamw", "lbfgs", "sgd"}, default="adam"
        "adam" is Adam [1]_, "adamw" is Adam with `weight_decay`, "sgd" is stochastic gradient
        descent with momentum, and "lbfgs" is L-BFGS [5]_, for small data sets. "lbfgs" needs SciPy
        (the extra ``cmlp[scipy]``) and uses all rows in each step. It ignores the parameters for
        batches, learning rates and early stopping, with a warning, and `partial_fit` does not
        exist. With "lbfgs", these raise ValueError unless they have their defaults: `max_grad_norm`
        and `dropout`.
    alpha : float or sequence of float, default=0.0001
        Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size. One
        number for all layers after the input, or one for each.
    batch_size : int or "auto", default="auto"
        Number of rows per update; "auto" is the smaller of 200 and the number of rows.
    learning_rate : {"constant", "invscaling", "adaptive", "one_cycle", "cosine"} or callable, default="constant"
        The learning-rate schedule. With "invscaling", the learning rate after t rows is
        ``learning_rate_init / (t + 1) ** power_t``. With "adaptive", it is divided by 5 each time
        training would stop, until it is at most 1e-6. Both need ``solver="sgd"``. With "one_cycle"
        [4]_, it rises linearly to `learning_rate_init` during the first 30 % of all batches, then
        falls linearly to 0 (see Notes). With "cosine" [6]_, batch b of N has
        ``learning_rate_init / 2 * (1 + cos(pi * b / N))``, which falls to 0 at `max_iter`. A
        callable receives the index of the batch and the number of all batches, ``(step, n_steps)``,
        and returns the learning rate. The last three are planned: training takes `max_iter` epochs,
        whatever `n_iter_no_change` is.
    learning_rate_init : float, default=0.001
        The initial learning rate; with "one_cycle" the largest one. It can be changed between calls
        of partial_fit; the schedule then continues from the new value.
    power_t : float, default=0.5
        Exponent for "invscaling".
    max_iter : int, default=200
        Maximum number of epochs, or of iterations for "lbfgs".
    shuffle : bool or "blocks", default=True
        Whether to shuffle the rows before each epoch. "blocks" is for a memory-mapped file that is
        larger than memory: it shuffles the order of blocks of `block_size` rows, and then the rows
        of 8 blocks at a time, so that the file is read in long stretches and only the order of 8
        blocks is held.
    random_state : None, int or RandomState, default=None
        Seed or generator for the initial weights, the validation split and the order of the rows.
        With an int, every fit and partial_fit uses the same random numbers.
    tol : float, default=0.0001
        Minimum improvement of the loss (of the score, with `early_stopping`) for an epoch to count
        as an improvement. "lbfgs" stops when every entry of the gradient is at most `tol`.
    verbose : bool, int or "bar", default=False
        Whether to print a line per epoch; n for a line after the first and every n-th epoch, "bar"
        for a progress bar (needs tqdm).
    warm_start : bool, default=False
        Whether fit continues from the model of the previous call. fit then raises ValueError if the
        layer sizes, `activation`, `loss`, `dtype` or `input_scale` have changed.
    momentum : float, default=0.9
        Momentum for ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum [2]_.
    early_stopping : bool, default=False
        Whether to hold out validation rows, to stop when the score on them stops improving, and to
        keep the best weights. With ``fit(X_val=..., y_val=...)``, your own rows are used instead.
    validation_fraction : float, default=0.1
        Fraction of the rows to use for validation. For binary targets, the split is stratified.
    beta_1 : float, default=0.9
        Decay rate of Adam's estimates of the mean.
    beta_2 : float, default=0.999
        Decay rate of Adam's estimates of the square.
    epsilon : float, default=1e-08
        Added to the denominator of Adam's step.
    n_iter_no_change : int or inf, default=10
        Training stops after more than this many consecutive epochs without improvement. With inf,
        training always takes `max_iter` epochs; with ``tol=0`` too, it issues no
        ConvergenceWarning.
    max_fun : int, default=15000
        Maximum number of loss evaluations for "lbfgs"; the limit is checked after each iteration.
    loss : {"focal", "label_smoothing", "log_loss", "squared_error"} or callable, default="log_loss"
        The cost of a row. "squared_error" is a sum over the outputs, which are logistic. The others
        use softmax outputs, or logistic outputs for two classes and for multilabel targets. With p
        for `loss_parameter` and ``d = output - target``:

        - "focal": the log loss with every ``log(output)`` multiplied by ``(1 - output) ** p``; by
          default p = 2 (Lin et al. 2017).
        - "label_smoothing": the log loss with the targets ``(1 - p) * target + p / n_classes``; p
          is below 1, by default 0.1 (Szegedy et al. 2016). A logistic output has two classes.
        - "log_loss": ``-log(output)`` of the true class.
        - "squared_error": ``d ** 2``; `MLPRegressor` has half of it, as scikit-learn.
        - A function ``loss(y, output)``, for experiments: it gets zeros and ones and the
          probabilities of some rows, both of shape (n, n_outputs), and returns the cost of each
          row, of shape (n,), and its derivatives with respect to the probabilities, of shape (n,
          n_outputs). A row's cost must depend on this row alone. It is called in one thread; such a
          model cannot be saved, but pickled.

        See [8]_ for "focal", and [9]_ for "label_smoothing".
    loss_parameter : float or None, default=None
        Positive parameter of the loss: for "focal" by default 2; for "label_smoothing" below 1, by
        default 0.1.
    class_weight : None, "balanced", dict or list of dict, default=None
        Weights of the classes by label, not negative; they multiply `sample_weight`. "balanced"
        means ``n_samples / (n_classes * n_samples_of_class)`` (King and Zeng [10]_), where rows
        count by their `sample_weight`; `partial_fit` does not support it. A dict may leave out
        classes, whose weight is 1. For multilabel targets, a list with a dict for each column, for
        example ``[{0: 1, 1: 5}, {0: 1, 1: 1}]``; the weights of a row's columns multiply.
        Validation rows have the same weights of classes. A class of weight 0 stays in `classes_`.
    activation_parameter : float, sequence of float or None, default=None
        Positive parameter of "leaky_relu" (the slope for negative inputs, by default 0.01) and
        "elu" (minus the limit at minus infinity, by default 1). One number for all hidden layers,
        or one for each; None or 0 is the default.
    initialization : {"glorot", "he", "lecun"} or tuple (coefs, intercepts), default="glorot"
        The range of the initial weights (see Notes), or the initial weights and biases themselves:
        two lists of arrays, like `coefs_` and `intercepts_`. A warm start continues from the
        previous model instead.
    weight_decay : float, default=0.0
        Weight decay for ``solver="adamw"``: before each step, ``learning_rate * weight_decay``
        times the weight is subtracted from every weight, but not from the biases (Loshchilov and
        Hutter, "Decoupled weight decay regularization", ICLR 2019).
    max_grad_norm : float or None, default=None
        If the norm of a batch's gradient (with the penalty) is larger, the gradient is scaled to
        this norm (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
        networks", ICML 2013). None means no clipping.
    dropout : float or sequence of float, default=0.0
        Probability, at least 0 and below 1, with which each step of training sets an activation of
        a hidden layer to 0; the others are divided by ``1 - dropout``. Predictions use all units
        (Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
        JMLR 2014). One number for all hidden layers, or one for each.
    warmup : float, default=0.0
        Number of batches at the start in which the learning rate rises, or if below 1 their
        fraction of all batches. Batch b of the first W has ``(b + 1) / W`` times the learning rate
        of the schedule [7]_; "cosine" begins after them.
    max_time : float or None, default=None
        Time limit of training in seconds, after fit has read the data and learned their scale.
        Training stops after the last complete batch, at most 0.1 s too late for up to 10 million
        parameters (while `scoring` or a callback runs, later), and ``fit(resume=True)`` continues.
        Ignored by partial_fit.
    scoring : None, str or callable, default=None
        Score of the validation rows, of which higher values are better. None means `score`. "loss"
        means minus the validation loss. Other names are scorers of scikit-learn. A callable has the
        arguments ``(estimator, X, y)``, and ``sample_weight`` if the rows have weights; its X is an
        array.
    callbacks : list of object or None, default=None
        Objects with at least one of the methods ``on_fit_begin(trainer)``,
        ``on_batches_end(trainer)``, ``on_epoch_end(trainer)`` and ``on_fit_end(trainer)``, which
        fit calls; see `cmlp.callbacks`. Not stored in model files.
    block_size : int, default=1024
        Rows per block for ``shuffle="blocks"``.
    n_threads : None or int, default=None
        Maximum number of threads. If None, chosen from the problem size and the number of CPUs. The
        results do not depend on it.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Type of the weights and of the computation. "auto" means float32 for float32, float16 and
        uint8 arrays, otherwise float64.
    input_scale : float, (shift, factor), "standard", "minmax" or "robust", default=1
        What happens to an input when it is read. A number is the factor of all inputs: ``1 / 255``
        for images of bytes. With two vectors of shape (n_features,), the network sees
        ``(X - shift) * factor``, computed in float64 and rounded once. The others are learned in
        fit, from the training rows only and with their sample weights: "standard" gives each column
        the mean 0 and the standard deviation 1, "minmax" the range from 0 to 1, "robust" the median
        0 and the interquartile range 1. A column without a spread gets the factor 1. For sparse X
        the shifts are 0. `input_scale_` has what was learned. A warm start and further calls of
        `partial_fit` keep it.
    provenance : bool, default=False
        Whether fit records what `cmlp.verify` needs to train again: the parameters with the seed,
        SHA-256 of the data, and where training ended. `save` stores the record. What cannot be
        repeated raises ValueError, for example functions as parameters and `partial_fit`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coefs_ : tuple of ndarray
        Weights of each layer, of shape (n_in, n_out): views of one block. Assigning copies values
        into the block.
    intercepts_ : tuple of ndarray
        Biases of each layer, of shape (n_out,): views of one block. Assigning copies values into
        the block.
    network_ : Network
        The network: it shares the parameters, so writing to its weights changes predictions.
    n_params_ : int
        Number of weights and biases.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; otherwise the attribute does not exist.
    input_scale_ : float or tuple (shift, factor)
        What happens to the inputs: their factor, or the shift and the factor of each column, given
        or learned.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of units in the output layer.
    out_activation_ : str
        Activation of the output layer.
    n_iter_ : int
        Number of epochs in the last call; for lbfgs, number of iterations.
    t_ : int
        Number of rows processed in all epochs of all calls.
    loss_ : float
        Loss of the last epoch.
    loss_curve_ : list of float
        Loss of every epoch of all calls.
    history_ : dict of str to list of float
        Loss, validation loss and score, learning rate, gradient norm and seconds of every epoch
        (see Notes).
    best_loss_ : float or None
        Smallest loss; None with early stopping.
    validation_scores_ : list of float or None
        Validation score of every epoch; None without validation rows.
    best_validation_score_ : float or None
        Highest validation score; None without validation rows.

    Notes
    -----
    The score is the accuracy.

    With ``initialization="glorot"``, the initial weights and biases are uniform in
    ``+-sqrt(6 / (n_in + n_out))``, with 2 instead of 6 for logistic layers [3]_. With "he", the
    weights are uniform in ``+-sqrt(6 / n_in)`` (He et al., "Delving deep into rectifiers", ICCV
    2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al., "Efficient backprop", 1998), and the
    biases are 0.

    With ``learning_rate="one_cycle"``, the batches of all `max_iter` epochs are numbered from 0 to
    N - 1. The learning rate of batch b is ``learning_rate_init * (b + 1/2) / m`` if ``b + 1/2`` is
    below ``m = 0.3 * N``, otherwise ``learning_rate_init * (N - b - 1/2) / (N - m)``. This schedule
    needs only a few epochs: set `max_iter` to that number. Training always takes `max_iter` epochs
    and issues no ConvergenceWarning: `tol` is ignored, and `early_stopping` only keeps the best
    weights. Every fit, including a warm start, runs a full cycle. With partial_fit, every call is
    one of the `max_iter` epochs of the first call; further calls raise ValueError.

    `history_` has a number for every epoch of all calls: "loss"; "validation_loss" (without the
    penalty; with own validation rows or ``scoring="loss"``) and "validation_score"; "learning_rate"
    and "gradient_norm" of the last batch (the norm in epochs of at least 10 batches, where it costs
    less than 1 %); "seconds", except in copies and pickles, so that those of two fits with equal
    seeds are equal. What was never computed is left out, and single missing values are NaN.
    ``pandas.DataFrame(model.history_)`` is a table.

    Differences from scikit-learn:

    - A warm start or partial_fit with another `activation`, `loss`, parameter of these, `dtype` or
      `input_scale` raises ValueError.
    - Ctrl-C raises KeyboardInterrupt. The model after the last complete batch is kept, if at least
      one epoch is complete. ``fit(resume=True)`` continues.
    - With ``n_iter_no_change=inf`` and ``tol=0``, training ends after `max_iter` epochs without a
      ConvergenceWarning.
    - Predictions have the dtype of the weights, for example float32 after a fit on uint8 rows.

    References
    ----------
    .. [1] Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    .. [2] Sutskever, Martens, Dahl, Hinton (2013), "On the importance of initialization and
        momentum in deep learning", ICML.
    .. [3] Glorot, Bengio (2010), "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS.
    .. [4] Smith, Topin (2018), "Super-convergence: very fast training of neural networks using
        large learning rates", arXiv:1708.07120.
    .. [5] Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound constrained
        optimization", SIAM Journal on Scientific Computing.
    .. [6] Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", ICLR.
    .. [7] Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour",
        arXiv:1706.02677.
    .. [8] Lin, Goyal, Girshick, He, Dollár (2017), "Focal loss for dense object detection", ICCV.
    .. [9] Szegedy, Vanhoucke, Ioffe, Shlens, Wojna (2016), "Rethinking the Inception architecture
        for computer vision", CVPR.
    .. [10] King, Zeng (2001), "Logistic regression in rare events data", Political Analysis 9.

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], ["no", "no", "yes", "yes"]
    >>> model = MLPClassifier((8,), "tanh", learning_rate_init=0.1, random_state=1, max_iter=500)
    >>> model.fit(X, y).predict([[0.0, 0.9]])
    array(['yes'], dtype='<U3')
    """

    @hinted
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float | Sequence[float] = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Callable[[int, int], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool | str = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 0.0001,
        verbose: bool | int | str = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str | LossFunction = "log_loss",
        loss_parameter: float | None = None,
        class_weight: ClassWeight = None,
        activation_parameter: float | Sequence[float] | None = None,
        initialization: str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]] = "glorot",
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        warmup: float = 0.0,
        max_time: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: Sequence[object] | None = None,
        block_size: int = 1024,
        n_threads: int | None = None,
        dtype: str = "auto",
        input_scale: float | str | tuple[ArrayLike, ArrayLike] = 1,
        provenance: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.loss_parameter = loss_parameter
        self.class_weight = class_weight
        self.activation_parameter = activation_parameter
        self.initialization = initialization
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.dropout = dropout
        self.warmup = warmup
        self.max_time = max_time
        self.scoring = scoring
        self.callbacks = callbacks
        self.block_size = block_size
        self.n_threads = n_threads
        self.dtype = dtype
        self.input_scale = input_scale
        self.provenance = provenance


class MLPRegressor:
    """Neural network for regression, trained by stochastic gradient descent.

    The parameters have the names, order and defaults of scikit-learn's MLPRegressor. The same seed
    gives the same weights, up to rounding. The parameters from `loss_parameter` on do not exist in
    scikit-learn.

    Parameters
    ----------
    loss : str or callable, default="squared_error"
        The cost of an output. The outputs are exponential for "gamma", "poisson" and "tweedie",
        otherwise identity. With p for `loss_parameter` or `quantile`, and ``d = output - target``:

        - "absolute_error": ``abs(d)``; its minimum is the median.
        - "gamma": ``target / output + log(output)``, up to a constant half the gamma deviance, for
          prices and durations; targets must be positive.
        - "huber": ``d ** 2 / 2`` if ``abs(d) <= p``, otherwise ``p * (abs(d) - p / 2)``; by default
          p = 1. Large errors count less (Huber 1964).
        - "poisson": ``output - target + target * log(target / output)``, half the Poisson deviance,
          for counts; targets must not be negative.
        - "quantile": ``(1 - p) * d`` if d is positive, otherwise ``-p * d``; by default p = 0.5.
          Its minimum is the quantile of the level p (Koenker and Bassett 1978).
        - "squared_error": ``d ** 2``; `MLPRegressor` has half of it, as scikit-learn.
        - "tweedie": half the Tweedie deviance of the power p, which is above 1 and below 2, by
          default 1.5, ``output ** (2 - p) / (2 - p) + target * output ** (1 - p) / (p - 1)`` less
          its value at ``output = target``, for amounts many of which are 0 (Jorgensen 1987);
          targets must not be negative.
        - A function ``loss(y, output)``, for experiments: it gets the targets and outputs of some
          rows, both of shape (n, n_outputs), and returns the cost of each row, of shape (n,), and
          its derivatives with respect to the outputs, of shape (n, n_outputs). A row's cost must
          depend on this row alone. It is called in one thread; such a model cannot be saved, but
          pickled.

        See [8]_ for "huber", [9]_ for "quantile", and [11]_ for "tweedie".
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units of each hidden layer; ``()`` gives a linear model.
    activation : str or list of str, default="relu"
        Activation of the hidden layers: one name for all of them, or one for each. The names are
        "elu", "gelu", "identity", "leaky_relu", "logistic", "relu", "silu", "softplus", "softsign",
        "tanh".
    solver : {"adam", "adamw", "lbfgs", "sgd"}, default="adam"
        "adam" is Adam [1]_, "adamw" is Adam with `weight_decay`, "sgd" is stochastic gradient
        descent with momentum, and "lbfgs" is L-BFGS [5]_, for small data sets. "lbfgs" needs SciPy
        (the extra ``cmlp[scipy]``) and uses all rows in each step. It ignores the parameters for
        batches, learning rates and early stopping, with a warning, and `partial_fit` does not
        exist. With "lbfgs", these raise ValueError unless they have their defaults: `max_grad_norm`
        and `dropout`.
    alpha : float or sequence of float, default=0.0001
        Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size. One
        number for all layers after the input, or one for each.
    batch_size : int or "auto", default="auto"
        Number of rows per update; "auto" is the smaller of 200 and the number of rows.
    learning_rate : {"constant", "invscaling", "adaptive", "one_cycle", "cosine"} or callable, default="constant"
        The learning-rate schedule. With "invscaling", the learning rate after t rows is
        ``learning_rate_init / (t + 1) ** power_t``. With "adaptive", it is divided by 5 each time
        training would stop, until it is at most 1e-6. Both need ``solver="sgd"``. With "one_cycle"
        [4]_, it rises linearly to `learning_rate_init` during the first 30 % of all batches, then
        falls linearly to 0 (see Notes). With "cosine" [6]_, batch b of N has
        ``learning_rate_init / 2 * (1 + cos(pi * b / N))``, which falls to 0 at `max_iter`. A
        callable receives the index of the batch and the number of all batches, ``(step, n_steps)``,
        and returns the learning rate. The last three are planned: training takes `max_iter` epochs,
        whatever `n_iter_no_change` is.
    learning_rate_init : float, default=0.001
        The initial learning rate; with "one_cycle" the largest one. It can be changed between calls
        of partial_fit; the schedule then continues from the new value.
    power_t : float, default=0.5
        Exponent for "invscaling".
    max_iter : int, default=200
        Maximum number of epochs, or of iterations for "lbfgs".
    shuffle : bool or "blocks", default=True
        Whether to shuffle the rows before each epoch. "blocks" is for a memory-mapped file that is
        larger than memory: it shuffles the order of blocks of `block_size` rows, and then the rows
        of 8 blocks at a time, so that the file is read in long stretches and only the order of 8
        blocks is held.
    random_state : None, int or RandomState, default=None
        Seed or generator for the initial weights, the validation split and the order of the rows.
        With an int, every fit and partial_fit uses the same random numbers.
    tol : float, default=0.0001
        Minimum improvement of the loss (of the score, with `early_stopping`) for an epoch to count
        as an improvement. "lbfgs" stops when every entry of the gradient is at most `tol`.
    verbose : bool, int or "bar", default=False
        Whether to print a line per epoch; n for a line after the first and every n-th epoch, "bar"
        for a progress bar (needs tqdm).
    warm_start : bool, default=False
        Whether fit continues from the model of the previous call. fit then raises ValueError if the
        layer sizes, `activation`, `loss`, `dtype` or `input_scale` have changed.
    momentum : float, default=0.9
        Momentum for ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum [2]_.
    early_stopping : bool, default=False
        Whether to hold out validation rows, to stop when the score on them stops improving, and to
        keep the best weights. With ``fit(X_val=..., y_val=...)``, your own rows are used instead.
    validation_fraction : float, default=0.1
        Fraction of the rows to use for validation. For binary targets, the split is stratified.
    beta_1 : float, default=0.9
        Decay rate of Adam's estimates of the mean.
    beta_2 : float, default=0.999
        Decay rate of Adam's estimates of the square.
    epsilon : float, default=1e-08
        Added to the denominator of Adam's step.
    n_iter_no_change : int or inf, default=10
        Training stops after more than this many consecutive epochs without improvement. With inf,
        training always takes `max_iter` epochs; with ``tol=0`` too, it issues no
        ConvergenceWarning.
    max_fun : int, default=15000
        Maximum number of loss evaluations for "lbfgs"; the limit is checked after each iteration.
    loss_parameter : float or None, default=None
        Positive parameter of "huber", in y's unit, by default 1; power of "tweedie", above 1 and
        below 2, by default 1.5. Other losses have none.
    quantile : float or list of float, default=0.5
        The quantile that ``loss="quantile"`` predicts, between 0 and 1. Or an ascending list of 2
        to 100 quantiles of the only column of y: the network has an output for each of them, and
        `predict` sorts the outputs of each row, so that they never cross [10]_.
    y_scale : None, "standard" or "robust", default=None
        "standard" trains on ``(y - mean) / deviation``, with the weighted mean and standard
        deviation of each column of y over the training rows of the first call; "robust" takes the
        median and the interquartile range, which a few far targets do not change, and needs all
        rows (not in `fit_batches`). A warm start and `partial_fit` keep them. `coefs_`, predictions
        and saved models are in y's unit, and so are losses and `tol` if all columns have the same
        spread; otherwise, losses are those of the scaled targets. `loss_parameter` of "huber" is in
        these spreads. Use it for targets that are far from 0 or not of the order of 1. Only for
        losses with identity outputs. If float32 has fewer than 16 numbers within the spread, as for
        seconds since 1970 within half an hour, fit raises ValueError: ``dtype="float64"`` or an
        offset subtracted from y helps. If more than half of a column is one number and its
        interquartile range is 0, the spread of "robust" is the median distance of the others from
        it.
    activation_parameter : float, sequence of float or None, default=None
        Positive parameter of "leaky_relu" (the slope for negative inputs, by default 0.01) and
        "elu" (minus the limit at minus infinity, by default 1). One number for all hidden layers,
        or one for each; None or 0 is the default.
    initialization : {"glorot", "he", "lecun"} or tuple (coefs, intercepts), default="glorot"
        The range of the initial weights (see Notes), or the initial weights and biases themselves:
        two lists of arrays, like `coefs_` and `intercepts_`. A warm start continues from the
        previous model instead.
    weight_decay : float, default=0.0
        Weight decay for ``solver="adamw"``: before each step, ``learning_rate * weight_decay``
        times the weight is subtracted from every weight, but not from the biases (Loshchilov and
        Hutter, "Decoupled weight decay regularization", ICLR 2019).
    max_grad_norm : float or None, default=None
        If the norm of a batch's gradient (with the penalty) is larger, the gradient is scaled to
        this norm (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
        networks", ICML 2013). None means no clipping.
    dropout : float or sequence of float, default=0.0
        Probability, at least 0 and below 1, with which each step of training sets an activation of
        a hidden layer to 0; the others are divided by ``1 - dropout``. Predictions use all units
        (Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
        JMLR 2014). One number for all hidden layers, or one for each.
    warmup : float, default=0.0
        Number of batches at the start in which the learning rate rises, or if below 1 their
        fraction of all batches. Batch b of the first W has ``(b + 1) / W`` times the learning rate
        of the schedule [7]_; "cosine" begins after them.
    max_time : float or None, default=None
        Time limit of training in seconds, after fit has read the data and learned their scale.
        Training stops after the last complete batch, at most 0.1 s too late for up to 10 million
        parameters (while `scoring` or a callback runs, later), and ``fit(resume=True)`` continues.
        Ignored by partial_fit.
    scoring : None, str or callable, default=None
        Score of the validation rows, of which higher values are better. None means `score`. "loss"
        means minus the validation loss. Other names are scorers of scikit-learn. A callable has the
        arguments ``(estimator, X, y)``, and ``sample_weight`` if the rows have weights; its X is an
        array.
    callbacks : list of object or None, default=None
        Objects with at least one of the methods ``on_fit_begin(trainer)``,
        ``on_batches_end(trainer)``, ``on_epoch_end(trainer)`` and ``on_fit_end(trainer)``, which
        fit calls; see `cmlp.callbacks`. Not stored in model files.
    block_size : int, default=1024
        Rows per block for ``shuffle="blocks"``.
    n_threads : None or int, default=None
        Maximum number of threads. If None, chosen from the problem size and the number of CPUs. The
        results do not depend on it.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Type of the weights and of the computation. "auto" means float32 for float32, float16 and
        uint8 arrays, otherwise float64.
    input_scale : float, (shift, factor), "standard", "minmax" or "robust", default=1
        What happens to an input when it is read. A number is the factor of all inputs: ``1 / 255``
        for images of bytes. With two vectors of shape (n_features,), the network sees
        ``(X - shift) * factor``, computed in float64 and rounded once. The others are learned in
        fit, from the training rows only and with their sample weights: "standard" gives each column
        the mean 0 and the standard deviation 1, "minmax" the range from 0 to 1, "robust" the median
        0 and the interquartile range 1. A column without a spread gets the factor 1. For sparse X
        the shifts are 0. `input_scale_` has what was learned. A warm start and further calls of
        `partial_fit` keep it.
    provenance : bool, default=False
        Whether fit records what `cmlp.verify` needs to train again: the parameters with the seed,
        SHA-256 of the data, and where training ended. `save` stores the record. What cannot be
        repeated raises ValueError, for example functions as parameters and `partial_fit`.

    Attributes
    ----------
    coefs_ : tuple of ndarray
        Weights of each layer, of shape (n_in, n_out): views of one block. Assigning copies values
        into the block.
    intercepts_ : tuple of ndarray
        Biases of each layer, of shape (n_out,): views of one block. Assigning copies values into
        the block.
    network_ : Network
        The network: it shares the parameters, so writing to its weights changes predictions.
    n_params_ : int
        Number of weights and biases.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; otherwise the attribute does not exist.
    input_scale_ : float or tuple (shift, factor)
        What happens to the inputs: their factor, or the shift and the factor of each column, given
        or learned.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of units in the output layer.
    out_activation_ : str
        Activation of the output layer.
    n_iter_ : int
        Number of epochs in the last call; for lbfgs, number of iterations.
    t_ : int
        Number of rows processed in all epochs of all calls.
    loss_ : float
        Loss of the last epoch.
    loss_curve_ : list of float
        Loss of every epoch of all calls.
    history_ : dict of str to list of float
        Loss, validation loss and score, learning rate, gradient norm and seconds of every epoch
        (see Notes).
    best_loss_ : float or None
        Smallest loss; None with early stopping.
    validation_scores_ : list of float or None
        Validation score of every epoch; None without validation rows.
    best_validation_score_ : float or None
        Highest validation score; None without validation rows.

    Notes
    -----
    The score is the coefficient of determination, or with several quantiles the mean of their D^2 scores. With several
    outputs, the gradient is that of half the *sum* of their squared errors, but the reported loss is half the *mean*,
    as in scikit-learn. For other losses, the reported loss is the sum.

    With ``initialization="glorot"``, the initial weights and biases are uniform in
    ``+-sqrt(6 / (n_in + n_out))``, with 2 instead of 6 for logistic layers [3]_. With "he", the
    weights are uniform in ``+-sqrt(6 / n_in)`` (He et al., "Delving deep into rectifiers", ICCV
    2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al., "Efficient backprop", 1998), and the
    biases are 0.

    With ``learning_rate="one_cycle"``, the batches of all `max_iter` epochs are numbered from 0 to
    N - 1. The learning rate of batch b is ``learning_rate_init * (b + 1/2) / m`` if ``b + 1/2`` is
    below ``m = 0.3 * N``, otherwise ``learning_rate_init * (N - b - 1/2) / (N - m)``. This schedule
    needs only a few epochs: set `max_iter` to that number. Training always takes `max_iter` epochs
    and issues no ConvergenceWarning: `tol` is ignored, and `early_stopping` only keeps the best
    weights. Every fit, including a warm start, runs a full cycle. With partial_fit, every call is
    one of the `max_iter` epochs of the first call; further calls raise ValueError.

    `history_` has a number for every epoch of all calls: "loss"; "validation_loss" (without the
    penalty; with own validation rows or ``scoring="loss"``) and "validation_score"; "learning_rate"
    and "gradient_norm" of the last batch (the norm in epochs of at least 10 batches, where it costs
    less than 1 %); "seconds", except in copies and pickles, so that those of two fits with equal
    seeds are equal. What was never computed is left out, and single missing values are NaN.
    ``pandas.DataFrame(model.history_)`` is a table.

    Differences from scikit-learn:

    - A warm start or partial_fit with another `activation`, `loss`, parameter of these, `dtype` or
      `input_scale` raises ValueError.
    - Ctrl-C raises KeyboardInterrupt. The model after the last complete batch is kept, if at least
      one epoch is complete. ``fit(resume=True)`` continues.
    - With ``n_iter_no_change=inf`` and ``tol=0``, training ends after `max_iter` epochs without a
      ConvergenceWarning.
    - Predictions have the dtype of the weights, for example float32 after a fit on uint8 rows.

    References
    ----------
    .. [1] Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    .. [2] Sutskever, Martens, Dahl, Hinton (2013), "On the importance of initialization and
        momentum in deep learning", ICML.
    .. [3] Glorot, Bengio (2010), "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS.
    .. [4] Smith, Topin (2018), "Super-convergence: very fast training of neural networks using
        large learning rates", arXiv:1708.07120.
    .. [5] Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound constrained
        optimization", SIAM Journal on Scientific Computing.
    .. [6] Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", ICLR.
    .. [7] Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour",
        arXiv:1706.02677.
    .. [8] Huber (1964), "Robust estimation of a location parameter", Annals of Mathematical
        Statistics 35.
    .. [9] Koenker, Bassett (1978), "Regression quantiles", Econometrica 46.
    .. [10] Chernozhukov, Fernandez-Val, Galichon (2010), "Quantile and probability curves without
        crossing", Econometrica 78.
    .. [11] Jorgensen (1987), "Exponential dispersion models", Journal of the Royal Statistical
        Society, Series B 49.

    Examples
    --------
    >>> from cmlp import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(), learning_rate_init=0.1, random_state=1,
    ...                      max_iter=1000, tol=0, n_iter_no_change=100).fit(X, y)
    >>> model.predict([[4.0]]).round(2)
    array([9.])
    """

    @hinted
    def __init__(
        self,
        loss: str | LossFunction = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float | Sequence[float] = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Callable[[int, int], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool | str = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 0.0001,
        verbose: bool | int | str = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss_parameter: float | None = None,
        quantile: float | Sequence[float] = 0.5,
        y_scale: str | None = None,
        activation_parameter: float | Sequence[float] | None = None,
        initialization: str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]] = "glorot",
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        warmup: float = 0.0,
        max_time: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: Sequence[object] | None = None,
        block_size: int = 1024,
        n_threads: int | None = None,
        dtype: str = "auto",
        input_scale: float | str | tuple[ArrayLike, ArrayLike] = 1,
        provenance: bool = False,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss_parameter = loss_parameter
        self.quantile = quantile
        self.y_scale = y_scale
        self.activation_parameter = activation_parameter
        self.initialization = initialization
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.dropout = dropout
        self.warmup = warmup
        self.max_time = max_time
        self.scoring = scoring
        self.callbacks = callbacks
        self.block_size = block_size
        self.n_threads = n_threads
        self.dtype = dtype
        self.input_scale = input_scale
        self.provenance = provenance
