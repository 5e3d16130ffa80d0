/* Macros for smaller builds. Define them on the command line:
 *
 *   CMLP_BUILD_ISA=<mask>  compiles only these instruction sets, a sum of cmlp_isa values: 1 is plain C, 2 AVX2,
 *                          4 AVX-512, 8 NEON. Instruction sets of other processors are never compiled.
 *   CMLP_NO_FLOAT64        no float64 networks
 *   CMLP_INFERENCE_ONLY    only cmlp_forward, cmlp_model_predict and what they need
 *   CMLP_NO_TABLES         no functions of cmlp_table.h
 *   CMLP_NO_CELLS          no cmlp_model_read_cell
 *   CMLP_NO_WORKERS        no functions of cmlp_workers.h
 *   CMLP_NO_EXPLAIN        no functions of cmlp_explain.h
 *   CMLP_WITH_EXPLAIN      the functions of cmlp_explain.h with CMLP_INFERENCE_ONLY too
 *   CMLP_NO_THREADS        no threads and no atomics: every call runs in the calling thread. So it is with a compiler
 *                          that has no atomics.
 *   CMLP_ONE_ROW           predictions of one dense row only; no training, no tables and no threads
 */
#ifndef CMLPI_BUILD_H
#define CMLPI_BUILD_H

/* Other compilers may have neither intrinsics nor GCC's builtins. For them the core is plain C: one kernel, with fma and
 * square root in software. */
#if defined(__GNUC__) || defined(_MSC_VER)
#define CMLPI_INTRINSICS 1
#else
#define CMLPI_INTRINSICS 0
#endif

#if CMLPI_INTRINSICS && !defined(_M_ARM64EC) && \
    (defined(__x86_64__) || defined(__i386__) || defined(_M_X64) || defined(_M_IX86))
#define CMLPI_X86 1
#else
#define CMLPI_X86 0
#endif

#if CMLPI_INTRINSICS && (defined(__aarch64__) || defined(_M_ARM64))
#define CMLPI_AARCH64 1
#else
#define CMLPI_AARCH64 0
#endif

/* On 64-bit Windows GCC aligns stack frames to 16 bytes only, but stores the wider registers of AVX2 and AVX-512 in them
 * with aligned moves, which crash (GCC bug 54412). Only the assembler's option -muse-unaligned-vector-move prevents that:
 * a build that passes it defines CMLP_BUILD_ISA, as CMake does. */
#if defined(CMLP_BUILD_ISA)
#elif (defined(_WIN64) || defined(__CYGWIN__)) && defined(__GNUC__) && !defined(__clang__)
#define CMLP_BUILD_ISA 9
#else
#define CMLP_BUILD_ISA 15
#endif
#define CMLPI_BUILDS_GENERIC ((CMLP_BUILD_ISA) & 1)
#define CMLPI_BUILDS_AVX2 (CMLPI_X86 && ((CMLP_BUILD_ISA) & 2))
#define CMLPI_BUILDS_AVX512 (CMLPI_X86 && ((CMLP_BUILD_ISA) & 4))
#define CMLPI_BUILDS_NEON (CMLPI_AARCH64 && ((CMLP_BUILD_ISA) & 8))
#if !(CMLPI_BUILDS_GENERIC || CMLPI_BUILDS_AVX2 || CMLPI_BUILDS_AVX512 || CMLPI_BUILDS_NEON)
#error "CMLP_BUILD_ISA names no instruction set of this processor"
#endif

#ifdef CMLP_NO_FLOAT64
#define CMLPI_BUILDS_FLOAT64 0
#else
#define CMLPI_BUILDS_FLOAT64 1
#endif

#ifdef CMLP_ONE_ROW
#define CMLPI_BUILDS_MANY 0
#else
#define CMLPI_BUILDS_MANY 1
#endif

#if defined(CMLP_INFERENCE_ONLY) || !CMLPI_BUILDS_MANY
#define CMLPI_BUILDS_TRAINING 0
#else
#define CMLPI_BUILDS_TRAINING 1
#endif

#if defined(CMLP_NO_TABLES) || !CMLPI_BUILDS_MANY
#define CMLPI_BUILDS_TABLES 0
#else
#define CMLPI_BUILDS_TABLES 1
#endif

/* Whether outputs can be doubles: those of tables always are. */
#define CMLPI_HAS_DOUBLE_OUTPUTS (CMLPI_BUILDS_FLOAT64 || CMLPI_BUILDS_TABLES)

/* The smallest builds do not check labels: they read none outside the file, whatever it has. */
#define CMLPI_CHECKS_VALUES (CMLPI_BUILDS_TABLES || CMLPI_BUILDS_TRAINING)

#if defined(CMLP_NO_CELLS) || !CMLPI_BUILDS_TABLES
#define CMLPI_BUILDS_CELLS 0
#else
#define CMLPI_BUILDS_CELLS 1
#endif

#if defined(CMLP_NO_WORKERS) || !CMLPI_BUILDS_TRAINING
#define CMLPI_BUILDS_WORKERS 0
#else
#define CMLPI_BUILDS_WORKERS 1
#endif

#if defined(CMLP_NO_EXPLAIN) || !CMLPI_BUILDS_MANY || !(CMLPI_BUILDS_TRAINING || defined(CMLP_WITH_EXPLAIN))
#define CMLPI_BUILDS_EXPLAIN 0
#else
#define CMLPI_BUILDS_EXPLAIN 1
#endif

/* Shapley values of a table's row. */
#define CMLPI_EXPLAINS_TABLES (CMLPI_BUILDS_EXPLAIN && CMLPI_BUILDS_TABLES)

/* The atomic operations of GCC and Clang are there in C99 too; MSVC has others. */
#if defined(CMLP_NO_THREADS) || !CMLPI_BUILDS_MANY
#define CMLPI_BUILDS_THREADS 0
#elif !defined(_MSC_VER) && (defined(__STDC_NO_ATOMICS__) || (!defined(__GNUC__) && __STDC_VERSION__ < 201112L))
#define CMLPI_BUILDS_THREADS 0
#else
#define CMLPI_BUILDS_THREADS 1
#endif

/* Keywords of C11 and what C99 has instead: GCC and Clang accept most of them in C99 too, but warn. */
#if !defined(__GNUC__) && __STDC_VERSION__ < 201112L
#define CMLPI_ALIGNOF(type) offsetof(struct { char first; type second; }, second)
#define CMLPI_ASSERT(condition, why) extern const char cmlpi_assertion[(condition) ? 1 : -1]
#elif defined(__GNUC__) && __STDC_VERSION__ < 201112L
#define CMLPI_ALIGNOF(type) __alignof__(type)
#define CMLPI_ASSERT(condition, why) extern const char cmlpi_assertion[(condition) ? 1 : -1]
#else
#define CMLPI_ALIGNOF(type) _Alignof(type)
#define CMLPI_ASSERT(condition, why) _Static_assert(condition, why)
#endif

#endif
