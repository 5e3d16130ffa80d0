/* Writes the model file of a table. */
#include "../../table/table.h"
#include "any_names.h"
#include "model_writer.h"

#if CMLP_BUILD_TRAINING && CMLP_BUILD_TABLES
/* Writes the words of a table's columns. */
static void put_columns(sink *s, const cmlp_table *table)
{
    for (int64_t i = 0; i < table->n_columns; i++) {
        const cmlp_table_column *c = &table->columns[i];
        if (i) put_byte(s, ',');
        put_text(s, c->role == CMLP_TABLE_ROLE_CATEGORY  ? "category:"
                    : c->role != CMLP_TABLE_ROLE_NUMBER ? "unused"
                    : c->has_missing                ? "number_or_missing:"
                                                    : "number:");
        if (c->role == CMLP_TABLE_ROLE_NUMBER) put_decimal(s, (uint64_t)c->n_edges);
        if (c->role == CMLP_TABLE_ROLE_CATEGORY) put_decimal(s, (uint64_t)c->n_categories);
        if (c->n_statistics) {
            put_text(s, "/one_hot:");
            put_decimal(s, (uint64_t)c->n_one_hot);
            put_text(s, "/statistics:");
            put_decimal(s, (uint64_t)(c->n_statistics / c->n_categories));
        }
        for (int64_t k = 0; k < c->n_parts; k++) {
            put_text(s, cmlpi_part_names[c->parts[k].kind - 1]);
            put_decimal(s, (uint64_t)cmlpi_part_width(&c->parts[k], 1));
        }
        if (!c->n_missing_values) continue;
        put_text(s, CMLPI_MISSING_VALUES_WORD);
        put_decimal(s, (uint64_t)c->n_missing_values);
    }
}

/* Fills the example's row of a table: numbers around the centre, and codes of categories. */
static void make_raw_row(const cmlp_table *table, double *row)
{
    for (int64_t i = 0; i < table->n_columns; i++) {
        const cmlp_table_column *c = &table->columns[i];
        const double value = cmlpi_pseudo_random(i), number = 2 * value * c->scale + c->centre;
        row[i] = value;
        if (c->role == CMLP_TABLE_ROLE_NUMBER) row[i] = cmlpi_is_finite(number) ? number : c->centre;
        if (c->role == CMLP_TABLE_ROLE_CATEGORY) row[i] = (double)(int64_t)((value + 1) / 2 * (double)c->n_categories);
    }
}

static cmlp_status make_table_example(const cmlpi_writer *w, const cmlpi_table_scratch *scratch)
{
    make_raw_row(w->table, scratch->raw);
    const cmlp_status status = cmlpi_table_row(w->table, 0, scratch->raw, NULL, scratch->result, scratch);
    cmlpi_canonicalize_nans(CMLP_FLOAT64, scratch->result, cmlpi_n_out(w->net));
    return status;
}

/* Collects the statistics and the numbers of the columns, and behind these those of the targets, and lists the arrays. */
static void list_table_arrays(cmlpi_writer *w, const cmlpi_table_scratch *scratch)
{
    const cmlp_table *table = w->table;
    int64_t n = 0, n_statistics = 0;
    for (int64_t i = 0; i < table->n_columns; i++) {
        const cmlp_table_column *c = &table->columns[i];
        for (int64_t k = 0; k < c->n_statistics; k++) scratch->statistics[n_statistics++] = c->statistics[k];
        if (c->role == CMLP_TABLE_ROLE_CATEGORY) continue;
        if (c->role == CMLP_TABLE_ROLE_NUMBER) {
            scratch->numbers[n++] = c->centre;
            scratch->numbers[n++] = c->scale;
        }
        for (int64_t k = 0; k < c->n_edges + c->n_missing_values; k++) scratch->numbers[n++] = c->edges[k];
        for (int64_t p = 0; p < c->n_parts; p++)
            for (int64_t k = 0; k < c->parts[p].n_edges; k++) scratch->numbers[n++] = c->parts[p].edges[k];
    }
    double *const of_targets = scratch->numbers + n;
    for (int64_t j = 0; j < table->n_targets; j++) {
        const cmlp_table_target *t = &table->targets[j];
        const double of_target[CMLPI_N_TARGET_NUMBERS] = {t->centre, t->scale, t->low, t->high};
        memcpy(of_targets + j * CMLPI_N_TARGET_NUMBERS, of_target, sizeof of_target);
    }
    const cmlpi_tensor_sizes sizes = {.n_in = table->n_columns,
                                      .n_out = cmlpi_n_out(w->net),
                                      .n_numbers = n,
                                      .n_statistics = n_statistics,
                                      .n_targets = table->n_targets,
                                      .dtype = CMLP_FLOAT64};
    const void *const data[CMLPI_N_SIZED] = {[CMLPI_SIZED_EXAMPLE_INPUT] = scratch->raw,
                                             [CMLPI_SIZED_EXAMPLE_OUTPUT] = scratch->result,
                                             [CMLPI_SIZED_TABLE_NUMBERS] = n ? scratch->numbers : NULL,
                                             [CMLPI_SIZED_TABLE_STATISTICS] = n_statistics ? scratch->statistics : NULL,
                                             [CMLPI_SIZED_TABLE_TARGET] = table->targets ? of_targets : NULL,
                                             [CMLPI_SIZED_TABLE_THRESHOLD] = table->has_threshold ? &table->threshold : NULL};
    for (int i = 0; i < CMLPI_N_SIZED; i++)
        if (data[i]) w->own[w->n_own++] = cmlpi_sized_array(i, &sizes, data[i]);
}

/* Whether a network has the layers and the loss of the first one; their inputs may differ. */
static cmlp_status compare_nets(const cmlp_net *a, const cmlp_net *b)
{
    if (a->dtype != b->dtype) return CMLP_ERROR_DTYPE;
    if (a->depth != b->depth) return CMLP_ERROR_LAYERS;
    if (a->loss != b->loss || a->loss_parameter != b->loss_parameter || a->n_quantiles != b->n_quantiles)
        return CMLP_ERROR_LOSS;
    for (int64_t j = 0; j < a->n_quantiles; j++)
        if (cmlpi_quantiles(a)[j] != cmlpi_quantiles(b)[j]) return CMLP_ERROR_LOSS;
    for (int32_t l = 0; l < a->depth; l++) {
        const cmlpi_layer *one = &a->layers[l], *other = &b->layers[l];
        if (one->n_out != other->n_out) return CMLP_ERROR_WIDTH;
        if (one->activation != other->activation || one->parameter != other->parameter) return CMLP_ERROR_ACTIVATION;
    }
    return CMLP_OK;
}

static cmlp_status check_nets(const cmlp_table *table, int64_t *bad)
{
    const int64_t n_columns = table->n_columns, wide = cmlpi_columns_width(table->columns, n_columns, 1);
    const int64_t narrow = cmlpi_columns_width(table->columns, n_columns, 0);
    cmlp_status status = CMLP_OK;
    if (wide < 0) return CMLP_ERROR_OVERFLOW;
    if (!table->nets) return CMLP_ERROR_NULL;
    if (table->n_nets < 1 || table->n_nets > CMLP_TABLE_MAX_NETS) return CMLP_ERROR_OPTION;
    for (int64_t i = 0; i < table->n_nets && !status; i++) {
        const cmlp_table_net *network = &table->nets[i];
        const cmlp_net *net = network->net;
        *bad = i;
        status = cmlpi_check_net(net);
        if (!status && table->n_targets > 1 && (table->n_targets != cmlpi_n_out(net) || net->n_quantiles))
            status = CMLP_ERROR_OPTION;
        if (!status) status = compare_nets(table->nets[0].net, net);
        if (!status && cmlpi_n_in(net) != wide && cmlpi_n_in(net) != narrow) status = CMLP_ERROR_WIDTH;
        if (!status && !network->params) status = CMLP_ERROR_NULL;
        if (!status && cmlpi_misaligned(network->params, net->element)) status = CMLP_ERROR_ALIGNMENT;
        if (!status && network->n_params != net->n_params) status = CMLP_ERROR_LENGTH;
        if (!status && (network->reserved[0] || network->reserved[1] || network->reserved[2])) status = CMLP_ERROR_OPTION;
    }
    if (!status) *bad = -1;
    return status;
}

/* Checks the threshold, which is for two classes. */
static cmlp_status check_threshold(const cmlp_table *table)
{
    const cmlp_net *net = table->nets[0].net;
    const int is_allowed = cmlpi_allows_threshold(cmlpi_n_out(net), cmlpi_output_activation(net), table->targets != NULL);
    return (table->has_threshold ? is_allowed : table->threshold == 0) ? CMLP_OK : CMLP_ERROR_OPTION;
}

/* Checks the targets. */
static cmlp_status check_targets(const cmlp_table *table)
{
    if (table->n_targets < 0) return CMLP_ERROR_OPTION;
    if (!table->targets != !table->n_targets) return table->targets ? CMLP_ERROR_OPTION : CMLP_ERROR_NULL;
    if (cmlpi_misaligned(table->targets, CMLPI_ALIGNOF(cmlp_table_target))) return CMLP_ERROR_ALIGNMENT;
    for (int64_t j = 0; j < table->n_targets; j++)
        for (size_t k = 0; k < sizeof table->targets->reserved / sizeof *table->targets->reserved; k++)
            if (table->targets[j].reserved[k]) return CMLP_ERROR_OPTION;
    return cmlpi_check_targets(table);
}

/* Counts the categories of all columns. */
static cmlp_status count_categories(const cmlp_table *table, int64_t *n, int64_t *bad)
{
    for (int64_t i = 0; i < table->n_columns; i++) {
        *bad = i;
        const cmlp_table_column *c = &table->columns[i];
        if (c->n_categories < 0 || (c->categories && !c->n_categories)) return CMLP_ERROR_OPTION;
        if (cmlpi_misaligned(c->categories, CMLPI_ALIGNOF(cmlp_value))) return CMLP_ERROR_ALIGNMENT;
        if (c->role == CMLP_TABLE_ROLE_CATEGORY && c->n_missing_values && !c->categories) return CMLP_ERROR_NULL;
        if (cmlpi_listed_values(c) > CMLPI_MAX_COUNT - *n) return CMLP_ERROR_OVERFLOW;
        *n += cmlpi_listed_values(c);
    }
    *bad = -1;
    return CMLP_OK;
}

/* Reads and checks a table, and lays out the workspace. */
static cmlp_status read_table(const cmlp_table *table, cmlp_table *copy, void *memory, size_t *size,
                              cmlpi_table_scratch *scratch, cmlp_run *run)
{
    const char **const refused = &run->refused;
    cmlpi_table_sizes sizes = {.n_rows = 1};
    cmlp_status status = CMLPI_READ(copy, table, cmlp_table, reserved);
    if (status) return cmlpi_refuse(refused, status, "table");
    if (copy->reserved) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "table->reserved");
    status = cmlpi_check_columns(copy->columns, copy->n_columns, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "table->columns");
    status = check_nets(copy, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "table->nets");
    status = check_threshold(copy);
    if (status) return cmlpi_refuse(refused, status, "table->threshold");
    status = check_targets(copy);
    if (status) return cmlpi_refuse(refused, status, "table->targets");
    sizes.widest = cmlpi_table_widest(copy);
    sizes.n_columns = copy->n_columns;
    for (int64_t i = 0; i < copy->n_columns; i++) {
        sizes.n_statistics += copy->columns[i].n_statistics;
        sizes.n_numbers += cmlpi_column_numbers(&copy->columns[i]);
    }
    sizes.n_numbers += CMLPI_N_TARGET_NUMBERS * copy->n_targets;
    status = count_categories(copy, &sizes.n_categories, &run->bad_element);
    if (status) return cmlpi_refuse(refused, status, "table->columns");
    if (sizes.n_numbers > CMLPI_MAX_COUNT || sizes.n_statistics > CMLPI_MAX_COUNT) return CMLP_ERROR_OVERFLOW;
    return cmlpi_table_scratch_lay_out(&sizes, memory, size, scratch);
}

cmlp_status cmlp_table_write_workspace_size(const cmlp_table *table, size_t *bytes, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_table copy;
    cmlpi_table_scratch scratch;
    size_t size;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = read_table(table, &copy, NULL, &size, &scratch, &call.run);
    if (!status) status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", &call.run);
    if (!status) *bytes = size;
    return cmlpi_end_call(&call, status);
}

/* Whether scores of a kind are those of a table's targets. */
static int fits_answers(const cmlp_table *table, cmlp_table_calibration_kind calibration_kind)
{
    if (!table->targets) return calibration_kind == CMLP_TABLE_CALIBRATION_PROBABILITY;
    if (table->nets[0].net->n_quantiles) return calibration_kind == CMLP_TABLE_CALIBRATION_QUANTILES;
    return calibration_kind == CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR ||
           calibration_kind == CMLP_TABLE_CALIBRATION_SCALED_ERROR;
}

/* Lists the arrays of a calibration and checks them. */
static cmlp_status add_calibration(cmlpi_writer *w, const cmlpi_content_kind *kind)
{
    const cmlp_table_calibration *c = w->calibration;
    int64_t n_targets = 0;
    if (!c) return CMLP_OK;
    if (!fits_answers(w->table, c->kind)) return CMLP_ERROR_OPTION;
    if (!cmlpi_fits_scores(c->kind, c->n_widths != 0, c->n_limits != 0)) return CMLP_ERROR_OPTION;
    if (c->n_targets < 1 || c->n_scores < 1 || c->n_scores % c->n_targets) return CMLP_ERROR_OPTION;
    if (c->n_widths < 0 || c->n_targets > CMLPI_MAX_COUNT / 2 || c->n_widths % (2 * c->n_targets)) return CMLP_ERROR_OPTION;
    if (c->n_limits && (c->n_limits % 4 || c->n_limits / 4 != c->n_targets)) return CMLP_ERROR_OPTION;
    if (c->n_scores > CMLPI_MAX_COUNT || c->n_widths > CMLPI_MAX_COUNT) return CMLP_ERROR_OVERFLOW;
    const cmlp_model_array arrays[3] = {
        cmlpi_array_of(CMLPI_CALIBRATION_SCORES, c->scores, c->n_targets, c->n_scores / c->n_targets, CMLP_FLOAT64),
        cmlpi_array_of(CMLPI_CALIBRATION_WIDTHS, c->widths, 2 * c->n_targets, c->n_widths / (2 * c->n_targets),
                       CMLP_FLOAT64),
        cmlpi_array_of(CMLPI_CALIBRATION_LIMITS, c->limits, 2 * c->n_targets, 2, CMLP_FLOAT64)};
    const int64_t lengths[] = {c->n_scores, c->n_widths, c->n_limits};
    for (int i = 0; i < 3; i++) {
        if (!arrays[i].data != !lengths[i]) return lengths[i] ? CMLP_ERROR_NULL : CMLP_ERROR_OPTION;
        if (cmlpi_misaligned(arrays[i].data, sizeof(double))) return CMLP_ERROR_ALIGNMENT;
        if (!arrays[i].data) continue;
        const cmlp_status status = cmlpi_check_calibration_array(&arrays[i], kind, &n_targets);
        if (status) return status;
        w->own[w->n_own++] = arrays[i];
    }
    return CMLP_OK;
}

/* Whether a table's content is without what only networks have. */
static cmlp_status check_table_content(const cmlp_model_content *content, cmlp_run *run)
{
    const char **const refused = &run->refused;
    if (!content->write) return cmlpi_refuse(refused, CMLP_ERROR_NULL, "content->write");
    if (content->training) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->training");
    if (content->factors) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->factors");
    if (content->shifts) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->shifts");
    return content->input_scale != 0 ? cmlpi_refuse(refused, CMLP_ERROR_OPTION, "content->input_scale") : CMLP_OK;
}

static cmlp_status write_table(const cmlp_table *table, const cmlp_model_content *content, int has_any_names,
                               cmlp_run *run)
{
    cmlp_table checked;
    cmlp_model_content copy;
    cmlpi_table_scratch scratch;
    cmlp_table_calibration calibration;
    size_t needed;
    cmlp_status status = read_table(table, &checked, run->workspace, &needed, &scratch, run);
    if (status) return status;
    status = CMLPI_READ(&copy, content, cmlp_model_content, reserved);
    if (status) return cmlpi_refuse(&run->refused, status, "content");
    status = check_table_content(&copy, run);
    if (!status) status = cmlpi_check_workspace(run, needed);
    if (status) return status;
    const cmlp_table *const t = &checked;
    cmlpi_writer w = {.net = t->nets[0].net, .table = t, .put_columns = put_columns, .nets = t->nets, .n_nets = t->n_nets,
                      .content = &copy, .input_scale = 1};
    status = cmlpi_read_labels(&w, run);
    if (status) return status;
    const int has_several = t->n_targets > 1 || w.model_kind == CMLP_MODEL_MULTILABEL;
    const cmlpi_content_kind kind = {.columns = t->columns, .n_columns = t->n_columns,
                                     .n_targets = has_several ? cmlpi_n_out(w.net) : 1,
                                     .has_calibration = t->calibration != NULL,
                                     .has_any_names = has_any_names};
    w.order = scratch.order;
    if (t->calibration) {
        status = CMLPI_READ(&calibration, t->calibration, cmlp_table_calibration, is_held_out);
        if (status) return cmlpi_refuse(&run->refused, status, "table->calibration");
        w.calibration = &calibration;
    }
    status = cmlpi_check_content(&copy, &kind, run);
    if (status) return status;
    status = add_calibration(&w, &kind);
    if (status) return cmlpi_refuse(&run->refused, status, "table->calibration");
    status = cmlpi_read_given_values(&w, run);
    if (status) return status;
    status = cmlpi_check_statistics(t->columns, t->n_columns);
    if (status) return cmlpi_refuse(&run->refused, status, "table->columns");
    for (int64_t i = 0; i < w.n_nets; i++) {
        if (cmlpi_are_finite(w.nets[i].net, w.nets[i].params, w.nets[i].n_params)) continue;
        return cmlpi_refuse_element(run, CMLP_ERROR_VALUE, "table->nets", i);
    }
    list_table_arrays(&w, &scratch);
    status = cmlpi_list_values(&w);
    if (!status) status = make_table_example(&w, &scratch);
    return status ? status : cmlpi_write_file(&w);
}

static cmlp_status write_table_model(const cmlp_table *table, const cmlp_model_content *content, int has_any_names,
                                     cmlp_run *run)
{
    cmlpi_call call;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = write_table(table, content, has_any_names, &call.run);
    return cmlpi_end_call(&call, cmlpi_refuse_content(&call.run, status));
}

cmlp_status cmlp_table_write(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run)
{
    return write_table_model(table, content, 0, run);
}

cmlp_status cmlpi_table_write(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run)
{
    return write_table_model(table, content, 1, run);
}
#endif
