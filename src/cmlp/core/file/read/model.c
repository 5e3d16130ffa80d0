/* Models in memory: sizes, loading from a file's bytes, verification. */
#include "model.h"

#include <math.h>
#include <string.h>

#include "../crc.h"
#include "model_head.h"

/* A model's memory: the struct, its network, factors and shifts, a table, and the parameters if their bytes must be
 * swapped. */
typedef struct model_memory {
    cmlp_model *model;
    cmlp_net *net;
    double *factors, *shifts;
    cmlpi_table_memory table;
    void *params;
} model_memory;

/* Divides the memory at `base`, which is aligned, and returns its size in *size; if `base` is NULL, only the size. */
static cmlp_status lay_out_model(const cmlpi_head *head, void *base, model_memory *memory, size_t *size)
{
    const int64_t columns = head->input_factor ? head->sizes[0] : 0;
    cmlpi_arena arena = {base, 0, 0};
    memory->model = cmlpi_arena_alloc(&arena, 1, sizeof(cmlp_model));
    memory->net = cmlpi_arena_alloc(&arena, 1, cmlpi_head_net_size(head));
    memory->factors = cmlpi_arena_alloc(&arena, columns, sizeof(double));
    memory->shifts = cmlpi_arena_alloc(&arena, columns, sizeof(double));
    memory->table.table = NULL;
    memory->table.ranges = NULL;
    if (CMLPI_IS_TABLE_HEAD(head)) cmlpi_table_lay_out(&arena, head, &memory->table);
    memory->params = cmlpi_arena_alloc(&arena, cmlpi_is_big_endian() ? (int64_t)head->params_size : 0, 1);
    cmlpi_arena_alloc(&arena, 1, CMLPI_ALIGNMENT); /* for memory that is not aligned */
    *size = arena.used;
    return arena.overflow ? CMLP_ERROR_OVERFLOW : CMLP_OK;
}

/* Whether each output is the probability of the labels above one of them, as that of the second of two labels is. */
static int is_cumulative(const cmlpi_head *head)
{
    if (head->model_kind == CMLP_MODEL_NETWORK) return 0;
    return head->values.n[CMLPI_LABEL_ENDS] == head->sizes[head->n_layers - 1] + 1;
}

#if CMLP_BUILD_TABLES
/* The most bytes of workspace for an answer about one row without reasons; 0 if that does not fit in size_t. It is here because
 * a program that asks for no answers does not link model_answer.c. */
static size_t answer_bytes(const cmlp_model_info *info)
{
    static const size_t of_columns[] = {sizeof(int64_t), sizeof(cmlp_value), sizeof(int32_t), sizeof(double)};
    cmlpi_arena arena = {NULL, 0, 0};
    for (size_t i = 0; i < sizeof of_columns / sizeof *of_columns; i++) cmlpi_arena_alloc(&arena, info->n_in, of_columns[i]);
    cmlpi_arena_alloc(&arena, info->n_out, sizeof(double));
    cmlpi_arena_alloc(&arena, 1, sizeof(int32_t));
    cmlpi_arena_alloc(&arena, 1, info->workspace_size);
    return arena.overflow ? 0 : cmlpi_with_slack(arena.used);
}
#endif

/* A real function: its net is not on the stack while the head is read. */
REAL_FN cmlp_status describe(const cmlpi_head *head, cmlp_model_info *info)
{
    cmlpi_any_net any;
    cmlp_net *net = &any.net;
    cmlpi_table_scratch scratch;
    model_memory memory;
    const int64_t n_columns = head->words.n_columns;
    cmlp_status status = cmlpi_head_net(head, net);
    if (!status) status = lay_out_model(head, NULL, &memory, &info->model_size);
    if (!status) status = cmlpi_lay_out_prediction(net, n_columns, NULL, &info->workspace_size, &scratch);
    if (status) return status;
    info->file_size = head->file_size;
    info->n_in = n_columns ? n_columns : cmlpi_n_in(net);
    info->n_out = cmlpi_n_out(net) + is_cumulative(head);
    info->n_labels = head->values.n[CMLPI_LABEL_ENDS];
    info->dtype = n_columns ? CMLP_FLOAT64 : head->dtype;
    info->n_nets = head->n_nets;
    info->kind = head->model_kind;
    info->n_targets = CMLPI_IS_TABLE_HEAD(head) ? head->n_targets : 0;
#if CMLP_BUILD_TABLES
    const int is_pairs = head->model_kind == CMLP_MODEL_MULTILABEL || info->n_out == 1;
    if (info->n_targets && head->model_kind == CMLP_MODEL_REGRESSOR) info->n_ends = 2 * info->n_targets;
    if (info->n_targets && !info->n_ends) info->n_set = is_pairs ? 2 * info->n_targets : info->n_out;
    info->answer_size = answer_bytes(info);
#endif
    return CMLP_OK;
}

CMLPI_CALL(cmlp_model_describe, (const void *file, size_t file_size, cmlp_model_info *info, cmlp_run *run),
           (file, file_size, info, &call.run))
{
    cmlp_model_info copy;
    cmlpi_head head;
    cmlp_status status = CMLPI_READ(&copy, info, cmlp_model_info, n_set);
    if (status) return cmlpi_refuse(&run->refused, status, "info");
    status = cmlpi_check_pointer(file, 1, "start", run);
    if (status) return status;
    copy = (cmlp_model_info){.struct_size = sizeof copy};
    status = cmlpi_head_read(file, file_size, &head);
    copy.head_size = head.bytes;
    copy.error_at = head.error_at;
    if (!status) status = describe(&head, &copy);
    if (status) copy.model_size = copy.workspace_size = copy.answer_size = 0;
    cmlpi_write_struct(info, &copy, sizeof copy);
    return cmlpi_refuse_whole(run, status, "start");
}

static cmlp_status check_data(const unsigned char *file, size_t n, const cmlpi_head *head)
{
    cmlpi_crc crc;
    cmlpi_crc_begin(&crc);
    cmlpi_crc_add(&crc, file + head->bytes, n - (size_t)head->bytes);
    return cmlpi_crc_end(&crc) == head->data_crc ? CMLP_OK : CMLP_ERROR_FILE_DATA_CRC;
}

/* Compares the bits of n outputs with those in the file. All NaNs are the same. */
static cmlp_status compare_outputs(void *outputs, const unsigned char *stored, int32_t dtype, int64_t n)
{
    const size_t element = cmlpi_bytes_of(dtype);
    cmlpi_canonicalize_nans(dtype, outputs, n);
    for (int64_t i = 0; i < n; i++) {
        union {
            float narrow;
            double wide;
        } one;
        cmlpi_load(&one, stored + (size_t)i * element, 1, element);
        cmlpi_canonicalize_nans(dtype, &one, 1);
        if (memcmp(&one, (const char *)outputs + (size_t)i * element, element)) return CMLP_ERROR_FILE_EXAMPLE;
    }
    return CMLP_OK;
}

/* Computes the example's outputs and compares them with the file. An input that is not finite has none. */
static cmlp_status check_example(const cmlp_model *model, const unsigned char *file, const cmlpi_head *head,
                                 const cmlpi_table_scratch *scratch)
{
    const cmlp_net *net = model->net;
    if (CMLPI_IS_TABLE_MODEL(model)) {
        cmlpi_load(scratch->raw, file + head->example_input, model->table->n_columns, sizeof(double));
        const cmlp_status status = cmlpi_table_row(model->table, 0, scratch->raw, NULL, scratch->result, scratch);
        return status ? CMLP_ERROR_FILE_EXAMPLE
                      : compare_outputs(scratch->result, file + head->example_output, CMLP_FLOAT64, cmlpi_n_out(net));
    }
    const cmlp_prediction outputs = {.outputs = scratch->row.output};
    cmlpi_load(scratch->row.row, file + head->example_input, cmlpi_n_in(net), net->element);
    const void *const x = cmlpi_model_inputs(model, scratch->row.row, net->dtype, scratch->row.workspace);
    const cmlpi_fault fault = cmlpi_forward_row(net, model->params, x, &outputs, scratch->row.workspace);
    return fault.status ? CMLP_ERROR_FILE_EXAMPLE
                        : compare_outputs(scratch->row.output, file + head->example_output, net->dtype, cmlpi_n_out(net));
}

/* Copies factors and shifts, which may be misaligned in the file, and checks them. */
static cmlp_status load_scales(const cmlpi_head *head, const model_memory *memory, cmlp_run *run)
{
    cmlp_model *model = memory->model;
    const int64_t n = cmlpi_n_in(model->net);
    model->factors = model->shifts = NULL;
    if (!head->input_factor) return CMLP_OK;
    cmlpi_load(memory->factors, model->file + head->input_factor, n, sizeof(double));
    cmlpi_load(memory->shifts, model->file + head->input_shift, n, sizeof(double));
    model->factors = memory->factors;
    model->shifts = memory->shifts;
    for (int64_t j = 0; j < n; j++) {
        if (model->factors[j] == 0) return cmlpi_refuse_element(run, CMLP_ERROR_FILE_VALUE, CMLPI_INPUT_FACTOR, j);
        if (!cmlpi_is_finite(model->factors[j]))
            return cmlpi_refuse_element(run, CMLP_ERROR_FILE_NONFINITE, CMLPI_INPUT_FACTOR, j);
        if (!cmlpi_is_finite(model->shifts[j]))
            return cmlpi_refuse_element(run, CMLP_ERROR_FILE_NONFINITE, CMLPI_INPUT_SHIFT, j);
    }
    return CMLP_OK;
}

static cmlp_status verified(const cmlp_model *model, const cmlpi_head *head, const cmlpi_table_scratch *scratch,
                            cmlp_run *run)
{
    const int64_t n = (int64_t)(head->params_size / model->net->element); /* of all networks */
    if (!cmlpi_are_finite(model->net, model->params, n))
        return cmlpi_refuse(&run->refused, CMLP_ERROR_FILE_NONFINITE, "layers");
    return head->example_input ? check_example(model, model->file, head, scratch) : CMLP_OK;
}

/* Reads the head of a whole file. */
static cmlp_status read_head(const unsigned char *file, size_t n, cmlpi_head *head)
{
    const cmlp_status status = cmlpi_head_read(file, n, head);
    if (status || n == head->file_size) return status;
    return n < head->file_size ? CMLP_ERROR_FILE_SHORT : CMLP_ERROR_FILE_LONG;
}

/* Makes the model of a head: its network, its parameters, and where its tensors are. */
static cmlp_status make_model(const cmlpi_head *head, const unsigned char *file, const model_memory *memory)
{
    cmlp_model *model = memory->model;
    model->magic = 0;
    model->net = memory->net;
    model->file = file;
    model->params = file + head->bytes;
    model->input_scale = head->input_scale;
    model->table = memory->table.table; /* NULL: one network */
    model->ranges = memory->table.ranges;
    model->calibration = head->calibration;
#if CMLPI_EXPLAINS_TABLES
    model->background = head->background;
#endif
#if CMLP_BUILD_TABLES
    model->has_summary = head->has_summary;
#endif
    model->seen = head->table_seen;
    model->values = head->values;
    model->is_cumulative = is_cumulative(head);
    model->model_kind = head->model_kind;
    const cmlp_status status = cmlpi_head_net(head, memory->net);
    if (!status && cmlpi_is_big_endian()) {
        cmlpi_swap(memory->params, file + head->bytes, head->params_size, model->net->element);
        model->params = memory->params;
    }
    return status;
}

/* Loads what is in the tensors of the file, and checks it. */
static cmlp_status load_tensors(const cmlpi_head *head, const model_memory *memory, cmlp_run *run)
{
    cmlp_model *model = memory->model;
    cmlp_status status = load_scales(head, memory, run);
    if (CMLPI_IS_TABLE_MODEL(model) && !status) {
        status = cmlpi_file_status(cmlpi_table_load(head, model->file, model->params, &memory->table));
        if (status) return cmlpi_refuse(&run->refused, status, "table");
        status = cmlpi_file_status(cmlpi_check_scores(model));
        if (status) return cmlpi_refuse(&run->refused, status, "calibration");
    }
    if (!status) status = cmlpi_check_stored_values(model, &run->refused);
#if CMLP_BUILD_TABLES
    if (!status && model->table) cmlpi_note_missing_categories(model, memory->table.columns);
#endif
    return status;
}

/* cmlp_model_init in the core's floating-point mode. */
static cmlp_status load(void *memory, size_t memory_size, const unsigned char *file, size_t n,
                        const cmlp_model_options *given, const cmlp_model **loaded, cmlp_run *run)
{
    cmlp_model_options options = {.struct_size = sizeof options};
    cmlpi_head head;
    model_memory placed;
    cmlpi_table_scratch buffers;
    size_t needed;
    cmlp_status status = cmlpi_check_pointer(memory, 1, "memory", run);
    if (!status) status = cmlpi_check_pointer(file, sizeof(double), "file", run);
    if (status) return status;
    if (given) status = CMLPI_READ(&options, given, cmlp_model_options, isa_mask);
    if (status) return cmlpi_refuse(&run->refused, status, "options");
    if (options.isa_mask < 0) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "options->isa_mask");
    status = read_head(file, n, &head);
    head.isa_mask = options.isa_mask;
    if (!status) status = lay_out_model(&head, cmlpi_aligned(memory), &placed, &needed);
    if (status) return status;
    if (memory_size < needed) return cmlpi_refuse(&run->refused, CMLP_ERROR_BUFFER_SIZE, "memory_size");
    const int verify = !options.is_trusted;
    status = make_model(&head, file, &placed);
    if (status == CMLP_ERROR_ISA) return cmlpi_refuse(&run->refused, status, "options->isa_mask");
#if CMLP_BUILD_TABLES
    if (!status)
        status = cmlpi_lay_out_prediction(placed.net, head.words.n_columns, NULL, &placed.model->row_size, &buffers);
#endif
    if (!status && verify)
        status = cmlpi_take_model_workspace(placed.net, head.words.n_columns, run, &buffers);
    if (!status && verify) status = check_data(file, n, &head);
    if (!status) status = load_tensors(&head, &placed, run);
    if (!status && verify) status = verified(placed.model, &head, &buffers, run);
    if (status) return status;
    placed.model->magic = CMLPI_MODEL_MAGIC;
    *loaded = placed.model;
    return CMLP_OK;
}

cmlp_status cmlp_model_init(void *memory, size_t memory_size, const void *file, size_t file_size,
                            const cmlp_model_options *options, const cmlp_model **model, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = cmlpi_check_pointer(model, sizeof *model, "model", &call.run);
    if (model && !cmlpi_misaligned(model, sizeof *model)) *model = NULL;
    if (!status)
        status = cmlpi_refuse_whole(&call.run, load(memory, memory_size, file, file_size, options, model, &call.run), "file");
    return cmlpi_end_call(&call, status);
}

CMLPI_CALL(cmlp_model_prepare_rows, (const cmlp_model *model, cmlp_rows *rows, cmlp_run *run), (model, rows, &call.run))
{
    cmlp_rows copy;
    cmlp_status status = cmlpi_check_model(model);
    if (!status && CMLPI_IS_TABLE_MODEL(model)) status = CMLP_ERROR_MODEL_KIND;
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    status = CMLPI_READ(&copy, rows, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(&run->refused, status, "rows");
    const cmlp_rows dense = cmlp_dense_rows(copy.data, copy.dtype, copy.n_rows, cmlpi_n_in(model->net));
    if (copy.n_columns && copy.n_columns != dense.n_columns)
        return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "rows->n_columns");
    copy.n_columns = dense.n_columns;
    if (!copy.kind) copy.kind = dense.kind;
    if (copy.kind == dense.kind && copy.dtype && !copy.row_stride && !copy.column_stride) {
        copy.row_stride = dense.row_stride;
        copy.column_stride = dense.column_stride;
    }
    copy.scale = model->input_scale;
    copy.shifts = model->shifts;
    copy.factors = model->factors;
    cmlpi_write_struct(rows, &copy, sizeof copy);
    return CMLP_OK;
}

const cmlp_net *cmlp_model_net(const cmlp_model *model)
{
    return cmlpi_check_model(model) || CMLPI_IS_TABLE_MODEL(model) ? NULL : model->net;
}

const void *cmlp_model_params(const cmlp_model *model)
{
    return cmlpi_check_model(model) || CMLPI_IS_TABLE_MODEL(model) ? NULL : model->params;
}

CMLPI_CALL(cmlp_model_find_string,
           (const cmlp_model *model, const char *key, const char **text, int64_t *n_text, cmlp_run *run),
           (model, key, text, n_text, &call.run))
{
    size_t length;
    cmlp_status status = cmlpi_check_model(model);
    if (status) return cmlpi_refuse(&run->refused, status, "model");
    status = cmlpi_check_pointer(key, 1, "key", run);
    if (!status) status = cmlpi_check_pointer(text, sizeof *text, "text", run);
    if (!status) status = cmlpi_check_pointer(n_text, sizeof *n_text, "n_text", run);
    if (status) return status;
    if (!cmlpi_head_find(model->file, key, text, &length)) return cmlpi_refuse(&run->refused, CMLP_ERROR_NOT_FOUND, "key");
    *n_text = (int64_t)length;
    return CMLP_OK;
}
