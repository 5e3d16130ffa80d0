# Cython declarations of cmlp.h, cmlp_table.h, cmlp_workers.h, cmlp_explain.h, in their order: written by tools/make_declarations.py.
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "cmlp.h" nogil:
    const char *CMLP_VERSION
    int CMLP_VERSION_MAJOR
    int CMLP_VERSION_MINOR
    int CMLP_VERSION_PATCH
    int CMLP_VERSION_NUMBER
    int CMLP_ABI

    ctypedef int32_t cmlp_status
    enum:
        CMLP_OK
        CMLP_CANCELLED
        CMLP_ERROR_NULL
        CMLP_ERROR_STRUCT_SIZE
        CMLP_ERROR_LENGTH
        CMLP_ERROR_BUFFER_SIZE
        CMLP_ERROR_ALIGNMENT
        CMLP_ERROR_OVERFLOW
        CMLP_ERROR_DTYPE
        CMLP_ERROR_OPTION
        CMLP_ERROR_INDEX
        CMLP_ERROR_NOT_FOUND
        CMLP_ERROR_TEXT
        CMLP_ERROR_NAME
        CMLP_ERROR_VALUE
        CMLP_ERROR_NET
        CMLP_ERROR_MODEL
        CMLP_ERROR_LAYERS
        CMLP_ERROR_WIDTH
        CMLP_ERROR_ACTIVATION
        CMLP_ERROR_LOSS
        CMLP_ERROR_ROWS
        CMLP_ERROR_TARGETS
        CMLP_ERROR_BATCH
        CMLP_ERROR_THREADS
        CMLP_ERROR_WORKERS
        CMLP_ERROR_MODEL_KIND
        CMLP_ERROR_INPUT
        CMLP_ERROR_TARGET
        CMLP_ERROR_DIVERGED
        CMLP_ERROR_CLASS
        CMLP_ERROR_WEIGHT
        CMLP_ERROR_ORDER
        CMLP_ERROR_SPARSE
        CMLP_ERROR_CELL
        CMLP_ERROR_COLUMNS
        CMLP_ERROR_ISA
        CMLP_ERROR_BUILD
        CMLP_ERROR_LEFT_OUT
        CMLP_ERROR_MEMORY
        CMLP_ERROR_READ
        CMLP_ERROR_WRITE
        CMLP_ERROR_MESSAGE
        CMLP_ERROR_FILE_SHORT
        CMLP_ERROR_FILE_LONG
        CMLP_ERROR_FILE_MAGIC
        CMLP_ERROR_FILE_VERSION
        CMLP_ERROR_FILE_HEAD_CRC
        CMLP_ERROR_FILE_DATA_CRC
        CMLP_ERROR_FILE_SYNTAX
        CMLP_ERROR_FILE_NAME
        CMLP_ERROR_FILE_TENSOR
        CMLP_ERROR_FILE_VALUE
        CMLP_ERROR_FILE_NONFINITE
        CMLP_ERROR_FILE_EXAMPLE
        CMLP_STATUS_SIGNED

    const char *cmlp_status_name(cmlp_status status)
    const char *cmlp_status_string(cmlp_status status)
    const char *cmlp_version()
    int32_t cmlp_version_number()

    ctypedef struct cmlp_run:
        size_t struct_size
        void *workspace
        size_t workspace_size
        int (*poll)(void *context) noexcept nogil
        void *poll_context
        const char *refused
        int64_t bad_row
        int64_t bad_element
        int64_t bad_column
        int32_t n_threads
        int32_t reserved

    ctypedef int32_t cmlp_dtype
    enum:
        CMLP_FLOAT32
        CMLP_FLOAT64
        CMLP_UINT8
        CMLP_INT32
        CMLP_INT64
        CMLP_DTYPE_SIGNED

    ctypedef int32_t cmlp_isa_set
    ctypedef int32_t cmlp_isa
    enum:
        CMLP_ISA_GENERIC
        CMLP_ISA_AVX2
        CMLP_ISA_AVX512
        CMLP_ISA_NEON
        CMLP_ISA_SIGNED

    ctypedef struct cmlp_model:
        pass

    ctypedef struct cmlp_net:
        pass

    ctypedef int32_t cmlp_model_kind
    enum:
        CMLP_MODEL_NETWORK
        CMLP_MODEL_REGRESSOR
        CMLP_MODEL_CLASSIFIER
        CMLP_MODEL_MULTILABEL
        CMLP_MODEL_ORDERED
        CMLP_MODEL_KIND_SIGNED

    ctypedef struct cmlp_model_info:
        size_t struct_size
        size_t model_size
        size_t workspace_size
        size_t answer_size
        uint64_t head_size
        uint64_t file_size
        uint64_t error_at
        int64_t n_in
        int64_t n_out
        int64_t n_labels
        int64_t n_nets
        cmlp_dtype dtype
        cmlp_model_kind kind
        int64_t n_targets
        int64_t n_ends
        int64_t n_set

    cmlp_status cmlp_model_describe(const void *start, size_t start_size, cmlp_model_info *info, cmlp_run *run)

    ctypedef struct cmlp_model_options:
        size_t struct_size
        int32_t is_trusted
        cmlp_isa_set isa_mask

    cmlp_status cmlp_model_init(void *memory, size_t memory_size, const void *file, size_t file_size,
                                const cmlp_model_options *options, const cmlp_model **model, cmlp_run *run)
    int64_t CMLP_REPEAT

    ctypedef int32_t cmlp_rows_kind
    enum:
        CMLP_ROWS_DENSE
        CMLP_ROWS_CSR
        CMLP_ROWS_CELLS
        CMLP_ROWS_KIND_SIGNED

    ctypedef struct cmlp_rows:
        size_t struct_size
        const void *data
        int64_t n_rows
        int64_t n_columns
        int64_t row_stride
        int64_t column_stride
        double scale
        const int64_t *order
        int64_t n_order
        const void *indptr
        const void *indices
        int64_t n_values
        cmlp_rows_kind kind
        cmlp_dtype dtype
        cmlp_dtype index_dtype
        int32_t reserved
        const double *shifts
        const double *factors
        const cmlp_value *names
        int64_t n_names

    cmlp_rows cmlp_dense_rows(const void *data, cmlp_dtype dtype, int64_t n_rows, int64_t n_columns)
    cmlp_rows cmlp_csr_rows(const void *data, cmlp_dtype dtype, const void *indices, const void *indptr,
                            cmlp_dtype index_dtype, int64_t n_values, int64_t n_rows, int64_t n_columns)
    void cmlp_rows_init(cmlp_rows *rows, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                        int64_t n_columns)

    ctypedef struct cmlp_prediction:
        size_t struct_size
        void *outputs
        int64_t n_outputs
        int32_t *class_indices
        int64_t n_class_indices
        void *activations
        int64_t n_activations
        void *sums
        int64_t n_sums

    cmlp_status cmlp_model_predict(const cmlp_model *model, const cmlp_rows *rows, const cmlp_prediction *prediction,
                                   cmlp_run *run)
    cmlp_status cmlp_model_workspace_size(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes, cmlp_run *run)

    ctypedef int32_t cmlp_value_kind
    enum:
        CMLP_VALUE_MISSING
        CMLP_VALUE_TEXT
        CMLP_VALUE_DOUBLE
        CMLP_VALUE_INTEGER
        CMLP_VALUE_BOOLEAN
        CMLP_VALUE_LARGE_INTEGER
        CMLP_VALUE_KIND_SIGNED

    ctypedef struct cmlp_value:
        const char *text
        int64_t n_text
        double number
        int64_t integer
        cmlp_value_kind kind
        int32_t padding
        int64_t reserved

    cmlp_status cmlp_model_find_label(const cmlp_model *model, int32_t class_index, cmlp_value *value, cmlp_run *run)
    const cmlp_net *cmlp_model_net(const cmlp_model *model)
    const void *cmlp_model_params(const cmlp_model *model)
    cmlp_status cmlp_model_find_string(const cmlp_model *model, const char *key, const char **text, int64_t *n_text,
                                       cmlp_run *run)
    cmlp_status cmlp_model_prepare_rows(const cmlp_model *model, cmlp_rows *rows, cmlp_run *run)

    ctypedef struct cmlp_objective

    ctypedef struct cmlp_epoch

    ctypedef struct cmlp_workers

    cmlp_status cmlp_net_workspace_size(const cmlp_net *net, const cmlp_rows *rows, const cmlp_objective *objective,
                                        const cmlp_epoch *epoch, size_t *bytes, cmlp_run *run)
    cmlp_status cmlp_forward(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                             const cmlp_prediction *prediction, cmlp_run *run)
    int CMLP_MAX_LAYERS
    int CMLP_MAX_THREADS
    int CMLP_MAX_QUANTILES

    ctypedef int32_t cmlp_activation
    enum:
        CMLP_ACTIVATION_IDENTITY
        CMLP_ACTIVATION_LOGISTIC
        CMLP_ACTIVATION_TANH
        CMLP_ACTIVATION_RELU
        CMLP_ACTIVATION_SOFTMAX
        CMLP_ACTIVATION_EXP
        CMLP_ACTIVATION_LEAKY_RELU
        CMLP_ACTIVATION_ELU
        CMLP_ACTIVATION_SILU
        CMLP_ACTIVATION_GELU
        CMLP_ACTIVATION_SOFTPLUS
        CMLP_ACTIVATION_SOFTSIGN
        CMLP_ACTIVATION_SIGNED

    ctypedef int32_t cmlp_loss
    enum:
        CMLP_LOSS_LOG
        CMLP_LOSS_SQUARED_ERROR
        CMLP_LOSS_POISSON
        CMLP_LOSS_ABSOLUTE_ERROR
        CMLP_LOSS_HUBER
        CMLP_LOSS_QUANTILE
        CMLP_LOSS_GAMMA
        CMLP_LOSS_FOCAL
        CMLP_LOSS_LABEL_SMOOTHING
        CMLP_LOSS_TWEEDIE
        CMLP_LOSS_SIGNED

    ctypedef struct cmlp_net_config:
        size_t struct_size
        const int64_t *sizes
        const cmlp_activation *activations
        int32_t n_layers
        cmlp_loss loss
        cmlp_dtype dtype
        cmlp_isa_set isa_mask
        const double *activation_parameters
        double loss_parameter
        const double *quantiles
        int64_t n_quantiles

    cmlp_status cmlp_net_size(const cmlp_net_config *config, size_t *bytes, cmlp_run *run)
    cmlp_status cmlp_net_init(void *memory, size_t memory_size, const cmlp_net_config *config, const cmlp_net **net,
                              cmlp_run *run)
    int64_t cmlp_net_n_params(const cmlp_net *net)

    ctypedef struct cmlp_random:
        uint32_t key[624]
        int32_t position

    void cmlp_random_seed(cmlp_random *random, uint32_t seed)
    double cmlp_random_double(cmlp_random *random)
    void cmlp_random_shuffle(cmlp_random *random, int64_t *values, int64_t n_values)
    cmlp_status cmlp_net_init_params(const cmlp_net *net, cmlp_random *random, void *params, int64_t n_params,
                                     cmlp_run *run)

    ctypedef int32_t cmlp_targets_kind
    enum:
        CMLP_TARGETS_DENSE
        CMLP_TARGETS_CLASSES
        CMLP_TARGETS_KIND_SIGNED

    ctypedef struct cmlp_targets:
        size_t struct_size
        const void *data
        int64_t n_rows
        int64_t n_columns
        int64_t row_stride
        int64_t column_stride
        cmlp_targets_kind kind
        cmlp_dtype dtype

    cmlp_targets cmlp_dense_targets(const void *data, cmlp_dtype dtype, int64_t n_rows, int64_t n_columns)
    cmlp_targets cmlp_class_targets(const int32_t *class_indices, int64_t n_rows)
    void cmlp_targets_init(cmlp_targets *targets, size_t struct_size, const void *data, cmlp_dtype dtype,
                           int64_t n_rows, int64_t n_columns)

    ctypedef struct cmlp_loss_call:
        size_t struct_size
        const int64_t *rows
        int64_t n_rows
        int64_t n_out
        const void *targets
        const void *outputs
        double *costs
        void *slopes
        cmlp_dtype dtype
        int32_t reserved
        const void *sums
        int32_t *of_sums

    ctypedef struct cmlp_objective:
        size_t struct_size
        const double *row_weights
        int64_t n_row_weights
        double alpha
        double loss_scale
        double log_loss_clip
        const double *alphas
        int64_t n_alphas
        const double *dropout_rates
        int64_t n_dropout_rates
        int64_t dropout_step
        int64_t dropout_row
        uint32_t dropout_seed
        int32_t reserved
        int (*loss)(void *context, const cmlp_loss_call *call) noexcept nogil
        void *loss_context

    ctypedef int32_t cmlp_solver
    enum:
        CMLP_SOLVER_SGD
        CMLP_SOLVER_MOMENTUM
        CMLP_SOLVER_NESTEROV
        CMLP_SOLVER_ADAM
        CMLP_SOLVER_ADAMW
        CMLP_SOLVER_SIGNED

    ctypedef int8_t cmlp_sign
    enum:
        CMLP_SIGN_NEGATIVE
        CMLP_SIGN_FREE
        CMLP_SIGN_POSITIVE
        CMLP_SIGN_ZERO

    ctypedef struct cmlp_optimizer:
        size_t struct_size
        void *state
        size_t state_size
        double learning_rate
        double momentum
        double beta_1
        double beta_2
        double epsilon
        double weight_decay
        double max_norm
        const cmlp_sign *signs
        int64_t n_signs
        cmlp_solver solver
        int32_t reserved

    ctypedef struct cmlp_optimizer_state:
        int64_t n_steps
        double beta_1_power
        double beta_2_power
        double pace
        int64_t reserved[4]

    cmlp_optimizer cmlp_default_optimizer(cmlp_solver solver)
    void cmlp_optimizer_init(cmlp_optimizer *optimizer, size_t struct_size, cmlp_solver solver)
    cmlp_status cmlp_optimizer_state_size(const cmlp_net *net, const cmlp_optimizer *optimizer, size_t *bytes,
                                          cmlp_run *run)

    ctypedef struct cmlp_epoch_result:
        size_t struct_size
        double cost
        double penalty
        double gradient_norm
        int64_t n_batches
        double cost_sum
        double penalty_sum
        int64_t rows_done
        int64_t next_batch

    ctypedef struct cmlp_epoch:
        size_t struct_size
        cmlp_workers *workers
        int64_t batch_size
        int64_t first_batch
        const cmlp_epoch_result *before
        const double *rates
        int64_t n_rates
        int32_t wants_norm
        int32_t reserved

    cmlp_status cmlp_train_epoch(const cmlp_net *net, void *params, int64_t n_params, const cmlp_rows *rows,
                                 const cmlp_targets *targets, const cmlp_objective *objective,
                                 const cmlp_optimizer *optimizer, const cmlp_epoch *epoch, cmlp_epoch_result *result,
                                 cmlp_run *run)

    ctypedef struct cmlp_model_string:
        const char *key
        const char *value
        int64_t n_value
        int64_t reserved[2]

    ctypedef struct cmlp_model_array:
        const char *name
        const void *data
        int64_t n_rows
        int64_t n_columns
        cmlp_dtype dtype
        int32_t padding
        int64_t reserved[4]

    ctypedef struct cmlp_training:
        size_t struct_size
        const cmlp_optimizer *optimizer
        const cmlp_random *random
        const int64_t *order
        int64_t n_rows
        int64_t batch_size
        int64_t n_epochs
        const double *objectives
        double alpha

    ctypedef struct cmlp_cell_format:
        size_t struct_size
        const cmlp_value *missing
        int64_t n_missing
        int32_t decimal
        int32_t thousands
        int32_t has_own_words
        int32_t of_spreadsheets

    ctypedef struct cmlp_model_content:
        size_t struct_size
        int (*write)(void *context, const void *bytes, size_t n_bytes) noexcept nogil
        void *write_context
        const cmlp_value *labels
        int64_t n_labels
        const cmlp_value *names
        int64_t n_names
        const cmlp_cell_format *cells
        const cmlp_model_string *strings
        int64_t n_strings
        const cmlp_model_array *arrays
        int64_t n_arrays
        const cmlp_training *training
        const double *shifts
        const double *factors
        double input_scale
        cmlp_model_kind kind
        int32_t reserved

    cmlp_status cmlp_model_write(const cmlp_net *net, const void *params, int64_t n_params,
                                 const cmlp_model_content *content, cmlp_run *run)

    ctypedef struct cmlp_layer_info:
        size_t struct_size
        int64_t n_in
        int64_t n_out
        cmlp_activation activation
        int32_t reserved
        double parameter
        int64_t first_weight
        int64_t first_bias

    cmlp_status cmlp_net_describe_layer(const cmlp_net *net, int32_t index, cmlp_layer_info *layer, cmlp_run *run)

    ctypedef struct cmlp_activation_info:
        size_t struct_size
        const char *name
        double init_factor
        double parameter
        int32_t allows_hidden
        int32_t allows_output

    ctypedef struct cmlp_loss_info:
        size_t struct_size
        const char *name
        double parameter
        double limit
        double lower_limit

    const cmlp_activation_info *cmlp_activation_describe(cmlp_activation activation)
    const cmlp_loss_info *cmlp_loss_describe(cmlp_loss loss)
    int32_t cmlp_loss_allows(cmlp_loss loss, cmlp_activation output)
    const char *cmlp_isa_name(cmlp_isa isa)
    const char *cmlp_solver_name(cmlp_solver solver)
    cmlp_isa cmlp_net_isa(const cmlp_net *net)
    cmlp_isa_set cmlp_cpu_isa_mask()

    ctypedef struct cmlp_derivatives:
        size_t struct_size
        double objective
        double plain_cost
        void *gradient
        int64_t n_gradient
        void *input_gradient
        int64_t n_input_gradient
        void *deltas
        int64_t n_deltas

    cmlp_status cmlp_backpropagate(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                   const cmlp_targets *targets, const cmlp_objective *objective,
                                   cmlp_derivatives *derivatives, cmlp_run *run)
    cmlp_status cmlp_step(const cmlp_net *net, void *params, int64_t n_params, const void *gradient, int64_t n_gradient,
                          const cmlp_optimizer *optimizer, cmlp_run *run)

cdef extern from "cmlp_table.h" nogil:
    ctypedef int32_t cmlp_table_column_kind
    enum:
        CMLP_TABLE_COLUMN_NUMBER
        CMLP_TABLE_COLUMN_BOOLEAN
        CMLP_TABLE_COLUMN_DATE
        CMLP_TABLE_COLUMN_TIME
        CMLP_TABLE_COLUMN_INSTANT
        CMLP_TABLE_COLUMN_DURATION
        CMLP_TABLE_COLUMN_CATEGORY
        CMLP_TABLE_COLUMN_ORDERED
        CMLP_TABLE_COLUMN_KIND_SIGNED

    ctypedef int32_t cmlp_table_role
    enum:
        CMLP_TABLE_ROLE_UNUSED
        CMLP_TABLE_ROLE_NUMBER
        CMLP_TABLE_ROLE_CATEGORY
        CMLP_TABLE_ROLE_SIGNED

    ctypedef struct cmlp_table_column_info:
        size_t struct_size
        const char *name
        int64_t n_name
        const char *unit
        int64_t n_unit
        const char *format
        int64_t n_format
        int64_t n_categories
        double unknown_code
        cmlp_table_column_kind kind
        cmlp_table_role role

    cmlp_status cmlp_model_describe_column(const cmlp_model *model, int64_t column, cmlp_table_column_info *info,
                                           cmlp_run *run)

    ctypedef int32_t cmlp_table_calibration_kind
    enum:
        CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR
        CMLP_TABLE_CALIBRATION_SCALED_ERROR
        CMLP_TABLE_CALIBRATION_QUANTILES
        CMLP_TABLE_CALIBRATION_PROBABILITY
        CMLP_TABLE_CALIBRATION_KIND_SIGNED

    ctypedef struct cmlp_table_target_info:
        size_t struct_size
        const char *name
        int64_t n_name
        const double *quantiles
        int64_t n_quantiles
        double lowest
        double highest
        double limits[4]
        int64_t n_scores
        cmlp_table_calibration_kind kind
        int32_t is_held_out

    cmlp_status cmlp_model_describe_target(const cmlp_model *model, int64_t target, cmlp_table_target_info *info,
                                           cmlp_run *run)
    cmlp_status cmlp_model_find_code(const cmlp_model *model, int64_t column, const cmlp_value *value, double *code,
                                     cmlp_run *run)
    cmlp_status cmlp_model_find_category(const cmlp_model *model, int64_t column, int64_t code, cmlp_value *value,
                                         cmlp_run *run)
    cmlp_value cmlp_text(const char *text, int64_t n_text)
    cmlp_rows cmlp_cell_rows(const cmlp_value *cells, int64_t n_rows, int64_t n_columns, const cmlp_value *names)

    ctypedef int32_t cmlp_cell_state
    enum:
        CMLP_CELL_USUAL
        CMLP_CELL_ABOVE
        CMLP_CELL_BELOW
        CMLP_CELL_MISSING
        CMLP_CELL_UNKNOWN
        CMLP_CELL_STATE_SIGNED

    ctypedef struct cmlp_answer:
        size_t struct_size
        cmlp_value *labels
        int64_t n_labels
        int32_t *class_indices
        int64_t n_class_indices
        double *outputs
        int64_t n_outputs
        double coverage
        double *intervals
        int64_t n_intervals
        int32_t *sets
        int64_t n_sets
        double *outside
        int64_t n_outside
        cmlp_cell_state *states
        int64_t n_states
        double *numbers
        int64_t n_numbers
        double *reasons
        int64_t n_reasons
        double *reason_errors
        int64_t n_reason_errors
        double *base_values
        int64_t n_base_values
        const cmlp_rows *background
        int64_t n_evaluations
        uint32_t seed
        int32_t is_exact
        int32_t by_class
        int32_t reserved

    cmlp_status cmlp_model_answer(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                  cmlp_run *run)
    cmlp_status cmlp_model_answer_size(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                       size_t *bytes, cmlp_run *run)
    int64_t cmlp_model_say(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                           cmlp_status status, const cmlp_run *run, char *text, int64_t n_text)

    ctypedef int32_t cmlp_table_date_part_kind
    enum:
        CMLP_TABLE_DATE_PART_DAY
        CMLP_TABLE_DATE_PART_WEEK
        CMLP_TABLE_DATE_PART_YEAR
        CMLP_TABLE_DATE_PART_KIND_SIGNED

    ctypedef struct cmlp_table_date_part:
        const double *edges
        int64_t n_edges
        cmlp_table_date_part_kind kind
        int32_t padding
        int64_t reserved[4]

    ctypedef struct cmlp_table_column:
        cmlp_table_role role
        int32_t has_missing
        double centre
        double scale
        const double *edges
        int64_t n_edges
        const cmlp_table_date_part *parts
        int64_t n_parts
        const float *statistics
        int64_t n_statistics
        int64_t n_one_hot
        int64_t n_categories
        const cmlp_value *categories
        const char *name
        int64_t n_name
        const char *format
        int64_t n_format
        cmlp_table_column_kind kind
        int32_t n_missing_values
        int32_t reserved[12]

    ctypedef struct cmlp_table_encoder:
        size_t struct_size
        const cmlp_table_column *columns
        int64_t n_columns
        int32_t has_bins
        cmlp_dtype dtype

    cmlp_status cmlp_table_encoder_width(const cmlp_table_encoder *encoder, int64_t *n_in, cmlp_run *run)
    cmlp_status cmlp_table_encode(const cmlp_table_encoder *encoder, const cmlp_rows *rows, void *inputs,
                                  int64_t n_inputs, cmlp_run *run)

    ctypedef struct cmlp_table_target:
        double centre
        double scale
        double low
        double high
        const char *name
        int64_t n_name
        int64_t reserved[4]

    ctypedef struct cmlp_table_calibration:
        size_t struct_size
        const double *scores
        int64_t n_scores
        int64_t n_targets
        const double *widths
        int64_t n_widths
        const double *limits
        int64_t n_limits
        cmlp_table_calibration_kind kind
        int32_t is_held_out

    ctypedef struct cmlp_table_net:
        const cmlp_net *net
        const void *params
        int64_t n_params
        int64_t reserved[3]

    ctypedef struct cmlp_table:
        size_t struct_size
        const cmlp_table_column *columns
        int64_t n_columns
        const cmlp_table_net *nets
        int64_t n_nets
        const cmlp_table_target *targets
        int64_t n_targets
        const cmlp_table_calibration *calibration
        double threshold
        int32_t has_threshold
        int32_t reserved

    int CMLP_TABLE_MAX_NETS
    cmlp_status cmlp_table_write_workspace_size(const cmlp_table *table, size_t *bytes, cmlp_run *run)
    cmlp_status cmlp_table_write(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run)

cdef extern from "cmlp_workers.h" nogil:
    ctypedef struct cmlp_workers:
        size_t struct_size
        int (*send)(void *context, const void *bytes, size_t n_bytes, int32_t to, double seconds) noexcept nogil
        int (*receive)(void *context, void *bytes, size_t n_bytes, int32_t from_, double seconds) noexcept nogil
        int (*broadcast)(void *context, void *bytes, size_t n_bytes, int32_t from_, double seconds) noexcept nogil
        void *context
        double seconds
        int64_t first_stored
        int64_t n_stored
        int32_t rank
        int32_t n_workers
        int32_t first_shard
        int32_t n_shards
        int32_t n_all_shards
        int32_t failed_rank

cdef extern from "cmlp_explain.h" nogil:
    ctypedef struct cmlp_bounds_outputs:
        size_t struct_size
        void *lower
        int64_t n_lower
        void *upper
        int64_t n_upper

    cmlp_status cmlp_bounds(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *lower,
                            const cmlp_rows *upper, const cmlp_bounds_outputs *bounds, cmlp_run *run)

    ctypedef struct cmlp_paths:
        size_t struct_size
        const int64_t *group_begins
        int64_t n_groups
        const int64_t *start_rows
        const int64_t *orders
        int64_t n_paths

    cmlp_status cmlp_forward_paths(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                   const cmlp_rows *to, const cmlp_paths *paths, void *outputs, int64_t n_outputs,
                                   cmlp_run *run)
    cmlp_status cmlp_paths_workspace_size(const cmlp_net *net, const cmlp_rows *rows, const cmlp_rows *to,
                                          const cmlp_paths *paths, size_t *bytes, cmlp_run *run)
