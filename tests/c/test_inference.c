/* Outputs of a float32 network with every instruction set of the build. This is all that the smallest build supports.
 * Rows are bytes, floats and CSR; the expected hash comes from the full library. */
#include "calls.h"
#include "../../include/cmlp_table.h"
#include "../../src/cmlp/core/base/build.h"
#include "support.h"

#include <string.h>

enum { N_IN = 300, N_OUT = 10, ROWS = 70, N_PARAMS = N_IN * 40 + 40 + 40 * 17 + 17 + 17 * N_OUT + N_OUT };

static const uint64_t expected = UINT64_C(0x59a921264da18cb0);

static float params[N_PARAMS], floats[ROWS][N_IN], output[ROWS][N_OUT];
static uint8_t bytes[ROWS][N_IN], values[ROWS * N_IN];
static int32_t indices[ROWS * N_IN], indptr[ROWS + 1];

static void make_data(void)
{
    uint64_t state = 3;
    int32_t n = 0;
    for (int i = 0; i < N_PARAMS; i++) params[i] = (float)uniform(&state, -0.2, 0.2);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < N_IN; j++) {
            bytes[i][j] = (uint8_t)(random_below(&state, 3) ? 0 : random_below(&state, 256));
            floats[i][j] = (float)bytes[i][j];
            if (bytes[i][j]) indices[n] = j, values[n++] = bytes[i][j];
        }
        indptr[i + 1] = n;
    }
}

/* Predicts the rows: in a build for one row one by one, where several at once and CSR rows are left out. */
static cmlp_status predict(const cmlp_net *net, cmlp_rows *rows, cmlp_run *run)
{
    size_t needed;
    cmlp_status status = call_forward(net, params, rows, output, run);
    if (CMLP_BUILD_ROWS) return status;
    CHECK(status == CMLP_ERROR_LEFT_OUT);
    CHECK(cmlp_net_workspace_size(net, rows, NULL, NULL, &needed, NULL) == CMLP_ERROR_LEFT_OUT);
    status = CMLP_OK;
    for (int64_t i = 0; i < ROWS && !status; i++) {
        rows->order = &i;
        rows->n_order = 1;
        status = call_forward(net, params, rows, output[i], run);
    }
    return status;
}

static uint64_t outcome(const cmlp_net *net, cmlp_rows *rows)
{
    static _Alignas(64) unsigned char workspace[1 << 20];
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    rows->n_rows = ROWS;
    rows->n_columns = N_IN;
    rows->scale = 1 / 255.0;
    if (rows->kind == CMLP_ROWS_DENSE) {
        rows->column_stride = rows->dtype == CMLP_UINT8 ? 1 : 4;
        rows->row_stride = N_IN * rows->column_stride;
    }
    memset(output, 0, sizeof output);
    const cmlp_status status = predict(net, rows, &run);
    if (!CMLP_BUILD_ROWS && rows->kind == CMLP_ROWS_CSR) return status == CMLP_ERROR_LEFT_OUT ? expected : 0;
    CHECK(status == CMLP_OK);
    return hash_elements(HASH_START, CMLP_FLOAT32, output, ROWS * N_OUT);
}

static void test_isa(cmlp_isa isa)
{
    static _Alignas(64) unsigned char memory[8192];
    const int64_t sizes[] = {N_IN, 40, 17, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_RELU, CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net *net;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.n_layers = 4;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    config.isa_mask = isa;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK && cmlp_net_isa(net) == isa);
    cmlp_rows as_bytes = CMLP_INIT(cmlp_rows), as_floats = as_bytes, sparse = as_bytes;
    as_bytes.kind = as_floats.kind = CMLP_ROWS_DENSE;
    as_bytes.data = bytes;
    as_bytes.dtype = CMLP_UINT8;
    as_floats.data = floats;
    as_floats.dtype = CMLP_FLOAT32;
    sparse.kind = CMLP_ROWS_CSR;
    sparse.data = values;
    sparse.dtype = CMLP_UINT8;
    sparse.indices = indices;
    sparse.indptr = indptr;
    sparse.n_values = indptr[ROWS];
    sparse.index_dtype = CMLP_INT32;
    const uint64_t hashes[] = {outcome(net, &as_bytes), outcome(net, &as_floats), outcome(net, &sparse)};
    for (int i = 0; i < 3; i++)
        check_that(hashes[i] == expected, "instruction set %d, form %d: %016llx", (int)isa, i,
                   (unsigned long long)hashes[i]);
}

int main(void)
{
    make_data();
    for (cmlp_isa isa = 1; isa <= CMLP_ISA_NEON; isa *= 2)
        if (cmlp_cpu_isa_mask() & isa) test_isa(isa);
    return finish();
}
