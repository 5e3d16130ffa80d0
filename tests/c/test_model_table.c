/* Model files of version 3: the networks and columns of a table, which predict a raw row. */
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 4, N_OUT = 3, N_HIDDEN = 5, WIDE = 1 + 2 + 1 + 3 + 1, NARROW = WIDE - 2, N_NETS = 3,
       MOST = WIDE * N_HIDDEN + N_HIDDEN + N_HIDDEN * N_OUT + N_OUT };

static const double edges[] = {-1, 0.25, 2};
static const cmlp_column columns[N_COLUMNS] = {{CMLP_COLUMN_NUMBER, 1, 3, 0.5, 2, edges},
                                               {CMLP_COLUMN_CATEGORY, 0, 3, 0, 0, NULL},
                                               {CMLP_COLUMN_UNUSED, 0, 0, 0, 0, NULL},
                                               {CMLP_COLUMN_CATEGORY, 0, 2, 0, 0, NULL}};
static const double target[] = {100, 7, -0.25, 0.5};
static _Alignas(64) unsigned char net_memory[2][CMLP_NET_SIZE];
static cmlp_net *const nets[2] = {(cmlp_net *)net_memory[0], (cmlp_net *)net_memory[1]};
static double blocks[N_NETS][MOST]; /* large enough, and aligned, for both types */
static const cmlp_net *const net_list[N_NETS] = {(cmlp_net *)net_memory[1], (cmlp_net *)net_memory[0],
                                                 (cmlp_net *)net_memory[1]};
static const void *const block_list[N_NETS] = {blocks[0], blocks[1], blocks[2]};
static const cmlp_model_string strings[] = {
    {"categories", "[null,[\"r\\u00f6t\",null,-1.5e+300],[],[true,\"\"]]"},
    {"classes", "{\"kind\":\"labels\",\"dtype\":\"U1\",\"values\":[\"a\",\"b\",\"c\"]}"}};
static model_file good, changed;

static const double quantiles[2][N_OUT] = {{0.1, 0.5, 0.9}, {0.1, 0.5, 0.8}};

/* The network for rows without bins or with them; its loss is that of the quantiles, unless they are NULL. */
static void make_net(int bins, int32_t dtype, int32_t output, const double *levels)
{
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, output};
    const int64_t sizes[] = {bins ? WIDE : NARROW, N_HIDDEN, N_OUT};
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = activations;
    config.n_layers = 3;
    config.loss = levels ? CMLP_LOSS_QUANTILE : CMLP_LOSS_SQUARED_ERROR;
    config.dtype = dtype;
    config.quantiles = levels;
    CHECK(cmlp_net_init(nets[bins], CMLP_NET_SIZE, &config) == CMLP_OK);
}

/* Networks with a quantile for each output: those without bins, and those with them. */
static void make_quantile_nets(const double *narrow, const double *wide)
{
    make_net(0, CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY, narrow);
    make_net(1, CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY, wide);
}

static void make_nets(int32_t dtype, int32_t output)
{
    uint64_t state = 5;
    for (int bins = 0; bins < 2; bins++) make_net(bins, dtype, output, NULL);
    for (int i = 0; i < N_NETS; i++)
        for (int k = 0; k < MOST; k++) put(dtype, blocks[i], k, uniform(&state, -1, 1));
}

static cmlp_table table_of(const double *numbers)
{
    cmlp_table table = CMLP_INIT(cmlp_table);
    table.columns = columns;
    table.n_columns = N_COLUMNS;
    table.nets = net_list;
    table.params = block_list;
    table.n_nets = N_NETS;
    table.target = numbers;
    return table;
}

static cmlp_status write_table(const cmlp_table *table, int n_strings)
{
    static slot scratch;
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    size_t size = 0;
    if (!scratch.base) slot_make(&scratch, 1 << 18);
    good.size = 0;
    content.strings = strings;
    content.n_strings = n_strings;
    content.write = model_file_append;
    content.context = &good;
    const cmlp_status status = cmlp_table_write_size(table, &size);
    if (status) {
        CHECK(cmlp_table_write(table, &content, &scratch, sizeof scratch) == status);
        return status;
    }
    void *memory = slot_place(&scratch, size, AT_END, 0);
    CHECK(cmlp_table_write(table, &content, memory, size - 1) == CMLP_ERROR_BUFFER_SIZE && !good.size);
    return cmlp_table_write(table, &content, memory, size);
}

/* Loads the file, which ends at a guard page, into memory of exactly the required size at an odd address. */
static int load(const model_file *file, int verify, void (*use)(cmlp_model *, void *, size_t))
{
    static slot file_slot, model_slot, scratch_slot;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    if (!file_slot.base) {
        slot_make(&file_slot, MODEL_FILE_CAPACITY);
        slot_make(&model_slot, 1 << 16);
        slot_make(&scratch_slot, 1 << 18);
    }
    unsigned char *const copy = slot_place(&file_slot, file->size, AT_END, (8 - file->size % 8) % 8);
    memcpy(copy, file->bytes, file->size);
    int status = cmlp_model_size(copy, file->size, &info);
    if (status) return status;
    CHECK(info.n_inputs == N_COLUMNS && info.n_outputs == N_OUT && info.dtype == CMLP_FLOAT64);
    CHECK(info.n_nets == N_NETS && info.input_scale == 1);
    cmlp_model *model = slot_place(&model_slot, info.model_size, AT_END, 0);
    void *scratch = slot_place(&scratch_slot, info.scratch_size, AT_END, 0);
    const int too_small = cmlp_model_init(model, info.model_size - 1, copy, file->size, 0, NULL, 0);
    CHECK(too_small == (file->size < info.file_size ? CMLP_ERROR_FILE_SHORT : CMLP_ERROR_BUFFER_SIZE));
    status = cmlp_model_init(model, info.model_size, copy, file->size, verify, scratch, info.scratch_size);
    if (!status && use) use(model, scratch, info.scratch_size);
    CHECK(slot_intact(&file_slot) && slot_intact(&model_slot) && slot_intact(&scratch_slot));
    return status;
}

/* The outputs of a network for a raw row, by the public functions. */
static void outputs_of(int i, const double *raw, double *outputs)
{
    static double inputs[WIDE], found[N_OUT];
    static _Alignas(64) unsigned char scratch[1 << 16];
    const int bins = net_list[i] == nets[1];
    cmlp_layer layer = CMLP_INIT(cmlp_layer);
    cmlp_encoder encoder = CMLP_INIT(cmlp_encoder);
    CHECK(cmlp_net_layer(net_list[i], 0, &layer) == CMLP_OK);
    encoder.columns = columns;
    encoder.n_columns = N_COLUMNS;
    encoder.has_bins = bins;
    encoder.dtype = CMLP_FLOAT32;
    cmlp_rows rows = cmlp_dense_rows(inputs, encoder.dtype, 1, layer.n_in);
    CHECK(cmlp_encode(&encoder, raw, 1, 0, inputs) == CMLP_OK);
    CHECK(cmlp_predict(net_list[i], blocks[i], &rows, NULL, found, scratch, sizeof scratch) == CMLP_OK);
    for (int j = 0; j < N_OUT; j++) outputs[j] = get(CMLP_FLOAT32, found, j);
}

static int has_target;

/* Predictions have the bits of the mean of the networks' outputs. */
static void compare(cmlp_model *model, void *scratch, size_t size)
{
    static const double rows[][N_COLUMNS] = {{0, 0, 9, 1}, {NAN, 2, NAN, 0}, {1e300, -1, 0, NAN}, {0.25, 1, -3, 5}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        double sums[N_OUT] = {0}, found[N_OUT];
        int32_t label = -7, largest = 0;
        for (int i = 0; i < N_NETS; i++) {
            double outputs[N_OUT];
            outputs_of(i, rows[r], outputs);
            for (int j = 0; j < N_OUT; j++) {
                const double limited = has_target ? fmin(fmax(outputs[j], target[2]), target[3]) : outputs[j];
                sums[j] = i ? sums[j] + limited : limited;
            }
        }
        for (int j = 0; j < N_OUT; j++) {
            sums[j] /= N_NETS;
            if (sums[j] > sums[largest]) largest = j;
            const double scaled = sums[j] * target[1];
            if (has_target) sums[j] = scaled + target[0];
        }
        CHECK(cmlp_model_predict(model, rows[r], &label, found, scratch, size) == CMLP_OK);
        CHECK(same_bits(CMLP_FLOAT64, found, sums, N_OUT) && label == (has_target ? -1 : largest));
        CHECK(cmlp_model_predict(model, rows[r], NULL, NULL, scratch, size) == CMLP_OK);
    }
}

/* Quantiles ascend in every row. */
static void check_quantiles(cmlp_model *model, void *scratch, size_t size)
{
    uint64_t state = 8;
    compare(model, scratch, size);
    for (int r = 0; r < 1000; r++) {
        const double row[N_COLUMNS] = {uniform(&state, -5, 5), (double)(r % 4), 0, (double)(r % 3)};
        double found[N_OUT];
        CHECK(cmlp_model_predict(model, row, NULL, found, scratch, size) == CMLP_OK);
        for (int j = 1; j < N_OUT; j++) CHECK(found[j - 1] <= found[j]);
    }
}

static void check_calls(cmlp_model *model, void *scratch, size_t size)
{
    const uint8_t bytes[N_COLUMNS] = {0};
    double row[N_COLUMNS] = {0}, output[N_OUT], code = -9;
    char text[8];
    int32_t label = -7;
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    CHECK(cmlp_model_predict_u8(model, bytes, &label, output, scratch, size) == CMLP_ERROR_DTYPE);
    CHECK(cmlp_model_predict(model, NULL, &label, output, scratch, size) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_predict(model, (char *)row + 4, &label, output, scratch, size) == CMLP_ERROR_ALIGNMENT);
    CHECK(cmlp_model_predict(model, row, &label, (char *)output + 4, scratch, size) == CMLP_ERROR_ALIGNMENT);
    CHECK(cmlp_model_predict(model, row, &label, output, scratch, size - 1) == CMLP_ERROR_BUFFER_SIZE);
    CHECK(cmlp_model_predict(model, row, &label, output, NULL, size) == CMLP_ERROR_NULL);
    row[2] = INFINITY;
    CHECK(cmlp_model_predict(model, row, &label, output, scratch, size) == CMLP_ERROR_INPUT && label == -7);
    CHECK(!cmlp_model_net(model) && !cmlp_model_params(model) && cmlp_model_rows(model, &rows) == CMLP_ERROR_MODEL);
    CHECK(cmlp_model_label(model, 2, text, sizeof text) == CMLP_OK && !strcmp(text, "c"));
    CHECK(cmlp_model_category(model, 0, "a", &code) == CMLP_ERROR_OPTION && code == -9);
    CHECK(cmlp_model_category(model, 4, "a", &code) == CMLP_ERROR_OPTION);
    CHECK(cmlp_model_category(model, -1, "a", &code) == CMLP_ERROR_OPTION);
    CHECK(cmlp_model_category(model, 1, "a", NULL) == CMLP_ERROR_NULL);
    CHECK(cmlp_model_category(NULL, 1, "a", &code) == CMLP_ERROR_NULL);
    static const struct {
        int column;
        const char *name;
        double code;
    } known[] = {{1, "r\xc3\xb6t", 0}, {1, "r\xc3", -1},  {1, "r\xc3\xb6tt", -1}, {1, NULL, 1}, {1, "-1.5e+300", 2},
                 {1, "-1.5", -1},      {1, "null", -1},   {2, "x", -1},           {2, NULL, -1}, {3, "true", 0},
                 {3, "", 1},           {3, "false", -1},  {3, NULL, -1},          {1, "", -1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const cmlp_status status = cmlp_model_category(model, known[i].column, known[i].name, &code);
        check_that(!status && code == known[i].code, "category %d", (int)i);
    }
}

static void check_damage(void)
{
    for (size_t i = 0; i < 8 * good.size; i++) {
        memcpy(&changed, &good, sizeof good);
        changed.bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        const int status = load(&changed, 1, NULL);
        check_that(status >= CMLP_ERROR_FILE_SHORT && status <= CMLP_ERROR_FILE_SYNTAX, "bit %d: %s", (int)i,
                   cmlp_status_name(status));
    }
    memcpy(&changed, &good, sizeof good);
    for (changed.size = 0; changed.size < good.size; changed.size++)
        CHECK(load(&changed, 1, NULL) == CMLP_ERROR_FILE_SHORT);
}

static cmlp_status refused(cmlp_table table) { return write_table(&table, 0); }

static void check_refusals(void)
{
    cmlp_table table = table_of(target), t;
    const cmlp_net *mixed[] = {nets[0], nets[1]};
    const void *missing[] = {blocks[0], NULL};
    static const double invalid[][4] = {{NAN, 1, 0, 1}, {0, 0, 0, 1}, {0, -1, 0, 1}, {0, 1, 2, 1}, {0, 1, 0, INFINITY}};
    for (int i = 0; i < 5; i++) CHECK((t = table, t.target = invalid[i], refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.n_nets = 0, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.n_nets = CMLP_MAX_NETS + 1, refused(t)) == CMLP_ERROR_OPTION);
    CHECK((t = table, t.nets = NULL, refused(t)) == CMLP_ERROR_NULL && (t = table, t.columns = NULL, refused(t)) ==
                                                                           CMLP_ERROR_NULL);
    CHECK((t = table, t.n_nets = 2, t.params = missing, refused(t)) == CMLP_ERROR_NULL);
    CHECK((t = table, t.n_columns = N_COLUMNS - 1, refused(t)) == CMLP_ERROR_WIDTH);
    CHECK((t = table, t.struct_size = 8, refused(t)) == CMLP_ERROR_STRUCT_SIZE);
    t = table;
    t.nets = mixed;
    t.n_nets = 2;
    const int64_t sizes[] = {WIDE, N_OUT};
    int32_t activation = CMLP_ACTIVATION_IDENTITY;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.sizes = sizes;
    config.activations = &activation;
    config.n_layers = 2;
    config.loss = CMLP_LOSS_SQUARED_ERROR;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(nets[1], CMLP_NET_SIZE, &config) == CMLP_OK && refused(t) == CMLP_ERROR_LAYERS);
    config.dtype = CMLP_FLOAT64;
    CHECK(cmlp_net_init(nets[1], CMLP_NET_SIZE, &config) == CMLP_OK && refused(t) == CMLP_ERROR_DTYPE);
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    blocks[1][0] = NAN;
    put(CMLP_FLOAT32, blocks[1], 3, INFINITY);
    CHECK(refused(table) == CMLP_ERROR_FILE_NONFINITE && !good.size);
}

static void check_names(void)
{
    static const unsigned char byte = 1;
    static const char *const names[] = {"nets.0", "table.numbers", "table.x", "layers.0", "input.x", "example.x"};
    const cmlp_table table = table_of(target);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    static unsigned char scratch[1 << 16];
    cmlp_model_string string = {"columns", "unused"};
    content.write = model_file_append;
    content.context = &changed;
    content.n_arrays = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cmlp_model_array array = {names[i], &byte, 1, 0, CMLP_UINT8};
        content.arrays = &array;
        CHECK(cmlp_table_write(&table, &content, scratch, sizeof scratch) == CMLP_ERROR_FILE_NAME);
    }
    content.n_arrays = 0;
    content.n_strings = 1;
    content.strings = &string;
    CHECK(cmlp_table_write(&table, &content, scratch, sizeof scratch) == CMLP_ERROR_FILE_NAME);
    string = (cmlp_model_string){"categories", "[null,[],null,[1,2]]"};
    CHECK(cmlp_table_write(&table, &content, scratch, sizeof scratch) == CMLP_ERROR_FILE_SYNTAX);
}

int main(void)
{
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_SOFTMAX);
    cmlp_table table = table_of(NULL);
    CHECK(write_table(&table, 2) == CMLP_OK && load(&good, 1, compare) == CMLP_OK && load(&good, 0, compare) == CMLP_OK);
    CHECK(load(&good, 1, check_calls) == CMLP_OK);
    check_damage();
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    table = table_of(target);
    has_target = 1;
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, compare) == CMLP_OK);
    make_quantile_nets(quantiles[0], quantiles[0]);
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, check_quantiles) == CMLP_OK);
    make_quantile_nets(quantiles[0], quantiles[1]);
    CHECK(refused(table) == CMLP_ERROR_LOSS);
    make_nets(CMLP_FLOAT64, CMLP_ACTIVATION_TANH);
    CHECK(write_table(&table, 0) == CMLP_OK && load(&good, 1, NULL) == CMLP_OK);
    make_nets(CMLP_FLOAT32, CMLP_ACTIVATION_IDENTITY);
    check_names();
    check_refusals();
    return finish();
}
