/* cmlp_forward_paths: outputs next to those of cmlp_forward, the same bits for any instruction set and number of threads,
 * and each status. */
#include "calls.h"
#include "../../include/cmlp_explain.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 13, STARTS = 3, TARGETS = 2, GROUPS = 6, PATHS = 30, STEPS = GROUPS - 1, MOST_OUT = 3 };

/* Group 2 is empty, and group 4 is the same in row 1 of both. */
static const int64_t begins[GROUPS + 1] = {0, 1, 4, 4, 9, 12, 13};

typedef struct subject {
    int32_t dtype;
    cmlp_isa isa;
    const cmlp_net *net;
    cmlp_rows rows, to;
    cmlp_paths paths;
    cmlp_run run;
    int64_t starts[PATHS], orders[PATHS * GROUPS];
    double params[8192], a[STARTS * N_IN], b[TARGETS * N_IN], outputs[TARGETS * PATHS * STEPS * MOST_OUT];
    unsigned char memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
} subject;

static subject s;

static void make_net(int32_t dtype, cmlp_isa isa, const cmlp_net_config *config)
{
    cmlp_net_config given = *config;
    uint64_t state = 7;
    given.dtype = dtype;
    given.isa_mask = isa;
    s.dtype = dtype;
    s.isa = isa;
    CHECK(cmlp_net_init(s.memory, sizeof s.memory, &given, &s.net, NULL) == CMLP_OK);
    for (int64_t i = 0; i < cmlp_net_n_params(s.net); i++) put(dtype, s.params, i, uniform(&state, -0.6, 0.6));
}

static void make_rows(void)
{
    uint64_t state = 8;
    for (int i = 0; i < STARTS * N_IN; i++) put(s.dtype, s.a, i, uniform(&state, -1, 1));
    for (int i = 0; i < TARGETS * N_IN; i++) put(s.dtype, s.b, i, uniform(&state, -1, 1));
    for (int64_t k = begins[4]; k < begins[5]; k++) put(s.dtype, s.b, N_IN + k, get(s.dtype, s.a, N_IN + k));
    s.rows = cmlp_dense_rows(s.a, s.dtype, STARTS, N_IN);
    s.to = cmlp_dense_rows(s.b, s.dtype, TARGETS, N_IN);
    for (int64_t p = 0; p < PATHS; p++) {
        int64_t *order = s.orders + p * GROUPS;
        s.starts[p] = p / 4 % STARTS;
        for (int64_t g = 0; g < GROUPS; g++) order[g] = g;
        for (int64_t g = GROUPS - 1; g > 0; g--) {
            const int64_t other = random_below(&state, g + 1), kept = order[g];
            order[g] = order[other];
            order[other] = kept;
        }
    }
    const cmlp_paths paths = {sizeof paths, begins, GROUPS, s.starts, s.orders, PATHS};
    s.paths = paths;
}

/* Calls the function with a workspace of exactly the size that it asks for. */
static cmlp_status predict(int32_t n_threads)
{
    const cmlp_run fresh = CMLP_INIT(cmlp_run);
    size_t size = 0;
    slot workspace;
    memset(s.outputs, 0x55, sizeof s.outputs);
    s.run = fresh;
    s.run.n_threads = n_threads;
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, THREADS(n_threads)) == CMLP_OK);
    slot_make(&workspace, size);
    s.run.workspace = slot_place(&workspace, size, AT_END, 0);
    s.run.workspace_size = size;
    memset(s.run.workspace, 0xff, size);
    const cmlp_status status = call_paths(s.net, s.params, &s.rows, &s.to, &s.paths, s.outputs, &s.run);
    CHECK(slot_intact(&workspace));
    slot_free(&workspace);
    s.run.workspace = NULL;
    return status;
}

/* The outputs of one row by cmlp_forward. */
static void forward(const cmlp_rows *like, const void *row, void *output)
{
    static unsigned char workspace[1 << 17];
    cmlp_run run = CMLP_INIT(cmlp_run);
    cmlp_rows rows = *like;
    rows.data = row;
    rows.n_rows = 1;
    rows.order = NULL;
    rows.n_order = 0;
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(call_forward(s.net, s.params, &rows, output, &run) == CMLP_OK);
}

/* Compares each step with the row that it stands for. */
static void check_steps(int64_t n_out)
{
    const double tolerance = s.dtype == CMLP_FLOAT32 ? 2e-6 : 1e-14;
    double row[N_IN], expected[MOST_OUT];
    for (int64_t i = 0; i < TARGETS; i++)
        for (int64_t p = 0; p < PATHS; p++) {
            memcpy(row, (char *)s.a + (size_t)(s.starts[p] * N_IN) * size_of(s.dtype), N_IN * size_of(s.dtype));
            for (int64_t k = 0; k < STEPS; k++) {
                const int64_t g = s.orders[p * GROUPS + k], at = ((i * PATHS + p) * STEPS + k) * n_out;
                int changed = 0;
                for (int64_t c = begins[g]; c < begins[g + 1]; c++) {
                    changed |= get(s.dtype, row, c) != get(s.dtype, s.b, i * N_IN + c);
                    put(s.dtype, row, c, get(s.dtype, s.b, i * N_IN + c));
                }
                forward(&s.rows, row, expected);
                for (int64_t j = 0; j < n_out; j++)
                    CHECK(fabs(get(s.dtype, s.outputs, at + j) - get(s.dtype, expected, j)) < tolerance);
                if (k && !changed)
                    CHECK(same_bits(s.dtype, (char *)s.outputs + (size_t)at * size_of(s.dtype),
                                    (char *)s.outputs + (size_t)(at - n_out) * size_of(s.dtype), n_out));
            }
        }
}

static uint64_t hash(int64_t n_out)
{
    return hash_elements(HASH_START, s.dtype, s.outputs, TARGETS * PATHS * STEPS * n_out);
}

static void test_network(int32_t n_layers, const int64_t *sizes, const int32_t *activations, int32_t loss)
{
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = n_layers, .loss = loss};
    const int64_t n_out = sizes[n_layers - 1];
    for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
        if (dtype != CMLP_FLOAT32 && dtype != CMLP_FLOAT64) continue;
        uint64_t first = 0;
        for (cmlp_isa isa = 1; isa < 16; isa *= 2) {
            if (!(cmlp_cpu_isa_mask() & isa)) continue;
            make_net(dtype, isa, &config);
            make_rows();
            CHECK(predict(1) == CMLP_OK);
            check_steps(n_out);
            first = first ? first : hash(n_out);
            CHECK(hash(n_out) == first);
        }
    }
}

static void test_networks(void)
{
    const int64_t one[] = {N_IN, 2}, two[] = {N_IN, 5, 1}, three[] = {N_IN, 50, 70, 3};
    const int32_t identity[] = {CMLP_ACTIVATION_IDENTITY};
    const int32_t logistic[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_LOGISTIC};
    const int32_t softmax[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_GELU, CMLP_ACTIVATION_SOFTMAX};
    test_network(2, one, identity, CMLP_LOSS_SQUARED_ERROR);
    test_network(3, two, logistic, CMLP_LOSS_LOG);
    test_network(4, three, softmax, CMLP_LOSS_LOG);
}

static void make_default(void)
{
    static const int64_t sizes[] = {N_IN, 8, 3};
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_SQUARED_ERROR};
    make_net(CMLP_FLOAT32, 0, &config);
    make_rows();
}

/* Outputs are sorted quantiles, rows are selected by an order, shifted and scaled. */
static void test_rows_and_quantiles(void)
{
    static const double quantiles[] = {0.1, 0.5, 0.9};
    static const int64_t sizes[] = {N_IN, 8, 3}, order[] = {2, 0, 1};
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY};
    static double shifts[N_IN], factors[N_IN];
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_QUANTILE, .quantiles = quantiles,
                                    .n_quantiles = sizeof quantiles / sizeof *quantiles};
    make_net(CMLP_FLOAT32, 0, &config);
    make_rows();
    for (int j = 0; j < N_IN; j++) {
        shifts[j] = 0.25 * j;
        factors[j] = j % 2 ? -0.5 : 0.75;
    }
    s.rows.shifts = s.to.shifts = shifts;
    s.rows.factors = s.to.factors = factors;
    CHECK(predict(1) == CMLP_OK);
    check_steps(3);
    const uint64_t plain = hash(3);
    s.rows.order = order;
    s.rows.n_order = STARTS;
    for (int64_t p = 0; p < PATHS; p++) s.starts[p] = (s.starts[p] + 1) % STARTS; /* order[start] as before */
    CHECK(predict(1) == CMLP_OK && hash(3) == plain);
}

/* The paths of a large network are shared by threads; a path alone has the same outputs. */
static void test_threads(void)
{
    static const int64_t sizes[] = {N_IN, 60, 100, 3};
    static const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY};
    enum { MANY = 1300 }; /* just enough multiplications for several threads */
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 4, .loss = CMLP_LOSS_SQUARED_ERROR};
    make_net(CMLP_FLOAT32, 0, &config);
    make_rows();
    int64_t *starts = malloc(MANY * sizeof *starts), *orders = malloc(MANY * GROUPS * sizeof *orders);
    const size_t n = (size_t)TARGETS * MANY * STEPS * 3;
    float *first = malloc(n * sizeof *first), *again = malloc(n * sizeof *again);
    for (int64_t p = 0; p < MANY; p++) {
        starts[p] = s.starts[p % PATHS];
        memcpy(orders + p * GROUPS, s.orders + p % PATHS * GROUPS, GROUPS * sizeof *orders);
    }
    const cmlp_paths paths = {sizeof paths, begins, GROUPS, starts, orders, MANY};
    for (int32_t n_threads = 1; n_threads <= 5; n_threads += 2) {
        cmlp_run run = CMLP_INIT(cmlp_run);
        run.n_threads = n_threads;
        CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &paths, &run.workspace_size, THREADS(n_threads)) == CMLP_OK);
        run.workspace = malloc(run.workspace_size);
        float *outputs = n_threads == 1 ? first : again;
        CHECK(call_paths(s.net, s.params, &s.rows, &s.to, &paths, outputs, &run) == CMLP_OK);
        CHECK(same_bits(CMLP_FLOAT32, first, outputs, (int64_t)n));
        free(run.workspace);
    }
    CHECK(predict(1) == CMLP_OK);
    for (int64_t i = 0; i < TARGETS; i++)
        CHECK(same_bits(CMLP_FLOAT32, (float *)s.outputs + i * PATHS * STEPS * 3, first + i * MANY * STEPS * 3,
                        PATHS * STEPS * 3));
    free(starts);
    free(orders);
    free(first);
    free(again);
}

static int is_cancelled(void *context)
{
    int *calls = context;
    return !--*calls;
}

static void refuses(cmlp_status expected, const char *argument)
{
    int untouched = 1;
    const cmlp_status status = predict(1);
    for (size_t i = 0; i < sizeof s.outputs; i++) untouched &= ((unsigned char *)s.outputs)[i] == 0x55;
    check_that(status == expected && untouched, "%s: %s", argument, cmlp_status_name(status));
    check_that(!s.run.refused || !strcmp(s.run.refused, argument), "%s was expected, not %s", argument, s.run.refused);
    make_default();
}

static void test_statuses(void)
{
    static const int64_t falling[GROUPS + 1] = {0, 4, 1, 4, 9, 12, 13}, late[GROUPS + 1] = {1, 1, 4, 4, 9, 12, 13};
    static const int64_t early[GROUPS + 1] = {0, 1, 4, 4, 9, 12, 12};
    make_default();
    s.paths.group_begins = NULL;
    refuses(CMLP_ERROR_NULL, "paths->group_begins");
    s.paths.start_rows = NULL;
    refuses(CMLP_ERROR_NULL, "paths->start_rows");
    s.paths.orders = NULL;
    refuses(CMLP_ERROR_NULL, "paths->orders");
    s.paths.orders = (const int64_t *)(const void *)((const char *)s.orders + 1);
    refuses(CMLP_ERROR_ALIGNMENT, "paths->orders");
    s.paths.group_begins = falling;
    refuses(CMLP_ERROR_OPTION, "paths->group_begins");
    s.paths.group_begins = late;
    refuses(CMLP_ERROR_OPTION, "paths->group_begins");
    s.paths.group_begins = early;
    refuses(CMLP_ERROR_OPTION, "paths->group_begins");
    s.paths.n_paths = -1;
    refuses(CMLP_ERROR_OPTION, "paths->n_paths");
    s.starts[3] = STARTS;
    refuses(CMLP_ERROR_ORDER, "paths->start_rows");
    s.starts[3] = -1;
    refuses(CMLP_ERROR_ORDER, "paths->start_rows");
    s.orders[2 * GROUPS] = s.orders[2 * GROUPS + 1];
    refuses(CMLP_ERROR_ORDER, "paths->orders");
    s.orders[0] = GROUPS;
    refuses(CMLP_ERROR_ORDER, "paths->orders");
    s.orders[0] = -1;
    refuses(CMLP_ERROR_ORDER, "paths->orders");
    s.rows.kind = CMLP_ROWS_CSR;
    s.rows.row_stride = s.rows.column_stride = 0;
    s.rows.index_dtype = CMLP_INT32;
    static const int32_t none[STARTS + 1];
    s.rows.indptr = s.rows.indices = none;
    refuses(CMLP_ERROR_ROWS, "rows->kind");
    s.paths.n_paths = INT64_C(1) << 46;
    refuses(CMLP_ERROR_OVERFLOW, "paths");
    put(s.dtype, s.b, N_IN + 5, NAN);
    refuses(CMLP_ERROR_INPUT, "to->data");
    put(s.dtype, s.b, N_IN + 5, NAN);
    CHECK(predict(1) == CMLP_ERROR_INPUT && s.run.bad_row == 1 && s.run.bad_column == 5);
    make_default();
    put(s.dtype, s.a, 2 * N_IN, INFINITY);
    CHECK(predict(1) == CMLP_ERROR_INPUT && s.run.bad_row == 2 && s.run.bad_column == 0);
    make_default();
    s.paths.n_paths = 0;
    s.paths.start_rows = s.paths.orders = NULL;
    refuses(CMLP_OK, "");
    s.to.n_rows = 0;
    refuses(CMLP_OK, "");
}

static void test_other_arguments(void)
{
    static unsigned char workspace[1 << 18];
    static const int64_t all[] = {0, N_IN};
    cmlp_run run = CMLP_INIT(cmlp_run);
    size_t size = 0, most = 0;
    make_default();
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(call_paths(s.net, NULL, &s.rows, &s.to, &s.paths, s.outputs, &run) == CMLP_ERROR_NULL);
    CHECK(call_paths(s.net, s.params, &s.rows, &s.to, NULL, s.outputs, &run) == CMLP_ERROR_NULL);
    CHECK(call_paths(s.net, s.params, &s.rows, &s.to, &s.paths, NULL, &run) == CMLP_ERROR_NULL);
    CHECK(call_paths(s.net, s.params, &s.rows, &s.to, &s.paths, (char *)s.outputs + 1, &run) ==
          CMLP_ERROR_ALIGNMENT);
    run.workspace_size = 100;
    CHECK(call_paths(s.net, s.params, &s.rows, &s.to, &s.paths, s.outputs, &run) == CMLP_ERROR_BUFFER_SIZE);
    run.workspace_size = sizeof workspace;
    for (int calls = 1; calls <= STARTS + TARGETS + 5; calls++) { /* before each row, and after each unit of work */
        int left = calls;
        run.poll = is_cancelled;
        run.poll_context = &left;
        CHECK(call_paths(s.net, s.params, &s.rows, &s.to, &s.paths, s.outputs, &run) == CMLP_CANCELLED);
    }
    run.poll = NULL;
    s.paths.group_begins = all;
    s.paths.n_groups = 1;
    memset(s.orders, 0, sizeof s.orders);
    CHECK(call_paths(s.net, s.params, &s.rows, &s.to, &s.paths, NULL, &run) == CMLP_OK);
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_paths_workspace_size(NULL, &s.rows, &s.to, &s.paths, &size, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, THREADS(-1)) == CMLP_ERROR_THREADS);
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &most, THREADS(CMLP_MAX_THREADS)) == CMLP_OK);
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, THREADS(INT32_MAX)) == CMLP_OK && size == most);
    size = 0;
    s.paths.n_groups = 0;
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, NULL) == CMLP_ERROR_OPTION);
    s.paths.n_groups = INT64_C(1) << 47;
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, NULL) == CMLP_ERROR_OVERFLOW);
    s.paths.n_groups = GROUPS;
    s.to.n_rows = -1;
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, NULL) == CMLP_ERROR_ROWS && !size);
    s.to.n_rows = TARGETS;
    CHECK(cmlp_paths_workspace_size(s.net, &s.rows, &s.to, &s.paths, &size, NULL) == CMLP_OK && size);
}

/* The bytes of the first layer's sums do not fit in size_t, where they are the product of a number of rows and the bytes
 * of one: 2^38 and 2^26. */
static void test_overflow(void)
{
    static const int64_t sizes[] = {1, INT64_C(1) << 24, 1};
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_IDENTITY};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    unsigned char memory[CMLP_NET_SIZE(3)];
    const cmlp_net *net;
    const float x = 0;
    cmlp_rows rows = cmlp_dense_rows(&x, CMLP_FLOAT32, 1, 1);
    const cmlp_paths paths = {.struct_size = sizeof paths, .n_groups = 1};
    size_t size = 0;
    if (sizeof(size_t) < 8) return; /* the network itself is too large */
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    CHECK(cmlp_paths_workspace_size(net, &rows, &rows, &paths, &size, NULL) == CMLP_OK && size);
    size = 0;
    rows.n_rows = INT64_C(1) << 38;
    CHECK(cmlp_paths_workspace_size(net, &rows, &rows, &paths, &size, NULL) == CMLP_ERROR_OVERFLOW && !size);
}

int main(void)
{
    test_networks();
    test_rows_and_quantiles();
    test_threads();
    test_statuses();
    test_other_arguments();
    test_overflow();
    return finish();
}
