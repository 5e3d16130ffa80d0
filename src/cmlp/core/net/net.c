/* Initialization of a net: the configuration is checked once, and the net is constant afterwards. */
#include "net.h"

#include <math.h>

#include "../base/arguments.h"
#include "../base/root.h"
#include "../kernels/cpu.h"
#include "tuning_names.h"

/* A parameter is finite, above `lower_limit` and below `limit` (0: no bound). 0 means the default, and is the only value
 * where there is no parameter. */
static int is_parameter(double value, double standard, double lower_limit, double limit)
{
    if (value == 0) return 1;
    return standard > 0 && value > lower_limit && (limit > 0 ? value < limit : cmlpi_is_finite(value));
}

static cmlp_status check_activations(const cmlp_net_config *config, cmlp_run *run)
{
    const int32_t last = config->n_layers - 2;
    for (int32_t l = 0; l <= last; l++) {
        const cmlp_activation_info *info = cmlp_activation_describe(config->activations[l]);
        if (!info || !(l < last ? info->allows_hidden : info->allows_output))
            return cmlpi_refuse_element(run, CMLP_ERROR_ACTIVATION, "config->activations", l);
        if (config->activation_parameters && !is_parameter(config->activation_parameters[l], info->parameter, 0, 0))
            return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "config->activation_parameters", l);
    }
    return CMLP_OK;
}

static cmlp_status check_quantiles(const cmlp_net_config *config, cmlp_run *run)
{
    const int64_t n = config->sizes[config->n_layers - 1];
    const double *p = config->quantiles;
    if (config->n_quantiles != n) return cmlpi_refuse(&run->refused, CMLP_ERROR_LENGTH, "config->quantiles");
    if (config->loss != CMLP_LOSS_QUANTILE || config->loss_parameter != 0 || n < 2 || n > CMLP_MAX_QUANTILES)
        return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "config->quantiles");
    if (!p) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "config->quantiles");
    for (int64_t j = 0; j < n; j++)
        if (!(p[j] > (j ? p[j - 1] : 0) && p[j] < 1))
            return cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "config->quantiles", j);
    return CMLP_OK;
}

static cmlp_status check_loss(const cmlp_net_config *config, cmlp_run *run)
{
    if (!cmlp_loss_allows(config->loss, config->activations[config->n_layers - 2]))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_LOSS, "config->loss");
    if (config->quantiles || config->n_quantiles) return check_quantiles(config, run);
    const cmlp_loss_info *info = cmlp_loss_describe(config->loss);
    if (is_parameter(config->loss_parameter, info->parameter, info->lower_limit, info->limit)) return CMLP_OK;
    return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "config->loss_parameter");
}

static cmlp_status check_config(const cmlp_net_config *config, cmlp_run *run)
{
    if (config->n_layers < 2 || config->n_layers > CMLP_MAX_LAYERS)
        return cmlpi_refuse(&run->refused, CMLP_ERROR_LAYERS, "config->n_layers");
    if (config->isa_mask < 0) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "config->isa_mask");
    if (!config->sizes) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "config->sizes");
    if (!config->activations) return cmlpi_refuse(&run->refused, CMLP_ERROR_NULL, "config->activations");
    for (int32_t l = 0; l < config->n_layers; l++)
        if (config->sizes[l] < 1 || config->sizes[l] > CMLPI_MAX_COUNT)
            return cmlpi_refuse_element(run, CMLP_ERROR_WIDTH, "config->sizes", l);
    cmlp_status status = check_activations(config, run);
    if (!status) status = check_loss(config, run);
    if (status) return status;
    const int float64 = CMLP_BUILD_FLOAT64 && config->dtype == CMLP_FLOAT64;
    if (config->dtype == CMLP_FLOAT32 || float64) return CMLP_OK;
    const cmlp_status status_of = config->dtype == CMLP_FLOAT64 ? CMLP_ERROR_LEFT_OUT : CMLP_ERROR_DTYPE;
    return cmlpi_refuse(&run->refused, status_of, "config->dtype");
}

/* Number of parameters, or -1 if their bytes cannot be addressed. */
static int64_t count_params(const cmlp_net_config *config, size_t element)
{
    const int64_t limit = (int64_t)((size_t)PTRDIFF_MAX / element);
    int64_t all = 0;
    for (int32_t l = 1; l < config->n_layers; l++) {
        /* sizes are below 2^31: the product fits in 64 bits, and so does a sum of two products */
        const int64_t n = (config->sizes[l - 1] + 1) * config->sizes[l];
        if (n > limit - all) return -1;
        all += n;
    }
    return all;
}

/* Sets the offsets of weights and biases: the layers are contiguous in the array of parameters. */
static void set_offsets(cmlp_net *net, const cmlp_net_config *config)
{
    int64_t at = 0;
    net->widest_hidden = 0;
    for (int32_t l = 0; l < net->depth; l++) {
        cmlpi_layer *layer = &net->layers[l];
        layer->n_in = config->sizes[l];
        layer->n_out = config->sizes[l + 1];
        layer->activation = config->activations[l];
        layer->parameter = config->activation_parameters ? config->activation_parameters[l] : 0;
        if (layer->parameter == 0) layer->parameter = cmlp_activation_describe(layer->activation)->parameter;
        layer->weights = at;
        layer->biases = at + layer->n_in * layer->n_out;
        at = layer->biases + layer->n_out;
        if (l < net->depth - 1 && layer->n_out > net->widest_hidden) net->widest_hidden = layer->n_out;
    }
    net->n_params = at;
}

/* Lays out the workspace of one row. Sizes are below 2^31: no sum overflows 64 bits. */
static void place_row_buffers(cmlp_net *net)
{
    cmlpi_row_layout *row = &net->row;
    const uint64_t hidden = cmlpi_aligned_size(net->widest_hidden, net->element);
    const uint64_t input = cmlpi_aligned_size(cmlpi_n_in(net), net->element), output_at = input + 2 * hidden;
    const uint64_t row_at = output_at + cmlpi_aligned_size(cmlpi_n_out(net), net->element), all = row_at + input;
    const int fits = all <= PTRDIFF_MAX - CMLPI_ALIGNMENT;
    row->hidden[0] = (size_t)input;
    row->hidden[1] = (size_t)(input + hidden);
    row->output = (size_t)output_at;
    row->row = (size_t)row_at;
    row->forward = fits ? row->output : 0;
    row->all = fits ? (size_t)all : 0;
}

/* No macro tells of Clang's -fno-honor-nans, with which the test for infinity and NaN is a constant. */
int cmlpi_is_exact(void)
{
    volatile double a = 1 + 0x1p-27, c = -(1 + 0x1p-26), one = 1, small = 0x1p-54, infinity = INFINITY;
    return a * a + c == 0 && one + small - one == 0 && !cmlpi_is_finite(infinity);
}

/* Bytes of the net that a valid configuration describes, with space for its alignment. */
static size_t net_size(const cmlp_net_config *config)
{
    const int64_t n_quantiles = config->quantiles ? config->sizes[config->n_layers - 1] : 0;
    return CMLPI_NET_BYTES(config->n_layers, n_quantiles) + CMLPI_ALIGNOF(cmlp_net);
}

CMLPI_ASSERT(CMLPI_NET_BYTES(1, 0) + CMLPI_ALIGNOF(cmlp_net) <= CMLP_NET_SIZE(1), "as cmlp.h promises");
CMLPI_ASSERT(sizeof(cmlpi_layer) <= CMLP_NET_SIZE(2) - CMLP_NET_SIZE(1), "as cmlp.h promises");

cmlp_status cmlpi_make_net(cmlp_net *net, const cmlp_net_config *config, cmlp_run *run)
{
    const cmlp_status status = check_config(config, run);
    if (status) return status;
    const size_t element = cmlpi_bytes_of(config->dtype);
    if (count_params(config, element) < 0) return cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "config->sizes");
    const cmlpi_tuning *tuning;
    const cmlpi_kernels *kernels = cmlpi_find_kernels(config->dtype, config->isa_mask, &tuning);
    if (!kernels) return cmlpi_refuse(&run->refused, CMLP_ERROR_ISA, "config->isa_mask");
    if (!cmlpi_is_exact() || !kernels->exact()) return CMLP_ERROR_BUILD;
    net->magic = CMLPI_NET_MAGIC;
    net->depth = config->n_layers - 1;
    net->loss = config->loss;
    net->loss_parameter = config->loss_parameter;
    if (net->loss_parameter == 0) net->loss_parameter = cmlp_loss_describe(config->loss)->parameter;
    net->n_quantiles = config->quantiles ? config->sizes[config->n_layers - 1] : 0;
    if (config->quantiles) {
        net->loss_parameter = 0;
        memcpy(&net->layers[net->depth], config->quantiles, (size_t)net->n_quantiles * sizeof(double));
    }
    net->dtype = config->dtype;
    net->element = element;
    net->kernels = kernels;
    net->tuning = tuning;
    set_offsets(net, config);
    place_row_buffers(net);
    return CMLP_OK;
}

/* Copies a program's configuration and checks it. */
static cmlp_status read_config(cmlp_net_config *copy, const cmlp_net_config *config, cmlp_run *run)
{
    const cmlp_status status = CMLPI_READ(copy, config, cmlp_net_config, n_quantiles);
    return status ? cmlpi_refuse(&run->refused, status, "config") : check_config(copy, run);
}

cmlp_status cmlp_net_size(const cmlp_net_config *config, size_t *bytes, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_net_config copy;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = read_config(&copy, config, &call.run);
    if (!status) status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", &call.run);
    if (!status) *bytes = net_size(&copy);
    return cmlpi_end_call(&call, status);
}

static cmlp_status init_net(void *memory, size_t memory_size, const cmlp_net_config *config, const cmlp_net **result,
                            cmlp_run *run)
{
    cmlp_net_config copy;
    cmlp_status status = read_config(&copy, config, run);
    if (!status) status = cmlpi_check_pointer(memory, 1, "memory", run);
    if (!status) status = cmlpi_check_pointer(result, sizeof *result, "net", run);
    if (status) return status;
    if (memory_size < net_size(&copy)) return cmlpi_refuse(&run->refused, CMLP_ERROR_BUFFER_SIZE, "memory_size");
    cmlp_net *net = (void *)((char *)memory + (0 - (uintptr_t)memory) % CMLPI_ALIGNOF(cmlp_net));
    status = cmlpi_make_net(net, &copy, run);
    if (!status) *result = net;
    return status;
}

cmlp_status cmlp_net_init(void *memory, size_t memory_size, const cmlp_net_config *config, const cmlp_net **net,
                          cmlp_run *run)
{
    cmlpi_call call;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = init_net(memory, memory_size, config, net, &call.run);
    if (status && net && !cmlpi_misaligned(net, sizeof *net)) *net = NULL;
    return cmlpi_end_call(&call, status);
}

cmlp_status cmlpi_check_params(const cmlp_net *net, const void *params, int64_t n_params, const char *name, cmlp_run *run)
{
    const cmlp_status status = cmlpi_check_pointer(params, net->element, name, run);
    if (status) return status;
    return n_params == net->n_params ? CMLP_OK : cmlpi_refuse(&run->refused, CMLP_ERROR_LENGTH, name);
}

cmlp_status cmlpi_check_net(const cmlp_net *net)
{
    if (!net) return CMLP_ERROR_NULL;
    if (cmlpi_misaligned(net, CMLPI_ALIGNOF(cmlp_net))) return CMLP_ERROR_ALIGNMENT;
    return net->magic == CMLPI_NET_MAGIC ? CMLP_OK : CMLP_ERROR_NET;
}

int64_t cmlp_net_n_params(const cmlp_net *net) { return cmlpi_check_net(net) ? 0 : net->n_params; }

cmlp_isa cmlp_net_isa(const cmlp_net *net) { return cmlpi_check_net(net) ? 0 : net->kernels->isa; }

#if CMLP_BUILD_TRAINING
const char *cmlpi_tuning_name(int32_t index)
{
    const cmlpi_tuning *tuning = cmlpi_tuning_at(index);
    return tuning ? tuning->name : NULL;
}

const char *cmlpi_net_tuning(const cmlp_net *net) { return cmlpi_check_net(net) ? NULL : net->tuning->name; }

cmlp_status cmlpi_net_tune(const cmlp_net *net, int32_t index)
{
    const cmlp_status status = cmlpi_check_net(net);
    if (status) return status;
    const cmlpi_tuning *tuning = cmlpi_tuning_at(index);
    if (!tuning) return CMLP_ERROR_OPTION;
    ((cmlp_net *)(uintptr_t)net)->tuning = tuning; /* in the memory that the program gave to cmlp_net_init */
    return CMLP_OK;
}
#endif

CMLPI_CALL(cmlp_net_describe_layer, (const cmlp_net *net, int32_t index, cmlp_layer_info *layer, cmlp_run *run),
           (net, index, layer, &call.run))
{
    cmlp_layer_info copy;
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    status = CMLPI_READ(&copy, layer, cmlp_layer_info, first_bias);
    if (status) return cmlpi_refuse(&run->refused, status, "layer");
    if (index < 0 || index >= net->depth) return cmlpi_refuse(&run->refused, CMLP_ERROR_INDEX, "index");
    copy.reserved = 0;
    const cmlpi_layer *described = &net->layers[index];
    copy.n_in = described->n_in;
    copy.n_out = described->n_out;
    copy.activation = described->activation;
    copy.parameter = described->parameter;
    copy.first_weight = described->weights;
    copy.first_bias = described->biases;
    cmlpi_write_struct(layer, &copy, sizeof copy);
    return CMLP_OK;
}

#if CMLP_BUILD_TRAINING
/* The bound of the output layer uses the factor of the last hidden layer. */
static double init_factor(const cmlp_net *net, int32_t l)
{
    if (l == net->depth - 1) l--;
    return l >= 0 ? cmlp_activation_describe(net->layers[l].activation)->init_factor : 6;
}

CMLPI_CALL(cmlp_net_init_params,
           (const cmlp_net *net, cmlp_random *random, void *params, int64_t n_params, cmlp_run *run),
           (net, random, params, n_params, &call.run))
{
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(&run->refused, status, "net");
    status = cmlpi_check_pointer(random, sizeof random->position, "random", run);
    if (!status) status = cmlpi_check_params(net, params, n_params, "params", run);
    if (status) return status;
    for (int32_t l = 0; l < net->depth; l++) {
        const cmlpi_layer *layer = &net->layers[l];
        double factor = init_factor(net, l);
        double bound = cmlpi_root(factor / (double)(layer->n_in + layer->n_out));
        int64_t n = layer->n_in * layer->n_out + layer->n_out;
        for (int64_t i = 0; i < n; i++) {
            const double value = -bound + 2 * bound * cmlp_random_double(random);
            cmlpi_set(net, params, layer->weights + i, value);
        }
    }
    return CMLP_OK;
}
#endif
