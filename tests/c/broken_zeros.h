/* Kernels that mark zeros or leave them out, each broken on purpose; a part of check_broken.c, in its words. */

static void clear_mark(uint64_t *marks, int64_t k) { marks[k / CMLP_MARKS] &= ~(UINT64_C(1) << k % CMLP_MARKS); }

/* ---- mark */

#define MARK_ARGUMENTS const void *v, int64_t n, uint64_t *marks

/* Wants more than that it differs from 0. */
static int64_t mark_positive(MARK_ARGUMENTS)
{
    int64_t count = real->mark(v, n, marks);
    for (int64_t i = 0; i < n; i++) {
        if (at(v, i) >= 0) continue;
        clear_mark(marks, i);
        count--;
    }
    return count;
}

static int64_t mark_behind(MARK_ARGUMENTS)
{
    marks[(n + CMLP_MARKS - 1) / CMLP_MARKS] = 0;
    return real->mark(v, n, marks);
}

static int64_t mark_whole_words(MARK_ARGUMENTS) { return real->mark(v, n - n % CMLP_MARKS, marks); }

static int64_t mark_beyond(MARK_ARGUMENTS)
{
    const int64_t count = real->mark(v, n, marks);
    if (n % CMLP_MARKS) marks[n / CMLP_MARKS] |= UINT64_C(1) << n % CMLP_MARKS;
    return count;
}

/* ---- dense */

static void dense_marks_too_little(DENSE_ARGUMENTS)
{
    real->dense(x, rows, n_in, w, ldw, bias, n_out, z, ldz);
    if (x->lit) x->lit[0] &= ~(uint64_t)2;
}

static void dense_never_looks(DENSE_ARGUMENTS)
{
    real->dense(x, rows, n_in, w, ldw, bias, n_out, z, ldz);
    if (x->lit) x->lit[0] = ~(uint64_t)0;
}

/* The last one, in the last row. */
static void dense_leaves_out_a_column(DENSE_ARGUMENTS)
{
    static uint64_t marks[CMLP_CHUNK * 16];
    cmlp_matrix other = *x;
    if (x->marks && rows && n_in) {
        const int64_t last = (rows - 1) * x->ld_marks;
        memcpy(marks, x->marks, (size_t)(last + (n_in + CMLP_MARKS - 1) / CMLP_MARKS) * sizeof *marks);
        clear_mark(marks + last, n_in - 1);
        other.marks = marks;
    }
    real->dense(&other, rows, n_in, w, ldw, bias, n_out, z, ldz);
}

static void dense_marks_of_one_row(DENSE_ARGUMENTS)
{
    cmlp_matrix same = *x;
    same.ld_marks = 0;
    real->dense(&same, rows, n_in, w, ldw, bias, n_out, z, ldz);
}

/* ---- gradient */

static void gradient_marks_of_one_row(GRADIENT_ARGUMENTS)
{
    cmlp_matrix same = *a;
    same.ld_marks = 0;
    real->gradient(&same, d, rows, k0, k1, n_out, sums, first, w, finish);
}

static void gradient_short_list(GRADIENT_ARGUMENTS)
{
    real->gradient(a, d, a->marks && rows > 100 ? 100 : rows, k0, k1, n_out, sums, first, w, finish);
}

/* Those groups alone that are lit. */
static void gradient_lit(GRADIENT_ARGUMENTS)
{
    for (int64_t k = k0, end; k < k1; k = end) {
        const int64_t word = k / CMLP_MARKS;
        uint64_t marks = a->lit ? a->lit[word] : 0;
        for (int64_t i = 0; a->marks && i < rows; i++) marks |= a->marks[i * a->ld_marks + word];
        end = k1 - k < CMLP_GROUP ? k1 : k + CMLP_GROUP;
        if (marks >> k % CMLP_MARKS & 15) real->gradient(a, d, rows, k, end, n_out, sums, first, w, finish);
    }
}

static void gradient_forgets_dark_rows(GRADIENT_ARGUMENTS) /* they only fade */
{
    const int broken = a->lit && finish->mode == CMLP_UPDATE && first;
    (broken ? gradient_lit : real->gradient)(a, d, rows, k0, k1, n_out, sums, first, w, finish);
}

static void gradient_forgets_unmarked(GRADIENT_ARGUMENTS)
{
    const int broken = a->marks && finish->mode == CMLP_UPDATE && first;
    (broken ? gradient_lit : real->gradient)(a, d, rows, k0, k1, n_out, sums, first, w, finish);
}

static void gradient_unmarked_keep_sums(GRADIENT_ARGUMENTS)
{
    const int broken = a->marks && finish->mode == CMLP_KEEP_SUM;
    (broken ? gradient_lit : real->gradient)(a, d, rows, k0, k1, n_out, sums, first, w, finish);
}

static void gradient_whole_groups(GRADIENT_ARGUMENTS)
{
    const int64_t end = a->marks ? k1 - (k1 - k0) % CMLP_GROUP : k1;
    real->gradient(a, d, rows, k0, end, n_out, sums, first, w, finish);
}
