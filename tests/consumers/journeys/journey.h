/* What the programs share: checks, a small network, rows for it. All are valid as C99 and as C++17. */
#ifndef JOURNEY_H
#define JOURNEY_H

#include <cmlp_file.h>

#include <math.h>
#include <string.h>

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);   \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)
#define OK(call)                                                                       \
    do {                                                                               \
        const cmlp_status ok_status = (call);                                          \
        if (ok_status) {                                                               \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cmlp_status_name(ok_status)); \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

enum { N_IN = 5, N_HIDDEN = 7, N_OUT = 3, N_PARAMS = (N_IN + 1) * N_HIDDEN + (N_HIDDEN + 1) * N_OUT, N_ROWS = 300 };

/* A label or a category that is a text. */
static inline cmlp_value text_value(const char *text)
{
    cmlp_value value;
    memset(&value, 0, sizeof value);
    value.kind = CMLP_VALUE_TEXT;
    value.text = text;
    value.n_text = (int64_t)strlen(text);
    return value;
}

/* A network that begins from seed 1, with its optimizer. */
typedef struct learner {
    char memory[CMLP_NET_SIZE(3)];
    const cmlp_net *net; /* in the memory */
    float params[N_PARAMS];
    struct {
        cmlp_optimizer_state counters;
        float moments[2 * N_PARAMS];
    } state;
    cmlp_optimizer optimizer;
    cmlp_random random;
} learner;

static inline const cmlp_net *net_of(const learner *l) { return l->net; }

static inline void begin(learner *l, cmlp_activation output, cmlp_loss loss)
{
    const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    const cmlp_activation activations[] = {CMLP_ACTIVATION_TANH, output};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    memset(l, 0, sizeof *l);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = loss;
    config.dtype = CMLP_FLOAT32;
    OK(cmlp_net_init(l->memory, sizeof l->memory, &config, &l->net, NULL));
    CHECK(cmlp_net_n_params(net_of(l)) == N_PARAMS);
    cmlp_random_seed(&l->random, 1);
    OK(cmlp_net_init_params(net_of(l), &l->random, l->params, N_PARAMS, NULL));
    l->optimizer = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    l->optimizer.state = &l->state;
    l->optimizer.state_size = sizeof l->state;
}

/* Rows in [0, 1), a third of them 0; the class is that of the largest of the first three. */
static inline void make_rows(float *x, int32_t *labels, int64_t n)
{
    cmlp_random random;
    cmlp_random_seed(&random, 2);
    for (int64_t i = 0; i < n; i++) {
        float *row = x + i * N_IN;
        for (int j = 0; j < N_IN; j++) {
            const double value = cmlp_random_double(&random) * 1.5 - 0.5;
            row[j] = value < 0 ? 0.0f : (float)value;
        }
        labels[i] = row[0] >= row[1] && row[0] >= row[2] ? 0 : row[1] >= row[2] ? 1 : 2;
    }
}

/* Predicts one row of a type with a model of n_in values; `output` is large enough, or NULL. */
static inline cmlp_status predict_one(const cmlp_model *model, const void *row, cmlp_dtype dtype, int64_t n_in,
                                      int32_t *label, void *output, int64_t n_outputs, cmlp_run *run)
{
    const cmlp_rows rows = cmlp_dense_rows(row, dtype, 1, n_in);
    cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
    prediction.outputs = output;
    prediction.n_outputs = n_outputs;
    prediction.class_indices = label;
    if (label) prediction.n_class_indices = 1;
    return cmlp_model_predict(model, &rows, &prediction, run);
}

/* A workspace for training with these rows. */
static inline void *workspace_of(const learner *l, const cmlp_rows *rows, const cmlp_objective *objective,
                                 const cmlp_epoch *epoch, cmlp_run *run)
{
    OK(cmlp_net_workspace_size(net_of(l), rows, objective, epoch, &run->workspace_size, run));
    run->workspace = malloc(run->workspace_size);
    CHECK(run->workspace);
    return run->workspace;
}

#endif
