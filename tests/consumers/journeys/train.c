/* Trains a classifier, writes it with its training to the path that is the argument, and prints a prediction of the
 * file. Python loads the same file as an MLPClassifier. */
#include "journey.h"

static int write_piece(void *context, const void *bytes, size_t n) { return fwrite(bytes, 1, n, (FILE *)context) != n; }

static void save(const learner *l, const cmlp_training *training, const char *path)
{
    const cmlp_value labels[] = {text_value("first"), text_value("other"), text_value("third")};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    cmlp_run run = CMLP_INIT(cmlp_run);
    OK(cmlp_net_workspace_size(net_of(l), NULL, NULL, NULL, &run.workspace_size, &run));
    run.workspace = malloc(run.workspace_size);
    FILE *const file = fopen(path, "wb");
    CHECK(run.workspace && file);
    content.labels = labels;
    content.n_labels = 3;
    content.training = training;
    content.write = write_piece;
    content.write_context = file;
    OK(cmlp_model_write(net_of(l), l->params, N_PARAMS, &content, &run));
    CHECK(!fclose(file));
    free(run.workspace);
}

int main(int argc, char **argv)
{
    enum { EPOCHS = 40 };
    static learner l;
    static float x[N_ROWS * N_IN];
    static int32_t y[N_ROWS];
    static int64_t order[N_ROWS];
    double losses[EPOCHS];
    CHECK(argc == 2);
    make_rows(x, y, N_ROWS);
    begin(&l, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG);
    for (int64_t i = 0; i < N_ROWS; i++) order[i] = i;
    cmlp_rows rows = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    rows.order = order;
    rows.n_order = N_ROWS;
    const cmlp_targets targets = cmlp_class_targets(y, N_ROWS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    objective.alpha = 1e-4;
    objective.log_loss_clip = 1.1920928955078125e-07; /* epsilon of float */
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    epoch.batch_size = 32;
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    l.optimizer.learning_rate = 0.02;
    l.optimizer.momentum = -1; /* Adam does not read it */
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.n_threads = 2;
    workspace_of(&l, &rows, &objective, &epoch, &run);
    for (int e = 0; e < EPOCHS; e++) {
        cmlp_random_shuffle(&l.random, order, N_ROWS);
        OK(cmlp_train_epoch(net_of(&l), l.params, cmlp_net_n_params(net_of(&l)), &rows, &targets, &objective,
                            &l.optimizer, &epoch, &result, &run));
        losses[e] = result.cost + result.penalty;
    }
    CHECK(losses[EPOCHS - 1] < losses[0] / 2);
    cmlp_training training = CMLP_INIT(cmlp_training);
    training.optimizer = &l.optimizer;
    training.random = &l.random;
    training.order = order;
    training.n_rows = N_ROWS;
    training.batch_size = 32;
    training.n_epochs = EPOCHS;
    training.objectives = losses;
    training.alpha = objective.alpha;
    save(&l, &training, argv[1]);
    cmlp_file file;
    float output[N_OUT];
    int32_t label;
    OK(cmlp_file_load(&file, argv[1], NULL));
    OK(predict_one(file.model, x, CMLP_FLOAT32, N_IN, &label, output, N_OUT, &file.run));
    printf("%.9g %.9g %.9g\n", (double)output[0], (double)output[1], (double)output[2]);
    cmlp_file_free(&file);
    free(run.workspace);
    return 0;
}
