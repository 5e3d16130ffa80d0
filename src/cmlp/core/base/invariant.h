/* Loop invariants. The model checker proves them for any number of rounds (tests/proofs), and compilers see nothing. */
#ifndef CMLP_INVARIANT_H
#define CMLP_INVARIANT_H

#ifdef CMLP_PROVES
#define CMLP_OFFSET(p) __CPROVER_POINTER_OFFSET(p)
#define CMLP_INSIDE(p, first, end) \
    (__CPROVER_same_object((p), (first)) && CMLP_OFFSET(p) >= CMLP_OFFSET(first) && CMLP_OFFSET(p) <= CMLP_OFFSET(end))
/* p has moved by what n lacks since the loop began. */
#define CMLP_ADVANCED(p, n)                                                                   \
    (__CPROVER_same_object((p), __CPROVER_loop_entry(p)) && (n) <= __CPROVER_loop_entry(n) && \
     CMLP_OFFSET(p) + (n) == CMLP_OFFSET(__CPROVER_loop_entry(p)) + __CPROVER_loop_entry(n))
#define CMLP_WHOLE(array) __CPROVER_object_upto((array), sizeof(array))
#define CMLP_LOOP(invariant, decreases, ...) \
    __CPROVER_assigns(__VA_ARGS__) __CPROVER_loop_invariant(invariant) __CPROVER_decreases(decreases)
#else
/* What holds before each round, what becomes smaller in each, and what a round changes. */
#define CMLP_LOOP(invariant, decreases, ...)
#endif

#endif
