#include "build.h"
#if CMLP_BUILDS_TRAINING

#include "dropout.h"

#define LANES 4 /* random words per counter */

/* Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): replaces the counter by four random words. */
static void philox(uint32_t counter[LANES], uint32_t key_0, uint32_t key_1)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)counter[0] * UINT32_C(0xd2511f53), b = (uint64_t)counter[2] * UINT32_C(0xcd9e8d57);
        const uint32_t c1 = counter[1], c3 = counter[3];
        counter[0] = (uint32_t)(b >> 32) ^ c1 ^ key_0;
        counter[1] = (uint32_t)b;
        counter[2] = (uint32_t)(a >> 32) ^ c3 ^ key_1;
        counter[3] = (uint32_t)a;
        key_0 += UINT32_C(0x9e3779b9);
        key_1 += UINT32_C(0xbb67ae85);
    }
}

/* A unit is dropped if its random word is less than `below`. */
typedef struct drop_rule {
    uint32_t seed, layer;
    uint64_t row, step;
    uint32_t below;
    double scale;
} drop_rule;

static void drop_row(const drop_rule *rule, int64_t n, int is_float, void *row)
{
    const float scale_f = (float)rule->scale;
    for (int64_t i = 0; i < n; i += LANES) {
        uint32_t words[LANES] = {(uint32_t)(i / LANES), (uint32_t)rule->row, (uint32_t)rule->step,
                                 (uint32_t)(rule->row >> 32 & 0xffff) | (uint32_t)(rule->step >> 32) << 16};
        philox(words, rule->seed, rule->layer);
        for (int64_t l = 0; l < LANES && i + l < n; l++)
            if (is_float)
                ((float *)row)[i + l] = words[l] < rule->below ? 0 : ((float *)row)[i + l] * scale_f;
            else
                ((double *)row)[i + l] = words[l] < rule->below ? 0 : ((double *)row)[i + l] * rule->scale;
    }
}

void cmlp_drop(const cmlp_data *data, const cmlp_objective *objective, int32_t layer, int64_t selected, int64_t n,
               void *values)
{
    const double rate = objective->dropout ? objective->dropout[layer] : 0;
    const int64_t width = data->net->layers[layer].n_out;
    if (!(rate > 0)) return;
    drop_rule rule = {.seed = objective->dropout_seed,
                      .layer = (uint32_t)layer,
                      .step = (uint64_t)objective->dropout_step,
                      .below = (uint32_t)(rate * 4294967296.0),
                      .scale = 1 / (1 - rate)};
    for (int64_t i = 0; i < n; i++) {
        rule.row = (uint64_t)(objective->dropout_row + cmlp_selected(data, selected + i));
        drop_row(&rule, width, data->net->dtype == CMLP_FLOAT32, cmlp_at(data->net, values, i * width));
    }
}

#else
typedef int cmlp_not_empty_dropout;
#endif
