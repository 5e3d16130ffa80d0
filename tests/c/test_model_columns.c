/* Model files in which each input has a shift and a factor. */
#include "../../src/cmlp/core/file/write/any_names.h"
#include "model_file.h"
#include "support.h"
#include "workspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 4, N_OUT = 2, N_PARAMS = 4 * 2 + 2 };

static unsigned char net_memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
static const cmlp_net *net;
static double params[N_PARAMS]; /* large enough, and aligned, for both types */
static model_file good, changed;
static int32_t dtype_of_file;

static const double shifts[N_IN] = {1000, -0.5, 0, 3e-7}, factors[N_IN] = {1e-3, -2, 255, 1e6};
/* Names before, between and after those of the writer. Three bytes misalign the tensors that follow. */
static const unsigned char bytes[3] = {1, 2, 3};
static const cmlp_model_array arrays[] = {{.name = "aa", .data = bytes, .n_rows = 3, .dtype = CMLP_UINT8},
                                          {.name = "example", .data = bytes, .n_rows = 1, .dtype = CMLP_UINT8},
                                          {.name = "foo", .data = bytes, .n_rows = 1, .dtype = CMLP_UINT8},
                                          {.name = "input", .data = bytes, .n_rows = 1, .dtype = CMLP_UINT8},
                                          {.name = "training.x", .data = bytes, .n_rows = 2, .dtype = CMLP_UINT8}};

static void write_good(int32_t dtype)
{
    dtype_of_file = dtype;
    const int64_t sizes[] = {N_IN, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net_config config = {.struct_size = sizeof config, .sizes = sizes, .activations = activations,
                                    .n_layers = 2, .loss = CMLP_LOSS_LOG, .dtype = dtype};
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    uint64_t state = 7;
    size_t size;
    CHECK(cmlp_net_init(net_memory, sizeof net_memory, &config, &net, NULL) == CMLP_OK);
    for (int64_t i = 0; i < N_PARAMS; i++) put(dtype, params, i, uniform(&state, -1, 1));
    good.size = 0;
    content.input_scale = 1; /* as 0 */
    content.arrays = arrays;
    content.n_arrays = sizeof arrays / sizeof *arrays;
    content.write = model_file_append;
    content.write_context = &good;
    content.shifts = shifts;
    content.factors = factors;
    CHECK(cmlp_net_workspace_size(net, NULL, NULL, NULL, &size, NULL) == CMLP_OK);
    void *scratch = malloc(size);
    CHECK(cmlpi_model_write(net, params, cmlp_net_n_params(net), &content, SPACE(scratch, size)) == CMLP_OK);
    free(scratch);
}

/* Loads the file, which ends at a guard page, into memory of exactly the required size at an odd address. */
static int load(const model_file *file, int verify, void (*use)(const cmlp_model *, void *, size_t))
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
    int status = cmlp_model_describe(copy, file->size, &info, NULL);
    if (status) return status;
    CHECK(info.n_in == N_IN);
    const cmlp_model *model = NULL;
    void *memory = slot_place(&model_slot, info.model_size, AT_END, 0);
    void *scratch = slot_place(&scratch_slot, info.workspace_size, AT_END, 0);
    const int too_small =
        cmlp_model_init(memory, info.model_size - 1, copy, file->size, OPTIONS(.is_trusted = 1), &model, NULL);
    CHECK(too_small == (file->size < info.file_size ? CMLP_ERROR_FILE_SHORT : CMLP_ERROR_BUFFER_SIZE));
    status = cmlp_model_init(memory, info.model_size, copy, file->size, OPTIONS(.is_trusted = !verify), &model,
                             SPACE(scratch, info.workspace_size));
    if (!status && use) use(model, scratch, info.workspace_size);
    CHECK(slot_intact(&file_slot) && slot_intact(&model_slot) && slot_intact(&scratch_slot));
    return status;
}

/* Predictions, and rows that cmlp_model_prepare_rows has prepared, are bit-identical to inputs that the test has scaled. */
static void compare(const cmlp_model *model, void *scratch, size_t size)
{
    const uint8_t row[N_IN] = {3, 0, 255, 7};
    double expected[N_OUT], output[N_OUT], floats[N_IN], scaled[N_IN];
    cmlp_layer_info layer = CMLP_INIT(cmlp_layer_info);
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    rows.dtype = dtype_of_file;
    CHECK(cmlp_net_describe_layer(net, 0, &layer, NULL) == CMLP_OK && cmlp_model_prepare_rows(model, &rows, NULL) == CMLP_OK);
    for (int i = 0; i < N_IN; i++) {
        const double difference = row[i] - shifts[i];
        put(rows.dtype, floats, i, row[i]);
        put(rows.dtype, scaled, i, difference * factors[i]);
    }
    cmlp_rows before = cmlp_dense_rows(scaled, rows.dtype, 1, N_IN);
    CHECK(predict_one(net, params, &before, NULL, expected, scratch, size) == CMLP_OK);
    CHECK(predict_row(model, floats, N_IN, NULL, output, scratch, size) == CMLP_OK);
    CHECK(same_bits(rows.dtype, output, expected, N_OUT));
    if (rows.dtype == CMLP_FLOAT32) {
        CHECK(predict_values(CMLP_UINT8, model, row, N_IN, NULL, (float *)(void *)output, N_OUT, scratch, size) == CMLP_OK);
        CHECK(same_bits(rows.dtype, output, expected, N_OUT));
    }
    CHECK(same_bits(CMLP_FLOAT64, rows.shifts, shifts, N_IN) && same_bits(CMLP_FLOAT64, rows.factors, factors, N_IN));
    rows.data = floats;
    rows.n_rows = 1;
    rows.column_stride = rows.dtype == CMLP_FLOAT64 ? 8 : 4;
    CHECK(predict_one(cmlp_model_net(model), cmlp_model_params(model), &rows, NULL, output, scratch, size) == CMLP_OK);
    CHECK(same_bits(rows.dtype, output, expected, N_OUT));
}

static void test_damage(void)
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

#define FACTOR "\"input.factor\":{\"dtype\":\"F64\",\"shape\":[4],\"data_offsets\":[70,102]}"

static const struct attack {
    const char *from, *to;
    int status;
} attacks[] = {
    {"\"cmlp\":\"1\"", "\"cmlp\":\"5\"", CMLP_ERROR_FILE_VERSION},
    {"3ff0000000000000", "3fe0000000000000", CMLP_ERROR_FILE_VALUE},
    {"\"input.factor\"", "\"input.fac\"", CMLP_ERROR_FILE_NAME},
    {"\"input.shift\"", "\"input.shifts\"", CMLP_ERROR_FILE_NAME},
    {FACTOR, "\"input.factor\":{\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[70,102]}", CMLP_ERROR_FILE_TENSOR},
    {FACTOR, "\"input.factor\":{\"dtype\":\"I64\",\"shape\":[4],\"data_offsets\":[70,102]}", CMLP_ERROR_FILE_TENSOR},
    {FACTOR, "\"input.factor\":{\"dtype\":\"F64\",\"shape\":[4,1],\"data_offsets\":[70,102]}", CMLP_ERROR_FILE_TENSOR},
    {FACTOR, "\"input.factor\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[70,94]}", CMLP_ERROR_FILE_TENSOR},
};

static void test_attacks(void)
{
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        memcpy(&changed, &good, sizeof good);
        CHECK(model_file_replace(&changed, attacks[i].from, attacks[i].to));
        const int status = load(&changed, 1, NULL);
        check_that(status == attacks[i].status, "%s instead of %s: %s", attacks[i].to, attacks[i].from,
                   cmlp_status_name(status));
    }
}

/* Writes a little-endian double to the data at an offset. */
static void put_number(size_t offset, uint64_t bits)
{
    const size_t head = (size_t)good.bytes[0] + ((size_t)good.bytes[1] << 8) + 8;
    memcpy(&changed, &good, sizeof good);
    for (int i = 0; i < 8; i++) changed.bytes[head + offset + (size_t)i] = (unsigned char)(bits >> 8 * i);
    model_file_repair(&changed, head);
}

/* Vectors are checked without verification, too. */
static void test_data(void)
{
    enum { FACTORS = 70, SHIFTS = 102 }; /* offsets in the data */
    static const uint64_t nan = UINT64_C(0x7ff8000000000000), infinity = UINT64_C(0xfff0000000000000);
    for (int verify = 0; verify < 2; verify++) {
        for (size_t p = 0; p < 8 * N_IN; p += 8) {
            put_number(FACTORS + p, nan);
            CHECK(load(&changed, verify, NULL) == CMLP_ERROR_FILE_NONFINITE);
            put_number(FACTORS + p, UINT64_C(1) << 63);
            CHECK(load(&changed, verify, NULL) == CMLP_ERROR_FILE_VALUE);
        }
        put_number(SHIFTS + 24, infinity);
        CHECK(load(&changed, verify, NULL) == CMLP_ERROR_FILE_NONFINITE);
        put_number(SHIFTS, UINT64_C(0x4010000000000000));
        CHECK(load(&changed, verify, NULL) == (verify ? CMLP_ERROR_FILE_EXAMPLE : CMLP_OK));
    }
}

int main(void)
{
    for (int32_t dtype = CMLP_FLOAT64; dtype >= CMLP_FLOAT32; dtype--) {
        write_good(dtype);
        CHECK(load(&good, 1, compare) == CMLP_OK);
        CHECK(load(&good, 0, compare) == CMLP_OK);
    }
    check_that(crc_of(0, good.bytes, good.size) == UINT32_C(0xd52edbb1), "the file's checksum is %08x",
               (unsigned)crc_of(0, good.bytes, good.size));
    test_damage();
    test_attacks();
    test_data();
    return finish();
}
