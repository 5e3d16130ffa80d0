/* The intrinsics of all vector instructions, outside the regions of target.h: these headers give each intrinsic its own
 * target. Only the kernels include them, because that takes longer than to compile any other file of the core. */
#ifndef CMLPI_INTRINSICS_H
#define CMLPI_INTRINSICS_H

#include "target.h"

#if CMLPI_X86
#include <immintrin.h>
#if defined(_MSC_VER) && defined(__clang__)
/* clang-cl's immintrin.h leaves out whatever the command line does not enable. */
#include <smmintrin.h>
#include <popcntintrin.h>
#include <avxintrin.h>
#include <avx2intrin.h>
#include <fmaintrin.h>
#include <avx512fintrin.h>
#endif
#elif CMLPI_AARCH64
#if defined(_MSC_VER) && !defined(__clang__)
#include <arm64_neon.h>
#else
#include <arm_neon.h>
#endif
#endif

#endif
