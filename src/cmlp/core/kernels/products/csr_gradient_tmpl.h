/* Weight gradient of CSR rows. The values of a block of columns are transposed: sorted by column, and by row within
 * each column. The gradient of a weight row is then a sum of deltas times the values of one column (csr_tmpl.h). */

/* A value and its row. They are adjacent, so that writing both touches one cache line. */
typedef struct csr_entry {
    T value;
    int32_t row;
#if CMLPI_BITS == 64
    int32_t padding; /* i386 aligns a double to 4 bytes only */
#endif
} csr_entry;
CMLPI_ASSERT(sizeof(csr_entry) == 2 * sizeof(T), "values are read with a stride of two T");

/* Number and end of a column's entries. Small, because rows access the slots of a block in random order and all slots
 * should stay in the L1 cache. */
typedef struct csr_slot {
    uint16_t n, end; /* values of the column; index after its last entry, or after the last one filled in */
} csr_slot;
CMLPI_ASSERT(sizeof(csr_slot) == 4 && sizeof(csr_entry) % CMLPI_ALIGNOF(T) == 0, "as cmlpi_csr_bytes counts them");

/* Columns are processed by their number of values. The loop over the values then has the same length as for the
 * previous column, and the processor predicts its end. With 1 % of 20,000 columns filled, most have one to three in
 * a batch. */
#define CSR_COUNTS 4 /* the last class: 4 values or more */

/* The transposed values of a block of columns: column by column, each by ascending rows. */
typedef struct csr_block {
    csr_entry *entries;
    T *converted;
    csr_slot *slots;              /* one per column; n is 0 between blocks */
    uint16_t *columns;              /* of the values, row by row, counted from the block's first column */
    uint16_t *found;                /* columns with a value, in the order found */
    uint16_t *list[CSR_COUNTS + 1]; /* columns by number of values */
    int64_t n_found, n_list[CSR_COUNTS + 1];
    int64_t width, capacity;            /* maximum numbers of columns and of entries in a block */
    int64_t *at, *n; /* for each row: position and number of its values in the block */
    int32_t *next;   /* for each row: the column of its first value after the blocks so far */
} csr_block;

#if CMLPI_CSR_COLUMNS > 65536
#error "columns of a block are numbers of two bytes"
#endif

static void csr_lay_out(csr_block *b, int64_t rows, int64_t columns, void *scratch)
{
    b->width = columns < CMLPI_CSR_COLUMNS ? columns : CMLPI_CSR_COLUMNS;
    b->capacity = cmlpi_csr_capacity(rows, columns);
    b->at = scratch;
    b->n = b->at + rows;
    b->entries = (csr_entry *)(void *)(b->n + rows);
    b->converted = (T *)(void *)(b->entries + b->capacity);
    b->next = (int32_t *)(void *)(b->converted + b->width);
    b->slots = (csr_slot *)(void *)(b->next + rows);
    b->columns = (uint16_t *)(void *)(b->slots + b->width);
    b->found = b->columns + b->capacity + 1;
    for (int c = 0; c <= CSR_COUNTS; c++) b->list[c] = b->found + b->width + 1 + c * b->width;
    memset(b->slots, 0, (size_t)b->width * sizeof *b->slots);
}

static void csr_move(csr_block *b, const cmlpi_csr *x, int64_t i, int64_t p)
{
    b->at[i] = p;
    b->next[i] = p < x->list[i].n ? (int32_t)csr_column(x, i, p) : INT32_MAX;
}

/* Moves each row to its first value at or after column k. Returns the number of values from there on in all rows. */
static int64_t csr_start(csr_block *b, const cmlpi_csr *x, int64_t k)
{
    int64_t values = 0;
    for (int64_t i = 0; i < x->n_rows; i++) {
        int64_t low = 0, high = k ? x->list[i].n : 0;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (csr_column(x, i, middle) < k)
                low = middle + 1;
            else
                high = middle;
        }
        csr_move(b, x, i, low);
        values += x->list[i].n - low;
    }
    return values;
}

/* Counts the values in columns [k0, k1), up to one more than there is space for, and returns their number. Notes their
 * columns, so that csr_fill() finds the same ones, and lists the columns with values if `listing`. */
VEC_FN int64_t csr_count_rows(csr_block *b, const cmlpi_csr *x, int64_t k0, int64_t k1, const int listing)
{
    const int64_t rows = x->n_rows;
    csr_slot *const slots = b->slots;
    uint16_t *const found = b->found, *const of_values = b->columns;
    const uint64_t width = (uint64_t)(k1 - k0);
    int64_t values = 0, n_found = 0;
    for (int64_t i = 0; i < rows; i++) {
        const int64_t left = b->next[i] < k1 ? x->list[i].n - b->at[i] : 0, space = b->capacity + 1 - values;
        int64_t n = left < space ? left : space, p = 0;
        if (n > k1 - k0) n = k1 - k0;
        csr_indices columns = csr_columns_from(x, i, b->at[i]);
        for (uint64_t k; p < n && (k = (uint64_t)(csr_index(columns, 0) - k0)) < width; p++) {
            const int32_t before = slots[k].n++;
            of_values[values + p] = (uint16_t)k;
            if (listing) {
                found[n_found] = (uint16_t)k;
                n_found += !before; /* branch-free: the branch would be unpredictable */
            }
            columns.list += columns.bytes;
        }
        b->n[i] = p;
        if (i + 2 < rows) csr_prefetch_values(x, i + 2, b->at[i + 2], p); /* about as many values as this row */
        values += p;
    }
    b->n_found = n_found;
    return values;
}

static int64_t csr_count(csr_block *b, const cmlpi_csr *x, int64_t k0, int64_t k1, int listing)
{
    return listing ? csr_count_rows(b, x, k0, k1, 1) : csr_count_rows(b, x, k0, k1, 0);
}

/* Lists the columns found, or all columns, by number of values, and sets the slots to where their entries start. */
static void csr_sort(csr_block *b, int64_t columns, int listing)
{
    int32_t begin = 0;
    for (int c = 0; c <= CSR_COUNTS; c++) b->n_list[c] = 0;
    for (int64_t t = 0, n = listing ? b->n_found : columns; t < n; t++) {
        const int64_t k = listing ? b->found[t] : t;
        const int32_t count = b->slots[k].n, c = count < CSR_COUNTS ? count : CSR_COUNTS;
        b->list[c][b->n_list[c]++] = (uint16_t)k;
        b->slots[k].end = (uint16_t)begin;
        begin += count;
    }
}

static void csr_fill(csr_block *b, const cmlpi_csr *x)
{
    csr_slot *const slots = b->slots;
    csr_entry *const entries = b->entries;
    const uint16_t *columns = b->columns;
    for (int64_t i = 0; i < x->n_rows; i++) {
        const int64_t begin = b->at[i], n = b->n[i];
        if (!n) continue;
        const T *values = csr_values(x, i, begin, n, b->converted);
        for (int64_t p = 0; p < n; p++) {
            csr_slot *slot = &slots[*columns++];
            const int32_t at = slot->end;
            slot->end = (uint16_t)(at + 1);
            entries[at].value = values[p];
            entries[at].row = (int32_t)i;
        }
        csr_move(b, x, i, begin + n);
    }
}

/* Sums and epilogue of those of the block's columns that have `count` values: weight rows from k on, the strip from
 * column j on. */
VEC_FN void csr_columns_strip(const csr_block *b, int count, const cmlpi_gradient_output *to, int64_t k, int64_t j,
                              int64_t last, const int C)
{
    const int64_t n_out = to->n_out;
    const int is_first = to->is_first;
    const T *d = (const T *)to->d + j;
    T *sums = (T *)to->sums + k * n_out + j, *w = (T *)to->w + k * n_out + j;
    const finish_vectors f = finish_vectors_of(to);
    finish_vectors update = f;
    update.mode = CMLPI_UPDATE; /* a compile-time constant here */
    const csr_strip deltas = {d, n_out, last, 0};
    const int full = V_TAIL_COSTS == 1 && last == VL;
    const VT tail = v_tail(last);
    const uint16_t *const list = b->list[count];
    const csr_slot *const slots = b->slots;
    const csr_entry *const all = b->entries;
    for (int64_t t = 0, n_list = b->n_list[count]; t < n_list; t++) {
        const csr_slot *slot = &slots[list[t]];
        const csr_entry *entries = all + slot->end - slot->n;
        const csr_indices rows = {(const char *)&entries->row, sizeof *entries, UINT32_MAX};
        const int64_t at = list[t] * n_out;
        V total[CSR_VECTORS];
        if (t + CSR_PREFETCH < n_list) csr_prefetch(w + list[t + CSR_PREFETCH] * n_out, C);
        UNROLL for (int c = 0; c < C; c++)
            total[c] = is_first ? v_zero() : load_last(sums + at + c * VL, tail, full || c < C - 1);
        FULL_OR_PARTIAL(0, last, csr_sums, &entries->value, 2, rows, slot->n, deltas, total, C);
        if (f.mode == CMLPI_UPDATE)
            UNROLL for (int c = 0; c < C; c++)
                finish_sum(total[c], NULL, w + at + c * VL, tail, full || c < C - 1, &update);
        else
            UNROLL for (int c = 0; c < C; c++)
                finish_sum(total[c], sums + at + c * VL, w + at + c * VL, tail, full || c < C - 1, &f);
    }
}

typedef void csr_columns_fn(const csr_block *b, int count, const cmlpi_gradient_output *to, int64_t k, int64_t j,
                            int64_t last);

#define CSR_COLUMNS(C)                                                                                              \
    static void KERNEL(csr_columns_##C)(const csr_block *b, int count, const cmlpi_gradient_output *to, int64_t k, \
                                        int64_t j, int64_t last)                                                    \
    {                                                                                                               \
        csr_columns_strip(b, count, to, k, j, last, C);                                                             \
    }
#define CSR_COLUMNS_NAME(C) KERNEL(csr_columns_##C),
/* CSR_EACH(CSR_COLUMNS) defines csr_columns_1(), csr_columns_2(), ... for strips of 1, 2, ... vectors, the first as
 *   static void csr_columns_1(const csr_block *b, int count, ...) { csr_columns_strip(b, count, ..., last, 1); }
 * and CSR_EACH(CSR_COLUMNS_NAME) is the list  csr_columns_1, csr_columns_2, ... */
CSR_EACH(CSR_COLUMNS)
static csr_columns_fn *const csr_columns[CSR_VECTORS] = {CSR_EACH(CSR_COLUMNS_NAME)};

/* Transposes the next block, from column k on, and returns its end. Halves the width until the values fit. */
static int64_t csr_transpose(csr_block *b, const cmlpi_csr *x, int64_t k, int64_t k1, int listing)
{
    for (;; b->width /= 2) {
        const int64_t end = k1 - k < b->width ? k1 : k + b->width;
        if (csr_count(b, x, k, end, listing) <= b->capacity) {
            csr_sort(b, end - k, listing);
            csr_fill(b, x);
            return end;
        }
        memset(b->slots, 0, (size_t)b->width * sizeof *b->slots);
    }
}

static void KERNEL(csr_gradient)(const cmlpi_csr *x, const cmlpi_gradient_output *to, void *scratch)
{
    const int64_t rows = x->n_rows, k1 = to->k1, n_out = to->n_out;
    const int all = changes_all(to);
    csr_block b;
    csr_lay_out(&b, rows, k1 - to->k0, scratch);
    const int listing = csr_start(&b, x, to->k0) < k1 - to->k0 && !all; /* otherwise few columns have no value */
    for (int64_t k = to->k0, end; k < k1; k = end) {
        if (!all) { /* skip to the next column with a value */
            int32_t next = INT32_MAX;
            for (int64_t i = 0; i < rows; i++) next = b.next[i] < next ? b.next[i] : next;
            if (next >= k1) return;
            if (next > k) k = next;
        }
        end = csr_transpose(&b, x, k, k1, listing);
        int64_t last;
        for (int64_t j = 0; j < n_out; j += CSR_VECTORS * VL) {
            const int vectors = csr_vectors(n_out, j, &last);
            for (int count = !all; count <= CSR_COUNTS; count++)
                csr_columns[vectors - 1](&b, count, to, k, j, last);
        }
        if (listing)
            for (int64_t t = 0; t < b.n_found; t++) b.slots[b.found[t]].n = 0;
        else
            memset(b.slots, 0, (size_t)(end - k) * sizeof *b.slots);
    }
}
