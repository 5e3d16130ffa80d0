/* Every call uses at most 8 KB of stack (Clang: 10), as cmlp.h promises for optimized builds. A call runs in a thread
 * whose stack was filled with a pattern; the lowest byte that changed gives the use. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_file.h"
#include "workspace.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#if defined(SANITIZED) || !defined(__OPTIMIZE__)
enum { OPTIMIZED = 0 };
#else
enum { OPTIMIZED = 1 };
#endif

#ifdef __clang__
enum { LIMIT = 10240 }; /* keeps more sums in memory */
#else
enum { LIMIT = 8192 };
#endif
enum { STACK = 1 << 18, PATTERN = 0xa5 };

static _Alignas(4096) unsigned char stack[STACK];

/* A call, and the address from which its use is counted. */
typedef struct measured {
    void (*work)(void *context);
    void *context;
    const unsigned char *top;
} measured;

static void *run_measured(void *argument)
{
    measured *m = argument;
    unsigned char mark = 0;
    m->top = &mark;
    m->work(m->context);
    return (void *)(uintptr_t)mark;
}

/* Bytes of stack that a call uses. The first run is not measured: it also resolves the library's functions. */
static size_t stack_use(void (*work)(void *context), void *context)
{
    measured m = {work, context, NULL};
    pthread_attr_t attributes;
    pthread_t thread;
    size_t low = 0;
    work(context);
    memset(stack, PATTERN, sizeof stack);
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack, sizeof stack) ||
        pthread_create(&thread, &attributes, run_measured, &m) || pthread_join(thread, NULL)) {
        fprintf(stderr, "no thread with a stack of its own\n");
        exit(2);
    }
    pthread_attr_destroy(&attributes);
    while (low < sizeof stack && stack[low] == PATTERN) low++;
    return (size_t)(m.top - stack) - low;
}

static size_t most;
static const char *most_in = "";

static void check_use(const char *name, size_t used)
{
    if (used > most) {
        most = used;
        most_in = name;
    }
    CHECK(used > 0);
    check_that(used <= LIMIT, "%s uses %d bytes of stack", name, (int)used);
}

/* ---- calls on a network and its rows */

static fixture f;

/* Workspaces of the calls on sparse rows are larger than those of the fixture. */
static void take_workspace(void)
{
    enum { BYTES = 1 << 24 };
    static unsigned char workspace[BYTES];
    f.run.workspace = workspace;
    f.run.workspace_size = BYTES;
}

/* Replaces the dense rows by CSR rows that store every element. */
static void make_sparse(int64_t *positions, int64_t *columns)
{
    const int64_t n = f.n * f.n_in;
    for (int64_t i = 0; i <= f.n; i++) positions[i] = i * f.n_in;
    for (int64_t p = 0; p < n; p++) columns[p] = p % f.n_in;
    f.rows.kind = CMLP_ROWS_CSR;
    f.rows.row_stride = f.rows.column_stride = 0;
    f.rows.indptr = positions;
    f.rows.indices = columns;
    f.rows.n_values = n;
    f.rows.index_dtype = CMLP_INT64;
}

typedef enum form { DENSE, UINT8, SPARSE, FORMS } form;

static void test_calls(const shape *s)
{
    fixture_make(&f, s);
    int64_t *positions = fixture_block(&f, (size_t)(f.n + 1) * sizeof *positions);
    int64_t *columns = fixture_block(&f, (size_t)(f.n * f.n_in) * sizeof *columns);
    for (call c = 0; c < CALLS; c++)
        for (form rows = DENSE; rows < FORMS; rows++) {
            attempt a = {&f, c, -1};
            fixture_reset(&f, c);
            take_workspace();
            if (rows == SPARSE) make_sparse(positions, columns);
            if (rows == UINT8) {
                f.rows.dtype = CMLP_UINT8;
                f.rows.row_stride = f.n_in;
                f.rows.column_stride = 1;
                f.rows.scale = 1.0 / 255;
            }
            const size_t used = stack_use(fixture_attempt, &a);
            check_that(a.status == CMLP_OK, "%s: %s", call_names[c], cmlp_status_name(a.status));
            check_use(call_names[c], used);
        }
    fixture_free(&f);
}

static const shape shapes[] = {
    {3, {3, 3, 1}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, .rows = 1, .batch = 1},
    {3, {784, 16, 10}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, .rows = 300, .batch = 256,
     .n_sparse = 300,
     .alpha = 0.1},
    {3, {300, 64, 40}, CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_FOCAL, .rows = 300, .batch = 290,
     .n_sparse = 300},
    {4, {513, 300, 600, 12}, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_SQUARED_ERROR, .rows = 130,
     .batch = 129, .max_norm = 0.1},
    {4, {9, 33, 7, 4}, CMLP_ACTIVATION_GELU, CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LABEL_SMOOTHING, .rows = 300,
     .batch = 290, .dropout = 0.3},
    {3, {20, 600, 1}, CMLP_ACTIVATION_SILU, CMLP_ACTIVATION_EXP, CMLP_LOSS_POISSON, .rows = 300, .batch = 10,
     .with_weights = 1, .with_order = 1},
};

/* Plain C computes fused multiply-adds in software, which is slow. */
static void shorten(shape *s)
{
    enum { ROWS = 12 };
    if (s->rows <= ROWS) return;
    s->rows = s->batch = ROWS;
    if (s->n_sparse) s->n_sparse = ROWS;
}

static void test_every_table(void)
{
    static const int32_t solvers[] = {CMLP_SOLVER_SGD, CMLP_SOLVER_NESTEROV, CMLP_SOLVER_ADAMW};
    cmlp_isa isas[8];
    const int n_isas = available_isas(isas);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int isa = 0; isa < n_isas; isa++)
            for (int32_t dtype = CMLP_FLOAT32; dtype <= CMLP_FLOAT64; dtype++) {
                shape s = shapes[i];
                s.dtype = dtype;
                s.isa = isas[isa];
                s.n_threads = 1 + (isa == n_isas - 1);
                s.solver = solvers[(i + (size_t)isa) % 3];
                if (isas[isa] == CMLP_ISA_GENERIC) shorten(&s);
                test_calls(&s);
            }
}

/* ---- networks, random numbers, model files */

static char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static model_file file;
static double params[100], row[9], scratch[4096], model_memory[1024], bytes_needed;
static const cmlp_model *model;
static cmlp_random generator;
static int64_t numbers[1000];

static void init_net(void *context)
{
    const int64_t sizes[] = {9, 5, 3};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT64;
    *(int *)context = cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL);
}

static void shuffle(void *context)
{
    cmlp_random_seed(&generator, 1);
    cmlp_random_shuffle(&generator, numbers, 1000);
    *(int *)context = cmlp_random_double(&generator) < 1 ? CMLP_OK : -1;
}

static void size_workspace(void *context)
{
    size_t bytes;
    *(int *)context = call_workspace(net, CALL_TRAIN, 1000, 2, &bytes);
    bytes_needed += (double)bytes;
}

static void write_model(void *context)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    *(int *)context = cmlp_model_write(net, params, cmlp_net_n_params(net), &content, SPACE(scratch, sizeof scratch));
}

static void describe_model(void *context)
{
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    *(int *)context = cmlp_model_describe(file.bytes, file.size, &info, NULL);
}

static void init_model(void *context)
{
    *(int *)context =
        cmlp_model_init(model_memory, sizeof model_memory, file.bytes, file.size, NULL, &model,
                        SPACE(scratch, sizeof scratch));
}

static void predict(void *context)
{
    *(int *)context = predict_row(model, row, 9, NULL, NULL, scratch, sizeof scratch);
}

static void find_string(void *context)
{
    const char *text;
    int64_t length;
    *(int *)context = cmlp_model_find_string(model, "cmlp", &text, &length, NULL);
}

static void test_others(void)
{
    static const struct {
        const char *name;
        void (*call)(void *status);
    } calls[] = {{"cmlp_net_init", init_net},
                 {"cmlp_random_shuffle", shuffle},
                 {"cmlp_net_workspace_size", size_workspace},
                 {"cmlp_model_write", write_model},
                 {"cmlp_model_describe", describe_model},
                 {"cmlp_model_init", init_model},
                 {"cmlp_model_predict", predict},
                 {"cmlp_model_find_string", find_string}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int status = -1;
        const size_t used = stack_use(calls[i].call, &status);
        check_that(status == CMLP_OK, "%s: %s", calls[i].name, cmlp_status_name(status));
        check_use(calls[i].name, used);
    }
}

int main(void)
{
    if (!OPTIMIZED) {
        printf("skipped: the bound is that of optimized builds\n");
        return 0;
    }
    test_every_table();
    test_others();
    printf("at most %d bytes of stack, in %s\n", (int)most, most_in);
    return finish();
}
