/* Parses the head of a model file. */
#include "model_head.h"

#include <string.h>

#include "../../base/invariant.h"
#include "../crc.h"
#include "../model_rules.h"
#include "model_cursor.h"

/* What holds in all loops of the reader: the cursor moves forward, inside the head. */
#define FORWARD CMLPI_INSIDE(c->at, __CPROVER_loop_entry(c->at), c->end)

/* Reads letters, digits and underscores. */
static string_view next_word(cursor *c)
{
    string_view n = {c->at, 0};
    for (; !c->status && c->at < c->end; c->at++, n.length++)
        CMLPI_LOOP(CMLPI_INSIDE(c->at, n.at, c->end) && n.length == (size_t)(c->at - n.at), c->end - c->at, c->at,
                  n.length) {
        const unsigned b = *c->at, lower = b | 0x20;
        if (!(lower >= 'a' && lower <= 'z') && !(b >= '0' && b <= '9') && b != '_') break;
    }
    return n;
}

/* Reads the parameter after a name, if there is one: a number above 0, which cmlp_net_init checks later. */
static double next_parameter(cursor *c, double standard)
{
    if (standard == 0) return 0;
    DEMAND(c, ":", CMLP_ERROR_FILE_SYNTAX);
    const double value = cursor_hex_double(c);
    if (!(value > 0)) cursor_fail(c, CMLP_ERROR_OPTION);
    return value;
}

static int32_t next_activation(cursor *c, double *parameter)
{
    const cmlp_activation_info *info;
    const string_view n = next_word(c);
    for (int32_t code = 1; (info = cmlp_activation_describe(code)) != NULL; code++)
        if (cmlpi_is_name(n, info->name)) {
            *parameter = next_parameter(c, info->parameter);
            return code;
        }
    return cursor_fail(c, CMLP_ERROR_ACTIVATION);
}

static int32_t next_loss(cursor *c, double *parameter)
{
    const cmlp_loss_info *info;
    const string_view n = next_word(c);
    for (int32_t code = 1; (info = cmlp_loss_describe(code)) != NULL; code++)
        if (cmlpi_is_name(n, info->name)) {
            *parameter = next_parameter(c, info->parameter);
            return code;
        }
    return cursor_fail(c, CMLP_ERROR_LOSS);
}

/* Reads the kind. Another version can have more. */
static cmlp_model_kind next_kind(cursor *c)
{
    const string_view n = next_word(c);
    for (int32_t i = 0; i < CMLP_MODEL_ORDERED; i++)
        if (cmlpi_is_name(n, cmlpi_kind_names[i])) return i + 1;
    c->at = n.at;
    return cursor_fail(c, n.length ? CMLP_ERROR_FILE_VERSION : CMLP_ERROR_FILE_SYNTAX);
}

/* Reads the quantiles after the first one, if there are several. */
static void read_quantiles(cursor *c, cmlpi_head *head)
{
    if (head->loss != CMLP_LOSS_QUANTILE || !cursor_is_next(c, ",", 1)) return;
    head->quantiles[head->n_quantiles++] = head->loss_parameter;
    head->loss_parameter = 0;
    while (PASS(c, ","))
        CMLPI_LOOP(FORWARD && head->n_quantiles >= 1 && head->n_quantiles <= CMLP_MAX_QUANTILES, c->end - c->at,
                  c->at, c->status, head->n_quantiles, CMLPI_WHOLE(head->quantiles)) {
        if (head->n_quantiles == CMLP_MAX_QUANTILES) cursor_fail(c, CMLP_ERROR_OPTION);
        const double value = cursor_hex_double(c);
        if (c->status) return;
        head->quantiles[head->n_quantiles++] = value;
    }
}

static int32_t next_dtype(cursor *c)
{
    const string_view n = next_word(c);
    for (const cmlpi_dtype_name *d = cmlpi_dtype_names; d->name; d++)
        if (cmlpi_is_name(n, d->name)) return d->dtype;
    return cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
}

/* Reads {"dtype":"F32","shape":[...],"data_offsets":[a,b]}. a must be the end of the previous tensor, and b - a the
 * size of the shape, so that there are neither gaps nor overlaps. */
typedef struct shaped_tensor {
    int32_t dtype, n_dims;
    uint64_t shape[2];
} shaped_tensor;

static shaped_tensor next_tensor(cursor *c, uint64_t *offset)
{
    shaped_tensor t = {0, 0, {0, 0}};
    DEMAND(c, ":{\"dtype\":\"", CMLP_ERROR_FILE_SYNTAX);
    t.dtype = next_dtype(c);
    DEMAND(c, "\",\"shape\":[", CMLP_ERROR_FILE_SYNTAX);
    uint64_t bytes = cmlpi_bytes_of(t.dtype);
    do {
        const uint64_t size = cursor_number(c);
        if (c->status) return t;
        if (t.n_dims == 2 || size < 1 || size > CMLPI_MAX_COUNT || bytes > CMLPI_MAX_DATA / size) {
            cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
            return t;
        }
        t.shape[t.n_dims++] = size;
        bytes *= size;
    } while (PASS(c, ","));
    DEMAND(c, "],\"data_offsets\":[", CMLP_ERROR_FILE_SYNTAX);
    if (cursor_number(c) != *offset) cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
    DEMAND(c, ",", CMLP_ERROR_FILE_SYNTAX);
    if (cursor_number(c) != *offset + bytes) cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
    DEMAND(c, "]}", CMLP_ERROR_FILE_SYNTAX);
    *offset += bytes;
    return t;
}

/* Reads the columns of a table, the last of the fixed keys. */
static void read_columns(cursor *c, cmlpi_head *head)
{
    const unsigned char *at;
    if (!PASS(c, CMLPI_HEAD_COLUMNS)) {
        if (head->feature) cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
        return;
    }
    head->is_table = 1;
    if (!CMLP_BUILD_TABLES) {
        cursor_fail(c, CMLP_ERROR_LEFT_OUT);
        return;
    }
    if (!c->status && head->input_scale != 1) cursor_fail(c, CMLP_ERROR_FILE_VALUE);
    if (c->status) return;
    head->columns.at = c->at + 1;
    head->columns.length = cursor_string(c);
    if (c->status) return;
    const cmlp_status status = cmlpi_read_columns(&head->columns, NULL, NULL, &head->words, &at);
    if (status) c->at = at;
    cursor_fail(c, status);
}

/* Reads the fixed keys, then the others, which only other programs use. */
static void read_metadata(cursor *c, cmlpi_head *head)
{
    DEMAND(c, "\",\"data_crc32\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->data_crc = (uint32_t)cursor_hex(c, 8);
    DEMAND(c, "\",\"input_scale\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->input_scale = cursor_hex_double(c);
    if (head->input_scale == 0) cursor_fail(c, CMLP_ERROR_OPTION);
    DEMAND(c, "\",\"activations\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->n_layers = 1;
    do {
        if (head->n_layers == CMLP_MAX_LAYERS) cursor_fail(c, CMLP_ERROR_LAYERS);
        if (c->status) return;
        const int32_t l = head->n_layers++ - 1;
        head->activations[l] = next_activation(c, &head->activation_parameters[l]);
    } while (PASS(c, ","));
    DEMAND(c, "\",\"loss\":\"", CMLP_ERROR_FILE_SYNTAX);
    head->loss = next_loss(c, &head->loss_parameter);
    read_quantiles(c, head);
    DEMAND(c, CMLPI_HEAD_KIND, CMLP_ERROR_FILE_SYNTAX);
    head->model_kind = next_kind(c);
    DEMAND(c, "\"", CMLP_ERROR_FILE_SYNTAX);
    read_columns(c, head);
    string_view last = {(const unsigned char *)"", 0};
    while (PASS(c, ",")) {
        const string_view key = cursor_next_name(c, &last);
        if (cmlpi_is_fixed_key(key)) cursor_fail(c, CMLP_ERROR_FILE_NAME);
        DEMAND(c, ":", CMLP_ERROR_FILE_SYNTAX);
        cursor_string(c);
    }
    DEMAND(c, "}", CMLP_ERROR_FILE_SYNTAX);
}

/* Skips a number that is below 10,000. */
static void demand_number(cursor *c, int32_t n)
{
    unsigned char digits[4];
    size_t first = sizeof digits;
    do digits[--first] = (unsigned char)('0' + n % 10);
    while (n /= 10);
    if (!cursor_pass(c, (const char *)digits + first, sizeof digits - first)) cursor_fail(c, CMLP_ERROR_FILE_NAME);
}

/* Reads ,"layers.I.weight" or ,"layers.I.bias", which in the file of a table begin with nets.N. */
static void layer_name(cursor *c, int32_t net, int32_t layer, int is_bias)
{
    DEMAND(c, ",\"", CMLP_ERROR_FILE_NAME);
    if (net >= 0) {
        DEMAND(c, "nets.", CMLP_ERROR_FILE_NAME);
        demand_number(c, net);
        DEMAND(c, ".", CMLP_ERROR_FILE_NAME);
    }
    DEMAND(c, "layers.", CMLP_ERROR_FILE_NAME);
    demand_number(c, layer);
    if (!(is_bias ? PASS(c, ".bias\"") : PASS(c, ".weight\""))) cursor_fail(c, CMLP_ERROR_FILE_NAME);
}

/* Reads the layers of a network. Those behind the input have the sizes of the first network. */
static void read_layers(cursor *c, cmlpi_head *head, int32_t net, int64_t *sizes, uint64_t *offset)
{
    const int is_first = net <= 0;
    for (int32_t l = 0; l + 1 < head->n_layers; l++)
        CMLPI_LOOP(FORWARD && l >= 0 && l < head->n_layers && *offset <= CMLPI_MAX_DATA, head->n_layers - l, l, c->at,
                  c->status, *offset, head->dtype, CMLPI_WHOLE(head->sizes)) {
        layer_name(c, net, l, 0);
        const shaped_tensor weights = next_tensor(c, offset);
        layer_name(c, net, l, 1);
        const shaped_tensor biases = next_tensor(c, offset);
        if (c->status) return;
        if (!l) sizes[0] = (int64_t)weights.shape[0];
        if (!l && is_first) head->dtype = weights.dtype;
        if (is_first) sizes[l + 1] = (int64_t)weights.shape[1];
        const int is_float = head->dtype == CMLP_FLOAT32 || head->dtype == CMLP_FLOAT64;
        if (!is_float || weights.dtype != head->dtype || biases.dtype != head->dtype || weights.n_dims != 2 ||
            biases.n_dims != 1 || (int64_t)weights.shape[0] != sizes[l] ||
            (int64_t)weights.shape[1] != sizes[l + 1] || biases.shape[0] != weights.shape[1])
            cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
    }
}

/* Reads the networks of a table. They differ in their weights, and in whether the input has bins. */
static void read_nets(cursor *c, cmlpi_head *head, uint64_t *offset)
{
    const int64_t *widths = head->words.widths;
    int64_t widest = 0;
    do {
        const int32_t i = head->n_nets;
        if (i == CMLP_TABLE_MAX_NETS) cursor_fail(c, CMLP_ERROR_FILE_NAME);
        if (c->status) return;
        read_layers(c, head, i, head->sizes, offset);
        if (c->status) return;
        const int64_t n_in = head->sizes[0];
        if (n_in != widths[0] && n_in != widths[1]) cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
        if (n_in == widths[1]) head->has_bins[i / 64] |= UINT64_C(1) << i % 64;
        if (n_in > widest) widest = n_in;
        head->n_nets++;
    } while (cursor_is_next(c, ",\"nets.", 7));
    head->sizes[0] = widest;
}

/* Notes where the scores of the calibration start. They are those of one target, or of each of several. */
static void note_scores(cursor *c, cmlpi_head *head, const shaped_tensor *t, uint64_t start)
{
    cmlpi_stored_calibration *calibration = &head->calibration;
    calibration->scores = start;
    calibration->n_targets = (int64_t)t->shape[0];
    calibration->n_scores = (int64_t)t->shape[1];
    if (!cmlpi_holds_scores(t->dtype, calibration->n_targets, calibration->n_scores, head->n_targets))
        cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
}

/* Notes where its widths start. The scores come before them. */
static void note_widths(cursor *c, cmlpi_head *head, const shaped_tensor *t, uint64_t start)
{
    cmlpi_stored_calibration *calibration = &head->calibration;
    calibration->widths = start;
    calibration->n_knots = (int64_t)t->shape[1];
    if (!cmlpi_holds_widths(t->dtype, (int64_t)t->shape[0], calibration->n_knots, calibration->n_targets))
        cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
}

/* Notes where its limits of frequent targets start. */
static void note_limits(cursor *c, cmlpi_head *head, const shaped_tensor *t, uint64_t start)
{
    head->calibration.limits = start;
    if (!cmlpi_holds_limits(t->dtype, (int64_t)t->shape[0], (int64_t)t->shape[1], head->n_targets))
        cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
}

/* Notes where its scores by class start. */
static void note_classes(cursor *c, cmlpi_head *head, const shaped_tensor *t, uint64_t start)
{
    head->calibration.classes = start;
    head->calibration.n_of_classes = (int64_t)t->shape[1];
    if (!cmlpi_holds_classes(t->dtype, (int64_t)t->shape[0], (int64_t)t->shape[1])) cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
}

#if CMLPI_EXPLAINS_TABLES
/* Notes where the background of explanations starts. One that Python cannot have written is refused where it is used. */
static void note_background(cmlpi_head *head, string_view n, const shaped_tensor *t, uint64_t start)
{
    cmlpi_stored_background *background = &head->background;
    const int is_double = t->dtype == CMLP_FLOAT64;
    if (cmlpi_is_name(n, "background.rows")) {
        background->rows = start;
        background->n_rows = is_double && (int64_t)t->shape[1] == head->words.n_columns ? (int64_t)t->shape[0] : -1;
    } else if (cmlpi_is_name(n, "background.weights")) {
        background->weights = start;
        background->n_weights = is_double && t->n_dims == 1 ? (int64_t)t->shape[0] : -1;
    }
}
#endif

/* Notes where the elements of labels, names and categories start. Of a network, those of tables are other programs'. */
static void note_values(cursor *c, cmlpi_head *head, string_view n, const shaped_tensor *t, uint64_t start)
{
    const int n_known = CMLPI_IS_TABLE_HEAD(head) ? CMLPI_N_VALUE_TENSORS : CMLPI_N_NETWORK_TENSORS;
    for (int i = 0; i < n_known; i++) {
        if (!cmlpi_is_name(n, cmlpi_value_tensors[i].name)) continue;
        head->values.starts[i] = start;
        head->values.n[i] = (int64_t)t->shape[0];
        if (t->dtype != cmlpi_value_tensors[i].dtype || t->n_dims != 1) cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
    }
}

/* Notes where a tensor of this format starts, and checks its type and shape. */
static void note_tensor(cursor *c, cmlpi_head *head, string_view n, const shaped_tensor *t, uint64_t start)
{
    const int of_table = CMLPI_IS_TABLE_HEAD(head);
    const cmlpi_tensor_sizes sizes = {.n_in = of_table ? head->words.n_columns : head->sizes[0],
                                      .n_out = head->sizes[head->n_layers - 1],
                                      .n_numbers = head->words.n_numbers,
                                      .n_statistics = head->words.n_statistics,
                                      .n_targets = head->n_targets,
                                      .dtype = of_table ? CMLP_FLOAT64 : head->dtype};
    uint64_t *const starts[CMLPI_N_SIZED] = {
        [CMLPI_SIZED_EXAMPLE_INPUT] = &head->example_input,       [CMLPI_SIZED_EXAMPLE_OUTPUT] = &head->example_output,
        [CMLPI_SIZED_INPUT_FACTOR] = &head->input_factor,         [CMLPI_SIZED_INPUT_SHIFT] = &head->input_shift,
        [CMLPI_SIZED_TABLE_NUMBERS] = &head->table_numbers,       [CMLPI_SIZED_TABLE_STATISTICS] = &head->table_statistics,
        [CMLPI_SIZED_TABLE_TARGET] = &head->table_target,         [CMLPI_SIZED_TABLE_THRESHOLD] = &head->table_threshold,
        [CMLPI_SIZED_TABLE_SEEN] = &head->table_seen};
    if (n.length > 6 && !memcmp(n.at, "layers.", 7)) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (of_table && n.length > 4 && !memcmp(n.at, "nets.", 5)) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    for (int i = 0; i < (of_table ? CMLPI_N_SIZED : CMLPI_N_SIZED_OF_NETWORKS); i++) {
        const cmlp_model_array known = cmlpi_sized_array(i, &sizes, NULL);
        if (!cmlpi_is_name(n, known.name)) continue;
        *starts[i] = start;
        if (t->dtype != known.dtype || (int64_t)t->shape[0] != known.n_rows || (int64_t)t->shape[1] != known.n_columns)
            cursor_fail(c, CMLP_ERROR_FILE_TENSOR);
    }
    note_values(c, head, n, t, start);
    if (of_table && cmlpi_is_name(n, CMLPI_CALIBRATION_CLASSES)) note_classes(c, head, t, start);
    if (of_table && cmlpi_is_name(n, CMLPI_CALIBRATION_LIMITS)) note_limits(c, head, t, start);
    if (of_table && cmlpi_is_name(n, CMLPI_CALIBRATION_SCORES)) note_scores(c, head, t, start);
    if (of_table && cmlpi_is_name(n, CMLPI_CALIBRATION_WIDTHS)) note_widths(c, head, t, start);
#if CMLP_BUILD_TABLES
    if (of_table && cmlpi_is_name(n, "summary.values")) head->has_summary = 1;
#endif
#if CMLPI_EXPLAINS_TABLES
    if (of_table) note_background(head, n, t, start);
#endif
}

/* A threshold is there if and only if the file requires it, and for the probability of two classes. */
static void check_has_threshold(cursor *c, const cmlpi_head *head)
{
    if ((head->feature == CMLPI_REQUIRES_THRESHOLD) != !!head->table_threshold) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (head->table_threshold && !cmlpi_allows_threshold(head->sizes[head->n_layers - 1],
                                                       head->activations[head->n_layers - 2], head->table_target != 0))
        cursor_fail(c, CMLP_ERROR_OPTION);
}

/* Whether the kind fits the rest of the head. */
static void check_kind(cursor *c, const cmlpi_head *head)
{
    if (c->status) return; /* there may be no layer */
    const cmlpi_model_outputs outputs = {.is_table = CMLPI_IS_TABLE_HEAD(head),
                                         .has_targets = head->table_target != 0,
                                         .loss = head->loss,
                                         .activation = head->activations[head->n_layers - 2],
                                         .n = head->sizes[head->n_layers - 1],
                                         .n_labels = head->values.n[CMLPI_LABEL_ENDS]};
    if (!cmlpi_fits_kind(head->model_kind, &outputs)) cursor_fail(c, CMLP_ERROR_FILE_VALUE);
}

/* Reads the example, shift and factor, and the tensors that only other programs use. */
static void read_other_tensors(cursor *c, cmlpi_head *head, uint64_t *offset)
{
    string_view last = {(const unsigned char *)"", 0};
    while (PASS(c, ",")) {
        const string_view n = cursor_next_name(c, &last);
        const uint64_t start = head->bytes + *offset;
        const shaped_tensor t = next_tensor(c, offset);
        if (c->status) return;
        note_tensor(c, head, n, &t, start);
    }
    if (!head->example_input != !head->example_output) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (!head->input_shift != !head->input_factor) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (CMLPI_IS_TABLE_HEAD(head) && head->input_factor) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (!head->table_numbers != !head->words.n_numbers) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (!head->table_statistics != !head->words.n_statistics) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (CMLP_BUILD_TABLES && !head->has_missing_values != !head->words.n_missing_values) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (head->feature == CMLPI_REQUIRES_TARGETS && !head->table_target) cursor_fail(c, CMLP_ERROR_FILE_NAME);
    if (CMLP_BUILD_TABLES) check_has_threshold(c, head);
    const cmlpi_value_sizes sizes = {.n_inputs = CMLPI_IS_TABLE_HEAD(head) ? head->words.n_columns : head->sizes[0],
                                     .n_outputs = head->sizes[head->n_layers - 1],
                                     .n_columns = head->words.n_columns,
                                     .n_targets = head->feature == CMLPI_REQUIRES_TARGETS ? head->n_targets : 0,
                                     .has_scores = head->calibration.scores != 0,
                                     .is_ordered = head->model_kind == CMLP_MODEL_ORDERED};
    cursor_fail(c, cmlpi_check_value_sizes(&head->values, &sizes));
    check_kind(c, head);
    if (head->input_factor && head->input_scale != 1) cursor_fail(c, CMLP_ERROR_OPTION);
    if (head->n_quantiles && head->n_quantiles != head->sizes[head->n_layers - 1]) cursor_fail(c, CMLP_ERROR_OPTION);
    DEMAND(c, "}", CMLP_ERROR_FILE_SYNTAX);
}

/* Skips at most 63 spaces before the parameters. */
static void read_padding(cursor *c)
{
    if (c->end - c->at >= CMLPI_HEAD_ALIGNMENT) cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
    while (PASS(c, " ")) {}
    if (c->at < c->end) cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
}

static uint32_t head_crc(const unsigned char *file, size_t n)
{
    cmlpi_crc crc;
    cmlpi_crc_begin(&crc);
    cmlpi_crc_add(&crc, file, CMLPI_HEAD_CRC_AT);
    cmlpi_crc_add(&crc, "00000000", 8);
    cmlpi_crc_add(&crc, file + CMLPI_HEAD_CRC_AT + 8, n - CMLPI_HEAD_CRC_AT - 8);
    return cmlpi_crc_end(&crc);
}

/* Checks the length that the file begins with. *bytes receives the size of the head with the eight bytes of this length. */
static cmlp_status head_length(const unsigned char *file, size_t n, uint64_t *bytes)
{
    uint64_t length = 0;
    if (n < 8) return CMLP_ERROR_FILE_SHORT;
    for (int i = 7; i >= 0; i--) length = length << 8 | file[i];
    if (length > CMLPI_MAX_HEAD - 8 || (length + 8) % CMLPI_HEAD_ALIGNMENT || length < CMLPI_MIN_HEAD)
        return CMLP_ERROR_FILE_MAGIC;
    *bytes = length + 8;
    return n < *bytes ? CMLP_ERROR_FILE_SHORT : CMLP_OK;
}

/* The feature of a name. */
static int feature_of(string_view n)
{
    if (CMLP_BUILD_TABLES && cmlpi_is_name(n, CMLPI_FEATURE_MISSING_VALUES)) return CMLPI_REQUIRES_MISSING_VALUES;
    return cmlpi_is_name(n, CMLPI_FEATURE_TARGETS)     ? CMLPI_REQUIRES_TARGETS
           : cmlpi_is_name(n, CMLPI_FEATURE_THRESHOLD) ? CMLPI_REQUIRES_THRESHOLD
                                                       : CMLPI_NO_FEATURE;
}

/* A file may list what a reader must know, before everything that may be new. This reader knows three features, of which a
 * model can have one of the last two, and refuses others and both of them as those of a later version, unless they are not
 * in order. */
static void read_requirements(cursor *c, cmlpi_head *head)
{
    if (!PASS(c, CMLPI_HEAD_REQUIRES)) return;
    string_view n = next_word(c);
    int feature = feature_of(n);
    if (CMLP_BUILD_TABLES && feature == CMLPI_REQUIRES_MISSING_VALUES) {
        head->feature = feature;
        head->has_missing_values = 1;
        if (!PASS(c, ",")) return;
        n = next_word(c);
        feature = feature_of(n);
    }
    if (feature > head->feature) {
        head->feature = feature;
        if (!PASS(c, ",")) return;
        n = next_word(c);
        feature = feature_of(n);
    }
    if (feature && feature <= head->feature) n.length = 0; /* twice, or out of order */
    c->at = n.at;
    cursor_fail(c, n.length ? CMLP_ERROR_FILE_VERSION : CMLP_ERROR_FILE_SYNTAX);
}

cmlp_status cmlpi_head_read(const unsigned char *file, size_t n, cmlpi_head *head)
{
    memset(head, 0, sizeof *head);
    const cmlp_status status = head_length(file, n, &head->bytes);
    if (status) return status;
    cursor c = {file + 8, file + head->bytes, CMLP_OK};
    uint64_t offset = 0;
    DEMAND(&c, CMLPI_HEAD_START, CMLP_ERROR_FILE_MAGIC);
    DEMAND(&c, CMLPI_HEAD_VERSION, CMLP_ERROR_FILE_VERSION);
    const uint32_t crc = (uint32_t)cursor_hex(&c, 8);
    if (!c.status && crc != head_crc(file, (size_t)head->bytes)) cursor_fail(&c, CMLP_ERROR_FILE_HEAD_CRC);
    read_requirements(&c, head);
    read_metadata(&c, head);
    if (CMLPI_IS_TABLE_HEAD(head))
        read_nets(&c, head, &offset);
    else
        read_layers(&c, head, -1, head->sizes, &offset);
    head->params_size = offset;
    const int has_several = head->feature == CMLPI_REQUIRES_TARGETS || head->model_kind == CMLP_MODEL_MULTILABEL;
    head->n_targets = has_several && !c.status ? head->sizes[head->n_layers - 1] : 1;
    if (head->feature == CMLPI_REQUIRES_TARGETS && (head->n_quantiles || head->n_targets < 2))
        cursor_fail(&c, CMLP_ERROR_OPTION);
    read_other_tensors(&c, head, &offset);
    read_padding(&c);
    head->error_at = (uint64_t)(c.at - file);
    head->file_size = head->bytes + offset;
    return cmlpi_file_status(c.status);
}

int cmlpi_head_find(const unsigned char *file, const char *key, const char **text, size_t *length)
{
    cursor c = {file + 8, file + 8, CMLP_OK};
    uint64_t bytes;
    if (head_length(file, SIZE_MAX, &bytes)) return 0;
    c.end = file + bytes;
    DEMAND(&c, "{\"__metadata__\":{", CMLP_ERROR_FILE_SYNTAX);
    do {
        string_view none = {(const unsigned char *)"", 0};
        const string_view found = cursor_next_name(&c, &none);
        DEMAND(&c, ":\"", CMLP_ERROR_FILE_SYNTAX);
        c.at--;
        const unsigned char *first = c.at + 1;
        const size_t there = cursor_string(&c);
        if (c.status) return 0;
        if (cmlpi_is_name(found, key)) {
            *text = (const char *)first;
            *length = there;
            return 1;
        }
    } while (PASS(&c, ","));
    return 0;
}

static cmlp_status make_net(const cmlpi_head *head, const int64_t *sizes, cmlp_net *net)
{
    const cmlp_net_config config = {.struct_size = sizeof config,
                                    .sizes = sizes,
                                    .activations = head->activations,
                                    .n_layers = head->n_layers,
                                    .loss = head->loss,
                                    .dtype = head->dtype,
                                    .isa_mask = head->isa_mask,
                                    .activation_parameters = head->activation_parameters,
                                    .loss_parameter = head->loss_parameter,
                                    .quantiles = head->n_quantiles ? head->quantiles : NULL,
                                    .n_quantiles = head->n_quantiles};
    cmlp_run run; /* the head has no arguments whose names it could receive */
    return cmlpi_file_status(cmlpi_make_net(net, &config, &run));
}

cmlp_status cmlpi_head_net(const cmlpi_head *head, cmlp_net *net) { return make_net(head, head->sizes, net); }

#if CMLP_BUILD_TABLES
cmlp_status cmlpi_head_table_net(const cmlpi_head *head, int64_t n_in, cmlp_net *net)
{
    int64_t sizes[CMLP_MAX_LAYERS];
    memcpy(sizes, head->sizes, sizeof sizes);
    sizes[0] = n_in;
    return make_net(head, sizes, net);
}
#endif
