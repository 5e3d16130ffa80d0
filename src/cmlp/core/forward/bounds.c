/* Bounds of the activations over boxes of inputs. The products follow docs/arithmetic.md with one end of each input,
 * chosen by the sign of its weight: each rounded operation is monotone in each argument, so the results bound those of
 * every input in the box without an allowance for rounding. docs/guide/bounds.md has the proof.
 *
 * Numbers of the net's type are kept in doubles: the sum of two floats as doubles, rounded to float, is their sum as
 * floats. */
#include "../../../../include/cmlp_explain.h"
#include "../base/fma.h"
#include "../data/run.h"
#include "envelopes.h"

#if CMLP_BUILD_EXPLAIN

#define COLUMNS 16 /* outputs that are summed together */
#define ELEMENTS 64
#define MIN_NORMAL 0x1p-126

typedef struct bounds_job {
    cmlpi_data low, high; /* the corners of the boxes */
    const void *params;
    void *lowest, *highest; /* layer after layer */
} bounds_job;

static void *of_layer(const bounds_job *job, void *block, int32_t l)
{
    return cmlpi_layer_block(job->low.net, block, l, job->low.n);
}

static double rounded(const cmlp_net *net, double x) { return net->dtype == CMLP_FLOAT32 ? (double)(float)x : x; }

static double fused(const cmlp_net *net, double a, double b, double c)
{
    if (net->dtype == CMLP_FLOAT32) return (double)cmlpi_fma32((float)a, (float)b, (float)c);
#if CMLP_BUILD_FLOAT64
    return cmlpi_fma64(a, b, c);
#else
    return c;
#endif
}

/* Converts the inputs [k, k + n) of a row to the net's type. */
static void read_inputs(const cmlpi_data *data, int64_t row, int64_t k, int64_t n, double *inputs)
{
    double converted[CMLPI_CHUNK]; /* of the net's type */
    cmlpi_convert_row(data, row, k, n, converted);
    for (int64_t i = 0; i < n; i++) inputs[i] = cmlpi_get(data->net, converted, i);
}

/* The ends of the inputs [k, k + n) of a layer: of the box, or activations of the layer before. */
static void read_ends(const bounds_job *job, int32_t layer, int64_t row, int64_t k, int64_t n, double ends[][CMLPI_CHUNK])
{
    const cmlp_net *net = job->low.net;
    if (!layer) {
        read_inputs(&job->low, row, k, n, ends[0]);
        read_inputs(&job->high, row, k, n, ends[1]);
    }
    const void *low = of_layer(job, job->lowest, layer - 1), *high = of_layer(job, job->highest, layer - 1);
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = layer ? row * net->layers[layer].n_in + k + i : 0;
        const double a = layer ? cmlpi_get(net, low, at) : ends[0][i];
        const double b = layer ? cmlpi_get(net, high, at) : ends[1][i];
        ends[0][i] = a < b ? a : b;
        ends[1][i] = a < b ? b : a;
    }
}

/* Adds a chunk of n inputs to `columns` sums of both ends. */
static void add_chunk(const cmlp_net *net, double ends[][CMLPI_CHUNK], int64_t n, const void *w, int64_t ldw,
                      int64_t columns, double sums[][COLUMNS])
{
    for (int64_t j = 0; j < columns; j++) {
        double low = 0, high = 0;
        for (int64_t k = 0; k < n; k++) {
            const double weight = cmlpi_get(net, w, k * ldw + j);
            low = fused(net, ends[weight < 0][k], weight, low);
            high = fused(net, ends[weight >= 0][k], weight, high);
        }
        sums[0][j] = rounded(net, sums[0][j] + low);
        sums[1][j] = rounded(net, sums[1][j] + high);
    }
}

/* Writes the bounds of a layer's weighted sums where its activations will be. */
static void bound_sums(const bounds_job *job, int32_t layer, int64_t row)
{
    const cmlp_net *net = job->low.net;
    const cmlpi_layer *at = &net->layers[layer];
    void *const lowest = of_layer(job, job->lowest, layer), *const highest = of_layer(job, job->highest, layer);
    double ends[2][CMLPI_CHUNK], sums[2][COLUMNS];
    for (int64_t j = 0; j < at->n_out; j += COLUMNS) {
        const int64_t columns = at->n_out - j < COLUMNS ? at->n_out - j : COLUMNS;
        for (int64_t i = 0; i < columns; i++)
            sums[0][i] = sums[1][i] = cmlpi_get(net, job->params, at->biases + j + i) + 0;
        for (int64_t k = 0; k < at->n_in; k += CMLPI_CHUNK) {
            const int64_t n = at->n_in - k < CMLPI_CHUNK ? at->n_in - k : CMLPI_CHUNK;
            read_ends(job, layer, row, k, n, ends);
            add_chunk(net, ends, n, cmlpi_at(net, job->params, at->weights + k * at->n_out + j), at->n_out, columns, sums);
        }
        for (int64_t i = 0; i < columns; i++) {
            /* NaN if a sum overflows, so that nothing behind it seems to be known. */
            const double lost = (sums[0][i] - sums[0][i]) + (sums[1][i] - sums[1][i]);
            cmlpi_set(net, lowest, row * at->n_out + j + i, sums[0][i] + lost);
            cmlpi_set(net, highest, row * at->n_out + j + i, sums[1][i] + lost);
        }
    }
}

/* Replaces bounds of n weighted sums by bounds of their activations. */
static void widen(const cmlp_net *net, const cmlpi_layer *layer, float *low, float *high, int64_t n)
{
    const cmlpi_envelope e = cmlpi_envelope_of(layer->activation);
    const int32_t least = cmlpi_ulps_to(e.least), most = cmlpi_ulps_to(e.most);
    for (int64_t i = 0; i < n; i++) {
        const float z_low = low[i], z_high = high[i];
        if (z_low != z_low) continue;
        net->kernels->activate(layer->activation, 0, low + i, low + i, 1, 1);
        net->kernels->activate(layer->activation, 0, high + i, high + i, 1, 1);
        const int32_t a = cmlpi_ulps_to(low[i]), b = cmlpi_ulps_to(high[i]);
        const int rises = z_low >= e.turn, falls = z_high < e.turn;
        int32_t lower = rises ? a - e.falls : falls ? b - e.rises : least;
        int32_t upper = rises ? b + e.falls : a + e.rises;
        if (!rises && !falls && b + e.falls > upper) upper = b + e.falls;
        lower = lower < least ? least : lower;
        upper = upper > most ? most : upper;
        low[i] = cmlpi_after_ulps(lower);
        high[i] = cmlpi_after_ulps(upper);
    }
}

/* exp(z - max), with a relative error below 64 / 2^23; 0 if it is below 2^-126. */
static double exponential(const cmlp_net *net, float z, float max)
{
    float t = (float)((double)z - (double)max);
    net->kernels->activate(CMLP_ACTIVATION_EXP, 0, &t, &t, 1, 1);
    return t;
}

/* Softmax: p_j = e_j / (e_j + rest) is least with e_j at its lower end and the rest at its upper one. The relative
 * errors of the core's softmax and of this computation are below those of `error` together. */
static void widen_softmax(const cmlp_net *net, float *low, float *high, int64_t n)
{
    const double error = ((double)n + 512) * 0x1p-23;
    float max = high[0];
    double least = 0, most = 0;
    for (int64_t j = 1; j < n; j++) max = high[j] > max ? high[j] : max;
    for (int64_t j = 0; j < n; j++) {
        least += exponential(net, low[j], max);
        most += exponential(net, high[j], max);
    }
    for (int64_t j = 0; j < n; j++) {
        const double e_low = exponential(net, low[j], max), e_high = exponential(net, high[j], max);
        double rest_high = most - e_high + most * error + (double)n * MIN_NORMAL;
        double rest_low = least - e_low - least * error;
        rest_high = rest_high < 0 ? 0 : rest_high;
        rest_low = rest_low < 0 ? 0 : rest_low;
        const double top = e_high > MIN_NORMAL ? e_high : MIN_NORMAL;
        const double p_low = e_low / (e_low + rest_high) * (1 - error) - MIN_NORMAL;
        const double p_high = top / (top + rest_low) * (1 + error) + MIN_NORMAL;
        if (least != least) {
            low[j] = high[j] = (float)least;
            continue;
        }
        low[j] = p_low > 0 ? cmlpi_after_ulps(cmlpi_ulps_to((float)p_low) - 1) : 0;
        high[j] = p_high < 1 ? cmlpi_after_ulps(cmlpi_ulps_to((float)p_high) + 1) : 1;
    }
}

/* Whether an activation only multiplies and compares, so that its bounds need no allowance. */
static int is_exact(int32_t activation)
{
    return activation == CMLP_ACTIVATION_IDENTITY || activation == CMLP_ACTIVATION_RELU ||
           activation == CMLP_ACTIVATION_LEAKY_RELU;
}

static void bound_activations(const bounds_job *job, int32_t layer, int64_t row)
{
    const cmlp_net *net = job->low.net;
    const cmlpi_layer *at = &net->layers[layer];
    void *low = cmlpi_at(net, of_layer(job, job->lowest, layer), row * at->n_out);
    void *high = cmlpi_at(net, of_layer(job, job->highest, layer), row * at->n_out);
    if (is_exact(at->activation) || at->activation == CMLP_ACTIVATION_ELU) { /* elu in float only */
        net->kernels->activate(at->activation, at->parameter, low, low, 1, at->n_out);
        net->kernels->activate(at->activation, at->parameter, high, high, 1, at->n_out);
    } else if (at->activation == CMLP_ACTIVATION_SOFTMAX) {
        widen_softmax(net, low, high, at->n_out);
    } else {
        widen(net, at, low, high, at->n_out);
    }
}

/* Column of the first input of a corner that is not finite in the net's type, or -1. */
static int64_t bad_input(const cmlpi_data *data, int64_t row)
{
    double inputs[CMLPI_CHUNK];
    const int64_t n_in = cmlpi_n_in(data->net);
    for (int64_t k = 0; k < n_in; k += CMLPI_CHUNK) {
        const int64_t n = n_in - k < CMLPI_CHUNK ? n_in - k : CMLPI_CHUNK;
        read_inputs(data, row, k, n, inputs);
        for (int64_t i = 0; i < n; i++)
            if (!cmlpi_is_finite(inputs[i])) return k + i;
    }
    return -1;
}

/* Gives refused rows the name that they have in cmlp_bounds. */
static cmlp_status name_corner(cmlp_run *run, cmlp_status status, int corner)
{
    static const char lower[] = CMLPI_ROWS_NAMES("lower"), upper[] = CMLPI_ROWS_NAMES("upper");
    if (status) cmlpi_rename_refused(run, "rows", corner ? upper : lower, 5);
    return status;
}

static cmlp_status bound_row(const bounds_job *job, int64_t row, cmlp_run *run)
{
    const cmlpi_data *corners[] = {&job->low, &job->high};
    for (int i = 0; i < 2; i++) {
        const int64_t column = bad_input(corners[i], row);
        if (column < 0) continue;
        cmlpi_report(run, corners[i], (cmlpi_fault){CMLP_ERROR_INPUT, row, column});
        return name_corner(run, CMLP_ERROR_INPUT, i);
    }
    for (int32_t l = 0; l < job->low.net->depth; l++) {
        bound_sums(job, l, row);
        bound_activations(job, l, row);
    }
    return CMLP_OK;
}

static cmlp_status check_bounds(bounds_job *job, const cmlp_net *net, int64_t n_params, const cmlp_rows *lower,
                                const cmlp_rows *upper, const cmlp_bounds_outputs *bounds, cmlp_run *run)
{
    cmlp_bounds_outputs wanted;
    cmlp_status status = name_corner(run, cmlpi_read_data(&job->low, net, lower, NULL, NULL, run), 0);
    if (!status) status = name_corner(run, cmlpi_read_data(&job->high, net, upper, NULL, NULL, run), 1);
    if (!status && cmlpi_is_sparse(&job->low)) status = cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "lower->kind");
    if (!status && cmlpi_is_sparse(&job->high)) status = cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "upper->kind");
    if (!status && job->low.n != job->high.n) status = cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "upper");
    if (!status) status = cmlpi_check_params(net, job->params, n_params, "params", run);
    if (status) return status;
    for (int32_t l = 0; l < net->depth; l++)
        if (net->dtype != CMLP_FLOAT32 && !is_exact(net->layers[l].activation))
            return cmlpi_refuse(&run->refused, CMLP_ERROR_ACTIVATION, "net");
    const int64_t width = cmlpi_all_outputs(net);
    status = CMLPI_READ(&wanted, bounds, cmlp_bounds_outputs, n_upper);
    if (status) return cmlpi_refuse(&run->refused, status, "bounds");
    job->lowest = wanted.lower;
    job->highest = wanted.upper;
    status = cmlpi_check_output(wanted.lower, wanted.n_lower, job->low.n, width, net->element, "bounds->lower", run);
    if (status) return status;
    return cmlpi_check_output(wanted.upper, wanted.n_upper, job->low.n, width, net->element, "bounds->upper", run);
}

cmlp_status cmlp_bounds(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *lower,
                        const cmlp_rows *upper, const cmlp_bounds_outputs *bounds, cmlp_run *run)
{
    bounds_job job = {.params = params};
    cmlpi_call call;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = check_bounds(&job, net, n_params, lower, upper, bounds, &call.run);
    for (int64_t row = 0; !status && row < job.low.n; row++)
        status = cmlpi_polls_cancel(&call.run) ? CMLP_CANCELLED : bound_row(&job, row, &call.run);
    return cmlpi_end_call(&call, status);
}

#endif
