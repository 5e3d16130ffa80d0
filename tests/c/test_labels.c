/* Class indices and labels: of outputs, of model files, and of rows that a network without a file predicts. */
#include "../../include/cmlp.h"
#include "model_file.h"
#include "support.h"
#include "workspace.h"

#include <stdlib.h>
#include <string.h>

enum { N_IN = 2, N_OUT = 3 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static const float params[N_IN * N_OUT + N_OUT] = {1, 2, 3, -1, 0, 1, 0, 0, 0};
static model_file file;
static _Alignas(64) unsigned char scratch_memory[1 << 14];

static void make_net(int32_t activation, int32_t loss, int64_t n_out)
{
    const int64_t sizes[] = {N_IN, n_out};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = &activation,
                                    .n_layers = 2, .loss = loss, .dtype = CMLP_FLOAT32};
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
}

/* The class indices of one and of three rows whose outputs are the biases, with outputs and without. */
static void expect_classes(const float outputs[3][N_OUT], int64_t n_out, const int32_t classes[3])
{
    static const float zeros[3][N_IN];
    static float weights[(N_IN + 1) * N_OUT];
    float found[N_OUT];
    for (int i = 0; i < 3; i++) {
        const cmlp_rows rows = cmlp_dense_rows(zeros, CMLP_FLOAT32, i + 1, N_IN);
        int32_t given[4] = {-7, -7, -7, -7};
        cmlp_prediction p = {.struct_size = sizeof p, .class_indices = given, .n_class_indices = i + 1};
        memcpy(weights + N_IN * n_out, outputs[i], (size_t)n_out * sizeof(float));
        const int64_t n = (N_IN + 1) * n_out;
        CHECK(cmlp_forward(net, weights, n, &rows, &p, SPACE(scratch_memory, sizeof scratch_memory)) == CMLP_OK);
        for (int k = 0; k <= i; k++) check_that(given[k] == classes[i], "row %d: %d", i, (int)given[k]);
        CHECK(given[i + 1] == -7);
        p.outputs = found;
        p.n_outputs = i ? 0 : n_out;
        CHECK(cmlp_forward(net, weights, n, &rows, &p, SPACE(scratch_memory, sizeof scratch_memory)) ==
              (i ? CMLP_ERROR_LENGTH : CMLP_OK));
        p.outputs = NULL;
        p.n_outputs = 0;
        p.n_class_indices = i;
        const cmlp_status status = cmlp_forward(net, weights, n, &rows, &p, SPACE(scratch_memory, sizeof scratch_memory));
        CHECK(status == CMLP_ERROR_LENGTH);
    }
}

static void test_classes_of_outputs(void)
{
    static const float logits[3][N_OUT] = {{0.5f, 0.1f, 0.4f}, {0, 0.5f, 0.5f}, {0.1f, 0.2f, 0.7f}};
    static const float logistic[3][N_OUT] = {{-1}, {0}, {0.5f}};
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    expect_classes(logits, N_OUT, (const int32_t[]){0, 1, 2});
    make_net(CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, 1);
    expect_classes(logistic, 1, (const int32_t[]){0, 0, 1});
    const int32_t regressors[] = {CMLP_ACTIVATION_IDENTITY, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_EXP};
    for (int i = 0; i < 3; i++) {
        make_net(regressors[i], CMLP_LOSS_SQUARED_ERROR, N_OUT);
        expect_classes(logits, N_OUT, (const int32_t[]){-1, -1, -1});
    }
}

/* All arrays in one call: the same bits as each alone. */
static void test_all_outputs_at_once(void)
{
    static const float x[3][N_IN] = {{1, -2}, {0.5f, 0}, {-1, 1}};
    float outputs[2][3 * N_OUT], activations[2][3 * N_OUT], sums[2][3 * N_OUT];
    int32_t classes[2][3];
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    for (int64_t n = 1; n <= 3; n++) {
        const cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, n, N_IN);
        const size_t bytes = (size_t)(n * N_OUT) * sizeof(float);
        for (int wanted = 0; wanted < 16; wanted++)
            for (int k = 0; k < (wanted == 15 ? 1 : 2); k++) {
                cmlp_prediction p = CMLP_INIT(cmlp_prediction);
                const int of = k ? wanted : 15, to = k;
                if (of & 1) p.outputs = outputs[to], p.n_outputs = 3 * N_OUT;
                if (of & 2) p.activations = activations[to], p.n_activations = 3 * N_OUT;
                if (of & 4) p.sums = sums[to], p.n_sums = 3 * N_OUT;
                if (of & 8) p.class_indices = classes[to], p.n_class_indices = 3;
                CHECK(cmlp_forward(net, params, cmlp_net_n_params(net), &rows, &p,
                                   SPACE(scratch_memory, sizeof scratch_memory)) == CMLP_OK);
                CHECK(!(of & 1) || !memcmp(outputs[to], outputs[0], bytes));
                CHECK(!(of & 2) || !memcmp(activations[to], outputs[0], bytes));
                CHECK(!(of & 4) || !memcmp(sums[to], sums[0], bytes));
                CHECK(!(of & 8) || !memcmp(classes[to], classes[0], (size_t)n * sizeof(int32_t)));
            }
    }
}

/* One row: of its own, of many by their order, and sparse, in the workspace of one row. */
static void test_one_row(void)
{
    static unsigned char scratch[1 << 14];
    const float values[] = {-2, -1, 2, 1};
    const int64_t second = 1, indptr[] = {0, 2}, columns[] = {0, 1};
    float output[N_OUT], again[N_OUT];
    int32_t label = -7;
    size_t bytes = 0;
    cmlp_rows row = cmlp_dense_rows(values + 2, CMLP_FLOAT32, 1, N_IN);
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &bytes, NULL) == CMLP_OK && bytes <= sizeof scratch);
    CHECK(cmlp_net_workspace_size(NULL, NULL, NULL, NULL, &bytes, NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, NULL, NULL) == CMLP_ERROR_NULL);
    CHECK(predict_one(net, params, &row, &label, output, scratch + 1, bytes) == CMLP_OK && label == 2);
    row.scale = -1;
    CHECK(predict_one(net, params, &row, &label, again, scratch, bytes) == CMLP_OK && label == 0);
    cmlp_rows of_many = cmlp_dense_rows(values, CMLP_FLOAT32, 2, N_IN);
    of_many.order = &second;
    of_many.n_order = 1;
    CHECK(predict_one(net, params, &of_many, &label, again, scratch, bytes) == CMLP_OK && label == 2);
    CHECK(!memcmp(output, again, sizeof output));
    const cmlp_rows sparse = cmlp_csr_rows(values + 2, CMLP_FLOAT32, columns, indptr, CMLP_INT64, 2, 1, N_IN);
    label = -7;
    CHECK(predict_one(net, params, &sparse, &label, again, scratch, bytes) == CMLP_OK && label == 2);
    CHECK(!memcmp(output, again, sizeof output));
}

/* ---- labels of model files */

static _Alignas(64) unsigned char model_memory[1 << 14];
static const cmlp_model *model;

#define TEXT(string) {.text = (string), .n_text = sizeof(string) - 1, .kind = CMLP_VALUE_TEXT}
#define INTEGER(i) {.integer = (i), .kind = CMLP_VALUE_INTEGER}
#define LARGE(digits) {.text = (digits), .n_text = sizeof(digits) - 1, .kind = CMLP_VALUE_LARGE_INTEGER}

static cmlp_model_content content_of(const cmlp_value *labels, int64_t n)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.labels = labels;
    content.n_labels = n;
    content.write = model_file_append;
    content.write_context = &file;
    file.size = 0;
    return content;
}

/* Writes a model of N_OUT classes with labels, or NULL for none. */
static cmlp_status write_labels(const cmlp_value *labels, int is_multilabel)
{
    const int32_t output = is_multilabel ? CMLP_ACTIVATION_LOGISTIC : CMLP_ACTIVATION_SOFTMAX;
    cmlp_model_content content = content_of(labels, labels ? N_OUT : 0);
    content.kind = is_multilabel ? CMLP_MODEL_MULTILABEL : 0;
    make_net(output, CMLP_LOSS_LOG, N_OUT);
    return cmlp_model_write(net, params, cmlp_net_n_params(net), &content,
                            SPACE(scratch_memory, sizeof scratch_memory));
}

static cmlp_status load(void)
{
    return cmlp_model_init(model_memory, sizeof model_memory, file.bytes, file.size, NULL, &model,
                           SPACE(scratch_memory, sizeof scratch_memory));
}

static void expect(const cmlp_value *labels, int32_t index, const char *text)
{
    cmlp_value label = {.padding = 7, .reserved = 7};
    CHECK(write_labels(labels, 0) == CMLP_OK && load() == CMLP_OK);
    CHECK(cmlp_model_find_label(model, index, &label, NULL) == CMLP_OK && label.n_text == (int64_t)strlen(text));
    check_that(!memcmp(label.text, text, strlen(text)), "[%d]: %.*s", (int)index, (int)label.n_text, label.text);
    CHECK(label.kind == labels[index].kind && label.integer == labels[index].integer);
    CHECK(label.number == labels[index].number && !label.padding && !label.reserved);
    CHECK(label.text >= (const char *)file.bytes && label.text < (const char *)file.bytes + file.size);
}

static void refuse_label(const cmlp_value *labels, int32_t index, cmlp_status expected)
{
    cmlp_value label = {.n_text = 7};
    CHECK(write_labels(labels, 0) == CMLP_OK && load() == CMLP_OK);
    CHECK(cmlp_model_find_label(model, index, &label, NULL) == expected && label.n_text == 7);
}

/* Both ways to predict a row with the model of a file give this label. */
static void expect_prediction(const cmlp_value *labels, int is_multilabel, int32_t expected)
{
    const float row[N_IN] = {2, 1};
    const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, N_IN);
    float outputs[N_OUT];
    int32_t one = -7, of_rows = -7;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = scratch_memory;
    run.workspace_size = sizeof scratch_memory;
    CHECK(write_labels(labels, is_multilabel) == CMLP_OK && load() == CMLP_OK);
    CHECK(predict_values(CMLP_FLOAT32, model, row, N_IN, &one, outputs, N_OUT, scratch_memory, sizeof scratch_memory) == CMLP_OK);
    CHECK(predict_values(CMLP_FLOAT32, model, row, N_IN, NULL, NULL, 0, scratch_memory, sizeof scratch_memory) == CMLP_OK);
    CHECK(predict_rows(model, &rows, &of_rows, outputs, N_OUT, &run) == CMLP_OK);
    CHECK(predict_rows(model, &rows, NULL, outputs, N_OUT, &run) == CMLP_OK);
    CHECK(one == expected && of_rows == expected);
}

static void test_labels_of_files(void)
{
    static const cmlp_value texts[] = {TEXT("a\"b"), TEXT("caf"), TEXT("\xc3\xa9")};
    static const cmlp_value unusual[] = {TEXT(""), TEXT("a\0b"), TEXT("\xed\xa0\x80")}; /* half of a surrogate pair */
    static const cmlp_value integers[] = {INTEGER(INT64_MIN), INTEGER(0), INTEGER(7)};
    static const cmlp_value numbers[] = {{.text = "-1.5", .n_text = 4, .number = -1.5, .kind = CMLP_VALUE_DOUBLE},
                                         {.text = "1e-45", .n_text = 5, .number = 1e-45, .kind = CMLP_VALUE_DOUBLE},
                                         {.text = "1e+10", .n_text = 5, .number = 1e10, .kind = CMLP_VALUE_DOUBLE}};
    static const cmlp_value large[] = {LARGE("0"), LARGE("7"), LARGE("18446744073709551615")};
    static const cmlp_value indices[] = {INTEGER(0), INTEGER(1), INTEGER(2)};
    cmlp_value label;
    expect(texts, 0, "a\"b");
    expect(texts, 2, "\xc3\xa9");
    expect(unusual, 2, "\xed\xa0\x80");
    CHECK(cmlp_model_find_label(model, 1, &label, NULL) == CMLP_OK && label.n_text == 3 && !memcmp(label.text, "a\0b", 3));
    CHECK(cmlp_model_find_label(model, 0, &label, NULL) == CMLP_OK && label.n_text == 0 && label.text);
    expect(integers, 0, "-9223372036854775808");
    expect(integers, 1, "0");
    expect(numbers, 0, "-1.5");
    expect(numbers, 1, "1e-45");
    expect(large, 0, "0");
    expect(large, 1, "7");
    expect(large, 2, "18446744073709551615");
    expect_prediction(NULL, 0, 2);
    expect_prediction(texts, 0, 2);
    expect_prediction(indices, 1, -1);
    refuse_label(texts, 3, CMLP_ERROR_INDEX);
    refuse_label(texts, -1, CMLP_ERROR_INDEX);
    refuse_label(NULL, 0, CMLP_ERROR_NOT_FOUND);
    CHECK(cmlp_model_find_label(NULL, 0, &label, NULL) == CMLP_ERROR_NULL && cmlp_model_find_label(model, 0, NULL, NULL) == CMLP_ERROR_NULL);
}

/* Python has a type for the integers from 0 to 2^64 - 1. */
static void test_refused_large_labels(void)
{
    static const cmlp_value leading[] = {LARGE("01"), LARGE("2"), LARGE("3")}, sign[] = {LARGE("-"), LARGE("2"), LARGE("3")};
    static const cmlp_value zero[] = {LARGE("-0"), LARGE("2"), LARGE("3")}, order[] = {LARGE("9"), LARGE("10"), LARGE("2")};
    static const cmlp_value below[] = {LARGE("-1"), LARGE("2"), LARGE("3")};
    static const cmlp_value beyond[] = {LARGE("0"), LARGE("2"), LARGE("18446744073709551616")};
    CHECK(write_labels(below, 0) == CMLP_ERROR_TEXT && write_labels(beyond, 0) == CMLP_ERROR_TEXT);
    CHECK(write_labels(leading, 0) == CMLP_ERROR_TEXT && write_labels(sign, 0) == CMLP_ERROR_TEXT);
    CHECK(write_labels(zero, 0) == CMLP_ERROR_TEXT && write_labels(order, 0) == CMLP_ERROR_VALUE);
}

/* One logistic output has one label or two. */
static void test_labels_of_one_output(void)
{
    static const cmlp_value truth[] = {{.kind = CMLP_VALUE_BOOLEAN}, {.integer = 1, .kind = CMLP_VALUE_BOOLEAN}};
    static const cmlp_value three[] = {INTEGER(0), INTEGER(1), INTEGER(2)};
    cmlp_model_content content = content_of(NULL, 0);
    make_net(CMLP_ACTIVATION_LOGISTIC, CMLP_LOSS_LOG, 1);
    for (int i = 0; i < 2; i++) {
        cmlp_value label;
        content = content_of(truth + 1 - i, 1 + i);
        CHECK(cmlp_model_write(net, params, cmlp_net_n_params(net), &content,
                               SPACE(scratch_memory, sizeof scratch_memory)) == CMLP_OK);
        CHECK(load() == CMLP_OK && cmlp_model_find_label(model, i, &label, NULL) == CMLP_OK);
        CHECK(label.n_text == 4 && !memcmp(label.text, "True", 4) && label.integer == 1);
    }
    /* The model of two labels has two outputs, and its network one. */
    const float values[2 * N_IN] = {2, 1, -2, -1};
    const cmlp_rows rows = cmlp_dense_rows(values, CMLP_FLOAT32, 2, N_IN);
    float outputs[4];
    int32_t labels[4];
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = scratch_memory;
    run.workspace_size = sizeof scratch_memory;
    for (int64_t n = -1; n < 4; n++)
        CHECK(predict_rows(model, &rows, labels, outputs, n, &run) == CMLP_ERROR_LENGTH &&
              !strcmp(run.refused, "prediction->outputs"));
    CHECK(predict_rows(model, &rows, labels, NULL, 1, &run) == CMLP_ERROR_NULL &&
          !strcmp(run.refused, "prediction->outputs"));
    CHECK(predict_rows(model, &rows, labels + 2, NULL, 0, &run) == CMLP_OK); /* labels alone */
    CHECK(predict_rows(model, &rows, labels, (float *)(void *)((char *)outputs + 1), 4, &run) ==
          CMLP_ERROR_ALIGNMENT && !strcmp(run.refused, "prediction->outputs"));
    CHECK(predict_rows(model, &rows, labels, outputs, 4, &run) == CMLP_OK);
    CHECK(outputs[0] + outputs[1] == 1 && labels[0] == (outputs[1] > 0.5f));
    CHECK(labels[0] == labels[2] && labels[1] == labels[3]);
    content = content_of(three, 3);
    CHECK(cmlp_model_write(net, params, cmlp_net_n_params(net), &content,
                           SPACE(scratch_memory, sizeof scratch_memory)) == CMLP_ERROR_VALUE);
}

/* Each solver's name and its defaults, which a call accepts. */
static void test_solvers(void)
{
    static float own[9], gradient[9];
    static struct { cmlp_optimizer_state counters; float moments[18]; } state;
    make_net(CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG, N_OUT);
    for (int32_t solver = CMLP_SOLVER_SGD; solver <= CMLP_SOLVER_ADAMW; solver++) {
        cmlp_optimizer optimizer = cmlp_default_optimizer(solver);
        CHECK(optimizer.solver == solver && optimizer.beta_1 == 0.9 && optimizer.beta_2 == 0.999);
        memset(&state, 0, sizeof state);
        memset(own, 0, sizeof own);
        for (int i = 0; i < 9; i++) gradient[i] = 1;
        optimizer.state = &state;
        optimizer.state_size = sizeof state;
        CHECK(cmlp_step(net, own, cmlp_net_n_params(net), gradient, cmlp_net_n_params(net), &optimizer, NULL) == CMLP_OK && own[0] < 0 && state.counters.n_steps == 1);
        CHECK(cmlp_solver_name(solver) != NULL);
    }
    CHECK(!strcmp(cmlp_solver_name(CMLP_SOLVER_NESTEROV), "nesterov"));
    CHECK(!cmlp_solver_name(0) && !cmlp_solver_name(CMLP_SOLVER_ADAMW + 1));
    CHECK(cmlp_isa_name(cmlp_net_isa(net)) != NULL);
    for (cmlp_isa isa = CMLP_ISA_GENERIC; isa <= CMLP_ISA_NEON; isa *= 2) CHECK(cmlp_isa_name(isa) != NULL);
    CHECK(!strcmp(cmlp_isa_name(CMLP_ISA_AVX512), "avx512") && !cmlp_isa_name(3) && !cmlp_isa_name(0));
}

int main(void)
{
    test_classes_of_outputs();
    test_all_outputs_at_once();
    test_one_row();
    test_labels_of_files();
    test_refused_large_labels();
    test_labels_of_one_output();
    test_solvers();
    return finish();
}
