# Included by _core.pyx: the columns of a table.

COLUMN_ROLES = {
    "unused": CMLP_TABLE_ROLE_UNUSED,
    "number": CMLP_TABLE_ROLE_NUMBER,
    "category": CMLP_TABLE_ROLE_CATEGORY,
}


cdef class Columns:
    """The columns of a table, as the core encodes them.

    Parameters
    ----------
    layout : sequence of tuples (role, n, has_missing, widths)
        The role is "unused", "number" (with n edges) or "category" (with n categories). A date with parts has three
        numbers of inputs: those of the time of day, of the weekday and of the day of the year, each 0 or at least 2. A
        column of categories with statistics has two: the number of one-hot categories, and that of the statistics of each.
    numbers : ndarray of float64
        For each column of numbers its centre, its scale, its edges and those of its parts. Copied.
    statistics : ndarray of float32
        For each column with statistics those of its categories. Copied.
    n_missing : sequence of int, or None
        How many values of each column mean a missing one: those of numbers are behind the edges in `numbers`, and of
        categories, files have them behind the categories.
    """

    cdef cmlp_table_encoder encoder
    cdef cnp.ndarray memory, parts, numbers, statistics
    cdef cnp.ndarray sizes, firsts  # numbers of inputs before, in and behind the bins of each scale; the first of each column

    def __cinit__(self, layout, numbers, statistics=(), n_missing=None):
        cdef cmlp_table_column *column
        cdef cmlp_table_date_part *part
        cdef const double *number
        cdef const float *statistic
        cdef int64_t at = 0
        cdef int64_t statistic_at = 0
        self.memory = np.zeros(len(layout) * sizeof(cmlp_table_column), np.uint8)
        self.parts = np.zeros(3 * len(layout) * sizeof(cmlp_table_date_part), np.uint8)
        self.numbers = np.array(numbers, np.float64).reshape(-1)
        column = <cmlp_table_column *>cnp.PyArray_DATA(self.memory)
        part = <cmlp_table_date_part *>cnp.PyArray_DATA(self.parts)
        self.statistics = np.array(statistics, np.float32).reshape(-1)
        number = <const double *>cnp.PyArray_DATA(self.numbers)
        statistic = <const float *>cnp.PyArray_DATA(self.statistics)
        self.encoder.struct_size = sizeof(cmlp_table_encoder)
        self.encoder.columns, self.encoder.n_columns = column, len(layout)
        if n_missing is not None and (len(n_missing) != len(layout) or min(n_missing, default=0) < 0):
            raise ValueError(f"n_missing must have a number from 0 on for each of {len(layout)} columns, got {n_missing}")
        sizes, firsts = [], []
        for i, (role, n, has_missing, widths) in enumerate(layout):
            firsts.append(len(sizes))
            column[i].role = choice(COLUMN_ROLES, role, "role")
            column[i].has_missing = has_missing
            if n_missing is not None:
                column[i].n_missing_values = n_missing[i]
            if role == "number":
                column[i].n_edges = n
            elif role == "unused" and column[i].n_missing_values:
                if column[i].n_missing_values > len(self.numbers) - at:
                    raise ValueError(f"column {i} must have {column[i].n_missing_values} missing values in numbers")
                column[i].edges = &number[at]
                at += column[i].n_missing_values
            else:
                column[i].n_categories = n
            if role == "category" and len(widths):
                if n < 1 or len(widths) != 2 or widths[1] < 1 or n * widths[1] > len(self.statistics) - statistic_at:
                    raise ValueError(f"column {i} must have a number of one-hot categories, and statistics for each category")
                column[i].statistics, column[i].n_statistics = &statistic[statistic_at], n * widths[1]
                column[i].n_one_hot = widths[0]
                sizes.append((sum(widths), 0, 0))
                statistic_at += n * widths[1]
                continue
            if role != "number":
                sizes.append((n - (n == 2) if role == "category" else 0, 0, 0))
                continue
            if n < 0 or len(widths) not in (0, 3) or min(widths, default=0) < 0 or 1 in widths:
                raise ValueError(f"column {i} must have numbers of edges and of inputs of three parts, 0 or at least 2")
            edges = [n]
            for width in widths:
                edges.append(width - 1 if width > 2 else 0)
            n_edges = sum(edges)
            if n_edges + column[i].n_missing_values > len(self.numbers) - at - 2:
                raise ValueError(f"column {i} must have a centre, a scale and {n_edges} edges in numbers")
            column[i].centre, column[i].scale = number[at], number[at + 1]
            column[i].edges = &number[at + 2] if n or column[i].n_missing_values else NULL
            column[i].parts = part if any(widths) else NULL
            sizes.append((1, max(n - 1, 0), bool(has_missing)))
            at += 2 + n + column[i].n_missing_values
            for k, width in enumerate(widths):
                sizes.append((min(width, 2), max(width - 2, 0), 0))
                if not width:
                    continue
                column[i].n_parts += 1
                part.kind, part.n_edges = CMLP_TABLE_DATE_PART_DAY + k, edges[k + 1]
                part.edges = &number[at] if part.n_edges else NULL
                at += part.n_edges
                part += 1
        if at != len(self.numbers):
            raise ValueError(f"numbers must have {at} entries for the columns, got {len(self.numbers)}")
        if statistic_at != len(self.statistics):
            raise ValueError(f"statistics must have {statistic_at} entries for the columns, got {len(self.statistics)}")
        for has_bins in (0, 1):
            self.width(has_bins)  # raises if a column is invalid
        self.sizes = np.array(sizes, np.int64).reshape(-1)
        firsts.append(len(sizes))
        self.firsts = np.array(firsts, np.int64)

    def width(self, bint bins):
        """Return the number of inputs with or without bins."""
        cdef cmlp_table_encoder encoder = self.encoder
        cdef int64_t width = 0
        cdef int status
        encoder.has_bins, encoder.dtype = bins, CMLP_FLOAT32
        status = cmlp_table_encoder_width(&encoder, &width, NULL)
        require(status == CMLP_OK, status, "columns")
        return width

    def encode(self, raw, *, bint bins):
        """Return the inputs of all rows, of shape (n_rows, width) and dtype float32."""
        cdef cmlp_table_encoder encoder = self.encoder
        cdef cnp.ndarray rows = np.ascontiguousarray(raw, np.float64)
        cdef cnp.ndarray inputs
        cdef cmlp_rows given
        cdef int64_t n_inputs
        cdef void *out
        cdef int status
        if cnp.PyArray_NDIM(rows) != 2 or cnp.PyArray_DIM(rows, 1) != encoder.n_columns:
            raise ValueError(f"raw must have shape (n_rows, {encoder.n_columns}), got {describe(raw)}")
        inputs = np.empty((len(rows), self.width(bins)), np.float32)
        encoder.has_bins, encoder.dtype = bins, CMLP_FLOAT32
        given = cmlp_dense_rows(cnp.PyArray_DATA(rows), CMLP_FLOAT64, len(rows), encoder.n_columns)
        n_inputs, out = cnp.PyArray_SIZE(inputs), cnp.PyArray_DATA(inputs)
        with nogil:
            status = cmlp_table_encode(&encoder, &given, out, n_inputs, NULL)
        check(status)
        return inputs

    def begins(self, bint bins):
        """Return the index of the first input of each column, and at the end the number of inputs."""
        before = np.zeros(len(self.sizes) // 3 + 1, np.int64)
        np.cumsum(self.sizes.reshape(-1, 3).sum(axis=1, where=[True, bins, True]), out=before[1:])
        found = before[self.firsts]
        found[-1] = self.width(bins)  # 1 if all columns are unused
        return found

    def without_bins(self, inputs):
        """Return the inputs without bins from those with bins, faster than by encoding the rows again."""
        kept = np.repeat(np.resize([True, False, True], len(self.sizes)), self.sizes)
        return np.take(inputs, np.flatnonzero(kept), axis=1) if len(kept) else inputs
