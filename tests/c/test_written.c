/* What the writers of model files accept, the reader reads: networks and tables with random contents, of which some break
 * a rule. A refused file has no bytes. */
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 30000, MOST_COLUMNS = 5, MOST_EDGES = 16, MOST_NETS = 3, MOST_UNITS = 4, MOST_LAYERS = 4, MOST_PARAMS = 4096, MOST_ROWS = 5 };

static uint64_t state = 11;
static model_file file;
static double params[MOST_NETS][MOST_PARAMS], numbers[64], zeros[64];
static _Alignas(64) unsigned char net_memory[MOST_NETS][CMLP_NET_SIZE(CMLP_MAX_LAYERS)], workspace[1 << 18], memory[1 << 18];
static int64_t n_accepted, n_refused, n_calibrated, statuses[128]; /* calibrated: accepted tables with scores */

static int64_t below(int64_t n) { return random_below(&state, n); }
static int one_of(int64_t n) { return below(n) == 0; }

/* A number that most rules allow, or an extreme one. */
static double any_number(void)
{
    static const double others[] = {0, -0.0, 1, -1, 5e-324, 1e-300, 1e300, 1.7976931348623157e308, -1e308, INFINITY, NAN};
    return one_of(100) ? others[below(sizeof others / sizeof *others)] : uniform(&state, 0.1, 2);
}

static double any_parameter(double standard, double lower_limit)
{
    return standard > 0 && one_of(2) ? lower_limit + uniform(&state, 0.1, 0.9) : 0;
}

/* The shape that the networks of a file share. */
typedef struct form {
    int64_t sizes[MOST_LAYERS];
    int32_t activations[MOST_LAYERS - 1], n_layers, loss, dtype;
    double parameters[MOST_LAYERS - 1], loss_parameter, quantiles[MOST_UNITS];
    int has_quantiles;
} form;

static form any_form(void)
{
    static const double levels[MOST_UNITS] = {0.05, 0.25, 0.5, 0.99};
    form f = {.n_layers = (int32_t)(2 + below(MOST_LAYERS - 1)), .dtype = one_of(2) ? CMLP_FLOAT32 : CMLP_FLOAT64};
    for (int32_t l = 0; l < f.n_layers; l++) f.sizes[l] = 1 + below(MOST_UNITS);
    for (int32_t l = 0; l < f.n_layers - 1; l++) {
        const int is_last = l == f.n_layers - 2;
        const cmlp_activation_info *info;
        do info = cmlp_activation_describe(f.activations[l] = (int32_t)(1 + below(12)));
        while (!(is_last ? info->allows_output : info->allows_hidden));
        f.parameters[l] = any_parameter(info->parameter, 0);
    }
    do f.loss = (cmlp_loss)(1 + below(CMLP_LOSS_TWEEDIE));
    while (!cmlp_loss_allows(f.loss, f.activations[f.n_layers - 2]));
    const cmlp_loss_info *info = cmlp_loss_describe(f.loss);
    memcpy(f.quantiles, levels, sizeof levels);
    f.has_quantiles = f.loss == CMLP_LOSS_QUANTILE && f.sizes[f.n_layers - 1] > 1 && one_of(2);
    f.loss_parameter = f.has_quantiles ? 0 : any_parameter(info->parameter, info->lower_limit);
    return f;
}

static const cmlp_net *make_net(int i, const form *f, int64_t n_in)
{
    const cmlp_net *net = NULL;
    form own = *f;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    own.sizes[0] = n_in;
    config.sizes = own.sizes;
    config.activations = own.activations;
    config.activation_parameters = own.parameters;
    config.n_layers = own.n_layers;
    config.loss = own.loss;
    config.loss_parameter = own.loss_parameter;
    config.dtype = own.dtype;
    config.quantiles = own.has_quantiles ? own.quantiles : NULL;
    config.n_quantiles = own.has_quantiles ? own.sizes[own.n_layers - 1] : 0;
    CHECK(cmlp_net_init(net_memory[i], CMLP_NET_SIZE(CMLP_MAX_LAYERS), &config, &net, NULL) == CMLP_OK && cmlp_net_n_params(net) <= MOST_PARAMS);
    for (int64_t k = 0; k < cmlp_net_n_params(net); k++) put(own.dtype, params[i], k, uniform(&state, -1, 1));
    if (one_of(100)) put(own.dtype, params[i], below(cmlp_net_n_params(net)), NAN);
    return net;
}

/* ---- strings and arrays, with names of which many have a meaning */

enum { MOST_STRINGS = 4, MOST_ARRAYS = 3 };
static const char *const keys[] = {"calibration", "categories", "classes", "columns", "kind", "requires", "targets", "x.y_9"};
static const char *const values[] = {
    "", "\\ \" \\\"", "x", "\x7f", "[null]", "[[1,\"a\"]]", "[null,[1]]",
    "{\"kind\":\"labels\",\"dtype\":\"U1\",\"values\":[\"a\",\"b\"]}",
    "{\"kind\":\"labels\",\"dtype\":\"i8\",\"values\":[1,2,3]}",
    "{\"kind\":\"absolute_error\",\"rows\":\"held_out\"}",
    "[{\"name\":null,\"kind\":\"number\",\"outputs\":1},{\"name\":\"b\",\"kind\":\"number\",\"outputs\":1}]"};
static const char *const names[] = {"background.rows", "calibration.scores", "calibration.widths", "example.input",
                                    "input.factor", "layers", "layers.0", "nets.0", "nets.0.layers.0.weight", "table.numbers", "table.threshold",
                                    "training.numbers", "x"};

static cmlp_model_string strings[MOST_STRINGS];
static cmlp_model_array arrays[MOST_ARRAYS];

/* Ascending indices below n, or seldom the same one twice. */
static int64_t next_index(int64_t last, int64_t n) { return last + (one_of(50) ? 0 : 1 + below(n)); }

static cmlp_model_string string_of(const char *key, const char *value)
{
    return (cmlp_model_string){.key = key, .value = value, .n_value = (int64_t)strlen(value)};
}

static cmlp_model_content any_content(int is_table, int64_t n_out)
{
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    for (int64_t k = next_index(-1, 4); k >= 0 && k < 8 && content.n_strings < MOST_STRINGS; k = next_index(k, 4))
        if (one_of(4) || k < 3 || k > 5) /* the others are reserved */
            strings[content.n_strings++] = string_of(keys[k], values[below(11)]);
    for (int64_t k = next_index(-1, 6); k >= 0 && k < 13 && content.n_arrays < MOST_ARRAYS; k = next_index(k, 6)) {
        if (!one_of(4) && k > 2 && k < 12) continue; /* most are reserved */
        cmlp_model_array a = {names[k], numbers, 1 + below(MOST_ROWS), below(4), (int32_t)(1 + below(5)), 0, {0}};
        if ((k == 1 || k == 2) && is_table && !one_of(4)) a.dtype = CMLP_FLOAT64;
        if (k == 1 && one_of(2)) a.n_rows = one_of(2) ? 1 : n_out;
        if (k == 2 && one_of(2)) a.n_rows = one_of(2) ? 2 : 2 * n_out;
        if (one_of(100)) a.n_rows = below(2) ? 0 : INT64_MAX;
        arrays[content.n_arrays++] = a;
    }
    const int damaged = one_of(4); /* else the numbers ascend */
    for (int k = 0; k < 64; k++) numbers[k] = damaged ? any_number() : k;
    content.kind = one_of(20) ? (cmlp_model_kind)below(CMLP_MODEL_ORDERED + 2) : 0;
    content.strings = strings;
    content.arrays = arrays;
    content.write = model_file_append;
    content.write_context = &file;
    return content;
}

/* Counts a status of a writer. If the file was written, it must be read. */
static void read_back(cmlp_status written, int64_t n_in, int round)
{
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    const cmlp_model *model = NULL;
    double output[MOST_UNITS];
    int32_t label;
    statuses[written]++;
    n_accepted += !written;
    n_refused += written != CMLP_OK;
    if (written) {
        check_that(!file.size, "round %d: bytes of a refused file", round);
        return;
    }
    cmlp_status status = cmlp_model_describe(file.bytes, file.size, &info, NULL);
    CHECK(info.model_size <= sizeof memory && info.workspace_size <= sizeof workspace);
    if (!status)
        status = cmlp_model_init(memory, sizeof memory, file.bytes, file.size, NULL, &model,
                                 SPACE(workspace, sizeof workspace));
    check_that(!status && info.n_in == n_in, "round %d: %s", round, cmlp_status_name(status));
    if (!status) CHECK(predict_row(model, zeros, n_in, &label, output, workspace, sizeof workspace) != CMLP_ERROR_DTYPE);
}

/* ---- networks */

static void write_network(int round)
{
    static double shifts[MOST_UNITS], factors[MOST_UNITS];
    const form f = any_form();
    const cmlp_net *const net = make_net(0, &f, f.sizes[0]);
    cmlp_model_content content = any_content(0, f.sizes[f.n_layers - 1]);
    content.input_scale = any_number();
    for (int k = 0; k < MOST_UNITS; k++) shifts[k] = any_number(), factors[k] = any_number();
    if (one_of(3)) content.shifts = shifts, content.factors = factors;
    file.size = 0;
    read_back((one_of(8) ? cmlp_model_write : cmlpi_model_write)(net, params[0], cmlp_net_n_params(net), &content, SPACE(workspace, sizeof workspace)), f.sizes[0], round);
}

/* ---- tables */

static cmlp_table_column any_column(double *edges, cmlp_table_date_part *parts)
{
    cmlp_table_column c = {.role = (int32_t)(1 + below(3))};
    int64_t n = below(4);
    for (int k = 0; k < MOST_EDGES; k++) edges[k] = k + (one_of(20) ? any_number() : 0);
    if (c.role == CMLP_TABLE_ROLE_NUMBER) {
        c.has_missing = (int32_t)below(2);
        c.centre = any_number();
        c.scale = any_number();
        for (int k = 0; k < 3 && one_of(2); k++) {
            cmlp_table_date_part *part = &parts[c.n_parts];
            if (one_of(3)) continue;
            *part = (cmlp_table_date_part){.kind = CMLP_TABLE_DATE_PART_DAY + k};
            if (!one_of(3)) part->n_edges = one_of(20) ? 1 : 2 + below(2);
            if (part->n_edges) part->edges = edges + 3 * (k + 1);
            c.n_parts++;
        }
        if (c.n_parts) c.parts = parts;
        c.n_edges = n == 1 && !one_of(10) ? 2 : n;
        if (c.n_edges || one_of(50)) c.edges = edges;
    }
    if (c.role == CMLP_TABLE_ROLE_CATEGORY) c.n_categories = one_of(200) ? INT64_C(1) << 31 : !n && !one_of(10) ? 2 : n;
    if (c.role == CMLP_TABLE_ROLE_UNUSED && one_of(50)) c.n_edges = n;
    return c;
}

static void write_table(int round)
{
    static double edges[MOST_COLUMNS][MOST_EDGES];
    static cmlp_table_column columns[MOST_COLUMNS];
    static cmlp_table_date_part parts[MOST_COLUMNS][3];
    cmlp_table_target targets[MOST_UNITS];
    cmlp_table_net nets[MOST_NETS];
    form f = any_form();
    cmlp_table table = CMLP_INIT(cmlp_table);
    const int64_t n_out = f.sizes[f.n_layers - 1];
    table.n_columns = 1 + below(MOST_COLUMNS);
    for (int64_t i = 0; i < table.n_columns; i++) columns[i] = any_column(edges[i], parts[i]);
    for (int k = 0; k < MOST_UNITS; k++)
        targets[k] = (cmlp_table_target){.centre = any_number(), .scale = any_number(), .low = -any_number(),
                                         .high = any_number()};
    table.n_nets = 1 + below(MOST_NETS);
    for (int i = 0; i < table.n_nets; i++) {
        cmlp_table_encoder encoder = CMLP_INIT(cmlp_table_encoder);
        int64_t width = 1;
        encoder.columns = columns;
        encoder.n_columns = table.n_columns;
        encoder.has_bins = (int32_t)below(2);
        encoder.dtype = f.dtype;
        if (cmlp_table_encoder_width(&encoder, &width, NULL)) width = 1; /* the writer must refuse the column too */
        const cmlp_net *const net = make_net(i, &f, width + one_of(100));
        nets[i] = (cmlp_table_net){.net = net, .params = params[i], .n_params = cmlp_net_n_params(net)};
    }
    table.columns = columns;
    table.nets = nets;
    const int is_of_classes = f.loss == CMLP_LOSS_LOG || f.loss == CMLP_LOSS_FOCAL || f.loss == CMLP_LOSS_LABEL_SMOOTHING;
    if (one_of(8) ? one_of(2) : !is_of_classes) table.targets = targets;
    table.has_threshold = one_of(3);
    if (table.has_threshold) table.threshold = one_of(20) ? any_number() : 0.25 * (double)below(5);
    table.n_targets = one_of(3) ? n_out : one_of(10) ? below(4) : table.targets != NULL;
    cmlp_model_content content = any_content(1, n_out);
    if (table.n_targets > 1 && content.n_strings < MOST_STRINGS && n_out == 2)
        strings[content.n_strings++] = string_of("targets", values[10]);
    file.size = 0;
    const cmlp_status status = (one_of(8) ? cmlp_table_write : cmlpi_table_write)(&table, &content, SPACE(workspace, sizeof workspace));
    for (int32_t i = 0; i < content.n_arrays && !status; i++) n_calibrated += arrays[i].name == names[1];
    read_back(status, table.n_columns, round);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 3)
            write_table(i);
        else
            write_network(i);
    }
    check_that(n_accepted > ROUNDS / 10 && n_refused > ROUNDS / 10 && n_calibrated > ROUNDS / 1000,
               "%d accepted, %d with scores", (int)n_accepted, (int)n_calibrated);
    static const cmlp_status seen[] = {CMLP_ERROR_OVERFLOW, CMLP_ERROR_OPTION, CMLP_ERROR_WIDTH, CMLP_ERROR_NAME,
                                       CMLP_ERROR_TEXT, CMLP_ERROR_LENGTH, CMLP_ERROR_VALUE};
    for (size_t k = 0; k < sizeof seen / sizeof *seen; k++)
        check_that(statuses[seen[k]] > 0, "no file with %s", cmlp_status_name(seen[k]));
    return finish();
}
