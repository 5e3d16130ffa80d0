/* A network inside a real-time audio callback. An audio system calls `process` for each block of samples, on a thread
 * that must never wait: here it allocates nothing, takes no lock and makes no system call. The network models an
 * overdriven amplifier: it computes each output sample from the last 8 input samples. All memory is static; training
 * happens before the stream starts.
 *
 *   cc -O2 audio_callback.c cmlp.c -pthread -lm -o audio_callback && ./audio_callback */
#include <cmlp.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WINDOW = 8, HIDDEN = 8, BLOCK = 64, BLOCKS = 50, N_PARAMS = WINDOW * HIDDEN + HIDDEN + HIDDEN + 1 };
enum { TRAINING = 4000, EPOCHS = 30 };

typedef struct effect {
    char net_memory[CMLP_NET_SIZE(3)];
    const cmlp_net *net; /* in net_memory */
    float params[N_PARAMS];
    float history[WINDOW - 1 + BLOCK]; /* the samples before the block, then the block */
    unsigned char workspace[65536];
} effect;

/* Row i of the input is samples[i] to samples[i + WINDOW - 1]: the rows overlap, and nothing is copied. */
static cmlp_rows windows(const float *samples, int64_t n)
{
    cmlp_rows rows = cmlp_dense_rows(samples, CMLP_FLOAT32, n, WINDOW);
    rows.row_stride = sizeof(float);
    return rows;
}

/* The callback: computes a block of output samples in time that does not depend on the samples. */
static cmlp_status process(effect *e, const float *input, float *output)
{
    memmove(e->history, e->history + BLOCK, (WINDOW - 1) * sizeof(float));
    memcpy(e->history + WINDOW - 1, input, BLOCK * sizeof(float));
    const cmlp_rows rows = windows(e->history, BLOCK);
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = e->workspace;
    run.workspace_size = sizeof e->workspace;
    const cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = BLOCK};
    return cmlp_forward(e->net, e->params, N_PARAMS, &rows, &prediction, &run);
}

/* The amplifier that the network learns: a gain of 3, limited softly, and an echo after 5 samples. */
static float amplifier(const float *newest) { return tanhf(3 * newest[0] + newest[-5]); }

static float signal_at(int i)
{
    return 0.5f * sinf(0.06f * (float)i) + 0.3f * sinf(0.31f * (float)i) + 0.1f * sinf(1.7f * (float)i);
}

/* Trains before the stream starts, with the same memory. */
static cmlp_status prepare(effect *e)
{
    static float samples[WINDOW - 1 + TRAINING], targets[TRAINING];
    static struct {
        cmlp_optimizer_state counters;
        float moments[2 * N_PARAMS];
    } state;
    static unsigned char workspace[1 << 18];
    const int64_t sizes[] = {WINDOW, HIDDEN, 1};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_IDENTITY};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.n_layers = 3;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    cmlp_random random;
    cmlp_random_seed(&random, 2);
    cmlp_status status = cmlp_net_init(e->net_memory, sizeof e->net_memory, &config, &e->net, NULL);
    if (!status) status = cmlp_net_init_params(e->net, &random, e->params, N_PARAMS, NULL);
    for (int i = 0; i < WINDOW - 1 + TRAINING; i++) samples[i] = (float)(2 * cmlp_random_double(&random) - 1);
    for (int i = 0; i < TRAINING; i++) targets[i] = amplifier(samples + i + WINDOW - 1);

    const cmlp_rows rows = windows(samples, TRAINING);
    const cmlp_targets y = cmlp_dense_targets(targets, CMLP_FLOAT32, TRAINING, 1);
    const cmlp_objective objective = CMLP_INIT(cmlp_objective);
    cmlp_optimizer optimizer = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    optimizer.learning_rate = 0.01;
    optimizer.state = &state;
    optimizer.state_size = sizeof state;
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    epoch.batch_size = 20;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    for (int i = 0; i < EPOCHS && !status; i++)
        status = cmlp_train_epoch(e->net, e->params, N_PARAMS, &rows, &y, &objective, &optimizer, &epoch, NULL, &run);
    return status;
}

int main(void)
{
    static effect e;
    static float input[BLOCKS * BLOCK], output[BLOCKS * BLOCK];
    cmlp_status status = prepare(&e);
    for (int i = 0; i < BLOCKS * BLOCK; i++) input[i] = signal_at(i);
    for (int b = 0; b < BLOCKS && !status; b++) status = process(&e, input + b * BLOCK, output + b * BLOCK);
    if (status) {
        fprintf(stderr, "%s\n", cmlp_status_string(status));
        return 1;
    }
    double error = 0, power = 0;
    for (int i = WINDOW; i < BLOCKS * BLOCK; i++) {
        const double wanted = (double)amplifier(input + i), difference = (double)output[i] - wanted;
        error += difference * difference;
        power += wanted * wanted;
    }
    printf("%d blocks of %d samples; error %.1f %% of the signal\n", BLOCKS, BLOCK, 100 * sqrt(error / power));
    return 0;
}
