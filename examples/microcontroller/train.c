/* A network is trained on a Cortex-M4: 64, 16 and 10 neurons on the rows of ROWS (bytes) and the classes of LABELS (bytes).
 * All memory is static. The program writes a model file through the debugger (semihosting), with all that Python needs
 * to continue the training. The result is bit-identical to training without a break.
 *
 *   arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=gnu11 -Os -I. \
 *       -DCMLP_PARTS=0 -DCMLP_BUILD_TRAINING=1 -DROWS='"rows.bin"' -DLABELS='"labels.bin"' \
 *       -DTRAINED='"trained.cmlp"' train.c cmlp.c --specs=nano.specs -ffunction-sections -fdata-sections -nostartfiles \
 *       -Wl,--gc-sections -T board.ld -lm -o firmware.elf
 *   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel firmware.elf */
#include <cmlp.h>

#include <float.h>
#include <string.h>

#include "board.h"

EMBED(rows, ROWS);
EMBED(labels, LABELS);

enum { PIXELS = 64, HIDDEN = 16, CLASSES = 10, N_PARAMS = PIXELS * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES };
enum { EPOCHS = 5, BATCH = 10, MOST_ROWS = 200, WORKSPACE_SIZE = 14 * 1024 };

static char net_memory[CMLP_NET_SIZE(3)];
static int64_t order[MOST_ROWS];
static float params[N_PARAMS];
static struct {
    cmlp_optimizer_state counters;
    float moments[2 * N_PARAMS];
} state;
static unsigned char workspace[WORKSPACE_SIZE];
static int32_t classes[MOST_ROWS];
static double losses[EPOCHS];
static cmlp_random generator;
static cmlp_optimizer optimizer;

static cmlp_status make_net(const cmlp_net **net)
{
    static const int64_t sizes[] = {PIXELS, HIDDEN, CLASSES};
    static const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_SOFTMAX};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.n_layers = 3;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    return cmlp_net_init(net_memory, sizeof net_memory, &config, net, NULL);
}

static cmlp_status train(const cmlp_net *net, cmlp_rows *x, const cmlp_objective *objective, cmlp_run *run)
{
    const cmlp_targets y = cmlp_class_targets(classes, x->n_rows);
    cmlp_epoch epoch = CMLP_INIT(cmlp_epoch);
    epoch.batch_size = BATCH;
    cmlp_epoch_result result = CMLP_INIT(cmlp_epoch_result);
    cmlp_rows batch = *x; /* the workspace is for training alone, which has the rows of one batch in it */
    batch.n_order = BATCH;
    optimizer = cmlp_default_optimizer(CMLP_SOLVER_ADAM);
    optimizer.learning_rate = 0.01;
    optimizer.state = &state;
    optimizer.state_size = sizeof state;
    cmlp_random_seed(&generator, 0);
    cmlp_status status = cmlp_net_init_params(net, &generator, params, N_PARAMS, NULL);
    if (!status) status = cmlp_net_workspace_size(net, &batch, objective, &epoch, &run->workspace_size, run);
    if (!status && run->workspace_size > sizeof workspace) status = CMLP_ERROR_BUFFER_SIZE;
    for (int i = 0; i < EPOCHS && !status; i++) {
        cmlp_random_shuffle(&generator, order, x->n_rows);
        status = cmlp_train_epoch(net, params, N_PARAMS, x, &y, objective, &optimizer, &epoch, &result, run);
        losses[i] = result.cost + result.penalty;
    }
    return status;
}

static int write_part(void *file, const void *bytes, size_t n)
{
    const uintptr_t arguments[] = {*(const uint32_t *)file, (uintptr_t)bytes, n};
    return semihosting(5, arguments) != 0; /* SYS_WRITE returns the number of bytes that were not written */
}

static cmlp_status save(const cmlp_net *net, const cmlp_rows *x, double alpha)
{
    static cmlp_value labels[10];
    for (int i = 0; i < 10; i++) labels[i] = (cmlp_value){.integer = i, .kind = CMLP_VALUE_INTEGER};
    static const char name[] = TRAINED;
    const uintptr_t arguments[] = {(uintptr_t)name, 5, sizeof name - 1}; /* mode 5: "wb" */
    uint32_t file = semihosting(1, arguments);
    cmlp_training training = CMLP_INIT(cmlp_training);
    training.optimizer = &optimizer;
    training.random = &generator;
    training.order = order;
    training.n_rows = x->n_rows;
    training.batch_size = BATCH;
    training.n_epochs = EPOCHS;
    training.objectives = losses;
    training.alpha = alpha;
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.input_scale = x->scale;
    content.labels = labels;
    content.n_labels = 10;
    content.training = &training;
    content.write = write_part;
    content.write_context = &file;
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    const cmlp_status status = cmlp_model_write(net, params, N_PARAMS, &content, &run);
    return semihosting(2, &file) ? CMLP_ERROR_WRITE : status;
}

static cmlp_status train_and_save(cmlp_run *run)
{
    const cmlp_net *net;
    const int64_t n_rows = labels_end - labels;
    cmlp_rows x = cmlp_dense_rows(rows, CMLP_UINT8, n_rows, PIXELS);
    cmlp_objective objective = CMLP_INIT(cmlp_objective);
    x.scale = 1 / 255.0;
    x.order = order;
    x.n_order = n_rows;
    objective.alpha = 1e-4;
    objective.log_loss_clip = FLT_EPSILON; /* as Python reports costs */
    if (n_rows > MOST_ROWS) return CMLP_ERROR_BUFFER_SIZE;
    for (int64_t i = 0; i < n_rows; i++) {
        order[i] = i;
        classes[i] = labels[i];
    }
    cmlp_status status = make_net(&net);
    if (!status) status = train(net, &x, &objective, run);
    return status ? status : save(net, &x, objective.alpha);
}

static void report(void)
{
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    const cmlp_status status = train_and_save(&run);
    print("RAM: network, weights, moments, generator ");
    print_number(sizeof net_memory + sizeof params + sizeof state + sizeof generator, ", workspace ");
    print_number((uint32_t)run.workspace_size, ", static in all ");
    print_number((uint32_t)(bss_end - data_start), ", stack ");
    print_number(stack_used(), " bytes\nflash: code and constants ");
    print_number((uint32_t)(flash_end - (unsigned char *)0) - (uint32_t)(rows_end - rows) -
                     (uint32_t)(labels_end - labels), " bytes\n");
    print(cmlp_status_name(status));
    print("\n");
}
