/* Trains a network of 784, 32 and 10 neurons on handwritten digits, prints its accuracy, and writes a model file that
 * classify.c reads. Python's cmlp.load reads it as a classifier, whose fit(X, y, resume=True) continues the training.
 *
 *   cc -O2 train_digits.c cmlp.c -pthread -o train_digits
 *   ./train_digits train-images-idx3-ubyte train-labels-idx1-ubyte digits.cmlp */
#include <cmlp.h>

#include <float.h>
#include <string.h>

#include "idx.h"

enum { PIXELS = 784, HIDDEN = 32, DIGITS = 10, N_PARAMS = PIXELS * HIDDEN + HIDDEN + HIDDEN * DIGITS + DIGITS };
enum { EPOCHS = 5, BATCH = 50, THREADS = 2 };

static char net_memory[CMLP_NET_SIZE(3)];
static float params[N_PARAMS];
static struct {
    cmlp_optimizer_state counters;
    float moments[2 * N_PARAMS];
} state;
static double losses[EPOCHS];
static cmlp_optimizer optimizer;
static cmlp_random generator;
static int64_t *order;

static void check(cmlp_status status, const char *what)
{
    if (status == CMLP_OK) return;
    fprintf(stderr, "%s: %s\n", what, cmlp_status_string(status));
    exit(1);
}

static const cmlp_net *make_net(void)
{
    const int64_t sizes[] = {PIXELS, HIDDEN, DIGITS};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net *net;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.n_layers = 3;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    check(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL), "net");
    return net;
}

static void train(const cmlp_net *net, cmlp_rows rows, const cmlp_targets *targets, const cmlp_objective *objective,
                  const cmlp_epoch *epoch, cmlp_run *run)
{
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    order = malloc((size_t)rows.n_rows * sizeof *order);
    if (!order) exit(1);
    for (int64_t i = 0; i < rows.n_rows; i++) order[i] = i;
    rows.order = order;
    rows.n_order = rows.n_rows;
    optimizer = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    optimizer.learning_rate = 0.003;
    optimizer.state = &state;
    optimizer.state_size = sizeof state;
    cmlp_random_seed(&generator, 1);
    check(cmlp_net_init_params(net, &generator, params, N_PARAMS, NULL), "parameters");
    for (int i = 0; i < EPOCHS; i++) {
        cmlp_random_shuffle(&generator, order, rows.n_rows);
        check(cmlp_train_epoch(net, params, N_PARAMS, &rows, targets, objective, &optimizer, epoch, &result, run),
              "training");
        losses[i] = result.cost + result.penalty;
        printf("epoch %d: cost %.4f\n", i + 1, result.cost);
    }
}

/* Returns how many rows the network classifies correctly. */
static int64_t count_correct(const cmlp_net *net, const cmlp_rows *rows, const int32_t *labels, cmlp_run *run)
{
    float(*output)[DIGITS] = malloc((size_t)rows->n_rows * sizeof *output);
    int32_t *answers = malloc((size_t)rows->n_rows * sizeof *answers);
    int64_t correct = 0;
    if (!output || !answers) exit(1);
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .class_indices = answers, .n_class_indices = rows->n_rows};
    check(cmlp_forward(net, params, N_PARAMS, rows, &prediction, run), "prediction");
    for (int64_t i = 0; i < rows->n_rows; i++) correct += answers[i] == labels[i];
    free(answers);
    free(output);
    return correct;
}

static int write_part(void *file, const void *bytes, size_t n) { return fwrite(bytes, 1, n, file) != n; }

/* What Python needs to continue. */
static cmlp_training training_of(int64_t n_rows, double alpha)
{
    cmlp_training training = CMLP_INIT(cmlp_training);
    training.optimizer = &optimizer;
    training.random = &generator;
    training.order = order;
    training.n_rows = n_rows;
    training.batch_size = BATCH;
    training.n_epochs = EPOCHS;
    training.objectives = losses;
    training.alpha = alpha;
    return training;
}

static void save(const cmlp_net *net, const cmlp_rows *rows, double alpha, const char *path, cmlp_run *run)
{
    FILE *file = fopen(path, "wb");
    cmlp_value labels[10] = {{.kind = CMLP_VALUE_INTEGER}};
    for (int i = 1; i < 10; i++) labels[i] = (cmlp_value){.integer = i, .kind = CMLP_VALUE_INTEGER};
    const cmlp_training training = training_of(rows->n_rows, alpha);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.labels = labels;
    content.n_labels = 10;
    content.training = &training;
    content.input_scale = rows->scale;
    content.write = write_part;
    content.write_context = file;
    if (!file) check(CMLP_ERROR_WRITE, path);
    check(cmlp_model_write(net, params, N_PARAMS, &content, run), path);
    if (fclose(file)) check(CMLP_ERROR_WRITE, path);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: train_digits IMAGES LABELS MODEL\n");
        return 2;
    }
    const idx images = read_idx(argv[1], 3), digits = read_idx(argv[2], 1);
    int32_t *labels = malloc((size_t)digits.n * sizeof *labels);
    if (!labels || images.n != digits.n || images.size != PIXELS) return 1;
    for (int64_t i = 0; i < digits.n; i++) labels[i] = digits.data[i];
    /* Bytes stay bytes until they are in registers. */
    cmlp_rows rows = cmlp_dense_rows(images.data, CMLP_UINT8, images.n, PIXELS);
    rows.scale = 1 / 255.0;
    const cmlp_targets targets = cmlp_class_targets(labels, digits.n);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    objective.alpha = 1e-4; /* L2 penalty */
    objective.log_loss_clip = FLT_EPSILON; /* the costs are then those that Python reports */
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    epoch.batch_size = BATCH;

    const cmlp_net *net = make_net();
    cmlp_run run = CMLP_INIT(cmlp_run); /* its workspace also serves predictions and the file */
    run.n_threads = THREADS;
    check(cmlp_net_workspace_size(net, &rows, &objective, &epoch, &run.workspace_size, &run), "workspace");
    run.workspace = malloc(run.workspace_size);
    train(net, rows, &targets, &objective, &epoch, &run);
    printf("%.1f %% of the training images are read correctly\n",
           100.0 * (double)count_correct(net, &rows, labels, &run) / (double)images.n);
    save(net, &rows, objective.alpha, argv[3], &run);
    free(run.workspace);
    free(order);
    free(labels);
    free(images.file);
    free(digits.file);
    return 0;
}
