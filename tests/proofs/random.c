/* The random generator, from any state that a caller may have written. */
#include "any.h"

#include "base/random.c"

static cmlp_random state; /* of any content: the proofs begin with an assignment */

static void any_state(void)
{
    cmlp_random anything;
    state = anything;
}

void prove_next32(void)
{
    any_state();
    next32(&state);
    REQUIRE(state.position >= 1 && state.position <= KEY_WORDS);
}

void prove_random_double(void)
{
    any_state();
    state.position = nondet_int32();
    ASSUME(state.position >= 0 && state.position < KEY_WORDS - 1);
    const double x = cmlp_random_double(&state);
    REQUIRE(x >= 0 && x < 1);
}

void prove_random_seed(void)
{
    any_state();
    cmlp_random_seed(&state, nondet_uint32());
    REQUIRE(state.position == KEY_WORDS);
}

/* The step of the shuffle. */
void prove_swap(void)
{
    int64_t values[MOST], kept[MOST];
    const int64_t i = nondet_int64(), j = nondet_int64();
    ASSUME(i >= 0 && i < MOST && j >= 0 && j < MOST);
    for (int k = 0; k < MOST; k++) kept[k] = values[k];
    swap(values, i, j);
    for (int k = 0; k < MOST; k++) REQUIRE(values[k] == kept[k == i ? j : k == j ? i : k]);
}
