#include "dropout.h"

#if CMLP_BUILD_TRAINING

void cmlpi_apply_dropout(const cmlpi_data *data, const cmlp_objective *objective, int32_t layer, int64_t selected, int64_t n,
                         void *values)
{
    const double rate = objective->dropout_rates ? objective->dropout_rates[layer] : 0;
    const int64_t width = data->net->layers[layer].n_out;
    if (!(rate > 0)) return;
    const uint64_t step = (uint64_t)objective->dropout_step;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t row = (uint64_t)objective->dropout_row + (uint64_t)cmlpi_row_index(data, selected + i);
        const cmlpi_dropout_rule rule = {
            .key = {objective->dropout_seed, (uint32_t)layer},
            .counter = {(uint32_t)row, (uint32_t)step, (uint32_t)(row >> 32 & 0xffff) | (uint32_t)(step >> 32) << 16},
            .below = (uint32_t)(rate * 65536),
            .scale = 1 / (1 - rate),
        };
        data->net->kernels->drop(&rule, cmlpi_at(data->net, values, i * width), width);
    }
}

#endif
