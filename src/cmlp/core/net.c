/* The net's description: checked once, then constant. */
#include "net.h"

#include "arguments.h"
#include "cpu.h"
#include "sums.h"

static int is_hidden_activation(int32_t a) { return a >= CMLP_IDENTITY && a <= CMLP_RELU; }

static int is_output_activation(int32_t a)
{
    return a == CMLP_IDENTITY || a == CMLP_LOGISTIC || a == CMLP_SOFTMAX || a == CMLP_EXP;
}

static int goes_with(int32_t loss, int32_t output)
{
    switch (loss) {
    case CMLP_LOG_LOSS: return output == CMLP_SOFTMAX || output == CMLP_LOGISTIC;
    case CMLP_SQUARED_ERROR: return 1;
    case CMLP_POISSON: return output == CMLP_EXP;
    default: return 0;
    }
}

static int check_config(const cmlp_net_config *config)
{
    if (config->n_layers < 2 || config->n_layers > CMLP_MAX_LAYERS) return CMLP_ERROR_LAYERS;
    if (!config->sizes || !config->activations) return CMLP_ERROR_NULL;
    for (int32_t l = 0; l < config->n_layers; l++)
        if (config->sizes[l] < 1 || config->sizes[l] > CMLP_MAX_WIDTH) return CMLP_ERROR_WIDTH;
    const int32_t last = config->n_layers - 2;
    for (int32_t l = 0; l < last; l++)
        if (!is_hidden_activation(config->activations[l])) return CMLP_ERROR_ACTIVATION;
    if (!is_output_activation(config->activations[last])) return CMLP_ERROR_ACTIVATION;
    if (!goes_with(config->loss, config->activations[last])) return CMLP_ERROR_LOSS;
    if (config->dtype != CMLP_FLOAT32 && config->dtype != CMLP_FLOAT64) return CMLP_ERROR_DTYPE;
    return CMLP_OK;
}

/* Places the layers' tensors one behind the other. */
static int lay_out(cmlp_net *net, const cmlp_net_config *config)
{
    const int64_t most = (int64_t)((size_t)PTRDIFF_MAX / net->element);
    int64_t at = 0;
    net->widest = 0;
    for (int32_t l = 0; l < net->n_layers; l++) {
        cmlp_layer *layer = &net->layers[l];
        layer->n_in = config->sizes[l];
        layer->n_out = config->sizes[l + 1];
        layer->activation = config->activations[l];
        layer->weights = at;
        /* both factors are below 2^31: the product fits in 64 bits, and so does a sum of two such */
        int64_t n = layer->n_in * layer->n_out + layer->n_out;
        if (n > most - at) return CMLP_ERROR_OVERFLOW;
        layer->biases = at + layer->n_in * layer->n_out;
        at += n;
        if (layer->n_out > net->widest) net->widest = layer->n_out;
    }
    net->n_params = at;
    return CMLP_OK;
}

/* Whether the compiler kept the arithmetic of the files beside the kernels, all of it in double (see exact_tmpl.h). */
static int is_exact(void)
{
    volatile double a = 1 + 0x1p-27, c = -(1 + 0x1p-26), one = 1, small = 0x1p-54;
    return a * a + c == 0 && one + small - one == 0;
}

size_t cmlp_net_size(void) { return sizeof(cmlp_net); }

int cmlp_net_init(cmlp_net *memory, size_t memory_size, const cmlp_net_config *config)
{
    cmlp_net_config own;
    int status = CMLP_READ(&own, config, cmlp_net_config, isa_mask);
    if (!status) status = check_config(&own);
    if (status) return status;
    config = &own;
    if (!memory) return CMLP_ERROR_NULL;
    if (memory_size < sizeof(cmlp_net)) return CMLP_ERROR_BUFFER_SIZE;
    if (cmlp_misaligned(memory, CMLP_ALIGNMENT)) return CMLP_ERROR_ALIGNMENT;
    cmlp_net net = {.magic = CMLP_NET_MAGIC,
                    .n_layers = config->n_layers - 1,
                    .loss = config->loss,
                    .dtype = config->dtype,
                    .element = config->dtype == CMLP_FLOAT32 ? sizeof(float) : sizeof(double),
                    .kernels = cmlp_find_kernels(config->dtype, config->isa_mask)};
    if (!net.kernels) return CMLP_ERROR_ISA;
    const cmlp_float_mode mode = cmlp_enter_mode();
    const int exact = is_exact() && net.kernels->exact();
    cmlp_leave_mode(mode);
    if (!exact) return CMLP_ERROR_BUILD;
    status = lay_out(&net, config);
    if (!status) *memory = net;
    return status;
}

int cmlp_check_net(const cmlp_net *net)
{
    if (!net) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(net, CMLP_ALIGNMENT)) return CMLP_ERROR_ALIGNMENT;
    return net->magic == CMLP_NET_MAGIC ? CMLP_OK : CMLP_ERROR_NET;
}

int64_t cmlp_net_n_params(const cmlp_net *net) { return cmlp_check_net(net) ? 0 : net->n_params; }

uint32_t cmlp_net_isa(const cmlp_net *net) { return cmlp_check_net(net) ? 0 : net->kernels->isa; }

int cmlp_net_layer(const cmlp_net *net, int32_t index, cmlp_layer *layer)
{
    int status = cmlp_check_net(net);
    if (status) return status;
    if (!layer) return CMLP_ERROR_NULL;
    if (index < 0 || index >= net->n_layers) return CMLP_ERROR_LAYERS;
    *layer = net->layers[index];
    return CMLP_OK;
}

/* The output layer takes the last hidden one's. */
static double init_factor(const cmlp_net *net, int32_t l)
{
    if (l == net->n_layers - 1) l--;
    return l >= 0 && net->layers[l].activation == CMLP_LOGISTIC ? 2 : 6;
}

int cmlp_init_params(const cmlp_net *net, cmlp_random *random, void *params)
{
    int status = cmlp_check_net(net);
    if (status) return status;
    if (!random || !params) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(params, net->element)) return CMLP_ERROR_ALIGNMENT;
    cmlp_float_mode mode = cmlp_enter_mode();
    for (int32_t l = 0; l < net->n_layers; l++) {
        const cmlp_layer *layer = &net->layers[l];
        double factor = init_factor(net, l);
        double bound = cmlp_root(factor / (double)(layer->n_in + layer->n_out));
        int64_t n = layer->n_in * layer->n_out + layer->n_out;
        for (int64_t i = 0; i < n; i++) {
            double value = -bound + 2 * bound * cmlp_random_double(random);
            void *at = cmlp_at(net, params, layer->weights + i);
            if (net->dtype == CMLP_FLOAT32)
                *(float *)at = (float)value;
            else
                *(double *)at = value;
        }
    }
    cmlp_leave_mode(mode);
    return CMLP_OK;
}
