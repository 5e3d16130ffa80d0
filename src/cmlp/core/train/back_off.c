/* When an epoch does without its threads. */
#include "back_off.h"

#include <math.h>

#include "../base/build.h"

#if CMLP_BUILD_TRAINING

/* A stopped process has paid after BACK_OFF * MAX_LOSS seconds. Short pauses occur on an idle machine too, so earlier
 * gains of up to MAX_GAIN offset losses. A second without the team pays for 1 / BACK_OFF seconds of loss. */
#define MAX_LOSS 0.25 /* seconds */
#define MAX_GAIN 2e-2
#define BACK_OFF 16

/* Lost seconds within the limits; 0 for NaN. */
static double limited_loss(double lost)
{
    if (lost > MAX_LOSS) return MAX_LOSS;
    if (lost < -MAX_GAIN) return -MAX_GAIN;
    return lost == lost ? lost : 0;
}

void cmlpi_begin_back_off(cmlpi_back_off *b, double lost)
{
    b->lost = limited_loss(lost);
    b->shortest = HUGE_VAL;
}

void cmlpi_count_loss(cmlpi_back_off *b, double lost) { b->lost = limited_loss(b->lost + lost); }

void cmlpi_count_batch(cmlpi_back_off *b, int32_t size, double seconds, double waited)
{
    if (size == 1) {
        b->lost -= seconds / BACK_OFF;
        if (b->lost < 0) b->lost = 0;
        return;
    }
    const double worked = seconds - waited;
    if (worked < b->shortest) b->shortest = worked; /* longer batches include interruptions of thread 0 */
    cmlpi_count_loss(b, waited - (size - 1) * b->shortest);
}
#endif
