/* The envelopes of the activations (src/cmlp/core/forward/envelopes.h), compared with every float:
 *
 *   check_envelopes [stride]
 *
 * They must give the numbers of the header. With a stride above 1, floats between are left out, and no number may be above
 * that of the header. */
#include "../../src/cmlp/core/forward/envelopes.h"
#include "../../src/cmlp/core/kernels/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmlp.h"

#define BLOCK 4096
#define INFINITE 0x7f800000
#define ELU_PARAMETER 0x1p64 /* so that subnormal values of e^z - 1 count; if they never fall, no product of them does */

typedef struct found {
    int32_t falls, rises, top, bottom, lowest, highest, any_odd;
    float turn;
} found;

/* The i-th float in ascending order, from -infinity (-INFINITE) to infinity. */
static float float_at(int64_t i)
{
    union { int32_t bits; float value; } u = {(int32_t)(i < 0 ? -i : i)};
    return i < 0 ? -u.value : u.value;
}

/* All kernels give the same numbers: those of this processor are the fastest. */
static const cmlpi_kernels *kernels(void)
{
    const cmlpi_tuning *tuning;
    return cmlpi_find_kernels(CMLP_FLOAT32, 0, &tuning);
}

/* Above the turn: how far values are below an earlier one. Below it: above an earlier one. */
static inline void find_drops(found *f, float z, int32_t steps)
{
    f->lowest = steps < f->lowest ? steps : f->lowest;
    f->highest = steps > f->highest ? steps : f->highest;
    const int32_t rising = z >= f->turn ? steps : INT32_MIN, falling = z < f->turn ? steps : INT32_MAX;
    f->top = rising > f->top ? rising : f->top;
    f->bottom = falling < f->bottom ? falling : f->bottom;
    const int32_t fall = z >= f->turn ? f->top - steps : 0, rise = z < f->turn ? steps - f->bottom : 0;
    f->falls = fall > f->falls ? fall : f->falls;
    f->rises = rise > f->rises ? rise : f->rises;
}

static void each(int32_t activation, int64_t stride, found *f)
{
    float z[BLOCK], a[BLOCK];
    for (int64_t i = -INFINITE; i <= INFINITE; i += stride * BLOCK) {
        int64_t n = 0;
        for (; n < BLOCK && i + n * stride <= INFINITE; n++) z[n] = float_at(i + n * stride);
        kernels()->activate(activation, ELU_PARAMETER, z, a, 1, n);
        for (int64_t k = 0; k < n; k++) {
            f->any_odd |= a[k] != a[k] || (activation != CMLP_ACTIVATION_ELU && a[k] != 0 && fabsf(a[k]) < 0x1p-126f);
            find_drops(f, z[k], cmlpi_ulps_to(a[k]));
        }
    }
}

static int check(int32_t activation, int64_t stride)
{
    cmlpi_envelope expected = cmlpi_envelope_of(activation);
    if (activation == CMLP_ACTIVATION_ELU) expected.least = (float)-ELU_PARAMETER;
    found f = {.top = INT32_MIN, .bottom = INT32_MAX, .lowest = INT32_MAX, .highest = INT32_MIN, .turn = expected.turn};
    if (f.turn == CMLPI_NO_TURN) f.turn = -INFINITY;
    each(activation, stride, &f);
    const int32_t least = cmlpi_ulps_to(expected.least), most = cmlpi_ulps_to(expected.most);
    const int differs = f.falls != expected.falls || f.rises != expected.rises || f.lowest != least || f.highest != most;
    const int is_more = f.falls > expected.falls || f.rises > expected.rises || f.lowest < least || f.highest > most;
    const int bad = f.any_odd || is_more || (stride == 1 && differs);
    printf("%s: falls %d, rises %d, from %.9g to %.9g%s\n", cmlp_activation_describe(activation)->name, f.falls, f.rises,
           (double)cmlpi_after_ulps(f.lowest), (double)cmlpi_after_ulps(f.highest), bad ? ": not as in the header" : "");
    fflush(stdout);
    return bad;
}

int main(int argc, char **argv)
{
    const int64_t stride = argc > 1 ? atoll(argv[1]) : 1;
    int bad = 0;
    if (stride < 1) return 2;
    for (int32_t i = 1; cmlp_activation_describe(i); i++) {
        const int is_exact = i == CMLP_ACTIVATION_IDENTITY || i == CMLP_ACTIVATION_RELU || i == CMLP_ACTIVATION_LEAKY_RELU;
        if (i != CMLP_ACTIVATION_SOFTMAX && !is_exact) bad |= check(i, stride);
    }
    return bad;
}
