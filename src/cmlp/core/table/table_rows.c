/* Many raw rows of a table. As in forward.c the threads take microbatches from a queue. */
#include "table.h"

#if CMLP_BUILD_TABLES

typedef struct table_job {
    const cmlp_table *table;
    int is_ordered;
    cmlp_rows rows; /* checked */
    int64_t n;      /* selected rows */
    int32_t *class_indices;
    double *outputs;
    cmlp_run *run;
    void *team;
    char *memory; /* the threads' scratch memory, and the bytes of each */
    size_t memory_size;
    cmlpi_queue queue;
    cmlpi_fault *faults; /* of each thread */
} table_job;

static cmlpi_table_sizes sizes_of_rows(const cmlp_table *table, int64_t n_rows)
{
    return (cmlpi_table_sizes){.widest = cmlpi_table_widest(table),
                               .n_columns = table->n_columns,
                               .n_rows = n_rows < CMLPI_PREDICTED_ROWS ? n_rows : CMLPI_PREDICTED_ROWS};
}

/* Divides the workspace, and returns its size; 0 if that does not fit in size_t. */
static size_t lay_out_table_job(table_job *job, char *base, const cmlp_table *table, int64_t n_rows, int32_t n_threads)
{
    const cmlpi_table_sizes sizes = sizes_of_rows(table, n_rows);
    cmlpi_table_scratch scratch;
    cmlpi_arena arena = {.base = base};
    if (cmlpi_table_scratch_lay_out(&sizes, NULL, &job->memory_size, &scratch)) return 0;
    job->faults = cmlpi_arena_alloc(&arena, n_threads, sizeof(cmlpi_fault));
    job->team = cmlpi_arena_alloc(&arena, 1, cmlpi_team_bytes(n_threads));
    job->memory = cmlpi_arena_alloc(&arena, n_threads, job->memory_size);
    return arena.overflow ? 0 : arena.used;
}

/* Divides the workspace of at most one row: that of cmlp_model_info. */
static cmlp_status lay_out_table_row(const cmlp_table *table, void *memory, size_t *bytes, cmlpi_table_scratch *scratch)
{
    const cmlpi_table_sizes sizes = sizes_of_rows(table, 1);
    return cmlpi_table_scratch_lay_out(&sizes, memory, bytes, scratch);
}

size_t cmlpi_table_rows_bytes(const cmlp_table *table, int64_t n_rows, int32_t n_threads)
{
    table_job job;
    cmlpi_table_scratch scratch;
    size_t bytes;
    if (n_rows < 2) return lay_out_table_row(table, NULL, &bytes, &scratch) ? 0 : bytes;
    bytes = lay_out_table_job(&job, NULL, table, n_rows, n_threads);
    return bytes ? cmlpi_with_slack(bytes) : 0;
}

/* A selected row: the caller's, or a copy of it if its elements are not adjacent. */
static const double *raw_row(const table_job *job, int64_t i, const cmlpi_table_scratch *scratch)
{
    const cmlp_rows *rows = &job->rows;
    const char *row = (const char *)rows->data + cmlpi_selected_row(rows, i) * rows->row_stride;
    if (rows->column_stride == (int64_t)sizeof(double)) return (const double *)(const void *)row;
    for (int64_t j = 0; j < rows->n_columns; j++)
        scratch->raw[j] = *(const double *)(const void *)(row + j * rows->column_stride);
    return scratch->raw;
}

cmlpi_fault cmlpi_infinite_input(const double *raw, int64_t n, int64_t selected)
{
    int64_t j = 0;
    while (j < n && (raw[j] != raw[j] || cmlpi_is_finite(raw[j]))) j++;
    return (cmlpi_fault){CMLP_ERROR_INPUT, selected, j};
}

static cmlpi_fault predict_raw_rows(const table_job *job, int64_t first, int64_t n, const cmlpi_table_scratch *scratch)
{
    const cmlp_table *table = job->table;
    for (int64_t i = 0; i < n; i++) {
        const double *raw = raw_row(job, first + i, scratch);
        if (!cmlpi_table_inputs(table, raw, i, scratch)) return cmlpi_infinite_input(raw, table->n_columns, first + i);
    }
    double *const outputs = job->outputs ? job->outputs + first * cmlpi_n_out(table->nets[0].net) : scratch->result;
    const cmlp_status status =
        cmlpi_table_outputs(table, job->is_ordered, n, job->class_indices ? job->class_indices + first : NULL, outputs, scratch);
    return (cmlpi_fault){status, status ? first : -1, -1};
}

static void predict_table_thread(void *context, cmlpi_thread self)
{
    table_job *job = context;
    const cmlpi_table_sizes sizes = sizes_of_rows(job->table, job->n);
    cmlpi_table_scratch scratch;
    size_t bytes;
    cmlpi_fault *fault = &job->faults[self.index];
    cmlpi_table_scratch_lay_out(&sizes, job->memory + (size_t)self.index * job->memory_size, &bytes, &scratch);
    int64_t first, n;
    while ((n = cmlpi_queue_take(&job->queue, self.index, &first)) > 0) {
        *fault = predict_raw_rows(job, first, n, &scratch);
        if (fault->status) cmlpi_queue_stop(&job->queue);
    }
}

static cmlp_status report_fault(const table_job *job, cmlpi_fault fault)
{
    if (!fault.status) return CMLP_OK;
    return cmlpi_report_row(job->run, &fault, cmlpi_selected_row(&job->rows, fault.selected));
}

/* Predicts at most one row. */
static cmlp_status predict_at_most_one(const table_job *job)
{
    cmlpi_table_scratch scratch;
    size_t needed;
    cmlp_status status = lay_out_table_row(job->table, job->run->workspace, &needed, &scratch);
    if (status) return cmlpi_refuse(&job->run->refused, status, "run->workspace_size");
    status = cmlpi_check_workspace(job->run, needed);
    if (status) return status;
    if (cmlpi_polls_cancel(job->run)) return CMLP_CANCELLED;
    return job->n ? report_fault(job, predict_raw_rows(job, 0, 1, &scratch)) : CMLP_OK;
}

cmlp_status cmlpi_read_raw_rows(cmlp_rows *rows, int64_t n_columns, const cmlp_rows *given, int64_t *n, cmlp_run *run)
{
    const cmlp_status status = cmlpi_read_rows(rows, n_columns, given, n, run);
    if (status) return status;
    if (rows->kind != CMLP_ROWS_DENSE) return cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "rows->kind");
    return rows->dtype == CMLP_FLOAT64 ? CMLP_OK : cmlpi_refuse(&run->refused, CMLP_ERROR_DTYPE, "rows->dtype");
}

static double table_products(const table_job *job)
{
    double all = 0;
    for (int64_t i = 0; i < job->table->n_nets; i++) all += (double)job->table->nets[i].net->n_params;
    return all * (double)job->n;
}

cmlp_status cmlpi_table_rows(const cmlp_table *table, int is_ordered, const cmlp_rows *rows, int32_t *class_indices,
                             double *outputs, cmlp_run *run)
{
    table_job job = {.table = table, .is_ordered = is_ordered, .class_indices = class_indices, .outputs = outputs, .run = run};
    cmlp_status status = cmlpi_read_raw_rows(&job.rows, table->n_columns, rows, &job.n, run);
    if (status) return status;
    if (job.n < 2) return predict_at_most_one(&job);
    status = cmlpi_take_workspace(run, lay_out_table_job(&job, NULL, table, job.n, run->n_threads));
    if (status) return status;
    lay_out_table_job(&job, run->workspace, table, job.n, run->n_threads);
    const int32_t threads = cmlpi_prediction_threads(table_products(&job), run->n_threads);
    cmlpi_queue_begin(&job.queue, run, job.n, CMLPI_PREDICTED_ROWS);
    for (int32_t i = 0; i < threads; i++) job.faults[i] = cmlpi_fault_of(CMLP_OK);
    cmlpi_team_run(threads, job.team, predict_table_thread, &job);
    status = report_fault(&job, cmlpi_first_fault(job.faults, threads));
    return status ? status : cmlpi_queue_end(&job.queue);
}
#endif
