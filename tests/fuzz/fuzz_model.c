/* libFuzzer target: model files of any content. Each input is read as it is, and once more with its checksums repaired,
 * since a fuzzer hardly finds those. What is accepted must be usable. cmlp_file.h must give the same statuses. */
#define _GNU_SOURCE /* fmemopen */
#include <cmlp_file.h>
#include <stdlib.h>
#include <string.h>

#include "../c/model_file.h"

static void require(int condition)
{
    if (!condition) abort();
}

static void use(const unsigned char *file, const cmlp_model *model, const cmlp_model_info *info, void *scratch)
{
    static const char *const keys[] = {"cmlp", "activations", "loss", "classes", "note"};
    const char *text;
    size_t length;
    const size_t element = info->dtype == CMLP_FLOAT32 ? 4 : 8;
    void *row = calloc((size_t)info->n_inputs, element), *output = malloc((size_t)info->n_outputs * element);
    require(row && output);
    int32_t label = -2;
    char text_of_label[256];
    const int status = predict_row(model, row, info->n_inputs, &label, output, scratch, info->workspace_size);
    /* (0 - shift) * factor may overflow */
    require(status == CMLP_OK || (info->input_scale != info->input_scale && status == CMLP_ERROR_INPUT));
    require(label >= -2 && label < (info->n_outputs > 1 ? info->n_outputs : 2));
    for (int32_t i = -1; i < 4; i++)
        if (cmlp_model_label(model, i, text_of_label, sizeof text_of_label, NULL) == CMLP_OK)
            require(strlen(text_of_label) < sizeof text_of_label);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const int found = cmlp_model_metadata(model, keys[i], &text, &length);
        require(i > 2 || !found);
        require(found || ((const unsigned char *)text > file && length < info->head_size));
    }
    free(row);
    free(output);
}

/* Reads the bytes as cmlp_file_load_table reads a file. */
static cmlp_status load_stream(const uint8_t *data, size_t size)
{
    cmlp_file file = {.info = CMLP_INIT(cmlp_model_info)};
    uint8_t nothing = 0;
    FILE *stream = fmemopen(size ? (void *)(uintptr_t)data : &nothing, size, "rb");
    require(stream != NULL);
    const cmlp_file_reader reader = {cmlp_table_model_size, cmlp_table_model_init};
    const cmlp_status status = cmlp_file_load_stream(&file, stream, &reader);
    fclose(stream);
    cmlp_file_free(&file);
    return status;
}

/* The memory is exactly as large as it must be, so that the address sanitizer sees any access beyond it. */
static void load(const uint8_t *data, size_t size, int verify)
{
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    unsigned char *file = malloc(size + !size);
    require(file != NULL);
    memcpy(file, data, size);
    cmlp_model_info network = CMLP_INIT(cmlp_model_info);
    cmlp_status status = cmlp_table_model_size(file, size, &info);
    const cmlp_status alone = cmlp_model_size(file, size, &network); /* without tables */
    require(alone == (!status && info.n_nets ? CMLP_ERROR_FILE_TABLE : status) || (status && alone == CMLP_ERROR_FILE_TABLE));
    if (!status && info.model_size + info.workspace_size < 1 << 26) {
        const cmlp_model *model = NULL;
        const uint32_t flags = verify ? 0 : CMLP_MODEL_TRUSTED;
        void *memory = malloc(info.model_size), *scratch = malloc(info.workspace_size);
        require(memory && scratch);
        status = cmlp_table_model_init(memory, info.model_size, file, size, flags, scratch, info.workspace_size, &model);
        if (!status && info.n_inputs < 1 << 20) use(file, model, &info, scratch);
        free(memory);
        free(scratch);
        if (verify) require(load_stream(data, size) == status);
    } else if (status) {
        require(load_stream(data, size) == status);
    }
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static model_file repaired;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    load(data, size, 1);
    if (size > sizeof repaired.bytes || size < 64) return 0;
    if (cmlp_model_size(data, size, &info) == CMLP_ERROR_STRUCT_SIZE || !info.head_size || info.head_size > size) return 0;
    memcpy(repaired.bytes, data, size);
    repaired.size = size;
    model_file_repair(&repaired, (size_t)info.head_size);
    load(repaired.bytes, size, 0);
    load(repaired.bytes, size, 1);
    return 0;
}
