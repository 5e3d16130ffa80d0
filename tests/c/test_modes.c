/* Each call gives the same bits and status in every floating-point mode of the caller, and restores the mode. Callbacks run
 * in the library's mode, but x87 keeps the caller's. */
#include "fixture.h"
#include "model_file.h"

#include "../../include/cmlp_explain.h"
#include "../../src/cmlp/core/base/float_mode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct mode {
    const char *name;
    cmlpi_float_mode bits, cleared;
} mode;

#if CMLPI_X86
static const mode modes[] = {
    {"flush to zero", 0x8000, 0},     {"denormals are zero", 0x0040, 0},        {"round up", 0x4000, 0},
    {"round down", 0x2000, 0},        {"round toward zero", 0x6000, 0},         {"all at once", 0xe040, 0},
    {"exceptions trap", 0, 0x1f80},   {"exceptions trap, to zero", 0x8040, 0x1f80},
};
#elif CMLPI_AARCH64
static const mode modes[] = {
    {"flush to zero", 0x01000000, 0},     {"round up", 0x00400000, 0},    {"round down", 0x00800000, 0},
    {"round toward zero", 0x00c00000, 0}, {"all at once", 0x01c00000, 0}, {"exceptions trap", 0x9f00, 0},
};
#else
static const mode modes[] = {{"default", 0, 0}};
#endif
enum { MODES = sizeof modes / sizeof *modes };

/* On x86 the same register also holds exception flags, which are not part of the mode. */
#if CMLPI_X86
#define CONTROL(mode) ((mode) & ~(cmlpi_float_mode)0x3f)
#else
#define CONTROL(mode) (mode)
#endif

/* Sets a mode, and returns the one before. Exceptions that have occurred are forgotten: they must not trap later. */
static cmlpi_float_mode enter(const mode *m)
{
    const cmlpi_float_mode before = CONTROL(cmlpi_read_mode());
    cmlpi_write_mode((before & ~m->cleared) | m->bits);
    return before;
}

/* The control word of x87: here it rounds up, to 24 bits. */
#if CMLPI_X86 && defined(__GNUC__)
enum { CALLERS_X87 = 0x087f };
static unsigned short read_x87(void)
{
    unsigned short word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}
static void write_x87(unsigned short word) { __asm__ volatile("fldcw %0" : : "m"(word)); }
#else
enum { CALLERS_X87 = 0 };
static unsigned short read_x87(void) { return 0; }
static void write_x87(unsigned short word) { (void)word; }
#endif

static int in_mode_of_library(void *context)
{
    *(int *)context += CONTROL(cmlpi_read_mode() & (cmlpi_float_mode)CMLPI_MODE_BITS) == CMLPI_MODE && read_x87() == CALLERS_X87
                           ? 1
                           : 1 << 20;
    return 0;
}

static uint64_t outcome_in(fixture *f, call c, const mode *m, void (*change)(fixture *f))
{
    int n_polls = 0;
    const unsigned short x87 = read_x87();
    fixture_reset(f, c);
    f->run.poll = in_mode_of_library;
    f->run.poll_context = &n_polls;
    if (change) change(f);
    write_x87(CALLERS_X87);
    const cmlpi_float_mode before = enter(m);
    const cmlpi_float_mode given = cmlpi_read_mode();
    const int status = fixture_call(f, c);
    const cmlpi_float_mode after = cmlpi_read_mode();
    cmlpi_write_mode(before);
    check_that(read_x87() == CALLERS_X87, "%s changes the mode of x87", call_names[c]);
    write_x87(x87);
    check_that(n_polls < 1 << 20 && (n_polls || c < FORWARD || c == STEP || status), "%s in mode \"%s\" polls in another mode",
               call_names[c], m->name);
    check_that(CONTROL(after) == CONTROL(given), "%s in mode \"%s\" does not restore the mode", call_names[c], m->name);
    return hash_elements(fixture_hash(f), CMLP_FLOAT64, &(double){status}, 1);
}

static void test_modes(const shape *s, const char *what, void (*change)(fixture *f))
{
    static fixture f;
    const mode plain = {"default", 0, 0};
    fixture_make(&f, s);
    for (call c = 0; c < CALLS; c++) {
        const uint64_t expected = outcome_in(&f, c, &plain, change);
        for (int i = 0; i < MODES; i++)
            check_that(outcome_in(&f, c, &modes[i], change) == expected, "%s of %s in mode \"%s\", dtype %d",
                       call_names[c], what, modes[i].name, (int)s->dtype);
    }
    fixture_free(&f);
}

/* Subnormal inputs, weights and learning rate, which the modes would flush to zero. */
static void make_small(fixture *f)
{
    const double small = f->shape.dtype == CMLP_FLOAT32 ? 0x1p-140 : 0x1p-1060;
    for (int64_t i = 0; i < f->n_params; i += 3) put(f->shape.dtype, f->params, i, small * (double)(i + 1));
    for (int64_t i = 0; i < f->n_params; i += 5) put(f->shape.dtype, f->gradient, i, small * (double)(i + 1));
    f->optimizer.learning_rate = 0x1p-20;
}

/* Valid arguments that would be rejected or misread if subnormal numbers counted as zero. */
static void make_small_arguments(fixture *f)
{
    static const double weights[3] = {0x1p-1060, 0, 0x1p-1040};
    for (int64_t i = 0; i < f->n; i++) f->weights[i] = weights[i % 3];
    f->objective.row_weights = f->weights;
    f->objective.loss_scale = 0x1p-1050;
    f->optimizer.epsilon = 0x1p-1060;
    f->rows.scale = 0x1p-1030;
}

static void make_negative_weight(fixture *f)
{
    f->weights[3] = -0x1p-1060;
    f->objective.row_weights = f->weights;
}

/* Descriptions that are valid only if subnormal numbers are not zero: a parameter, edges, outputs. */
typedef struct descriptions {
    double parameters[2], edges[2], outputs[2], factors[2];
    cmlp_table_column column;
    cmlp_net_config config;
    int64_t net[CMLP_NET_SIZE(CMLP_MAX_LAYERS) / 8];
    model_file file;
    cmlp_model_content content;
    cmlp_model_info info;
    char scratch[1 << 12];
    int64_t params[16], memory[1 << 12];
} descriptions;

static void check_descriptions(descriptions *d, const mode *m)
{
    static const int64_t sizes[] = {2, 1, 2};
    static const int32_t activations[] = {CMLP_ACTIVATION_ELU, CMLP_ACTIVATION_LOGISTIC};
    const cmlp_table_encoder encoder = {.struct_size = sizeof encoder, .columns = &d->column, .n_columns = 1, .has_bins = 1,
                                  .dtype = CMLP_FLOAT64};
    const cmlp_net *net;
    const cmlp_model *model;
    int64_t width = 0;
    d->config = (cmlp_net_config){.struct_size = sizeof d->config, .sizes = sizes, .activations = activations,
                                  .n_layers = 3, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT64,
                                  .activation_parameters = d->parameters};
    d->info = CMLP_INIT(cmlp_model_info);
    d->file.size = 0;
    const cmlpi_float_mode before = enter(m);
    int status = cmlp_net_init(d->net, sizeof d->net, &d->config, &net, NULL);
    status |= cmlp_table_encoder_width(&encoder, &width, NULL);
    status |= cmlp_model_write(net, d->params, cmlp_net_n_params(net), &d->content,
                               SPACE(d->scratch, sizeof d->scratch));
    status |= cmlp_model_describe(d->file.bytes, d->file.size, &d->info, NULL);
    status |= cmlp_model_init(d->memory, sizeof d->memory, d->file.bytes, d->file.size, NULL, &model,
                              SPACE(d->scratch, sizeof d->scratch));
    cmlpi_write_mode(before);
    check_that(!status && width == 2, "descriptions in mode \"%s\": status %d, %d", m->name, status, (int)width);
}

static void test_descriptions(void)
{
    static descriptions d;
    d.parameters[0] = d.factors[0] = d.factors[1] = 0x1p-1050;
    d.edges[0] = 0x1p-1060;
    d.edges[1] = d.outputs[1] = 0x1p-1050;
    d.outputs[0] = 0x1p-1060;
    d.column = (cmlp_table_column){.role = CMLP_TABLE_ROLE_NUMBER, .scale = 0x1p-1050, .edges = d.edges, .n_edges = 2};
    d.content = CMLP_INIT(cmlp_model_content);
    d.content.write = model_file_append;
    d.content.write_context = &d.file;
    d.content.shifts = d.outputs;
    d.content.factors = d.factors;
    for (int i = 0; i < MODES; i++) check_descriptions(&d, &modes[i]);
}

/* ---- calls with subnormal numbers only: their results are 0, or they fail, if such numbers count as 0 */

enum { RESULTS = 3 };
static int64_t tiny_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS) / 8];
static const double tiny[] = {0x1p-1060, 0x1p-1055, 0x1p-1050}; /* weights, then a bias */

static const cmlp_net *tiny_net(int64_t n_in)
{
    static const int32_t activations[] = {CMLP_ACTIVATION_IDENTITY};
    const int64_t sizes[] = {n_in, 1};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 2, .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = CMLP_FLOAT64};
    const cmlp_net *net = NULL;
    CHECK(cmlp_net_init(tiny_memory, sizeof tiny_memory, &config, &net, NULL) == CMLP_OK);
    return net;
}

static int bounds_in(const mode *m, double *results)
{
    static const double low[] = {0.5, -1}, high[] = {1, 2};
    void *lowest[] = {&results[0]}, *highest[] = {&results[1]};
    const cmlp_rows lower = cmlp_dense_rows(low, CMLP_FLOAT64, 1, 2), upper = cmlp_dense_rows(high, CMLP_FLOAT64, 1, 2);
    const cmlp_net *const net = tiny_net(2);
    cmlp_run run = CMLP_INIT(cmlp_run);
    const cmlpi_float_mode before = enter(m);
    const int status = list_bounds(net, tiny, &lower, &upper, lowest, highest, &run);
    cmlpi_write_mode(before);
    return status;
}

/* Writes a table, and predicts one row with it: alone, and by the call for many. */
static int table_in(const mode *m, double *results)
{
    static const cmlp_table_column column = {.role = CMLP_TABLE_ROLE_NUMBER, .scale = 0x1p-1050};
    static const cmlp_table_target target = {0, 0x1p-10, 0, 0x1p-1040, NULL, 0, {0}};
    static const double raw[] = {0x1p-1052};
    static int64_t memory[1 << 12], scratch[1 << 12];
    static model_file file;
    const cmlp_net *const net = tiny_net(1);
    const cmlp_table_net network = {.net = net, .params = tiny, .n_params = cmlp_net_n_params(net)};
    cmlp_table table = CMLP_INIT(cmlp_table);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    cmlp_run run = CMLP_INIT(cmlp_run);
    const cmlp_model *model;
    const cmlp_rows row = cmlp_dense_rows(raw, CMLP_FLOAT64, 1, 1);
    table.columns = &column;
    table.n_columns = table.n_nets = 1;
    table.nets = &network;
    table.targets = &target;
    table.n_targets = 1;
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    run.workspace = scratch;
    run.workspace_size = sizeof scratch;
    const cmlpi_float_mode before = enter(m);
    int status = cmlp_table_write(&table, &content, SPACE(scratch, sizeof scratch));
    if (!status) status = cmlp_model_init(memory, sizeof memory, file.bytes, file.size, NULL, &model,
                                          SPACE(scratch, sizeof scratch));
    if (!status) status = predict_values(CMLP_FLOAT64, model, raw, 1, NULL, &results[0], 1, scratch, sizeof scratch);
    if (!status) status = predict_rows(model, &row, NULL, &results[1], 1, &run);
    const cmlp_answer answer = {.struct_size = sizeof answer, .coverage = NAN, .intervals = &results[1], .n_intervals = 2};
    if (!status && cmlp_model_answer(model, &row, &answer, &run) != CMLP_ERROR_OPTION) status = -1;
    cmlpi_write_mode(before);
    results[2] = (double)hash_elements(HASH_START, CMLP_FLOAT64, file.bytes, (int64_t)(file.size / 8));
    return status;
}

static void test_tiny(const char *what, int (*call_in)(const mode *, double *))
{
    const mode plain = {"default", 0, 0};
    double expected[RESULTS] = {0}, results[RESULTS] = {0};
    int status = call_in(&plain, expected);
    check_that(!status && expected[0] != 0 && expected[1] != 0, "%s: status %d, %g, %g", what, status, expected[0],
               expected[1]);
    for (int i = 0; i < MODES; i++) {
        status = call_in(&modes[i], results);
        check_that(!status && !memcmp(results, expected, sizeof results), "%s in mode \"%s\": status %d, %g, %g", what,
                   modes[i].name, status, results[0], results[1]);
    }
}

int main(void)
{
    test_descriptions();
    test_tiny("bounds", bounds_in);
    test_tiny("a table", table_in);
    if (!modes[0].bits) printf("floating-point modes are not tested on this processor\n");
    for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
        cmlp_isa isas[8];
        const int n = available_isas(isas);
        for (int i = 0; i < n; i++) {
            shape s = {.n_layers = 3, .sizes = {9, 33, 4}, .hidden = CMLP_ACTIVATION_LOGISTIC,
                       .output = CMLP_ACTIVATION_SOFTMAX,
                       .loss = CMLP_LOSS_LOG, .dtype = dtype, .solver = CMLP_SOLVER_ADAM, .rows = 40, .batch = 16,
                       .isa = isas[i], .alpha = 0.01, .with_weights = 1};
            test_modes(&s, "plain data", NULL);
            test_modes(&s, "small numbers", make_small);
            test_modes(&s, "small arguments", make_small_arguments);
            test_modes(&s, "a small negative weight", make_negative_weight);
            s = (shape){.n_layers = 3, .sizes = {64, 64, 10}, .hidden = CMLP_ACTIVATION_TANH,
                        .output = CMLP_ACTIVATION_IDENTITY,
                        .loss = CMLP_LOSS_SQUARED_ERROR, .dtype = dtype, .solver = CMLP_SOLVER_MOMENTUM, .rows = 300,
                            .batch = 256,
                        .isa = isas[i], .n_threads = 3};
            test_modes(&s, "several threads", NULL);
            test_modes(&s, "several threads, small numbers", make_small);
        }
    }
    return finish();
}
