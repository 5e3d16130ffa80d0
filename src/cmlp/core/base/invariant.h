/* Loop invariants. The model checker proves them for any number of rounds (tests/proofs), and compilers see nothing. */
#ifndef CMLPI_INVARIANT_H
#define CMLPI_INVARIANT_H

#ifdef CMLPI_PROVES
#define CMLPI_OFFSET(p) __CPROVER_POINTER_OFFSET(p)
#define CMLPI_INSIDE(p, first, end) \
    (__CPROVER_same_object((p), (first)) && CMLPI_OFFSET(p) >= CMLPI_OFFSET(first) && CMLPI_OFFSET(p) <= CMLPI_OFFSET(end))
/* p has moved by what n lacks since the loop began. */
#define CMLPI_ADVANCED(p, n)                                                                  \
    (__CPROVER_same_object((p), __CPROVER_loop_entry(p)) && (n) <= __CPROVER_loop_entry(n) && \
     CMLPI_OFFSET(p) + (n) == CMLPI_OFFSET(__CPROVER_loop_entry(p)) + __CPROVER_loop_entry(n))
#define CMLPI_WHOLE(array) __CPROVER_object_upto((array), sizeof(array))
#define CMLPI_LOOP(invariant, decreases, ...) \
    __CPROVER_assigns(__VA_ARGS__) __CPROVER_loop_invariant(invariant) __CPROVER_decreases(decreases)
#else
/* What holds before each round, what becomes smaller in each, and what a round changes. */
#define CMLPI_LOOP(invariant, decreases, ...)
#endif

#endif
