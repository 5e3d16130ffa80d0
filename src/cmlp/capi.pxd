# Cython declarations of cmlp_capi.h, the functions of the public headers through a table, without linking: written by
# tools/make_declarations.py.
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from cmlp.libcmlp cimport *

cdef extern from "cmlp_capi.h" nogil:
    const char *CMLP_CAPI_NAME

    ctypedef struct cmlp_capi:
        size_t struct_size
        int32_t version_number
        int32_t abi
        const char *(*status_name)(cmlp_status status) noexcept nogil
        const char *(*status_string)(cmlp_status status) noexcept nogil
        const char *(*version)() noexcept nogil
        cmlp_status (*model_describe)(const void *start, size_t start_size, cmlp_model_info *info,
                                      cmlp_run *run) noexcept nogil
        cmlp_status (*model_init)(void *memory, size_t memory_size, const void *file, size_t file_size,
                                  const cmlp_model_options *options, const cmlp_model **model,
                                  cmlp_run *run) noexcept nogil
        void (*rows_init)(cmlp_rows *rows, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                          int64_t n_columns) noexcept nogil
        cmlp_status (*model_predict)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                                     cmlp_run *run) noexcept nogil
        cmlp_status (*model_workspace_size)(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes,
                                            cmlp_run *run) noexcept nogil
        cmlp_status (*model_find_label)(const cmlp_model *model, int32_t class_index, cmlp_value *value,
                                        cmlp_run *run) noexcept nogil
        const cmlp_net *(*model_net)(const cmlp_model *model) noexcept nogil
        const void *(*model_params)(const cmlp_model *model) noexcept nogil
        cmlp_status (*model_find_string)(const cmlp_model *model, const char *key, const char **text, int64_t *n_text,
                                         cmlp_run *run) noexcept nogil
        cmlp_status (*model_prepare_rows)(const cmlp_model *model, cmlp_rows *rows, cmlp_run *run) noexcept nogil
        cmlp_status (*net_workspace_size)(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                          const cmlp_epoch *epoch, size_t *bytes, cmlp_run *run) noexcept nogil
        cmlp_status (*forward)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                               const cmlp_prediction *prediction, cmlp_run *run) noexcept nogil
        cmlp_status (*net_size)(const cmlp_net_config *config, size_t *bytes, cmlp_run *run) noexcept nogil
        cmlp_status (*net_init)(void *memory, size_t memory_size, const cmlp_net_config *config, const cmlp_net **net,
                                cmlp_run *run) noexcept nogil
        int64_t (*net_n_params)(const cmlp_net *net) noexcept nogil
        void (*random_seed)(cmlp_random *random, uint32_t seed) noexcept nogil
        double (*random_double)(cmlp_random *random) noexcept nogil
        void (*random_shuffle)(cmlp_random *random, int64_t *values, int64_t n_values) noexcept nogil
        cmlp_status (*net_init_params)(const cmlp_net *net, cmlp_random *random, void *params, int64_t n_params,
                                       cmlp_run *run) noexcept nogil
        void (*targets_init)(cmlp_targets *targets, size_t struct_size, const void *data, cmlp_dtype dtype,
                             int64_t n_rows, int64_t n_columns) noexcept nogil
        void (*optimizer_init)(cmlp_optimizer *optimizer, size_t struct_size, cmlp_solver solver) noexcept nogil
        cmlp_status (*optimizer_state_size)(const cmlp_net *net, const cmlp_optimizer *optimizer, size_t *bytes,
                                            cmlp_run *run) noexcept nogil
        cmlp_status (*train_epoch)(const cmlp_net *net, void *params, int64_t n_params, const cmlp_rows *rows,
                                   const cmlp_targets *targets, const cmlp_objective *objective,
                                   const cmlp_optimizer *optimizer, const cmlp_epoch *epoch, cmlp_epoch_result *result,
                                   cmlp_run *run) noexcept nogil
        cmlp_status (*model_write)(const cmlp_net *net, const void *params, int64_t n_params,
                                   const cmlp_model_content *content, cmlp_run *run) noexcept nogil
        cmlp_status (*net_describe_layer)(const cmlp_net *net, int32_t index, cmlp_layer_info *layer,
                                          cmlp_run *run) noexcept nogil
        const cmlp_activation_info *(*activation_describe)(cmlp_activation activation) noexcept nogil
        const cmlp_loss_info *(*loss_describe)(cmlp_loss loss) noexcept nogil
        int32_t (*loss_allows)(cmlp_loss loss, cmlp_activation output) noexcept nogil
        const char *(*isa_name)(cmlp_isa isa) noexcept nogil
        const char *(*solver_name)(cmlp_solver solver) noexcept nogil
        cmlp_isa (*net_isa)(const cmlp_net *net) noexcept nogil
        cmlp_isa_set (*cpu_isa_mask)() noexcept nogil
        cmlp_status (*backpropagate)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                     const cmlp_targets *targets, const cmlp_objective *objective,
                                     cmlp_derivatives *derivatives, cmlp_run *run) noexcept nogil
        cmlp_status (*step)(const cmlp_net *net, void *params, int64_t n_params, const void *gradient,
                            int64_t n_gradient, const cmlp_optimizer *optimizer, cmlp_run *run) noexcept nogil
        cmlp_status (*model_describe_column)(const cmlp_model *model, int64_t column, cmlp_table_column_info *info,
                                             cmlp_run *run) noexcept nogil
        cmlp_status (*model_find_code)(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code,
                                       cmlp_run *run) noexcept nogil
        cmlp_status (*model_find_category)(const cmlp_model *model, int64_t column, int64_t code, cmlp_value *value,
                                           cmlp_run *run) noexcept nogil
        cmlp_status (*table_encoder_width)(const cmlp_table_encoder *encoder, int64_t *n_in,
                                           cmlp_run *run) noexcept nogil
        cmlp_status (*table_encode)(const cmlp_table_encoder *encoder, const cmlp_rows *rows, void *inputs,
                                    int64_t n_inputs, cmlp_run *run) noexcept nogil
        cmlp_status (*table_write_workspace_size)(const cmlp_table *table, size_t *bytes, cmlp_run *run) noexcept nogil
        cmlp_status (*table_write)(const cmlp_table *table, const cmlp_model_content *content,
                                   cmlp_run *run) noexcept nogil
        cmlp_status (*bounds)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *lower,
                              const cmlp_rows *upper, const cmlp_bounds_outputs *bounds, cmlp_run *run) noexcept nogil
        cmlp_status (*forward_paths)(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                     const cmlp_rows *to, const cmlp_paths *paths, void *outputs, int64_t n_outputs,
                                     cmlp_run *run) noexcept nogil
        cmlp_status (*paths_workspace_size)(const cmlp_net *net, const cmlp_rows *rows, const cmlp_rows *to,
                                            const cmlp_paths *paths, size_t *bytes, cmlp_run *run) noexcept nogil
        cmlp_status (*model_answer)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                    cmlp_run *run) noexcept nogil
        cmlp_status (*model_answer_size)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                         size_t *bytes, cmlp_run *run) noexcept nogil
        int64_t (*model_say)(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                             cmlp_status status, const cmlp_run *run, char *text, int64_t n_text) noexcept nogil
        cmlp_status (*model_describe_target)(const cmlp_model *model, int64_t target, cmlp_table_target_info *info,
                                             cmlp_run *run) noexcept nogil

cdef extern from "cmlp_capi.h":
    const cmlp_capi *cmlp_import_capi() except NULL
