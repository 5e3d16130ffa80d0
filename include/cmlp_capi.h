/* cmlp_capi.h: the functions of cmlp.h, cmlp_table.h and cmlp_explain.h for extension modules of Python, from the installed
 * package, without linking. tools/make_declarations.py writes the struct.
 *
 * The capsule cmlp.capi holds a table of pointers to the functions in cmlp's own extension module. In C or C++, after
 * Python.h:
 *
 *     const cmlp_capi *cmlp = cmlp_import_capi();            imports cmlp; needs the GIL
 *     if (!cmlp) return NULL;                                an ImportError is set
 *     status = cmlp->model_describe(file, n, &info, NULL);   cmlp_model_describe of cmlp.h; no function needs the GIL
 *
 * In Cython: from cmlp.capi cimport cmlp_capi, cmlp_import_capi. From ctypes, cffi and numba: get the pointer from the
 * capsule with PyCapsule_GetPointer(cmlp.capi, "cmlp.capi").
 *
 * The table is constant and stays valid until the interpreter ends. Newer versions of cmlp append functions: an extension
 * works with every newer cmlp of the same CMLP_ABI. The fields up to `version` are those of every CMLP_ABI. */
#ifndef CMLP_CAPI_H
#define CMLP_CAPI_H

#include "cmlp.h"
#include "cmlp_explain.h"
#include "cmlp_table.h"

#define CMLP_CAPI_NAME "cmlp.capi"

typedef struct cmlp_capi {
    size_t struct_size;     /* of the table in the installed package */
    int32_t version_number; /* CMLP_VERSION_NUMBER of the installed package */
    int32_t abi;            /* CMLP_ABI of the installed package */
    const char *(*status_name)(cmlp_status status);
    const char *(*status_string)(cmlp_status status);
    const char *(*version)(void);
    cmlp_status (*model_describe)(const void *start, size_t start_size, cmlp_model_info *info, cmlp_run *run);
    cmlp_status (*model_init)(void *memory, size_t memory_size, const void *file, size_t file_size,
                              const cmlp_model_options *options, const cmlp_model **model, cmlp_run *run);
    void (*rows_init)(cmlp_rows *rows, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                      int64_t n_columns);
    cmlp_status (*model_predict)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                                 cmlp_run *run);
    cmlp_status (*model_workspace_size)(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes, cmlp_run *run);
    cmlp_status (*model_find_label)(const cmlp_model *model, int32_t class_index, cmlp_value *value, cmlp_run *run);
    const cmlp_net *(*model_net)(const cmlp_model *model);
    const void *(*model_params)(const cmlp_model *model);
    cmlp_status (*model_find_string)(const cmlp_model *model, const char *key, const char **text, int64_t *n_text,
                                     cmlp_run *run);
    cmlp_status (*model_prepare_rows)(const cmlp_model *model, cmlp_rows *rows, cmlp_run *run);
    cmlp_status (*net_workspace_size)(const cmlp_net *net, const cmlp_rows *rows,
                                      const struct cmlp_objective *objective, const struct cmlp_epoch *epoch,
                                      size_t *bytes, cmlp_run *run);
    cmlp_status (*forward)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                           const cmlp_prediction *prediction, cmlp_run *run);
    cmlp_status (*net_size)(const cmlp_net_config *config, size_t *bytes, cmlp_run *run);
    cmlp_status (*net_init)(void *memory, size_t memory_size, const cmlp_net_config *config, const cmlp_net **net,
                            cmlp_run *run);
    int64_t (*net_n_params)(const cmlp_net *net);
    void (*random_seed)(cmlp_random *random, uint32_t seed);
    double (*random_double)(cmlp_random *random);
    void (*random_shuffle)(cmlp_random *random, int64_t *values, int64_t n_values);
    cmlp_status (*net_init_params)(const cmlp_net *net, cmlp_random *random, void *params, int64_t n_params,
                                   cmlp_run *run);
    void (*targets_init)(cmlp_targets *targets, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                         int64_t n_columns);
    void (*optimizer_init)(cmlp_optimizer *optimizer, size_t struct_size, cmlp_solver solver);
    cmlp_status (*optimizer_state_size)(const cmlp_net *net, const cmlp_optimizer *optimizer, size_t *bytes,
                                        cmlp_run *run);
    cmlp_status (*train_epoch)(const cmlp_net *net, void *params, int64_t n_params, const cmlp_rows *rows,
                               const cmlp_targets *targets, const cmlp_objective *objective,
                               const cmlp_optimizer *optimizer, const cmlp_epoch *epoch, cmlp_epoch_result *result,
                               cmlp_run *run);
    cmlp_status (*model_write)(const cmlp_net *net, const void *params, int64_t n_params,
                               const cmlp_model_content *content, cmlp_run *run);
    cmlp_status (*net_describe_layer)(const cmlp_net *net, int32_t index, cmlp_layer_info *layer, cmlp_run *run);
    const cmlp_activation_info *(*activation_describe)(cmlp_activation activation);
    const cmlp_loss_info *(*loss_describe)(cmlp_loss loss);
    int32_t (*loss_allows)(cmlp_loss loss, cmlp_activation output);
    const char *(*isa_name)(cmlp_isa isa);
    const char *(*solver_name)(cmlp_solver solver);
    cmlp_isa (*net_isa)(const cmlp_net *net);
    cmlp_isa_set (*cpu_isa_mask)(void);
    cmlp_status (*backpropagate)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                 const cmlp_targets *targets, const cmlp_objective *objective,
                                 cmlp_derivatives *derivatives, cmlp_run *run);
    cmlp_status (*step)(const cmlp_net *net, void *params, int64_t n_params, const void *gradient, int64_t n_gradient,
                        const cmlp_optimizer *optimizer, cmlp_run *run);
    cmlp_status (*model_describe_column)(const cmlp_model *model, int64_t column, cmlp_table_column_info *info,
                                         cmlp_run *run);
    cmlp_status (*model_find_code)(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code,
                                   cmlp_run *run);
    cmlp_status (*model_find_category)(const cmlp_model *model, int64_t column, int64_t code, cmlp_value *value,
                                       cmlp_run *run);
    cmlp_status (*table_encoder_width)(const cmlp_table_encoder *encoder, int64_t *n_in, cmlp_run *run);
    cmlp_status (*table_encode)(const cmlp_table_encoder *encoder, const cmlp_rows *rows, void *inputs,
                                int64_t n_inputs, cmlp_run *run);
    cmlp_status (*table_write_workspace_size)(const cmlp_table *table, size_t *bytes, cmlp_run *run);
    cmlp_status (*table_write)(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run);
    cmlp_status (*bounds)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *lower,
                          const cmlp_rows *upper, const cmlp_bounds_outputs *bounds, cmlp_run *run);
    cmlp_status (*forward_paths)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                 const cmlp_rows *to, const cmlp_paths *paths, void *outputs, int64_t n_outputs,
                                 cmlp_run *run);
    cmlp_status (*paths_workspace_size)(const cmlp_net *net, const cmlp_rows *rows, const cmlp_rows *to,
                                        const cmlp_paths *paths, size_t *bytes, cmlp_run *run);
    cmlp_status (*model_answer)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                cmlp_run *run);
    cmlp_status (*model_answer_size)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                     size_t *bytes, cmlp_run *run);
    int64_t (*model_say)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer, cmlp_status status,
                         const cmlp_run *run, char *text, int64_t n_text);
    cmlp_status (*model_describe_target)(const cmlp_model *model, int64_t target, cmlp_table_target_info *info,
                                         cmlp_run *run);
} cmlp_capi;

/* The bytes of the table up to a function. */
#define CMLP_CAPI_UP_TO(function) (offsetof(cmlp_capi, function) + sizeof ((cmlp_capi *)0)->function)

/* Python.h comes first in every extension module. Other programs that include this header only get the struct. */
#ifdef Py_PYTHON_H
/* The bytes of the table that an extension needs. One that also runs with earlier versions of cmlp defines it, up to the last
 * function that it calls:  #define CMLP_CAPI_SIZE CMLP_CAPI_UP_TO(model_predict) */
#ifndef CMLP_CAPI_SIZE
#define CMLP_CAPI_SIZE sizeof(cmlp_capi)
#endif

/* Imports cmlp and returns its table. Returns NULL with an exception if cmlp cannot be imported, has a smaller table than the
 * extension needs, or another CMLP_ABI. The caller holds the GIL. */
static inline const cmlp_capi *cmlp_import_capi(void)
{
    const cmlp_capi *capi = (const cmlp_capi *)PyCapsule_Import(CMLP_CAPI_NAME, 0);
    if (capi && (capi->struct_size < CMLP_CAPI_SIZE || capi->abi != CMLP_ABI)) {
        PyErr_Format(PyExc_ImportError,
                     "cmlp %s is installed, whose interface has the number %d and %zu bytes, but this extension, compiled "
                     "with cmlp %s, needs the number %d and at least %zu bytes",
                     capi->version(), (int)capi->abi, capi->struct_size, CMLP_VERSION, CMLP_ABI, (size_t)CMLP_CAPI_SIZE);
        return NULL;
    }
    return capi;
}
#endif

#ifdef CMLP_CAPI_TABLE
/* The table itself, for cmlp's own extension module. */
static const cmlp_capi cmlp_capi_table = {
    sizeof(cmlp_capi), CMLP_VERSION_NUMBER, CMLP_ABI,
    cmlp_status_name, cmlp_status_string, cmlp_version, cmlp_model_describe, cmlp_model_init, cmlp_rows_init,
    cmlp_model_predict, cmlp_model_workspace_size, cmlp_model_find_label, cmlp_model_net, cmlp_model_params,
    cmlp_model_find_string, cmlp_model_prepare_rows, cmlp_net_workspace_size, cmlp_forward, cmlp_net_size,
    cmlp_net_init, cmlp_net_n_params, cmlp_random_seed, cmlp_random_double, cmlp_random_shuffle, cmlp_net_init_params,
    cmlp_targets_init, cmlp_optimizer_init, cmlp_optimizer_state_size, cmlp_train_epoch, cmlp_model_write,
    cmlp_net_describe_layer, cmlp_activation_describe, cmlp_loss_describe, cmlp_loss_allows, cmlp_isa_name,
    cmlp_solver_name, cmlp_net_isa, cmlp_cpu_isa_mask, cmlp_backpropagate, cmlp_step, cmlp_model_describe_column,
    cmlp_model_find_code, cmlp_model_find_category, cmlp_table_encoder_width, cmlp_table_encode,
    cmlp_table_write_workspace_size, cmlp_table_write, cmlp_bounds, cmlp_forward_paths, cmlp_paths_workspace_size,
    cmlp_model_answer, cmlp_model_answer_size, cmlp_model_say, cmlp_model_describe_target
};
#endif

#endif
