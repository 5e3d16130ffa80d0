/* Every kernel x instruction set x element type x shape x offset x guard pages x NaN.
 *
 *   check_kernels [seed]           the checks
 *   check_kernels selftest [seed]  the checks catch deliberately broken kernels
 *   check_kernels bench            speed of each kernel
 *   check_kernels bench_sparse     speed of the kernels for sparse rows, compared with the dense ones */
#include "check_kernels.h"

#include "../../src/cmlp/core/kernels/cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const kernel_check kernel_checks[] = {
    {"dense", check_dense, 2000},
    {"gradient", check_gradient, 1500},
    {"bias_gradient", check_bias_gradient, 300},
    {"csr", check_csr, 1500},
    {"csr_gradient", check_csr_gradient, 1500},
    {"transpose", check_transpose, 200},
    {"activate", check_activate, 2400},
    {"derivative", check_derivative, 1000},
    {"loss", check_loss, 4500},
    {"loss_labels", check_class_index_loss, 800},
    {"step", check_step, 1000},
    {"convert", check_convert, 1500},
    {"convert_columns", check_convert_columns, 1000},
    {"nonzero_mask", check_nonzero_mask, 600},
    {"drop", check_drop, 600},
    {"multiply", check_multiply, 200},
    {"square_sum", check_square_sum, 300},
    {"find_nonfinite", check_find_nonfinite, 600},
};
const int n_kernel_checks = (int)(sizeof kernel_checks / sizeof *kernel_checks);

/* Finds the tables of the type that this processor can run, the plain one first. */
static int find_tables(int32_t dtype, const cmlpi_kernels **tables)
{
    int n = 0;
    for (int32_t i = cmlpi_n_tables - 1; i >= 0; i--)
        if (cmlpi_tables[i]->dtype == dtype && (cmlp_cpu_isa_mask() & cmlpi_tables[i]->isa)) tables[n++] = cmlpi_tables[i];
    return n;
}

static void check_all(int32_t dtype, uint64_t seed)
{
    static harness h;
    harness_make(&h, dtype, seed);
    h.n_tables = find_tables(dtype, h.tables);
    for (int i = 0; i < n_kernel_checks; i++) {
        const int64_t before = h.failures;
        run_check(&h, &kernel_checks[i]);
        printf("%-7s %-14s %5" PRId64 " cases:", dtype == CMLP_FLOAT32 ? "float32" : "float64", h.kernel,
               kernel_checks[i].cases);
        for (int t = 0; t < h.n_tables; t++) printf(" %s", table_name(h.tables[t]));
        printf("\n");
        check_that(h.failures == before, "%s: %" PRId64 " failures with seed %" PRIu64, h.kernel, h.failures - before,
                   seed);
    }
    harness_free(&h);
}

int main(int argc, char **argv)
{
    const int self = argc > 1 && !strcmp(argv[1], "selftest");
    const cmlpi_kernels *tables[2 * MAX_TABLES];
    const int n = find_tables(CMLP_FLOAT32, tables), n_all = n + find_tables(CMLP_FLOAT64, tables + n);
    if (argc > 1 && !strcmp(argv[1], "bench")) {
        bench(tables, n_all);
        return 0;
    }
    if (argc > 1 && !strcmp(argv[1], "bench_sparse")) {
        bench_sparse(tables, n_all);
        return 0;
    }
    const char *text = argc > 1 + self ? argv[1 + self] : NULL;
    const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    printf("seed %" PRIu64 "\n", seed);
    if (self) {
        selftest(tables[0], tables[n - 1], seed);
        selftest(tables[n], tables[n_all - 1], seed);
    } else {
        check_all(CMLP_FLOAT32, seed);
        check_all(CMLP_FLOAT64, seed);
    }
    return finish();
}
