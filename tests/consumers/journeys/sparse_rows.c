/* Rows that are mostly zeros, as CSR: the outputs of the same dense rows, and an error that names the argument. */
#include "journey.h"

int main(void)
{
    static learner l;
    static float x[N_ROWS * N_IN], values[N_ROWS * N_IN], dense_output[N_ROWS * N_OUT], output[N_ROWS * N_OUT];
    static int32_t labels[N_ROWS], indices[N_ROWS * N_IN], indptr[N_ROWS + 1];
    int32_t n = 0;
    make_rows(x, labels, N_ROWS);
    for (int i = 0; i < N_ROWS; i++) {
        for (int j = 0; j < N_IN; j++)
            if (x[i * N_IN + j] != 0) {
                values[n] = x[i * N_IN + j];
                indices[n++] = j;
            }
        indptr[i + 1] = n;
    }
    begin(&l, CMLP_ACTIVATION_SOFTMAX, CMLP_LOSS_LOG);
    const cmlp_rows dense = cmlp_dense_rows(x, CMLP_FLOAT32, N_ROWS, N_IN);
    const cmlp_rows sparse = cmlp_csr_rows(values, CMLP_FLOAT32, indices, indptr, CMLP_INT32, n, N_ROWS, N_IN);
    cmlp_prediction from_dense = CMLP_INIT(cmlp_prediction), from_sparse = CMLP_INIT(cmlp_prediction);
    from_dense.outputs = dense_output;
    from_sparse.outputs = output;
    from_dense.n_outputs = from_sparse.n_outputs = N_ROWS * N_OUT;
    cmlp_run run = CMLP_INIT(cmlp_run);
    workspace_of(&l, &dense, NULL, NULL, &run);
    OK(cmlp_forward(net_of(&l), l.params, N_PARAMS, &dense, &from_dense, &run));
    free(run.workspace);
    workspace_of(&l, &sparse, NULL, NULL, &run);
    OK(cmlp_forward(net_of(&l), l.params, N_PARAMS, &sparse, &from_sparse, &run));
    CHECK(!memcmp(output, dense_output, sizeof output));
    indices[indptr[5]] = N_IN; /* a column outside the row */
    CHECK(cmlp_forward(net_of(&l), l.params, N_PARAMS, &sparse, &from_sparse, &run) == CMLP_ERROR_SPARSE);
    CHECK(run.bad_row == 5 && run.refused && !strcmp(run.refused, "rows->indptr or indices"));
    free(run.workspace);
    return 0;
}
