/* Predictions on paths between two rows. Of two adjacent rows of a path one group of inputs differs, so the first layer's
 * weighted sums are continued: a step adds what the group changes. Every path begins with the sums of its first row, so
 * no path depends on another, and no rounding error is carried from one to the next. */
#include <string.h>

#include "../../../../include/cmlp_explain.h"
#include "forward.h"
#include "layer.h"

#if CMLP_BUILD_EXPLAIN
#define PATHS 12 /* paths that a thread takes at a time; those that begin in one row share its steps */

/* A row of the microbatch: where its outputs belong, and for how many steps, as steps that change no sum repeat them. */
typedef struct microbatch_row {
    void *outputs;
    int64_t n_steps;
} microbatch_row;

/* The rows at the ends of the paths: their outputs, and the first layer's sums of those in which paths begin. */
typedef struct path_ends {
    cmlpi_data data;
    void *sums, *outputs;
} path_ends;

typedef struct paths_job {
    path_ends from, to;
    const void *params;
    cmlp_paths paths;
    char *outputs;
    cmlp_run *run;
    int64_t *seen; /* for each group the last path in which it was found */
    void *team;
    char *memory; /* the threads' memory, and the bytes of each */
    size_t memory_size;
    cmlpi_queue queue; /* of blocks of PATHS paths of a target */
} paths_job;

/* One thread. */
typedef struct path_walker {
    paths_job *job;
    void *row, *difference;     /* one row of inputs each */
    void *steps;                /* (n_groups, n_out of the first layer): what each group changes between two rows */
    unsigned char *changes;     /* whether a group changes any sum */
    int64_t start, target;      /* the two rows, or -1 */
    void *z, *activations[2], *outputs; /* of the microbatch's rows; activations of hidden layers, alternating */
    microbatch_row *microbatch;
    void *copy; /* scratch memory of the dense products */
    int64_t n;  /* rows in the microbatch */
    int32_t thread;
} path_walker;

static void lay_out_walker(cmlpi_arena *arena, const cmlp_net *net, int64_t n_groups, path_walker *walker)
{
    walker->row = cmlpi_arena_alloc(arena, cmlpi_n_in(net), net->element);
    walker->difference = cmlpi_arena_alloc(arena, cmlpi_n_in(net), net->element);
    walker->steps = cmlpi_arena_alloc(arena, n_groups, (size_t)net->layers[0].n_out * net->element);
    walker->changes = cmlpi_arena_alloc(arena, n_groups, 1);
    walker->z = cmlpi_arena_alloc(arena, CMLPI_PREDICTED_ROWS * net->layers[0].n_out, net->element);
    for (int i = 0; i < 2; i++)
        walker->activations[i] = cmlpi_arena_alloc(arena, CMLPI_PREDICTED_ROWS * net->widest_hidden, net->element);
    walker->outputs = cmlpi_arena_alloc(arena, CMLPI_PREDICTED_ROWS * cmlpi_n_out(net), net->element);
    walker->microbatch = cmlpi_arena_alloc(arena, CMLPI_PREDICTED_ROWS, sizeof(microbatch_row));
    walker->copy = cmlpi_arena_alloc(arena, 1, CMLPI_COPY_BYTES);
    walker->start = walker->target = -1;
    walker->n = 0;
}

/* Divides the workspace, and returns its size; 0 if that does not fit in size_t. */
static size_t lay_out_paths(paths_job *job, char *base, const cmlp_net *net, int64_t n_from, int64_t n_to,
                            int32_t n_threads)
{
    const size_t output = (size_t)cmlpi_n_out(net) * net->element;
    cmlpi_arena arena = {.base = base}, of_one = {0};
    path_walker walker;
    lay_out_walker(&of_one, net, job->paths.n_groups, &walker);
    job->from.sums = cmlpi_arena_alloc(&arena, n_from, (size_t)net->layers[0].n_out * net->element);
    job->from.outputs = cmlpi_arena_alloc(&arena, n_from, output);
    job->to.sums = NULL;
    job->to.outputs = cmlpi_arena_alloc(&arena, n_to, output);
    job->seen = cmlpi_arena_alloc(&arena, job->paths.n_groups, sizeof(int64_t));
    job->team = cmlpi_arena_alloc(&arena, 1, cmlpi_team_bytes(n_threads));
    job->memory_size = of_one.used;
    job->memory = cmlpi_arena_alloc(&arena, (int64_t)of_one.used, (size_t)n_threads);
    return of_one.overflow || arena.overflow ? 0 : arena.used;
}

static void begin_walker(path_walker *walker, paths_job *job, int32_t index)
{
    cmlpi_arena arena = {.base = job->memory + (size_t)index * job->memory_size};
    lay_out_walker(&arena, job->from.data.net, job->paths.n_groups, walker);
    walker->job = job;
    walker->thread = index;
}

/* Computes the outputs of n rows from the first layer's sums z, which stay. */
static void outputs_of_sums(const path_walker *walker, const void *z, int64_t n, void *outputs)
{
    const cmlp_net *net = walker->job->from.data.net;
    void *x = NULL;
    for (int32_t l = 0; l < net->depth; l++) {
        void *const a = l == net->depth - 1 ? outputs : walker->activations[l & 1];
        const cmlpi_dense_input rows = {.n_rows = n, .n_in = net->layers[l].n_in, .base = x, .ld = net->layers[l].n_in,
                                        .copy = walker->copy};
        if (l) cmlpi_layer_sums(net, walker->job->params, l, &rows, a);
        cmlpi_activate_rows(net, l, l ? a : (void *)(uintptr_t)z, a, n);
        x = a;
    }
    if (net->n_quantiles) cmlpi_sort_outputs(net, outputs, n);
}

/* Computes the rows of the microbatch, and empties it. Its last row of sums stays, because a path may continue from it. */
static void compute_microbatch(path_walker *walker)
{
    const cmlp_net *net = walker->job->from.data.net;
    const size_t size = (size_t)cmlpi_n_out(net) * net->element;
    if (walker->n) outputs_of_sums(walker, walker->z, walker->n, walker->outputs);
    for (int64_t i = 0; i < walker->n; i++)
        for (int64_t k = 0; k < walker->microbatch[i].n_steps; k++)
            memcpy((char *)walker->microbatch[i].outputs + (size_t)k * size, (char *)walker->outputs + (size_t)i * size,
                   size);
    walker->n = 0;
}

/* Adds a row to the microbatch, with the sums z + step, and returns them. */
static const void *add_row(path_walker *walker, const void *z, const void *step, void *outputs)
{
    const cmlp_net *net = walker->job->from.data.net;
    const int64_t n = net->layers[0].n_out;
    if (walker->n == CMLPI_PREDICTED_ROWS) {
        compute_microbatch(walker);
        cmlpi_queue_stops(&walker->job->queue, walker->thread); /* blocks can be long */
    }
    void *const sums = cmlpi_at(net, walker->z, walker->n * n);
    if (net->dtype == CMLP_FLOAT32)
        for (int64_t j = 0; j < n; j++) ((float *)sums)[j] = ((const float *)z)[j] + ((const float *)step)[j];
    else
        for (int64_t j = 0; j < n; j++) ((double *)sums)[j] = ((const double *)z)[j] + ((const double *)step)[j];
    walker->microbatch[walker->n++] = (microbatch_row){outputs, 1};
    return sums;
}

static int any_nonzero(const cmlp_net *net, const void *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (cmlpi_get(net, values, i) != 0) return 1;
    return 0;
}

/* Computes what each group of inputs changes in the first layer's sums between two rows. */
static void find_steps(path_walker *walker, int64_t start, int64_t target)
{
    const paths_job *job = walker->job;
    const cmlp_net *net = job->from.data.net;
    const int64_t n = net->layers[0].n_out;
    const void *a, *b;
    if (walker->start == start && walker->target == target) return;
    cmlpi_gather_rows(&job->from.data, start, 1, &a, walker->row);
    cmlpi_gather_rows(&job->to.data, target, 1, &b, walker->difference);
    for (int64_t k = 0; k < cmlpi_n_in(net); k++)
        cmlpi_set(net, walker->difference, k, cmlpi_get(net, b, k) - cmlpi_get(net, a, k));
    for (int64_t g = 0; g < job->paths.n_groups; g++) {
        const int64_t first = job->paths.group_begins[g], width = job->paths.group_begins[g + 1] - first;
        const void *x = cmlpi_at(net, walker->difference, first);
        cmlpi_product to = cmlpi_layer_product(net, job->params, 0, cmlpi_at(net, walker->steps, g * n));
        to.w = cmlpi_at(net, to.w, first * n);
        to.bias = NULL;
        walker->changes[g] = 0;
        if (!any_nonzero(net, x, width)) continue;
        net->kernels->dense_row(x, width, &to);
        walker->changes[g] = (unsigned char)any_nonzero(net, to.z, n);
    }
    walker->start = start;
    walker->target = target;
}

/* Takes the steps of a path. From the last one on that changes a sum, the outputs are those of the row at its end. */
static void walk(path_walker *walker, int64_t target, int64_t path)
{
    const paths_job *job = walker->job;
    const cmlp_net *net = job->from.data.net;
    const int64_t n_groups = job->paths.n_groups, n_sums = net->layers[0].n_out;
    const int64_t *order = job->paths.orders + path * n_groups, start = job->paths.start_rows[path];
    const size_t size = (size_t)cmlpi_n_out(net) * net->element;
    char *outputs = job->outputs + (size_t)((target * job->paths.n_paths + path) * (n_groups - 1)) * size;
    const void *z = cmlpi_at(net, job->from.sums, start * n_sums), *ends = job->from.outputs;
    int64_t last = n_groups - 1, taken = 0;
    find_steps(walker, start, target);
    while (last >= 0 && !walker->changes[order[last]]) last--;
    for (int64_t k = 0; k < n_groups - 1; k++, outputs += size) {
        if (k >= last) {
            memcpy(outputs, (char *)job->to.outputs + (size_t)target * size, size);
        } else if (walker->changes[order[k]]) {
            z = add_row(walker, z, cmlpi_at(net, walker->steps, order[k] * n_sums), outputs);
            taken = 1;
        } else if (taken) {
            walker->microbatch[walker->n - 1].n_steps++;
        } else {
            memcpy(outputs, (const char *)ends + (size_t)start * size, size);
        }
    }
}

static int64_t blocks_of(const paths_job *job) { return (job->paths.n_paths + PATHS - 1) / PATHS; }

static void walk_paths(void *context, cmlpi_thread self)
{
    paths_job *job = context;
    path_walker walker;
    int64_t block;
    begin_walker(&walker, job, self.index);
    while (cmlpi_queue_take(&job->queue, self.index, &block) > 0) {
        const int64_t first = block % blocks_of(job) * PATHS, left = job->paths.n_paths - first;
        for (int64_t i = 0; i < left && i < PATHS && !cmlpi_atomic_load(&job->queue.stopped); i++)
            walk(&walker, block / blocks_of(job), first + i);
        compute_microbatch(&walker);
    }
}

/* Computes the outputs of the rows at the ends of paths, and keeps the first layer's sums if there is space for them. */
static cmlp_status predict_ends(path_walker *walker, path_ends *ends)
{
    const cmlpi_data *data = &ends->data;
    const cmlp_net *net = data->net;
    const int64_t n = net->layers[0].n_out;
    for (int64_t i = 0; i < data->n; i++) {
        const void *x;
        if (cmlpi_polls_cancel(walker->job->run)) return CMLP_CANCELLED;
        void *const z = ends->sums ? cmlpi_at(net, ends->sums, i * n) : walker->z;
        const cmlpi_product to = cmlpi_layer_product(net, walker->job->params, 0, z);
        cmlpi_gather_rows(data, i, 1, &x, walker->row);
        net->kernels->dense_row(x, cmlpi_n_in(net), &to);
        const cmlpi_fault fault = cmlpi_check_sums(data, z, i, 1, walker->row, 0);
        if (fault.status) return cmlpi_report(walker->job->run, data, fault);
        outputs_of_sums(walker, z, 1, cmlpi_at(net, ends->outputs, i * cmlpi_n_out(net)));
    }
    return CMLP_OK;
}

/* Checks that the groups are all inputs, in ascending order. */
static cmlp_status check_groups(const cmlp_paths *paths, int64_t n_in, cmlp_run *run)
{
    const int64_t n = paths->n_groups, *begins = paths->group_begins;
    int64_t bad = begins[0] ? 0 : -1;
    for (int64_t g = 0; bad < 0 && g < n; g++)
        if (begins[g] > begins[g + 1]) bad = g + 1;
    if (bad < 0 && begins[n] != n_in) bad = n;
    return bad < 0 ? CMLP_OK : cmlpi_refuse_element(run, CMLP_ERROR_OPTION, "paths->group_begins", bad);
}

/* Checks that each path begins in a row, and changes each group once. */
static cmlp_status check_orders(const paths_job *job)
{
    const cmlp_paths *paths = &job->paths;
    for (int64_t g = 0; g < paths->n_groups; g++) job->seen[g] = -1;
    for (int64_t i = 0; i < paths->n_paths; i++) {
        if (paths->start_rows[i] < 0 || paths->start_rows[i] >= job->from.data.n)
            return cmlpi_refuse_element(job->run, CMLP_ERROR_ORDER, "paths->start_rows", i);
        for (int64_t k = 0; k < paths->n_groups; k++) {
            const int64_t at = i * paths->n_groups + k, g = paths->orders[at];
            if (g < 0 || g >= paths->n_groups || job->seen[g] == i)
                return cmlpi_refuse_element(job->run, CMLP_ERROR_ORDER, "paths->orders", at);
            job->seen[g] = i;
        }
    }
    return CMLP_OK;
}

static cmlp_status read_paths(paths_job *job, const cmlp_paths *given, int64_t n_in, cmlp_run *run)
{
    cmlp_paths *paths = &job->paths;
    const size_t size = sizeof(int64_t);
    cmlp_status status = CMLPI_READ(paths, given, cmlp_paths, n_paths);
    if (status) return cmlpi_refuse(&run->refused, status, "paths");
    if (paths->n_groups < 1) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "paths->n_groups");
    if (paths->n_paths < 0) return cmlpi_refuse(&run->refused, CMLP_ERROR_OPTION, "paths->n_paths");
    status = cmlpi_check_pointer(paths->group_begins, size, "paths->group_begins", run);
    if (!status && paths->n_paths) status = cmlpi_check_pointer(paths->start_rows, size, "paths->start_rows", run);
    if (!status && paths->n_paths) status = cmlpi_check_pointer(paths->orders, size, "paths->orders", run);
    return status ? status : check_groups(paths, n_in, run);
}

/* Checks that the size of the outputs can be addressed, and returns their number in *n. */
static cmlp_status count_outputs(const paths_job *job, int64_t *n)
{
    const cmlp_net *net = job->from.data.net;
    const int64_t factors[] = {job->to.data.n, job->paths.n_paths, job->paths.n_groups - 1, cmlpi_n_out(net)};
    size_t bytes = 0;
    *n = 1;
    for (int i = 0; i < 4; i++) {
        if (*n && factors[i] > ((int64_t)1 << 47) / *n) return CMLP_ERROR_OVERFLOW;
        *n *= factors[i];
    }
    return cmlpi_add_size(&bytes, *n, net->element) ? CMLP_OK : CMLP_ERROR_OVERFLOW;
}

static cmlp_status check_path_ends(path_ends *ends, const cmlp_net *net, const cmlp_rows *rows, cmlp_run *run)
{
    const cmlp_status status = cmlpi_read_data(&ends->data, net, rows, NULL, NULL, run);
    return !status && cmlpi_is_sparse(&ends->data) ? cmlpi_refuse(&run->refused, CMLP_ERROR_ROWS, "rows->kind") : status;
}

/* Gives the refused rows at the ends of paths the name that they have in cmlp_forward_paths. */
static cmlp_status name_ends(cmlp_run *run, cmlp_status status)
{
    static const char names[] = CMLPI_ROWS_NAMES("to");
    if (status) cmlpi_rename_refused(run, "rows", names, 2);
    return status;
}

static cmlp_status check_paths(paths_job *job, const cmlp_net *net, const cmlp_rows *rows, const cmlp_rows *to,
                               const cmlp_paths *paths, int64_t n_params, int64_t n_outputs, int64_t *n)
{
    cmlp_run *run = job->run;
    cmlp_status status = check_path_ends(&job->from, net, rows, run);
    if (!status) status = name_ends(run, check_path_ends(&job->to, net, to, run));
    if (!status) status = cmlpi_check_params(net, job->params, n_params, "params", run);
    if (!status) status = read_paths(job, paths, cmlpi_n_in(net), run);
    if (!status) status = cmlpi_refuse_whole(run, count_outputs(job, n), "paths");
    if (!status) status = cmlpi_check_output(job->outputs, n_outputs, *n, 1, net->element, "outputs", run);
    if (status) return status;
    const size_t size = lay_out_paths(job, NULL, net, job->from.data.n, job->to.data.n, run->n_threads);
    status = cmlpi_take_workspace(run, size);
    if (status) return status;
    lay_out_paths(job, run->workspace, net, job->from.data.n, job->to.data.n, run->n_threads);
    return check_orders(job);
}

/* Multiplications of the steps: those of the layers after the first. */
static double path_products(const cmlp_net *net, int64_t n)
{
    return (double)n / (double)cmlpi_n_out(net) * (double)(net->n_params - net->layers[0].n_in * net->layers[0].n_out);
}

static cmlp_status predict_paths(paths_job *job, int64_t n)
{
    path_walker walker;
    begin_walker(&walker, job, 0);
    cmlp_status status = n ? predict_ends(&walker, &job->from) : CMLP_OK;
    if (!status && n) status = name_ends(job->run, predict_ends(&walker, &job->to));
    if (status || !n) return status;
    const int32_t threads = cmlpi_prediction_threads(path_products(job->from.data.net, n), job->run->n_threads);
    cmlpi_queue_begin(&job->queue, job->run, job->to.data.n * blocks_of(job), 1);
    cmlpi_team_run(threads, job->team, walk_paths, job);
    return cmlpi_queue_end(&job->queue);
}

cmlp_status cmlp_forward_paths(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                               const cmlp_rows *to, const cmlp_paths *paths, void *outputs, int64_t n_outputs,
                               cmlp_run *run)
{
    cmlpi_call call;
    paths_job job = {.params = params, .outputs = outputs, .run = &call.run};
    int64_t n = 0;
    cmlp_status status = cmlpi_begin_call(&call, run);
    if (!status) status = check_paths(&job, net, rows, to, paths, n_params, n_outputs, &n);
    if (!status) status = predict_paths(&job, n);
    return cmlpi_end_call(&call, status);
}

CMLPI_CALL(cmlp_paths_workspace_size,
           (const cmlp_net *net, const cmlp_rows *rows, const cmlp_rows *to, const cmlp_paths *paths, size_t *bytes,
            cmlp_run *run),
           (net, rows, to, paths, bytes, &call.run))
{
    const char **const refused = &run->refused;
    cmlp_rows ends[2];
    paths_job job;
    cmlp_status status = cmlpi_check_net(net);
    if (status) return cmlpi_refuse(refused, status, "net");
    status = CMLPI_READ(&ends[0], rows, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(refused, status, "rows");
    status = CMLPI_READ(&ends[1], to, cmlp_rows, n_names);
    if (status) return cmlpi_refuse(refused, status, "to");
    status = CMLPI_READ(&job.paths, paths, cmlp_paths, n_paths);
    if (status) return cmlpi_refuse(refused, status, "paths");
    status = cmlpi_check_pointer(bytes, sizeof *bytes, "bytes", run);
    if (status) return status;
    if (cmlpi_n_selected(&ends[0]) < 0)
        return cmlpi_refuse(refused, CMLP_ERROR_ROWS, rows->order ? "rows->n_order" : "rows->n_rows");
    if (cmlpi_n_selected(&ends[1]) < 0)
        return cmlpi_refuse(refused, CMLP_ERROR_ROWS, to->order ? "to->n_order" : "to->n_rows");
    if (job.paths.n_groups < 1) return cmlpi_refuse(refused, CMLP_ERROR_OPTION, "paths->n_groups");
    const size_t size = lay_out_paths(&job, NULL, net, cmlpi_n_selected(&ends[0]), cmlpi_n_selected(&ends[1]), run->n_threads);
    if (!size) return cmlpi_refuse(refused, CMLP_ERROR_OVERFLOW, "bytes");
    *bytes = cmlpi_with_slack(size);
    return CMLP_OK;
}
#endif
