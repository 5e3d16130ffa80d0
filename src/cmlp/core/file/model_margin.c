/* The calibration in the model of a table: how far intervals reach beyond predictions. */
#include <math.h>

#include "../base/arguments.h"
#include "model.h"
#include "model_head.h"

#if CMLP_BUILDS_TABLES
static double score_at(const cmlp_model *model, int64_t i)
{
    double score;
    cmlp_load(&score, model->file + model->scores + (uint64_t)i * sizeof score, 1, sizeof score);
    return score;
}

cmlp_status cmlp_check_scores(const cmlp_model *model)
{
    double last = -INFINITY;
    for (int64_t i = 0; i < model->n_scores * model->n_score_rows; i++) {
        const double score = score_at(model, i);
        if (i % model->n_scores == 0) last = -INFINITY;
        if (!(score >= last)) return CMLP_ERROR_OPTION;
        last = score;
    }
    return CMLP_OK;
}

/* Whether the file names a kind of score that this library knows. */
static int is_known(const cmlp_model *model)
{
    static const char *const kinds[] = {"absolute_error", "quantiles", "probability"};
    static const char start[] = "{\\\"kind\\\":\\\"";
    const char *text;
    size_t length;
    if (!cmlp_head_find(model->file, "calibration", &text, &length)) return 0;
    if (length < sizeof start || memcmp(text, start, sizeof start - 1)) return 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = 0, at = sizeof start - 1;
        while (kinds[k][n] && at < length && text[at] == kinds[k][n]) n++, at++;
        if (!kinds[k][n] && at < length && text[at] == '\\') return 1;
    }
    return 0;
}

static cmlp_status find_margin(const cmlp_model *model, int64_t target, double coverage, double *margin)
{
    const cmlp_status status = cmlp_check_model(model);
    if (status) return status;
    if (!margin) return CMLP_ERROR_NULL;
    if (target < 0 || !(coverage > 0 && coverage < 1)) return CMLP_ERROR_OPTION;
    if (target && target >= model->n_score_rows) return CMLP_ERROR_OPTION;
    if (!model->n_scores || !is_known(model)) return CMLP_ERROR_FILE_KEY;
    const double place = coverage * (double)(model->n_scores + 1) - 1e-9; /* rounding must not add a rank */
    int64_t rank = (int64_t)place;
    if (rank < 1 || (double)rank < place) rank++;
    *margin = rank > model->n_scores ? INFINITY : score_at(model, target * model->n_scores + rank - 1);
    return CMLP_OK;
}

cmlp_status cmlp_model_margin(const cmlp_model *model, int64_t target, double coverage, double *margin)
{
    const cmlp_float_mode mode = cmlp_enter_mode();
    const cmlp_status status = find_margin(model, target, coverage, margin);
    cmlp_leave_mode(mode);
    return status;
}
#endif
