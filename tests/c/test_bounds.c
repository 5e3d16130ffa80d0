/* cmlp_bounds: each status, that errors write nothing, and an input in the box whose outputs are the bounds. */
#include "calls.h"
#include "../../include/cmlp_explain.h"
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { N_IN = 3, N_OUT = 2, ROWS = 2 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static double params[N_IN * N_OUT + N_OUT], low[ROWS * N_IN], high[ROWS * N_IN], least[ROWS * N_OUT], most[ROWS * N_OUT];
static void *lowest[] = {least}, *highest[] = {most};
static cmlp_rows lower, upper;
static cmlp_run run;

static void make(int32_t dtype, int32_t activation)
{
    const int64_t sizes[] = {N_IN, N_OUT};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = dtype};
    uint64_t state = 5;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < N_IN * N_OUT + N_OUT; i++) put(dtype, params, i, uniform(&state, -1, 1));
    for (int i = 0; i < ROWS * N_IN; i++) {
        put(dtype, low, i, uniform(&state, -1, 0));
        put(dtype, high, i, uniform(&state, 0, 1));
    }
    lower = cmlp_dense_rows(low, dtype, ROWS, N_IN);
    upper = cmlp_dense_rows(high, dtype, ROWS, N_IN);
    const cmlp_run fresh = CMLP_INIT(cmlp_run);
    run = fresh;
    memset(least, 0x55, sizeof least);
    memset(most, 0x55, sizeof most);
}

static cmlp_status into(int64_t n_params, void *to_low, int64_t n_low, void *to_high, int64_t n_high)
{
    const cmlp_bounds_outputs wanted = {.struct_size = sizeof wanted, .lower = to_low, .n_lower = n_low,
                                        .upper = to_high, .n_upper = n_high};
    return cmlp_bounds(net, params, n_params, &lower, &upper, &wanted, &run);
}

static cmlp_status bounds(void) { return list_bounds(net, params, &lower, &upper, lowest, highest, &run); }

/* Whether a call has this status, names this argument, and writes nothing. */
static void refuses(cmlp_status expected, const char *argument, cmlp_status status)
{
    const unsigned char *bytes[] = {(const unsigned char *)least, (const unsigned char *)most};
    int untouched = 1;
    for (size_t i = 0; i < sizeof least; i++) untouched &= bytes[0][i] == 0x55 && bytes[1][i] == 0x55;
    check_that(status == expected && untouched, "%s: %s", argument, cmlp_status_name(status));
    if (run.refused) check_that(!strcmp(run.refused, argument), "%s was expected, not %s", argument, run.refused);
}

static void test_one_layer_reaches_the_bounds(int32_t dtype)
{
    double x[ROWS * N_IN], output[ROWS * N_OUT];
    make(dtype, CMLP_ACTIVATION_IDENTITY);
    CHECK(bounds() == CMLP_OK);
    for (int upwards = 0; upwards < 2; upwards++)
        for (int j = 0; j < N_OUT; j++) {
            for (int i = 0; i < ROWS * N_IN; i++) {
                const int rises = get(dtype, params, i % N_IN * N_OUT + j) >= 0;
                put(dtype, x, i, get(dtype, rises == upwards ? high : low, i));
            }
            cmlp_rows rows = lower;
            rows.data = x;
            cmlp_run again = CMLP_INIT(cmlp_run);
            static _Alignas(64) unsigned char workspace[1 << 16];
            again.workspace = workspace;
            again.workspace_size = sizeof workspace;
            CHECK(call_forward(net, params, &rows, output, &again) == CMLP_OK);
            for (int row = 0; row < ROWS; row++)
                CHECK(get(dtype, output, row * N_OUT + j) == get(dtype, upwards ? most : least, row * N_OUT + j));
        }
}

/* The outputs of 300 inputs in the box, which are shifted and scaled, are between the bounds. */
static void test_last_layer(int32_t activation, int32_t loss, double scale)
{
    static const double shifts[N_IN] = {0.5, 0, -1}, factors[N_IN] = {2, -3, 0.25};
    static _Alignas(64) unsigned char workspace[1 << 16];
    const int64_t sizes[] = {N_IN, N_OUT};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = loss, .dtype = CMLP_FLOAT32};
    float x[ROWS * N_IN], output[ROWS * N_OUT];
    uint64_t state = 6;
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < N_IN * N_OUT + N_OUT; i++) put(CMLP_FLOAT32, params, i, scale * get(CMLP_FLOAT32, params, i));
    lower.shifts = upper.shifts = shifts;
    lower.factors = upper.factors = factors;
    CHECK(bounds() == CMLP_OK);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    for (int k = 0; k < 300; k++) {
        cmlp_rows rows = lower;
        rows.data = x;
        for (int i = 0; i < ROWS * N_IN; i++) {
            const double from = get(CMLP_FLOAT32, low, i), to = get(CMLP_FLOAT32, high, i);
            x[i] = (float)(k % 3 ? uniform(&state, from, to) : random_below(&state, 2) ? from : to);
        }
        CHECK(call_forward(net, params, &rows, output, &run) == CMLP_OK);
        for (int i = 0; i < ROWS * N_OUT; i++)
            CHECK(get(CMLP_FLOAT32, least, i) <= output[i] && output[i] <= get(CMLP_FLOAT32, most, i));
    }
    for (int i = 0; activation != CMLP_ACTIVATION_EXP && i < ROWS * N_OUT; i++)
        CHECK(get(CMLP_FLOAT32, least, i) >= 0 && get(CMLP_FLOAT32, most, i) <= 1);
}

static int is_cancelled(void *context)
{
    (void)context;
    return 1;
}

static void test_statuses(void)
{
    make(CMLP_FLOAT32, CMLP_ACTIVATION_LOGISTIC);
    refuses(CMLP_ERROR_NULL, "net", list_bounds(NULL, params, &lower, &upper, lowest, highest, &run));
    refuses(CMLP_ERROR_NULL, "params", list_bounds(net, NULL, &lower, &upper, lowest, highest, &run));
    refuses(CMLP_ERROR_ALIGNMENT, "params",
            list_bounds(net, (const char *)params + 1, &lower, &upper, lowest, highest, &run));
    refuses(CMLP_ERROR_NULL, "bounds->lower", list_bounds(net, params, &lower, &upper, NULL, highest, &run));
    refuses(CMLP_ERROR_NULL, "bounds->upper", list_bounds(net, params, &lower, &upper, lowest, NULL, &run));
    const int64_t n = cmlp_net_n_params(net), length = lower.n_rows * all_sizes(net);
    static double ends[2][64];
    CHECK(length <= 64);
    refuses(CMLP_ERROR_ALIGNMENT, "bounds->upper",
            into(n, ends[0], length, (char *)ends[1] + 1, length));
    refuses(CMLP_ERROR_LENGTH, "params", into(n - 1, ends[0], length, ends[1], length));
    refuses(CMLP_ERROR_LENGTH, "bounds->lower",
            into(n, ends[0], length - 1, ends[1], length));
    refuses(CMLP_ERROR_LENGTH, "bounds->upper",
            into(n, ends[0], length, ends[1], length - 1));
    lower.data = NULL;
    refuses(CMLP_ERROR_NULL, "lower->data", bounds());
    lower.data = low;
    upper.n_rows = 1;
    refuses(CMLP_ERROR_ROWS, "upper", bounds());
    lower.n_rows = upper.n_rows = -1;
    refuses(CMLP_ERROR_ROWS, "lower->n_rows", bounds());
    make(CMLP_FLOAT64, CMLP_ACTIVATION_LOGISTIC);
    refuses(CMLP_ERROR_ACTIVATION, "net", bounds());
    make(CMLP_FLOAT64, CMLP_ACTIVATION_IDENTITY);
    CHECK(bounds() == CMLP_OK);
}

static void test_values(void)
{
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    put(CMLP_FLOAT32, high, N_IN + 2, (double)INFINITY);
    CHECK(bounds() == CMLP_ERROR_INPUT && run.bad_row == 1 && run.bad_column == 2);
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    lower.n_rows = upper.n_rows = 0;
    refuses(CMLP_OK, "", list_bounds(net, params, &lower, &upper, NULL, NULL, &run));
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    run.poll = is_cancelled;
    refuses(CMLP_CANCELLED, "", bounds());
}

/* A sum that overflows makes the outputs of its unit unknown, and all behind it; those of other units stay known. */
static void test_overflow(int32_t hidden)
{
    const int64_t sizes[] = {N_IN, 2, N_OUT};
    const int32_t activations[] = {hidden, CMLP_ACTIVATION_IDENTITY};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    const float weights[] = {3e38f, 1, 3e38f, 1, 3e38f, 1, 0, 0, 1, 1, 1, 1, 0, 0};
    float first[2][ROWS * 2];
    void *low_ends[] = {first[0], least}, *high_ends[] = {first[1], most};
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    if (cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL)) return; /* no hidden layer has it */
    for (int i = 0; i < ROWS * N_IN; i++) put(CMLP_FLOAT32, high, i, 9);
    CHECK(list_bounds(net, weights, &lower, &upper, low_ends, high_ends, &run) == CMLP_OK);
    for (int row = 0; row < ROWS; row++) {
        CHECK(isnan(first[0][2 * row]) && isnan(first[1][2 * row]));
        CHECK(isfinite(first[0][2 * row + 1]) && isfinite(first[1][2 * row + 1]));
        for (int j = 0; j < N_OUT; j++)
            CHECK(isnan(get(CMLP_FLOAT32, least, row * N_OUT + j)) && isnan(get(CMLP_FLOAT32, most, row * N_OUT + j)));
    }
}

/* A sum that overflows makes all probabilities unknown. */
static void test_unknown_probabilities(void)
{
    const int64_t sizes[] = {N_IN, N_OUT};
    const int32_t activation = CMLP_ACTIVATION_SOFTMAX;
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32};
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < N_IN * N_OUT; i += N_OUT) put(CMLP_FLOAT32, params, i, 3e38);
    for (int i = 0; i < ROWS * N_IN; i++) put(CMLP_FLOAT32, high, i, 9);
    CHECK(bounds() == CMLP_OK);
    for (int i = 0; i < ROWS * N_OUT; i++)
        CHECK(isnan(get(CMLP_FLOAT32, least, i)) && isnan(get(CMLP_FLOAT32, most, i)));
}

/* A box of one point: the output of a unit is between its bounds, which are at most 16 numbers apart. */
static void test_points(int32_t hidden)
{
    static const int64_t sizes[] = {1, 1, 1};
    const int32_t activations[] = {hidden, CMLP_ACTIVATION_IDENTITY};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    static const float weights[] = {1, 0, 1, 0};
    static float x[400], outputs[3][400], last[3][400];
    static _Alignas(64) unsigned char workspace[1 << 16];
    void *found[] = {outputs[0], last[0]}, *low_ends[] = {outputs[1], last[1]}, *high_ends[] = {outputs[2], last[2]};
    uint64_t state = 7;
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    if (cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL)) return; /* no hidden layer has it */
    for (int i = 0; i < 400; i++) x[i] = (float)uniform(&state, -6, 6);
    lower = upper = cmlp_dense_rows(x, CMLP_FLOAT32, 400, 1);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(list_activations(net, weights, &lower, found, NULL, &run) == CMLP_OK);
    CHECK(list_bounds(net, weights, &lower, &upper, low_ends, high_ends, &run) == CMLP_OK);
    for (int i = 0; i < 400; i++) {
        CHECK(outputs[1][i] <= outputs[0][i] && outputs[0][i] <= outputs[2][i]);
        CHECK(fabsf(outputs[2][i] - outputs[1][i]) <= 16 * FLT_EPSILON * fmaxf(fabsf(outputs[0][i]), FLT_MIN));
    }
}

/* Probabilities of a point: bounds that are close to them, and 0 as the lower bound of what is almost 0. */
static void test_probabilities_of_a_point(void)
{
    static const int64_t sizes[] = {1, 3};
    static const int32_t activation = CMLP_ACTIVATION_SOFTMAX;
    static float x = 1, weights[] = {1, 2, -200, 0, 0, 0}, ends[2][3];
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = CMLP_LOSS_LOG, .dtype = CMLP_FLOAT32};
    const double expected[] = {1 / (1 + exp(1)), 1 / (1 + exp(-1)), 0};
    void *low_end = ends[0], *high_end = ends[1];
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    lower = upper = cmlp_dense_rows(&x, CMLP_FLOAT32, 1, 1);
    CHECK(list_bounds(net, weights, &lower, &upper, &low_end, &high_end, &run) == CMLP_OK);
    for (int j = 0; j < 3; j++) {
        CHECK(ends[0][j] >= 0 && ends[0][j] <= expected[j] && ends[0][j] >= expected[j] * 0.9995);
        CHECK(ends[1][j] >= expected[j] && ends[1][j] <= expected[j] * 1.0005 + 1e-37);
    }
}

/* A hidden layer of more units than are added up at once: unit j is (j + 1) x, and the output is their sum. */
static void test_wide_hidden_layer(void)
{
    enum { WIDE = 200 };
    static const int64_t sizes[] = {1, WIDE, 1};
    static const int32_t activations[] = {CMLP_ACTIVATION_IDENTITY, CMLP_ACTIVATION_IDENTITY};
    static float ends[] = {1, 3, 2, 4}, weights[3 * WIDE + 1], hidden[2][2 * WIDE], outputs[2][2];
    void *low_ends[] = {hidden[0], outputs[0]}, *high_ends[] = {hidden[1], outputs[1]};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 3, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int j = 0; j < WIDE; j++) weights[j] = (float)(j + 1), weights[2 * WIDE + j] = 1;
    lower = cmlp_dense_rows(ends, CMLP_FLOAT32, 2, 1);
    upper = cmlp_dense_rows(ends + 2, CMLP_FLOAT32, 2, 1);
    CHECK(list_bounds(net, weights, &lower, &upper, low_ends, high_ends, &run) == CMLP_OK);
    for (int row = 0; row < 2; row++) {
        const double smallest = 20100 * (double)ends[row], largest = 20100 * (double)ends[2 + row];
        CHECK(outputs[0][row] <= smallest && outputs[0][row] > 0.999 * smallest);
        CHECK(outputs[1][row] >= largest && outputs[1][row] < 1.001 * largest);
    }
}

/* A sum that overflows, of as many inputs as are checked at once, is no fault of an input. */
static void test_overflow_of_a_chunk(void)
{
    enum { WIDE = 128 };
    static const int64_t sizes[] = {WIDE, 1};
    static const int32_t activation = CMLP_ACTIVATION_IDENTITY;
    static float ends[WIDE], weights[WIDE + 1], outputs[2];
    void *low_end[] = {outputs}, *high_end[] = {outputs + 1};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT32};
    make(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int i = 0; i < WIDE; i++) ends[i] = 9, weights[i] = 3e38f;
    lower = upper = cmlp_dense_rows(ends, CMLP_FLOAT32, 1, WIDE);
    CHECK(list_bounds(net, weights, &lower, &upper, low_end, high_end, &run) == CMLP_OK);
    CHECK(isnan(outputs[0]) && isnan(outputs[1]));
    ends[0] = INFINITY;
    CHECK(list_bounds(net, weights, &lower, &upper, low_end, high_end, &run) == CMLP_ERROR_INPUT && !run.bad_column);
}

int main(void)
{
    test_wide_hidden_layer();
    test_probabilities_of_a_point();
    test_overflow_of_a_chunk();
    test_one_layer_reaches_the_bounds(CMLP_FLOAT32);
    test_one_layer_reaches_the_bounds(CMLP_FLOAT64);
    for (double scale = 1; scale < 1e4; scale *= 10) {
        test_last_layer(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, scale);
        test_last_layer(CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, scale);
        test_last_layer(CMLP_ACTIVATION_EXP, CMLP_LOSS_POISSON, scale / 10);
    }
    test_unknown_probabilities();
    test_statuses();
    test_values();
    for (int32_t i = 1; cmlp_activation_describe(i); i++) {
        test_overflow(i);
        test_points(i);
    }
    return finish();
}
