/* Structs of programs that were compiled with a newer header, the library's version, and calls without rows. */
#include "../../include/cmlp_table.h"
#include "support.h"
#include "workspace.h"

#include <stdio.h>
#include <string.h>

static int64_t memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS) / 8];
static const cmlp_net *net;
static const int64_t sizes[] = {2, 3};
static const int32_t activations[] = {CMLP_ACTIVATION_SOFTMAX};
static const float params[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, inputs[2] = {1, 2};
static unsigned char workspace[1 << 14];

/* A struct with fields that the library does not know. */
#define NEWER(type)           \
    struct {                  \
        type value;           \
        unsigned char tail[4096]; \
    }

static void make_net(void)
{
    NEWER(cmlp_net_config) config = {CMLP_INIT(cmlp_net_config), {0}};
    const cmlp_net *none;
    config.value.sizes = sizes;
    config.value.activations = activations;
    config.value.n_layers = 2;
    config.value.loss = CMLP_LOSS_LOG;
    config.value.dtype = CMLP_FLOAT32;
    for (size_t more = 8; sizeof config.value + more <= 4096; more += 8) {
        config.value.struct_size = sizeof config.value + more;
        CHECK(cmlp_net_init(memory, sizeof memory, &config.value, &net, NULL) == CMLP_OK);
        config.tail[more - 1] = 1;
        CHECK(cmlp_net_init(memory, sizeof memory, &config.value, &none, NULL) == CMLP_ERROR_STRUCT_SIZE);
        config.tail[more - 1] = 0;
    }
}

/* A struct whose size is absurd is not read: behind it there is a guard page. */
static void check_unread(void)
{
    static slot s;
    const cmlp_net *none;
    const cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    slot_make(&s, sizeof config);
    cmlp_net_config *at = slot_place(&s, sizeof config, AT_END, 0);
    *at = config;
    for (size_t size = 4097; size; size *= 2) {
        at->struct_size = size;
        CHECK(cmlp_net_init(memory, sizeof memory, at, &none, NULL) == CMLP_ERROR_STRUCT_SIZE);
    }
    at->struct_size = sizeof config - 1;
    CHECK(cmlp_net_init(memory, sizeof memory, at, &none, NULL) == CMLP_ERROR_STRUCT_SIZE);
}

/* Structs that a call reads again or writes: what the library does not know stays zero. */
static void check_calls(void)
{
    NEWER(cmlp_rows) rows = {cmlp_dense_rows(inputs, CMLP_FLOAT32, 1, 2), {0}};
    NEWER(cmlp_run) run = {CMLP_INIT(cmlp_run), {0}};
    NEWER(cmlp_layer_info) layer = {CMLP_INIT(cmlp_layer_info), {0}};
    NEWER(cmlp_model_info) info = {CMLP_INIT(cmlp_model_info), {0}};
    static const unsigned char zeros[4096];
    float output[3];
    int32_t label = -1;
    size_t size = 0;
    rows.value.struct_size += 1024;
    run.value.struct_size += 1024;
    layer.value.struct_size += 1024;
    info.value.struct_size += 1024;
    run.value.workspace = workspace;
    run.value.workspace_size = sizeof workspace;
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &size, NULL) == CMLP_OK && size <= sizeof workspace);
    CHECK(call_forward(net, params, &rows.value, output, &run.value) == CMLP_OK);
    CHECK(predict_one(net, params, &rows.value, &label, output, workspace, size) == CMLP_OK && label == 2);
    CHECK(cmlp_net_describe_layer(net, 0, &layer.value, NULL) == CMLP_OK && layer.value.n_out == 3);
    CHECK(cmlp_model_describe("short", 5, &info.value, NULL) == CMLP_ERROR_FILE_SHORT);
    CHECK(layer.value.struct_size == sizeof(cmlp_layer_info) + 1024 && info.value.struct_size == sizeof(cmlp_model_info) + 1024);
    CHECK(!memcmp(layer.tail, zeros, sizeof zeros) && !memcmp(info.tail, zeros, sizeof zeros));
    CHECK(!memcmp(run.tail, zeros, sizeof zeros) && run.value.bad_row == -1);
}

/* Functions that need a row say so, also if pointers to data and targets are NULL. */
static void check_no_rows_to_train(const cmlp_rows *rows, cmlp_run *run)
{
    const cmlp_targets targets[] = {cmlp_class_targets(NULL, rows->n_rows),
                                    cmlp_dense_targets(NULL, CMLP_FLOAT32, rows->n_rows, 3)};
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    double cost = 7;
    for (int i = 0; i < 2; i++)
        CHECK(call_cost(net, params, rows, &targets[i], &objective, &cost, NULL, run) == CMLP_ERROR_ROWS && cost == 7);
}

/* Without rows, no pointer to rows, labels or outputs is needed. */
static void check_no_rows(void)
{
    cmlp_rows rows = cmlp_dense_rows(NULL, CMLP_FLOAT32, 0, 2);
    cmlp_run run = CMLP_INIT(cmlp_run);
    cmlp_table_column column;
    cmlp_table_encoder encoder = CMLP_INIT(cmlp_table_encoder);
    memset(&column, 0, sizeof column);
    column.role = CMLP_TABLE_ROLE_UNUSED;
    encoder.columns = &column;
    encoder.n_columns = 1;
    encoder.dtype = CMLP_FLOAT32;
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    CHECK(call_forward(net, params, &rows, NULL, &run) == CMLP_OK);
    CHECK(list_activations(net, params, &rows, NULL, NULL, &run) == CMLP_OK);
    CHECK(encode_rows(&encoder, NULL, 0, 0, NULL) == CMLP_OK);
    rows.kind = CMLP_ROWS_CSR;
    rows.row_stride = rows.column_stride = 0;
    rows.index_dtype = CMLP_INT32;
    CHECK(call_forward(net, params, &rows, NULL, &run) == CMLP_OK);
    rows = cmlp_dense_rows(inputs, CMLP_FLOAT32, 1, 2);
    CHECK(call_forward(net, params, &rows, NULL, &run) == CMLP_ERROR_NULL && !strcmp(run.refused, "prediction->outputs"));
    CHECK(call_activations(net, params, &rows, NULL, 1, &run) == CMLP_ERROR_NULL && !strcmp(run.refused, "prediction->activations"));
    CHECK(list_activations(net, params, &rows, NULL, NULL, &run) == CMLP_OK); /* nothing is wanted */
    rows.order = sizes;
    CHECK(call_forward(net, params, &rows, NULL, &run) == CMLP_OK);
    /* The matrix has rows, but none is selected. */
    rows.data = NULL;
    CHECK(call_forward(net, params, &rows, NULL, &run) == CMLP_OK);
    rows.kind = CMLP_ROWS_CSR;
    rows.row_stride = rows.column_stride = 0;
    rows.index_dtype = CMLP_INT64;
    rows.n_values = 2;
    CHECK(call_forward(net, params, &rows, NULL, &run) == CMLP_OK);
    check_no_rows_to_train(&rows, &run);
}

/* Checks a function that writes what an inline helper returns (`expected`) to a struct of any size: without the last fields,
 * or with zeros behind them. Structs of 32-bit processors have gaps, whose bytes mean nothing. */
#define CHECK_INIT(type, last, call, expected)                                                         \
    do {                                                                                               \
        static NEWER(type) made;                                                                       \
        const type wanted = (expected);                                                                \
        type *const given = &made.value;                                                               \
        const unsigned char *const bytes = (const unsigned char *)&made;                               \
        for (size_t size = offsetof(type, last); size <= sizeof wanted + 16; size += 8) {              \
            const size_t known = size < sizeof wanted ? size : sizeof wanted;                          \
            memset(&made, 0xff, sizeof made);                                                          \
            call;                                                                                      \
            CHECK(given->struct_size == size && bytes[size] == 0xff);                                  \
            CHECK(sizeof(void *) < 8 || !memcmp(bytes + 8, (const char *)&wanted + 8, known - 8));     \
            CHECK(size == known || (!made.tail[0] && !made.tail[size - known - 1]));                   \
        }                                                                                              \
    } while (0)

static void check_inits(void)
{
    CHECK_INIT(cmlp_rows, kind, cmlp_rows_init(given, size, inputs, CMLP_FLOAT32, 1, 2),
               cmlp_dense_rows(inputs, CMLP_FLOAT32, 1, 2));
    CHECK_INIT(cmlp_targets, kind, cmlp_targets_init(given, size, inputs, CMLP_FLOAT32, 1, 2),
               cmlp_dense_targets(inputs, CMLP_FLOAT32, 1, 2));
    CHECK_INIT(cmlp_targets, kind, cmlp_targets_init(given, size, activations, CMLP_INT32, 1, 0),
               cmlp_class_targets(activations, 1));
    for (cmlp_solver solver = CMLP_SOLVER_SGD; solver <= CMLP_SOLVER_ADAMW; solver++)
        CHECK_INIT(cmlp_optimizer, solver, cmlp_optimizer_init(given, size, solver), cmlp_default_optimizer(solver));
    cmlp_targets targets = {.struct_size = 7};
    for (size_t size = 0; size < sizeof size; size++) cmlp_targets_init(&targets, size, inputs, CMLP_FLOAT32, 1, 2);
    CHECK(targets.struct_size == 7 && !targets.data);
    cmlp_rows_init(NULL, sizeof(cmlp_rows), inputs, CMLP_FLOAT32, 1, 2);
    cmlp_targets_init(NULL, sizeof targets, inputs, CMLP_FLOAT32, 1, 2);
    cmlp_optimizer_init(NULL, sizeof(cmlp_optimizer), CMLP_SOLVER_ADAM);
}

/* The tables of activations and losses tell their size, and all enumerations have 32 bits. */
static void check_sizes(void)
{
    CHECK(sizeof(cmlp_status) == 4 && sizeof(cmlp_solver) == 4 && sizeof(cmlp_dtype) == 4 && sizeof(cmlp_isa) == 4);
    CHECK(CMLP_NET_SIZE(CMLP_MAX_LAYERS) == 8704 && CMLP_NET_SIZE(2) == 768);
    for (int32_t i = 1; cmlp_activation_describe(i); i++)
        CHECK(cmlp_activation_describe(i)->struct_size == sizeof(cmlp_activation_info));
    for (int32_t i = 1; cmlp_loss_describe(i); i++) CHECK(cmlp_loss_describe(i)->struct_size == sizeof(cmlp_loss_info));
}

static void check_version(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", CMLP_VERSION_MAJOR, CMLP_VERSION_MINOR, CMLP_VERSION_PATCH);
    CHECK(!strcmp(text, CMLP_VERSION) && !strcmp(text, cmlp_version()));
    CHECK(cmlp_version_number() == CMLP_VERSION_NUMBER);
#if CMLP_VERSION_NUMBER < 0
#error "the number is for the preprocessor too"
#endif
}

int main(void)
{
    make_net();
    check_unread();
    check_calls();
    check_no_rows();
    check_inits();
    check_sizes();
    check_version();
    return finish();
}
