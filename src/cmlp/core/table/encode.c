/* The encoder of tables: checks of its columns, and the encoding of rows by the rules of encode_row.h. */
#include "encode.h"

#include "../base/arguments.h"
#include "../data/run.h"
#include "encode_row.h"

#if CMLP_BUILD_TABLES
int64_t cmlpi_column_width(const cmlp_table_column *c, int has_bins)
{
    if (c->role == CMLP_TABLE_ROLE_CATEGORY)
        return c->n_statistics ? c->n_one_hot + c->n_statistics / c->n_categories : c->n_categories - (c->n_categories == 2);
    if (c->role != CMLP_TABLE_ROLE_NUMBER) return 0;
    int64_t width = 1 + (has_bins && c->n_edges ? c->n_edges - 1 : 0) + (c->has_missing != 0);
    for (int64_t k = 0; k < c->n_parts; k++) width += cmlpi_part_width(&c->parts[k], has_bins);
    return width;
}

int64_t cmlpi_columns_width(const cmlp_table_column *columns, int64_t n_columns, int has_bins)
{
    int64_t width = 0;
    for (int64_t i = 0; i < n_columns; i++) {
        const cmlp_table_column *c = &columns[i];
        if (c->role == CMLP_TABLE_ROLE_CATEGORY && c->n_categories > CMLPI_MAX_COUNT) return -1;
        if (c->n_edges > CMLPI_MAX_COUNT || c->n_statistics > CMLPI_MAX_COUNT) return -1;
        for (int64_t k = 0; k < c->n_parts; k++)
            if (c->parts[k].n_edges > CMLPI_MAX_COUNT) return -1;
        width += cmlpi_column_width(c, has_bins);
        if (width > CMLPI_MAX_COUNT) return -1;
    }
    return width ? width : 1;
}

/* Whether a field is set that a column of this role does not use, or that is reserved. */
static int has_unused(const cmlp_table_column *c)
{
    const int is_number = c->centre != 0 || c->scale != 0 || c->n_edges || c->parts || c->n_parts;
    for (size_t i = 0; i < sizeof c->reserved / sizeof *c->reserved; i++)
        if (c->reserved[i]) return 1;
    if (c->role != CMLP_TABLE_ROLE_CATEGORY && (c->statistics || c->n_statistics || c->n_one_hot)) return 1;
    if (c->role == CMLP_TABLE_ROLE_CATEGORY && c->edges) return 1;
    if (c->role == CMLP_TABLE_ROLE_UNUSED && c->has_missing) return 1;
    return c->role != CMLP_TABLE_ROLE_NUMBER && is_number;
}

/* Checks n edges, and the numbers behind them that mean a missing value. */
static cmlp_status check_edges(const double *edges, int64_t n, int32_t n_missing_values)
{
    if (n > CMLPI_MAX_COUNT) return CMLP_ERROR_OVERFLOW;
    if (n < 0 || n == 1 || n_missing_values < 0) return CMLP_ERROR_OPTION;
    if (!edges != !(n + n_missing_values)) return edges ? CMLP_ERROR_OPTION : CMLP_ERROR_NULL;
    if (cmlpi_misaligned(edges, sizeof(double))) return CMLP_ERROR_ALIGNMENT;
    for (int64_t k = 1; k < n; k++) {
        const double width = edges[k] - edges[k - 1];
        if (!(width > 0) || !cmlpi_is_finite(width)) return CMLP_ERROR_OPTION;
    }
    for (int32_t k = 0; k < n_missing_values; k++)
        if (!cmlpi_is_finite(edges[n + k])) return CMLP_ERROR_OPTION;
    return CMLP_OK;
}

/* The parts of a date, which ascend. */
static cmlp_status check_parts(const cmlp_table_column *c)
{
    if (c->n_parts < 0 || c->n_parts > (c->n_edges ? CMLPI_PARTS : 0)) return CMLP_ERROR_OPTION;
    if (!c->n_parts != !c->parts) return c->parts ? CMLP_ERROR_OPTION : CMLP_ERROR_NULL;
    if (cmlpi_misaligned(c->parts, CMLPI_ALIGNOF(cmlp_table_date_part))) return CMLP_ERROR_ALIGNMENT;
    cmlp_status status = CMLP_OK;
    for (int64_t k = 0; k < c->n_parts && !status; k++) {
        const cmlp_table_date_part *part = &c->parts[k];
        if (part->kind <= (k ? part[-1].kind : 0) || part->kind > CMLPI_PARTS) return CMLP_ERROR_OPTION;
        if (cmlpi_has_reserved(part->padding, part->reserved)) return CMLP_ERROR_OPTION;
        status = check_edges(part->edges, part->n_edges, 0);
    }
    return status;
}

static cmlp_status check_number(const cmlp_table_column *c)
{
    if (!cmlpi_is_finite(c->centre) || !cmlpi_is_finite(c->scale) || !(c->scale > 0)) return CMLP_ERROR_OPTION;
    const cmlp_status status = check_edges(c->edges, c->n_edges, c->n_missing_values);
    return status ? status : check_parts(c);
}

static cmlp_status check_category(const cmlp_table_column *c)
{
    if (c->n_categories < 1 || c->n_missing_values < 0) return CMLP_ERROR_OPTION;
    if (c->has_missing < 0 || c->has_missing > c->n_categories) return CMLP_ERROR_OPTION;
    if (!c->n_statistics) return c->statistics || c->n_one_hot ? CMLP_ERROR_OPTION : CMLP_OK;
    if (c->n_statistics < 0 || c->n_statistics % c->n_categories) return CMLP_ERROR_OPTION;
    if (c->n_one_hot < 0 || c->n_one_hot > c->n_categories) return CMLP_ERROR_OPTION;
    if (!c->statistics) return CMLP_ERROR_NULL;
    return cmlpi_misaligned(c->statistics, sizeof(float)) ? CMLP_ERROR_ALIGNMENT : CMLP_OK;
}

cmlp_status cmlpi_check_columns(const cmlp_table_column *columns, int64_t n_columns, int64_t *bad)
{
    if (!columns) return CMLP_ERROR_NULL;
    if (n_columns < 1) return CMLP_ERROR_OPTION;
    if (cmlpi_misaligned(columns, CMLPI_ALIGNOF(cmlp_table_column))) return CMLP_ERROR_ALIGNMENT;
    cmlp_status status = CMLP_OK;
    for (int64_t i = 0; i < n_columns && !status; i++) {
        const cmlp_table_column *c = &columns[i];
        if (has_unused(c))
            status = CMLP_ERROR_OPTION;
        else if (c->role == CMLP_TABLE_ROLE_NUMBER)
            status = check_number(c);
        else if (c->role == CMLP_TABLE_ROLE_CATEGORY)
            status = check_category(c);
        else
            status = c->role == CMLP_TABLE_ROLE_UNUSED ? check_edges(c->edges, 0, c->n_missing_values) : CMLP_ERROR_OPTION;
        if (status) *bad = i;
    }
    return status;
}

cmlp_status cmlpi_check_statistics(const cmlp_table_column *columns, int64_t n_columns)
{
    for (int64_t i = 0; i < n_columns; i++)
        for (int64_t k = 0; k < columns[i].n_statistics; k++)
            if (!cmlpi_is_finite(columns[i].statistics[k])) return CMLP_ERROR_VALUE;
    return CMLP_OK;
}

/* The type of the inputs is a constant here, so that it costs nothing. */
VEC_FN int encode_row(const cmlp_table_encoder *encoder, const double *raw, cmlpi_encoded inputs)
{
    for (int64_t i = 0; i < encoder->n_columns; i++)
        if (raw[i] == raw[i] && !cmlpi_is_finite(raw[i])) return 0;
    cmlpi_encode_columns(encoder->columns, encoder->n_columns, encoder->has_bins, raw, inputs);
    return 1;
}

int cmlpi_encode_row(const cmlp_table_encoder *encoder, const double *raw, void *inputs)
{
    return encoder->dtype == CMLP_FLOAT32 ? encode_row(encoder, raw, (cmlpi_encoded){inputs, 1})
                                          : encode_row(encoder, raw, (cmlpi_encoded){inputs, 0});
}

/* Reads and checks an encoder, and computes its number of inputs. */
static cmlp_status read_encoder(const cmlp_table_encoder *encoder, cmlp_table_encoder *copy, int64_t *width,
                                cmlp_run *run)
{
    cmlp_status status = CMLPI_READ(copy, encoder, cmlp_table_encoder, dtype);
    if (status) return cmlpi_refuse(&run->refused, status, "encoder");
    if (copy->dtype != CMLP_FLOAT32 && copy->dtype != CMLP_FLOAT64)
        return cmlpi_refuse(&run->refused, CMLP_ERROR_DTYPE, "encoder->dtype");
    status = cmlpi_check_columns(copy->columns, copy->n_columns, &run->bad_element);
    if (status) return cmlpi_refuse(&run->refused, status, "encoder->columns");
    *width = cmlpi_columns_width(copy->columns, copy->n_columns, copy->has_bins);
    return *width < 0 ? cmlpi_refuse(&run->refused, CMLP_ERROR_OVERFLOW, "encoder->columns") : CMLP_OK;
}

cmlp_status cmlp_table_encoder_width(const cmlp_table_encoder *encoder, int64_t *n_in, cmlp_run *run)
{
    cmlpi_call call;
    cmlp_table_encoder copy;
    int64_t width;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = read_encoder(encoder, &copy, &width, &call.run);
    if (!status) status = cmlpi_check_pointer(n_in, sizeof *n_in, "n_in", &call.run);
    if (!status) *n_in = width;
    return cmlpi_end_call(&call, status);
}

/* Reads the rows: dense, of doubles in adjacent columns, without scales. */
static cmlp_status read_raw_rows(const cmlp_table_encoder *encoder, const cmlp_rows *given, cmlp_rows *rows, int64_t *n,
                                 cmlp_run *run)
{
    const char **const refused = &run->refused;
    const cmlp_status status = cmlpi_read_rows(rows, encoder->n_columns, given, n, run);
    if (status) return status;
    if (rows->kind != CMLP_ROWS_DENSE) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->kind");
    if (rows->dtype != CMLP_FLOAT64) return cmlpi_refuse(refused, CMLP_ERROR_DTYPE, "rows->dtype");
    if (rows->scale != 1) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->scale");
    if (rows->factors) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "rows->factors");
    if (rows->column_stride != sizeof(double)) return cmlpi_refuse(refused, CMLP_ERROR_ROWS, "rows->column_stride");
    return CMLP_OK;
}

/* Reports the first infinite value of a row. */
static cmlp_status report_row(const double *row, int64_t n_columns, int64_t index, cmlp_run *run)
{
    int64_t column = 0;
    while (column < n_columns - 1 && (row[column] != row[column] || cmlpi_is_finite(row[column]))) column++;
    return cmlpi_report_row(run, &(cmlpi_fault){CMLP_ERROR_INPUT, index, column}, index);
}

static cmlp_status encode(const cmlp_table_encoder *encoder, int64_t width, const cmlp_rows *given, void *inputs,
                          int64_t n_inputs, cmlp_run *run)
{
    const size_t element = cmlpi_bytes_of(encoder->dtype);
    cmlp_rows rows;
    int64_t n;
    cmlp_status status = read_raw_rows(encoder, given, &rows, &n, run);
    if (!status && (n || inputs)) status = cmlpi_check_pointer(inputs, element, "inputs", run);
    if (status) return status;
    if (n_inputs / width < n) return cmlpi_refuse(&run->refused, CMLP_ERROR_LENGTH, "inputs");
    if (!cmlpi_is_exact()) return CMLP_ERROR_BUILD;
    for (int64_t i = 0; i < n; i++) {
        const int64_t index = cmlpi_selected_row(&rows, i);
        const double *row = (const double *)(const void *)((const char *)rows.data + index * rows.row_stride);
        if (!cmlpi_encode_row(encoder, row, (char *)inputs + i * width * (int64_t)element))
            return report_row(row, encoder->n_columns, index, run);
    }
    return CMLP_OK;
}

cmlp_status cmlp_table_encode(const cmlp_table_encoder *encoder, const cmlp_rows *rows, void *inputs, int64_t n_inputs,
                              cmlp_run *run)
{
    cmlpi_call call;
    cmlp_table_encoder copy;
    int64_t width;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = read_encoder(encoder, &copy, &width, &call.run);
    if (!status) status = encode(&copy, width, rows, inputs, n_inputs, &call.run);
    return cmlpi_end_call(&call, status);
}
#endif
