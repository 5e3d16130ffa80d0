/* Macros for smaller builds. Define them on the command line:
 *
 *   CMLP_BUILD_ISA=<mask>  compiles only these instruction sets, a sum of cmlp_isa values: 1 is plain C, 2 AVX2,
 *                          4 AVX-512, 8 NEON. Instruction sets of other processors are never compiled.
 *
 * Each part is 1 or 0; one that is not named is CMLP_PARTS, which is 1 if it is not named either. The last four need ROWS,
 * which is 1 if one of them is named, and they are 0 if it is named as 0.
 *
 *   CMLP_BUILD_FLOAT64     networks of float64
 *   CMLP_BUILD_ROWS        predictions of several rows in one call, and of CSR rows
 *   CMLP_BUILD_TRAINING    gradients, training, writing files
 *   CMLP_BUILD_TABLES      models of tables
 *   CMLP_BUILD_EXPLAIN     bounds, rows between two others, reasons of a table's rows
 *   CMLP_BUILD_THREADS     threads and atomics: without them, every call runs in the calling thread. So it is with a compiler
 *                          that has no atomics.
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

/* The atomic operations of GCC and Clang are there in C99 too; MSVC has others. */
#if !defined(_MSC_VER) && (defined(__STDC_NO_ATOMICS__) || (!defined(__GNUC__) && __STDC_VERSION__ < 201112L))
#define CMLPI_HAS_ATOMICS 0
#else
#define CMLPI_HAS_ATOMICS 1
#endif

#ifndef CMLP_PARTS
#define CMLP_PARTS 1
#endif
#ifndef CMLP_BUILD_FLOAT64
#define CMLP_BUILD_FLOAT64 CMLP_PARTS
#endif
#ifndef CMLP_BUILD_ROWS
#if CMLP_PARTS || CMLP_BUILD_TRAINING || CMLP_BUILD_TABLES || CMLP_BUILD_EXPLAIN || CMLP_BUILD_THREADS
#define CMLP_BUILD_ROWS 1
#else
#define CMLP_BUILD_ROWS 0
#endif
#endif

/* Of a part that is not named and needs rows. */
#if CMLP_BUILD_ROWS
#define CMLPI_UNNAMED_PART CMLP_PARTS
#else
#define CMLPI_UNNAMED_PART 0
#endif
#ifndef CMLP_BUILD_TRAINING
#define CMLP_BUILD_TRAINING CMLPI_UNNAMED_PART
#endif
#ifndef CMLP_BUILD_TABLES
#define CMLP_BUILD_TABLES CMLPI_UNNAMED_PART
#endif
#ifndef CMLP_BUILD_EXPLAIN
#define CMLP_BUILD_EXPLAIN CMLPI_UNNAMED_PART
#endif
#ifdef CMLP_BUILD_THREADS
#elif CMLPI_HAS_ATOMICS
#define CMLP_BUILD_THREADS CMLPI_UNNAMED_PART
#else
#define CMLP_BUILD_THREADS 0
#endif

#define CMLPI_IS_PART_0 1
#define CMLPI_IS_PART_1 1
#define CMLPI_IS_PART_OF(value) CMLPI_IS_PART_##value
#define CMLPI_IS_PART(value) CMLPI_IS_PART_OF(value)
#if !CMLPI_IS_PART(CMLP_PARTS)
#error "CMLP_PARTS must be 0 or 1"
#elif !(CMLPI_IS_PART(CMLP_BUILD_FLOAT64) && CMLPI_IS_PART(CMLP_BUILD_ROWS) && CMLPI_IS_PART(CMLP_BUILD_TRAINING) && \
        CMLPI_IS_PART(CMLP_BUILD_TABLES) && CMLPI_IS_PART(CMLP_BUILD_EXPLAIN) && CMLPI_IS_PART(CMLP_BUILD_THREADS))
#error "CMLP_BUILD_FLOAT64, ROWS, TRAINING, TABLES, EXPLAIN and THREADS must be 0 or 1"
#elif !CMLP_BUILD_ROWS && (CMLP_BUILD_TRAINING || CMLP_BUILD_TABLES || CMLP_BUILD_EXPLAIN || CMLP_BUILD_THREADS)
#error "CMLP_BUILD_TRAINING, TABLES, EXPLAIN and THREADS need CMLP_BUILD_ROWS"
#elif CMLP_BUILD_THREADS && !CMLPI_HAS_ATOMICS
#error "CMLP_BUILD_THREADS needs the atomic operations of C11"
#endif

/* Whether outputs can be doubles: those of tables always are. */
#define CMLPI_HAS_DOUBLE_OUTPUTS (CMLP_BUILD_FLOAT64 || CMLP_BUILD_TABLES)

/* The smallest builds do not check labels: they read none outside the file, whatever it has. */
#define CMLPI_CHECKS_VALUES (CMLP_BUILD_TABLES || CMLP_BUILD_TRAINING)

/* Shapley values of a table's row. */
#define CMLPI_EXPLAINS_TABLES (CMLP_BUILD_EXPLAIN && CMLP_BUILD_TABLES)

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
