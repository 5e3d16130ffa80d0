/* Shapley values of a row of a table: predictions for rows that are mixed of it and the rows of a background. */
#include "../../../../../include/cmlp_explain.h"
#include "../../forward/shapley.h"
#include "model.h"

#if CMLPI_EXPLAINS_TABLES
#define MOST_BACKGROUND 64

#define BACKGROUND "answer->background"
#define EVALUATIONS "answer->n_evaluations"

typedef struct explanation_job {
    const cmlp_model *model;
    cmlp_answer wanted;
    cmlp_rows rows; /* of the caller's background */
    cmlpi_shapley game;
    cmlp_run *run;
    /* What follows is in the workspace. */
    double *raw;       /* (n_rows + 1, n_columns): the background, then the explained row */
    double *weights;   /* n_rows */
    double *outputs;   /* (n_rows + 1, n_out): of these rows */
    double *errors;    /* (n_columns, n_out): of one row */
    double *predicted; /* the outputs of a microbatch of sets, or of all steps of the paths */
    double *sets;      /* of an enumeration */
    double *changes;   /* of permutations, as all below */
    unsigned char *used;
    int64_t *rows_of_pairs, *starts, *orders, *begins, *shuffled;
    cmlp_random *random;
    void *path_outputs; /* of one network */
    void *path_memory;  /* workspace of cmlp_forward_paths */
    size_t path_memory_size;
    void *encoding;     /* the memory of `scratch` */
    cmlpi_table_scratch scratch;
} explanation_job;

/* ------------------------------------------------------------------------------------------------- background */

/* Finds the background of the file. */
static cmlp_status find_background(explanation_job *job)
{
    const cmlpi_stored_background *stored = &job->model->background;
    cmlp_status status = CMLP_OK;
    if (!stored->rows || !stored->weights)
        status = CMLP_ERROR_NOT_FOUND;
    else if (stored->n_rows < 1 || stored->n_rows > MOST_BACKGROUND || stored->n_weights != stored->n_rows)
        status = CMLP_ERROR_FILE_TENSOR;
    job->game.n_rows = stored->n_rows;
    return cmlpi_refuse_whole(job->run, status, BACKGROUND);
}

/* Gives the refused rows of the background the name that they have in an answer. */
static cmlp_status name_background(const explanation_job *job, cmlp_status status)
{
    static const char names[] = CMLPI_ROWS_NAMES(BACKGROUND);
    if (status) cmlpi_rename_refused(job->run, "rows", names, sizeof BACKGROUND - 1);
    return status;
}

/* Checks the number of rows of the caller's background; all of it if `whole`. */
static cmlp_status read_background(explanation_job *job, int whole)
{
    cmlp_rows rows;
    cmlp_status status = cmlpi_read_model_rows(job->model, job->wanted.background, &rows, job->run);
    if (!status) job->game.n_rows = cmlpi_n_selected(&rows);
    if (!status && whole) status = cmlpi_read_raw_rows(&job->rows, job->game.n_columns, &rows, &job->game.n_rows, job->run);
    if (!status && (job->game.n_rows < 1 || job->game.n_rows > MOST_BACKGROUND))
        status = cmlpi_refuse(&job->run->refused, CMLP_ERROR_ROWS, rows.order ? "rows->n_order" : "rows->n_rows");
    return name_background(job, status);
}

/* Copies the background of the file, and checks its numbers. */
static cmlp_status load_background(const explanation_job *job)
{
    const cmlp_model *model = job->model;
    const int64_t n = job->game.n_rows * job->game.n_columns;
    cmlp_status status = CMLP_OK;
    cmlpi_load(job->raw, model->file + model->background.rows, n, sizeof *job->raw);
    cmlpi_load(job->weights, model->file + model->background.weights, job->game.n_rows, sizeof *job->weights);
    for (int64_t i = 0; i < n; i++)
        if (job->raw[i] == INFINITY || job->raw[i] == -INFINITY) status = CMLP_ERROR_FILE_VALUE;
    for (int64_t i = 0; i < job->game.n_rows; i++)
        if (!(job->weights[i] > 0) || !cmlpi_is_finite(job->weights[i])) status = CMLP_ERROR_FILE_VALUE;
    return cmlpi_refuse_whole(job->run, status, BACKGROUND);
}

static void copy_background(const explanation_job *job)
{
    const cmlp_rows *rows = &job->rows;
    for (int64_t i = 0; i < job->game.n_rows; i++) {
        const char *const row = (const char *)rows->data + cmlpi_selected_row(rows, i) * rows->row_stride;
        for (int64_t j = 0; j < rows->n_columns; j++)
            memcpy(&job->raw[i * rows->n_columns + j], row + j * rows->column_stride, sizeof *job->raw);
        job->weights[i] = 1;
    }
}

/* -------------------------------------------------------------------------------------------------- arguments */

/* Chooses the method. */
static cmlp_status choose_method(explanation_job *job)
{
    cmlpi_shapley *game = &job->game;
    const char **const refused = &job->run->refused;
    if (job->wanted.n_evaluations < 0) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, EVALUATIONS);
    game->n_pairs = cmlpi_shapley_pairs(game->n_columns, game->n_rows, job->wanted.n_evaluations, job->wanted.is_exact);
    if (game->n_pairs == CMLPI_TOO_MANY_COLUMNS) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "answer->is_exact");
    if (game->n_pairs < 0) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, EVALUATIONS);
    if (game->n_pairs > (INT64_C(1) << 46) / game->n_columns / game->n_out)
        return cmlpi_refuse(refused, CMLP_ERROR_OVERFLOW, EVALUATIONS);
    return CMLP_OK;
}

/* Reads what the size of the workspace follows from; all of the background if `whole`. */
static cmlp_status read_options(explanation_job *job, int whole)
{
    const cmlp_model *model = job->model;
    job->game.n_columns = model->table->n_columns;
    job->game.n_out = cmlpi_n_out(model->net) + model->is_cumulative;
    const cmlp_status status = job->wanted.background ? read_background(job, whole) : find_background(job);
    return status ? status : choose_method(job);
}

/* Rows that are encoded at a time: the background and the explained row, or a microbatch of sets. */
static int64_t encoded_rows(const cmlpi_shapley *game)
{
    return game->n_rows + 1 > CMLPI_PREDICTED_ROWS || game->n_pairs ? game->n_rows + 1 : CMLPI_PREDICTED_ROWS;
}

/* Rows on all paths. */
static int64_t path_rows(const cmlpi_shapley *game) { return 2 * game->n_pairs * (game->n_columns - 1); }

/* The paths of a network. */
static cmlp_paths paths_of(const explanation_job *job)
{
    return (cmlp_paths){.struct_size = sizeof(cmlp_paths),
                        .group_begins = job->begins,
                        .n_groups = job->game.n_columns,
                        .start_rows = job->starts,
                        .orders = job->orders,
                        .n_paths = 2 * job->game.n_pairs};
}

static void lay_out_pairs(explanation_job *job, cmlpi_arena *arena)
{
    const cmlpi_shapley *game = &job->game;
    const cmlp_net *net = job->model->net;
    const int64_t n = game->n_columns, n_pairs = game->n_pairs;
    const cmlp_paths paths = paths_of(job);
    const cmlp_rows from = cmlp_dense_rows(NULL, net->dtype, game->n_rows, cmlpi_n_in(net));
    const cmlp_rows to = cmlp_dense_rows(NULL, net->dtype, 1, cmlpi_n_in(net));
    cmlp_run run = {.struct_size = sizeof run, .n_threads = job->run->n_threads};
    if (cmlp_paths_workspace_size(net, &from, &to, &paths, &job->path_memory_size, &run)) arena->overflow = 1;
    job->changes = cmlpi_arena_alloc(arena, n_pairs * n * game->n_out, sizeof(double));
    job->used = cmlpi_arena_alloc(arena, n, 1);
    job->rows_of_pairs = cmlpi_arena_alloc(arena, n_pairs, sizeof(int64_t));
    job->starts = cmlpi_arena_alloc(arena, 2 * n_pairs, sizeof(int64_t));
    job->orders = cmlpi_arena_alloc(arena, 2 * n_pairs * n, sizeof(int64_t));
    job->begins = cmlpi_arena_alloc(arena, n + 1, sizeof(int64_t));
    job->shuffled = cmlpi_arena_alloc(arena, game->n_rows, sizeof(int64_t));
    job->random = cmlpi_arena_alloc(arena, 1, sizeof(cmlp_random));
    job->path_outputs = cmlpi_arena_alloc(arena, path_rows(game) * cmlpi_n_out(net), net->element);
    job->path_memory = cmlpi_arena_alloc(arena, 1, job->path_memory_size);
}

/* Divides the workspace, and returns its size; 0 if that does not fit in size_t. */
static size_t lay_out_explanation(explanation_job *job, char *base)
{
    const cmlpi_shapley *game = &job->game;
    const cmlpi_table_sizes sizes = {
        .widest = job->model->net, .n_columns = game->n_columns, .n_rows = encoded_rows(game)};
    const int64_t n_predicted = game->n_pairs ? path_rows(game) : sizes.n_rows;
    cmlpi_arena arena = {.base = base};
    size_t size = 0;
    if (cmlpi_table_scratch_lay_out(&sizes, NULL, &size, &job->scratch)) arena.overflow = 1;
    job->encoding = cmlpi_arena_alloc(&arena, 1, size);
    job->raw = cmlpi_arena_alloc(&arena, (game->n_rows + 1) * game->n_columns, sizeof(double));
    job->weights = cmlpi_arena_alloc(&arena, game->n_rows, sizeof(double));
    job->outputs = cmlpi_arena_alloc(&arena, (game->n_rows + 1) * game->n_out, sizeof(double));
    job->errors = cmlpi_arena_alloc(&arena, game->n_columns * game->n_out, sizeof(double));
    job->predicted = cmlpi_arena_alloc(&arena, n_predicted * game->n_out, sizeof(double));
    if (game->n_pairs)
        lay_out_pairs(job, &arena);
    else
        job->sets = cmlpi_arena_alloc(&arena, game->n_out << game->n_columns, sizeof(double));
    if (base) cmlpi_table_scratch_lay_out(&sizes, job->encoding, &size, &job->scratch);
    return arena.overflow ? 0 : arena.used;
}

/* ------------------------------------------------------------------------------------------------- prediction */

/* Reports a row of the caller's background with an infinite value. */
static cmlp_status report_infinite(const explanation_job *job, int64_t i)
{
    const int64_t n = job->game.n_columns;
    const cmlpi_fault fault = cmlpi_infinite_input(job->raw + i * n, n, i);
    return name_background(job, cmlpi_report_row(job->run, &fault, cmlpi_selected_row(&job->rows, i)));
}

/* Encodes the background, and predicts it. */
static cmlp_status predict_background(explanation_job *job)
{
    cmlpi_shapley *game = &job->game;
    const int64_t n = game->n_columns;
    cmlp_status status = CMLP_OK;
    if (job->wanted.background)
        copy_background(job);
    else
        status = load_background(job);
    if (status) return status;
    for (int64_t i = 0; i < game->n_rows; i++)
        if (!cmlpi_table_inputs(job->model->table, job->raw + i * n, i, &job->scratch)) return report_infinite(job, i);
    game->base = job->outputs;
    game->weights = job->weights;
    game->output = job->outputs + game->n_rows * game->n_out;
    return cmlpi_predict_encoded(job->model, game->n_rows, job->outputs, &job->scratch);
}

/* Encodes the explained row behind the background, and predicts it alone. */
static cmlp_status predict_explained(const explanation_job *job, const double *row)
{
    const cmlpi_shapley *game = &job->game;
    const cmlp_table *table = job->model->table;
    const int64_t wide = cmlpi_columns_width(table->columns, table->n_columns, 1);
    cmlpi_table_scratch own = job->scratch;
    memcpy(job->raw + game->n_rows * game->n_columns, row, (size_t)game->n_columns * sizeof *row);
    for (int64_t i = 0; i < table->n_nets; i++) {
        const cmlp_net *net = table->nets[i].net;
        const int has_bins = cmlpi_n_in(net) == wide;
        own.inputs[has_bins] = cmlpi_at(net, job->scratch.inputs[has_bins], game->n_rows * cmlpi_n_in(net));
    }
    cmlpi_table_inputs(table, row, 0, &own); /* finite: the answer has read or predicted the row */
    return cmlpi_predict_encoded(job->model, 1, job->outputs + game->n_rows * game->n_out, &own);
}

/* ------------------------------------------------------------------------------------------------ enumeration */

/* Makes the row of a set: the columns in it are those of the explained row, the others those of a row of the background. */
static void mix_row(const explanation_job *job, int64_t background, int64_t set)
{
    const int64_t n = job->game.n_columns;
    for (int64_t j = 0; j < n; j++) job->scratch.raw[j] = job->raw[(set >> j & 1 ? job->game.n_rows : background) * n + j];
}

static cmlp_status enumerate_sets(const explanation_job *job, double *values)
{
    const cmlpi_shapley *game = &job->game;
    const int64_t at_once = encoded_rows(game), last = (INT64_C(1) << game->n_columns) - 1;
    cmlpi_shapley_begin_sets(game, job->sets);
    for (int64_t row = 0; row < game->n_rows; row++)
        for (int64_t first = 1; first < last; first += at_once) {
            const int64_t n = last - first < at_once ? last - first : at_once;
            if (cmlpi_polls_cancel(job->run)) return CMLP_CANCELLED;
            for (int64_t i = 0; i < n; i++) {
                mix_row(job, row, first + i);
                cmlpi_table_inputs(job->model->table, job->scratch.raw, i, &job->scratch);
            }
            const cmlp_status status = cmlpi_predict_encoded(job->model, n, job->predicted, &job->scratch);
            if (status) return status;
            cmlpi_shapley_add_sets(game, row, first, n, job->predicted, job->sets);
        }
    cmlpi_shapley_of_sets(game, job->sets, values);
    memset(job->errors, 0, sizeof *job->errors * (size_t)(game->n_columns * game->n_out));
    return CMLP_OK;
}

/* ----------------------------------------------------------------------------------------------- permutations */

static void shuffle_range(cmlp_random *random, int64_t *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++) values[i] = i;
    cmlp_random_shuffle(random, values, n);
}

/* Draws the rows of a sample, then the orders of all pairs, as Python does. */
static void draw_pairs(const explanation_job *job)
{
    const cmlpi_shapley *game = &job->game;
    const int64_t n = game->n_columns, each = game->n_pairs / game->n_rows;
    const int is_sample = cmlpi_is_sample(game->n_pairs, game->n_rows);
    cmlp_random_seed(job->random, job->wanted.seed);
    if (is_sample) shuffle_range(job->random, job->shuffled, game->n_rows);
    for (int64_t pair = 0; pair < game->n_pairs; pair++) {
        int64_t *const order = job->orders + 2 * pair * n, *const reverse = order + n;
        const int64_t row = is_sample ? job->shuffled[pair % game->n_rows] : pair / each;
        job->rows_of_pairs[pair] = job->starts[2 * pair] = job->starts[2 * pair + 1] = row;
        shuffle_range(job->random, order, n);
        for (int64_t rank = 0; rank < n; rank++) reverse[rank] = order[n - 1 - rank];
    }
}

/* Finds the inputs of each column of a network, and which columns it reads. */
static void find_inputs(const explanation_job *job, const cmlp_table_net *net, int has_bins)
{
    const cmlp_table *table = job->model->table;
    const int64_t n = table->n_columns, width = net->net->layers[0].n_out;
    for (int64_t j = 0; j < n; j++) {
        job->begins[0] = 0;
        job->begins[j + 1] = job->begins[j] + cmlpi_column_width(&table->columns[j], has_bins);
    }
    job->begins[n] = cmlpi_n_in(net->net); /* 1 if all columns are unused */
    for (int64_t j = 0; j < n; j++)
        for (int64_t k = job->begins[j] * width; k < job->begins[j + 1] * width && !job->used[j]; k++)
            job->used[j] = cmlpi_get(net->net, net->params, k) != 0;
}

/* Predicts the rows on the paths with a network. */
static cmlp_status walk_network(const explanation_job *job, const cmlp_table_net *net, int has_bins)
{
    const cmlpi_shapley *game = &job->game;
    const int64_t n_in = cmlpi_n_in(net->net);
    const void *const inputs = job->scratch.inputs[has_bins];
    const cmlp_paths paths = paths_of(job);
    const cmlp_rows from = cmlp_dense_rows(inputs, net->net->dtype, game->n_rows, n_in);
    const cmlp_rows to = cmlp_dense_rows(cmlpi_at(net->net, inputs, game->n_rows * n_in), net->net->dtype, 1, n_in);
    cmlp_run run = {.struct_size = sizeof run,
                    .workspace = job->path_memory,
                    .workspace_size = job->path_memory_size,
                    .poll = job->run->poll,
                    .poll_context = job->run->poll_context,
                    .n_threads = job->run->n_threads};
    return cmlp_forward_paths(net->net, net->params, net->n_params, &from, &to, &paths, job->path_outputs,
                              path_rows(game) * cmlpi_n_out(net->net), &run);
}

static cmlp_status permute_columns(explanation_job *job, double *values)
{
    cmlpi_shapley *game = &job->game;
    const cmlp_table *table = job->model->table;
    const int64_t wide = cmlpi_columns_width(table->columns, table->n_columns, 1);
    memset(job->used, 0, (size_t)game->n_columns);
    for (int64_t i = 0; i < table->n_nets; i++) {
        const int has_bins = cmlpi_n_in(table->nets[i].net) == wide;
        find_inputs(job, &table->nets[i], has_bins);
        const cmlp_status status = walk_network(job, &table->nets[i], has_bins);
        if (status) return status;
        cmlpi_table_add(table, i, job->path_outputs, path_rows(game), job->predicted);
    }
    cmlpi_combine_outputs(job->model, path_rows(game), job->predicted);
    game->used = job->used;
    game->rows = job->rows_of_pairs;
    game->orders = job->orders;
    cmlpi_shapley_of_paths(game, job->predicted, job->changes, values, job->errors);
    return CMLP_OK;
}

/* ------------------------------------------------------------------------------------------------------ calls */

cmlp_status cmlpi_measure_reasons(const cmlp_model *model, const cmlp_answer *answer, size_t *bytes, cmlp_run *run)
{
    explanation_job job = {.model = model, .wanted = *answer, .run = run};
    const cmlp_status status = read_options(&job, 0);
    if (status) return status;
    const size_t size = lay_out_explanation(&job, NULL);
    if (!size) return cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "bytes");
    *bytes = cmlpi_with_slack(size);
    return CMLP_OK;
}

cmlp_status cmlpi_find_reasons(const cmlp_model *model, const cmlp_answer *answer, const double *rows, int64_t n, cmlp_run *run)
{
    explanation_job job = {.model = model, .wanted = *answer, .run = run};
    const cmlpi_shapley *game = &job.game;
    cmlp_status status = read_options(&job, 1);
    if (!status) status = cmlpi_take_workspace(run, lay_out_explanation(&job, NULL));
    if (status) return status;
    const int64_t size = game->n_columns * game->n_out;
    lay_out_explanation(&job, run->workspace);
    status = predict_background(&job);
    if (!status && game->n_pairs) draw_pairs(&job);
    for (int64_t i = 0; !status && i < n; i++) {
        double *const values = answer->reasons + i * size;
        status = predict_explained(&job, rows + i * game->n_columns);
        if (!status) status = game->n_pairs ? permute_columns(&job, values) : enumerate_sets(&job, values);
        if (!status && answer->reason_errors)
            memcpy(answer->reason_errors + i * size, job.errors, sizeof(double) * (size_t)size);
    }
    if (!status && answer->base_values) cmlpi_shapley_mean(game, answer->base_values);
    return status;
}
#endif
