/* Dark columns: inputs that are 0 in all rows of a tile, as much of a picture is. Leaving them out changes no sum. They
 * are found and left out in groups of neighbours, which lie at constant offsets from one pointer. */

#include <string.h>

#define AT_ROW(matrix, i) \
    ((const T *)((matrix)->list ? (matrix)->list[i] : (const void *)((const T *)(matrix)->base + (i) * (matrix)->ld)))

#define GROUP CMLP_GROUP
#define GROUPS (CMLP_CHUNK / GROUP) /* of a chunk */
/* Whether one of a group's values is not 0. */
VEC_FN int is_lit(const T *group)
{
    const uint64_t but_sign = CMLP_BITS == 32 ? 0x7fffffff7fffffff : 0x7fffffffffffffff;
    uint64_t bits[GROUP * sizeof(T) / sizeof(uint64_t)], any = 0;
    memcpy(bits, group, sizeof bits);
    UNROLL for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) any |= bits[i];
    return (any & but_sign) != 0;
}

#define LIT_VECTORS 4               /* side by side */

/* Columns looked at and those of them that were lit. Where nearly all are, looking on is not worth the while. */
typedef struct lit_count {
    int64_t seen, lit;
} lit_count;

/* The first column of each group of a chunk. */
#define FOUR_GROUPS(k) (k), (k) + GROUP, (k) + 2 * GROUP, (k) + 3 * GROUP
static const uint8_t all_groups[GROUPS] = {FOUR_GROUPS(0),  FOUR_GROUPS(16), FOUR_GROUPS(32), FOUR_GROUPS(48),
                                           FOUR_GROUPS(64), FOUR_GROUPS(80), FOUR_GROUPS(96), FOUR_GROUPS(112)};

/* What the rows have in common from column k on, in so many vectors: 0, or -0, where all have it. */
VEC_FN void join_rows(const cmlp_matrix *x, int64_t rows, int64_t k, int64_t n, T *joined, const int vectors)
{
    VI bits[LIT_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) bits[v] = v_bits(v_zero());
    NO_UNROLL for (int64_t i = 0; i < rows; i++) {
        const T *row = AT_ROW(x, i) + k;
        UNROLL for (int v = 0; v < vectors; v++)
            bits[v] = vi_or(bits[v], v_bits(vectors > 1 ? v_load(row + v * VL) : load_lanes(row, n)));
    }
    UNROLL for (int v = 0; v < vectors; v++) v_store(joined + v * VL, v_float(bits[v]));
}

#define NOT_LOOKED (-1)

/* The groups within the chunk [k, k + n) of columns that are lit in some of the rows, the last of which may be shorter;
 * returns how many, or NOT_LOOKED. */
CMLP_APART int64_t lit_groups(const cmlp_matrix *x, int64_t rows, int64_t k, int64_t n, uint8_t *groups,
                              lit_count *count)
{
    T joined[CMLP_CHUNK + GROUP];
    uint8_t *flags = x->lit + k / GROUP;
    int64_t n_lit = 0, j = 0;
    if (count->lit * 8 > count->seen * 7) {
        memset(flags, 1, (size_t)(n + GROUP - 1) / GROUP);
        return NOT_LOOKED;
    }
    for (; j + LIT_VECTORS * VL <= n; j += LIT_VECTORS * VL) join_rows(x, rows, k + j, 0, joined + j, LIT_VECTORS);
    for (; j < n; j += VL) join_rows(x, rows, k + j, n - j, joined + j, 1);
    for (j = 0; j < n; j += GROUP) { /* no branch: nobody could foretell it */
        const int lit = is_lit(joined + j);
        flags[j / GROUP] |= (uint8_t)lit;
        groups[n_lit] = (uint8_t)j;
        n_lit += lit;
    }
    count->seen += n;
    count->lit += n_lit * GROUP;
    return n_lit;
}
