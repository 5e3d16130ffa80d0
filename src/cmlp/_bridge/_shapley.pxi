# Included by _core.pyx: Shapley values from predictions, as the core computes them of a table's model.

cdef extern from "core/forward/shapley.h" nogil:
    enum:
        CMLPI_MOST_ENUMERATED
        CMLPI_TOO_MANY_COLUMNS
        CMLPI_TOO_FEW_EVALUATIONS
    ctypedef struct cmlpi_shapley:
        int64_t n_columns
        int64_t n_rows
        int64_t n_out
        const double *base
        const double *weights
        const double *output
        const unsigned char *used
        int64_t n_pairs
        const int64_t *rows
        const int64_t *orders
    int64_t cmlpi_shapley_pairs(int64_t n_columns, int64_t n_rows, int64_t n_evaluations, int is_exact)
    bint cmlpi_is_sample(int64_t n_pairs, int64_t n_rows)
    void cmlpi_shapley_mean(const cmlpi_shapley *game, double *mean)
    void cmlpi_shapley_begin_sets(const cmlpi_shapley *game, double *sets)
    void cmlpi_shapley_add_sets(const cmlpi_shapley *game, int64_t row, int64_t first, int64_t n, const double *outputs,
                                double *sets)
    void cmlpi_shapley_of_sets(const cmlpi_shapley *game, double *sets, double *values)
    void cmlpi_shapley_of_paths(const cmlpi_shapley *game, const double *paths, double *changes, double *values,
                                double *errors)


def shapley_pairs(int64_t n_columns, int64_t n_rows, n_evaluations, bint exact):
    """Return the number of pairs of permutations, and whether they are those of a sample of the rows.

    0 pairs mean an enumeration. Raises ValueError if no method fits.
    """
    cdef int64_t limit = 0 if n_evaluations is None else min(n_evaluations, 2**63 - 1)
    cdef int64_t n_pairs = cmlpi_shapley_pairs(n_columns, n_rows, limit, exact)
    if n_pairs == CMLPI_TOO_MANY_COLUMNS:
        raise ValueError(
            f"exact=True enumerates the sets of at most {CMLPI_MOST_ENUMERATED} columns, got {n_columns} columns."
        )
    if n_pairs == CMLPI_TOO_FEW_EVALUATIONS:
        raise ValueError(
            f"n_evaluations must be at least {2 * n_columns:,}, twice the number of columns, got {n_evaluations:,}."
        )
    return n_pairs, cmlpi_is_sample(n_pairs, n_rows)


cdef const double *doubles_of(cnp.ndarray array, tuple shape, str name) except NULL:
    """Return the numbers of a contiguous array of float64 of this shape."""
    cdef bint fits_all = (cnp.PyArray_NDIM(array) == len(shape) and cnp.PyArray_IS_C_CONTIGUOUS(array)
                          and dtype_code(array) == CMLP_FLOAT64)
    cdef int axis
    for axis in range(len(shape)):
        fits_all = fits_all and cnp.PyArray_DIM(array, axis) == <int64_t>shape[axis]
    if not fits_all:
        raise ValueError(f"{name} must be a contiguous array of float64 of shape {shape}, got {describe(array)}")
    return <const double *>cnp.PyArray_DATA(array)


cdef class Shapley:
    """The Shapley values of rows, from the outputs of a model.

    Parameters
    ----------
    base : ndarray of float64, shape (n_rows, n_outputs)
        Outputs for the rows of the background.
    weights : ndarray of float64, shape (n_rows,)
        Their weights.
    used : ndarray of bool, shape (n_columns,)
        Whether the model reads a column.
    rows : ndarray of int64, shape (n_pairs,)
        The row of the background in which the paths of each pair begin; none for an enumeration.
    orders : ndarray of int64, shape (n_pairs, 2, n_columns)
        An order of the columns and its reverse for each pair.
    """

    cdef cmlpi_shapley game
    cdef cnp.ndarray base, weights, used, rows, orders

    def __cinit__(self, cnp.ndarray base not None, cnp.ndarray weights not None, cnp.ndarray used not None, rows=(), orders=()):
        cdef cmlpi_shapley *game = &self.game
        # Copies, which nobody else can change or resize: the game points into them.
        self.base, self.weights, self.used = np.array(base), np.array(weights), np.array(used, bool).reshape(-1)
        n, n_out = (<object>self.base).shape
        self.rows = np.array(rows, np.int64).reshape(-1)
        self.orders = np.array(orders, np.int64).reshape(2 * len(self.rows), len(self.used))
        game.n_columns, game.n_rows, game.n_out, game.n_pairs = len(self.used), n, n_out, len(self.rows)
        game.base = doubles_of(self.base, (n, n_out), "base")
        game.weights = doubles_of(self.weights, (n,), "weights")
        game.used = <const unsigned char *>cnp.PyArray_DATA(self.used)
        game.rows = <const int64_t *>cnp.PyArray_DATA(self.rows)
        game.orders = <const int64_t *>cnp.PyArray_DATA(self.orders)
        if game.n_pairs and not (0 <= self.rows.min() and self.rows.max() < n):
            raise ValueError(f"rows must be indices of {n} rows")
        if game.n_pairs and not np.array_equal(np.sort(self.orders), [np.arange(game.n_columns)] * (2 * game.n_pairs)):
            raise ValueError(f"orders must be permutations of {game.n_columns} columns")
        if not game.n_pairs and game.n_columns > CMLPI_MOST_ENUMERATED:
            raise ValueError(f"used must have at most {CMLPI_MOST_ENUMERATED} columns without pairs, got {game.n_columns}")

    def mean(self):
        """Return the mean outputs over the background."""
        cdef cnp.ndarray mean = np.empty(self.game.n_out)
        cmlpi_shapley_mean(&self.game, <double *>cnp.PyArray_DATA(mean))
        return mean

    def sets(self):
        """Return the sums of the outputs of all sets of columns, (2 ** n_columns, n_outputs), to which none is added yet."""
        cdef cnp.ndarray sets = np.empty((1 << self.game.n_columns, self.game.n_out))
        cmlpi_shapley_begin_sets(&self.game, <double *>cnp.PyArray_DATA(sets))
        return sets

    def add_sets(self, cnp.ndarray sets not None, int64_t row, cnp.ndarray outputs not None):
        """Add the outputs for a row of the background, of all sets but the empty and the full one."""
        cdef int64_t n = (1 << self.game.n_columns) - 2
        cdef const double *given = doubles_of(outputs, (n, self.game.n_out), "outputs")
        cdef double *sums = <double *>doubles_of(sets, (n + 2, self.game.n_out), "sets")
        if not 0 <= row < self.game.n_rows:
            raise ValueError(f"row must be an index of {self.game.n_rows} rows, got {row}")
        cmlpi_shapley_add_sets(&self.game, row, 1, n, given, sums)

    def of_sets(self, cnp.ndarray sets not None, cnp.ndarray output not None):
        """Return the values of a row with these outputs, (n_columns, n_outputs), from its sums, which become means."""
        cdef cmlpi_shapley game = self.game
        cdef cnp.ndarray values = np.empty((game.n_columns, game.n_out))
        cdef double *sums = <double *>doubles_of(sets, (1 << game.n_columns, game.n_out), "sets")
        cdef double *found = <double *>cnp.PyArray_DATA(values)
        game.output = doubles_of(output, (game.n_out,), "output")
        with nogil:
            cmlpi_shapley_of_sets(&game, sums, found)
        return values

    def of_paths(self, cnp.ndarray paths not None, cnp.ndarray output not None):
        """Return the values of a row with these outputs, and their standard errors, (n_columns, n_outputs).

        `paths` are its outputs on the paths of all pairs, (2 * n_pairs, n_columns - 1, n_outputs).
        """
        cdef cmlpi_shapley game = self.game
        cdef cnp.ndarray changes = np.empty((game.n_pairs, game.n_columns, game.n_out))
        cdef cnp.ndarray values = np.empty((game.n_columns, game.n_out)), errors = np.empty((game.n_columns, game.n_out))
        cdef const double *steps = doubles_of(paths, (2 * game.n_pairs, game.n_columns - 1, game.n_out), "paths")
        cdef double *memory = <double *>cnp.PyArray_DATA(changes)
        cdef double *found = <double *>cnp.PyArray_DATA(values)
        cdef double *deviations = <double *>cnp.PyArray_DATA(errors)
        game.output = doubles_of(output, (game.n_out,), "output")
        with nogil:
            cmlpi_shapley_of_paths(&game, steps, memory, found, deviations)
        return values, errors
