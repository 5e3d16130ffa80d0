# Cython declarations of cmlp_capi.h: the functions of cmlp.h through a table, without linking.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from cmlp.libcmlp cimport *

cdef extern from "cmlp_capi.h" nogil:
    const char *CMLP_CAPI_NAME

    ctypedef struct cmlp_capi:
        size_t struct_size
        int32_t version_number
        const char *(*status_name)(int status) noexcept nogil
        const char *(*status_string)(int status) noexcept nogil
        const char *(*version)() noexcept nogil
        cmlp_status (*model_size)(const void *file, size_t n, cmlp_model_info *info) noexcept nogil
        cmlp_status (*model_init)(cmlp_model *memory, size_t memory_size, const void *file, size_t n, int verify,
                                  void *scratch, size_t scratch_size) noexcept nogil
        cmlp_status (*model_predict)(const cmlp_model *model, const void *row, int32_t *label, void *output,
                                     void *scratch, size_t scratch_size) noexcept nogil
        cmlp_status (*model_predict_u8)(const cmlp_model *model, const uint8_t *row, int32_t *label, void *output,
                                        void *scratch, size_t scratch_size) noexcept nogil
        cmlp_status (*model_label)(const cmlp_model *model, int32_t label, char *buffer, size_t n) noexcept nogil
        const cmlp_net *(*model_net)(const cmlp_model *model) noexcept nogil
        const void *(*model_params)(const cmlp_model *model) noexcept nogil
        cmlp_status (*model_metadata)(const cmlp_model *model, const char *key, const char **text,
                                      size_t *length) noexcept nogil
        cmlp_status (*model_rows)(const cmlp_model *model, cmlp_rows *rows) noexcept nogil
        cmlp_status (*workspace_size)(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                      const cmlp_epoch *epoch, int32_t n_threads, size_t *bytes) noexcept nogil
        cmlp_status (*forward)(const cmlp_net *net, const void *params, const cmlp_rows *rows, void *output,
                               cmlp_run *run) noexcept nogil
        cmlp_status (*labels)(const cmlp_net *net, const void *output, int64_t n_rows, int32_t *labels) noexcept nogil
        cmlp_status (*predict)(const cmlp_net *net, const void *params, const cmlp_rows *rows, int32_t *label,
                               void *output, void *scratch, size_t scratch_size) noexcept nogil
        cmlp_status (*predict_size)(const cmlp_net *net, size_t *bytes) noexcept nogil
        size_t (*net_size)() noexcept nogil
        cmlp_status (*net_init)(cmlp_net *memory, size_t memory_size, const cmlp_net_config *config) noexcept nogil
        int64_t (*net_n_params)(const cmlp_net *net) noexcept nogil
        void (*random_seed)(cmlp_random *random, uint32_t seed) noexcept nogil
        double (*random_double)(cmlp_random *random) noexcept nogil
        void (*random_shuffle)(cmlp_random *random, int64_t *values, int64_t n) noexcept nogil
        cmlp_status (*init_params)(const cmlp_net *net, cmlp_random *random, void *params) noexcept nogil
        cmlp_status (*optimizer_state_size)(const cmlp_net *net, int solver, size_t *bytes) noexcept nogil
        cmlp_status (*train_epoch)(const cmlp_net *net, void *params, const cmlp_rows *rows,
                                   const cmlp_targets *targets, const cmlp_objective *objective,
                                   cmlp_optimizer *optimizer, cmlp_epoch *epoch, cmlp_run *run) noexcept nogil
        cmlp_status (*model_write_size)(const cmlp_net *net, size_t *bytes) noexcept nogil
        cmlp_status (*model_write)(const cmlp_net *net, const void *params, const cmlp_model_content *content,
                                   void *scratch, size_t scratch_size) noexcept nogil
        cmlp_status (*net_layer)(const cmlp_net *net, int32_t index, cmlp_layer *layer) noexcept nogil
        const cmlp_activation_info *(*describe_activation)(int32_t activation) noexcept nogil
        const cmlp_loss_info *(*describe_loss)(int32_t loss) noexcept nogil
        const char *(*isa_name)(uint32_t isa) noexcept nogil
        const char *(*solver_name)(int32_t solver) noexcept nogil
        uint32_t (*net_isa)(const cmlp_net *net) noexcept nogil
        uint32_t (*cpu_isa)() noexcept nogil
        cmlp_status (*activations)(const cmlp_net *net, const void *params, const cmlp_rows *rows, void **outputs,
                                   cmlp_run *run) noexcept nogil
        cmlp_status (*weighted_sums)(const cmlp_net *net, const void *params, const cmlp_rows *rows, void **outputs,
                                     cmlp_run *run) noexcept nogil
        cmlp_status (*cost)(const cmlp_net *net, const void *params, const cmlp_rows *rows, const cmlp_targets *targets,
                            const cmlp_objective *objective, double *cost, double *plain_loss,
                            cmlp_run *run) noexcept nogil
        cmlp_status (*gradient)(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                const cmlp_targets *targets, const cmlp_objective *objective, void *gradient,
                                double *cost, cmlp_run *run) noexcept nogil
        cmlp_status (*input_gradient)(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                                      const cmlp_targets *targets, const cmlp_objective *objective, void *gradient,
                                      cmlp_run *run) noexcept nogil
        cmlp_status (*deltas)(const cmlp_net *net, const void *params, const cmlp_rows *rows,
                              const cmlp_targets *targets, const cmlp_objective *objective, void **deltas,
                              cmlp_run *run) noexcept nogil
        cmlp_status (*step)(const cmlp_net *net, void *params, const void *gradient,
                            cmlp_optimizer *optimizer) noexcept nogil
        cmlp_status (*encoder_width)(const cmlp_encoder *encoder, int64_t *n_inputs) noexcept nogil
        cmlp_status (*encode)(const cmlp_encoder *encoder, const double *raw, int64_t n_rows, int64_t row_stride,
                              void *inputs) noexcept nogil
        cmlp_status (*model_category)(const cmlp_model *model, int64_t column, const char *name,
                                      double *code) noexcept nogil
        cmlp_status (*table_write_size)(const cmlp_table *table, size_t *bytes) noexcept nogil
        cmlp_status (*table_write)(const cmlp_table *table, const cmlp_model_content *content, void *scratch,
                                   size_t scratch_size) noexcept nogil
        const char *(*tuning_name)(uint32_t tuning) noexcept nogil
        uint32_t (*net_tuning)(const cmlp_net *net) noexcept nogil

cdef extern from "cmlp_capi.h":
    const cmlp_capi *cmlp_import_capi() except NULL
