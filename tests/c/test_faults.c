/* Two rows have a fault, each of any kind: status, row and column are those of the first row, for any number of threads
 * and in every call. (test_workers.c has the same for several workers.) */
#include "faults.h"

static void test_pair(const fault *kinds, const int64_t *rows, int32_t n_threads)
{
    const int first = rows[1] < rows[0];
    shape s = faulty_shape;
    s.n_threads = n_threads;
    for (call c = COST; c <= TRAIN; c++) {
        fixture f;
        if (c == STEP) continue;
        fixture_make(&f, &s);
        const double *targets = make_faults(&f, kinds, rows);
        fixture_reset(&f, c);
        f.targets = cmlp_dense_targets(targets, CMLP_FLOAT64, FAULTY_ROWS, f.n_out);
        const int status = fixture_call(&f, c);
        check_that(status == fault_statuses[kinds[first]] && f.run.bad_row == rows[first] &&
                       f.run.bad_column == fault_column(kinds[first], rows[first]),
                   "%s: faults %d in row %d and %d in row %d, %d threads: status %d, row %d, column %d", call_names[c],
                   (int)kinds[0], (int)rows[0], (int)kinds[1], (int)rows[1], (int)n_threads, status,
                   (int)f.run.bad_row, (int)f.run.bad_column);
        fixture_free(&f);
    }
}

int main(void)
{
    static const int64_t rows[][2] = {{10, 100}, {250, 10}, {299, 298}};
    for (int pair = 0; pair < 3; pair++)
        for (int kinds = 0; kinds < FAULTS * FAULTS; kinds++)
            for (int32_t n_threads = 1; n_threads < 4; n_threads++)
                test_pair((fault[]){(fault)(kinds / FAULTS), (fault)(kinds % FAULTS)}, rows[pair], n_threads);
    return finish();
}
