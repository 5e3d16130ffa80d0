/* Models in memory: sizes, loading from a file's bytes, verification, prediction. */
#include "model.h"

#include <string.h>

#include "crc.h"
#include "model_head.h"

int cmlp_model_is_finite(const cmlp_net *net, const void *params)
{
    uint64_t bad = 0; /* branch-free, so that compilers vectorize the loop */
    if (net->dtype == CMLP_FLOAT32) {
        const float *p = params;
        for (int64_t i = 0; i < net->n_params; i++) bad |= !(p[i] - p[i] == 0);
    } else {
        const double *p = params;
        for (int64_t i = 0; i < net->n_params; i++) bad |= !(p[i] - p[i] == 0);
    }
    return !bad;
}

static cmlp_status make_net(const cmlp_head *head, cmlp_net *net)
{
    const cmlp_net_config config = {.struct_size = sizeof config,
                                    .sizes = head->sizes,
                                    .activations = head->activations,
                                    .n_layers = head->n_layers,
                                    .loss = head->loss,
                                    .dtype = head->dtype,
                                    .activation_parameters = head->activation_parameters,
                                    .loss_parameter = head->loss_parameter};
    return cmlp_net_init(net, sizeof *net, &config);
}

/* Bytes of a model's memory: alignment, the struct, and the parameters if their bytes must be swapped. */
static cmlp_status model_size(const cmlp_net *net, size_t *size)
{
    cmlp_space space = {NULL, 0, 0};
    cmlp_take(&space, 1, CMLP_ALIGNMENT);
    cmlp_take(&space, 1, sizeof(cmlp_model));
    if (cmlp_is_big_endian()) cmlp_take(&space, net->n_params, net->element);
    *size = space.used;
    return space.overflow ? CMLP_ERROR_OVERFLOW : CMLP_OK;
}

static cmlp_status describe(const cmlp_head *head, cmlp_model_info *info)
{
    CMLP_ALIGNED(CMLP_ALIGNMENT) cmlp_net net;
    cmlp_row_scratch scratch;
    cmlp_status status = make_net(head, &net);
    if (!status) status = model_size(&net, &info->model_size);
    if (!status) status = cmlp_row_space(&net, NULL, &info->scratch_size, &scratch);
    if (status) return status;
    info->file_size = head->file_size;
    info->n_inputs = cmlp_n_in(&net);
    info->n_outputs = cmlp_n_out(&net);
    info->input_scale = head->input_scale;
    info->dtype = head->dtype;
    return CMLP_OK;
}

cmlp_status cmlp_model_size(const void *file, size_t n, cmlp_model_info *info)
{
    cmlp_model_info copy;
    cmlp_head head;
    cmlp_status status = CMLP_READ(&copy, info, cmlp_model_info, dtype);
    if (status) return status;
    if (!file) return CMLP_ERROR_NULL;
    const size_t size = copy.struct_size;
    copy = (cmlp_model_info){.struct_size = size};
    status = cmlp_head_read(file, n, &head);
    copy.head_size = head.bytes;
    copy.error_at = head.error_at;
    if (!status) status = describe(&head, &copy);
    memcpy(info, &copy, size);
    return status;
}

static cmlp_status check_data(const unsigned char *file, size_t n, const cmlp_head *head)
{
    cmlp_crc crc;
    cmlp_crc_begin(&crc);
    cmlp_crc_add(&crc, file + head->bytes, n - (size_t)head->bytes);
    return cmlp_crc_end(&crc) == head->data_crc ? CMLP_OK : CMLP_ERROR_FILE_DATA_CRC;
}

/* Copies a tensor of n elements from the file. */
static void load(void *to, const unsigned char *from, int64_t n, size_t element)
{
    const size_t bytes = (size_t)n * element;
    if (cmlp_is_big_endian())
        cmlp_swap(to, from, bytes, element);
    else
        memcpy(to, from, bytes);
}

/* Returns the bits of element i, the same for every NaN. */
static uint64_t bits_of(const cmlp_net *net, const void *elements, int64_t i)
{
    uint64_t wide = 0;
    uint32_t narrow = 0;
    const void *at = cmlp_at(net, elements, i);
    if (net->dtype == CMLP_FLOAT32) {
        const float value = *(const float *)at;
        memcpy(&narrow, &value, sizeof narrow);
        return value == value ? narrow : UINT64_MAX;
    }
    const double value = *(const double *)at;
    memcpy(&wide, &value, sizeof wide);
    return value == value ? wide : UINT64_MAX;
}

/* Computes the example's outputs and compares their bits with those in the file. */
static cmlp_status check_example(const cmlp_model *model, const unsigned char *file, const cmlp_head *head,
                                 const cmlp_row_scratch *scratch)
{
    const cmlp_net *net = &model->net;
    const cmlp_rows row = cmlp_one_row(net, scratch->row, net->dtype, model->input_scale);
    load(scratch->row, file + head->example_input, cmlp_n_in(net), net->element);
    const cmlp_status status = cmlp_forward_row(net, model->params, &row, scratch->output, scratch);
    if (status) return status;
    for (int64_t i = 0; i < cmlp_n_out(net); i++) {
        double stored; /* has the size and alignment for an element of either type */
        load(&stored, file + head->example_output + (uint64_t)i * net->element, 1, net->element);
        if (bits_of(net, &stored, 0) != bits_of(net, scratch->output, i)) return CMLP_ERROR_FILE_EXAMPLE;
    }
    return CMLP_OK;
}

static cmlp_status verified(const cmlp_model *model, const unsigned char *file, size_t n, const cmlp_head *head,
                            void *memory, size_t size)
{
    cmlp_row_scratch scratch;
    cmlp_status status = cmlp_check_scratch(&model->net, memory, size, &scratch);
    if (!status) status = check_data(file, n, head);
    if (!status && !cmlp_model_is_finite(&model->net, model->params)) status = CMLP_ERROR_FILE_NONFINITE;
    if (!status && head->example_input) status = check_example(model, file, head, &scratch);
    return status;
}

cmlp_status cmlp_model_init(cmlp_model *memory, size_t memory_size, const void *file, size_t n, int verify,
                            void *scratch, size_t scratch_size)
{
    cmlp_head head;
    size_t needed;
    if (!memory || !file) return CMLP_ERROR_NULL;
    if (cmlp_misaligned(file, sizeof(double))) return CMLP_ERROR_ALIGNMENT;
    cmlp_status status = cmlp_head_read(file, n, &head);
    if (status) return status;
    if (n != head.file_size) return n < head.file_size ? CMLP_ERROR_FILE_SHORT : CMLP_ERROR_FILE_LONG;
    if (memory_size < sizeof(cmlp_model) + CMLP_ALIGNMENT) return CMLP_ERROR_BUFFER_SIZE;
    cmlp_model *model = cmlp_align_up(memory);
    model->magic = 0;
    status = make_net(&head, &model->net);
    if (!status) status = model_size(&model->net, &needed);
    if (status) return status;
    if (memory_size < needed) return CMLP_ERROR_BUFFER_SIZE;
    model->file = file;
    model->input_scale = head.input_scale;
    model->params = model->file + head.bytes;
    if (cmlp_is_big_endian()) {
        load(model + 1, model->file + head.bytes, model->net.n_params, model->net.element);
        model->params = model + 1;
    }
    if (verify) status = verified(model, file, n, &head, scratch, scratch_size);
    if (!status) model->magic = CMLP_MODEL_MAGIC;
    return status;
}

/* The model inside the caller's memory; NULL if there is none. */
static const cmlp_model *model_in(const cmlp_model *memory)
{
    const cmlp_model *model = cmlp_align_up(memory);
    return memory && model->magic == CMLP_MODEL_MAGIC ? model : NULL;
}

static cmlp_status predict(const cmlp_model *memory, const void *row, int32_t dtype, int32_t *label, void *output,
                           void *scratch, size_t scratch_size)
{
    const cmlp_model *model = model_in(memory);
    if (!model) return memory ? CMLP_ERROR_MODEL : CMLP_ERROR_NULL;
    const cmlp_net *net = &model->net;
    const cmlp_rows rows = cmlp_one_row(net, row, dtype ? dtype : net->dtype, model->input_scale);
    return cmlp_predict(net, model->params, &rows, label, output, scratch, scratch_size);
}

cmlp_status cmlp_model_predict(const cmlp_model *model, const void *row, int32_t *label, void *output, void *scratch,
                               size_t scratch_size)
{
    return predict(model, row, 0, label, output, scratch, scratch_size);
}

cmlp_status cmlp_model_predict_u8(const cmlp_model *model, const uint8_t *row, int32_t *label, void *output,
                                  void *scratch, size_t scratch_size)
{
    return predict(model, row, CMLP_UINT8, label, output, scratch, scratch_size);
}

cmlp_status cmlp_model_rows(const cmlp_model *model, cmlp_rows *rows)
{
    cmlp_rows copy;
    const cmlp_status status = CMLP_READ(&copy, rows, cmlp_rows, index_dtype);
    const cmlp_model *inside = model_in(model);
    if (!inside) return model ? CMLP_ERROR_MODEL : CMLP_ERROR_NULL;
    if (status) return status;
    copy.kind = CMLP_ROWS_DENSE;
    copy.dtype = inside->net.dtype;
    copy.n_cols = cmlp_n_in(&inside->net);
    copy.scale = inside->input_scale;
    memcpy(rows, &copy, copy.struct_size);
    return CMLP_OK;
}

const cmlp_net *cmlp_model_net(const cmlp_model *model)
{
    const cmlp_model *inside = model_in(model);
    return inside ? &inside->net : NULL;
}

const void *cmlp_model_params(const cmlp_model *model)
{
    const cmlp_model *inside = model_in(model);
    return inside ? inside->params : NULL;
}

cmlp_status cmlp_model_metadata(const cmlp_model *model, const char *key, const char **text, size_t *length)
{
    if (!model || !key || !text || !length) return CMLP_ERROR_NULL;
    const cmlp_model *inside = model_in(model);
    if (!inside) return CMLP_ERROR_MODEL;
    return cmlp_head_find(inside->file, key, text, length) ? CMLP_OK : CMLP_ERROR_FILE_KEY;
}
