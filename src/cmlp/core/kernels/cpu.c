/* Detects the instruction sets of the processor, and the registers that the operating system saves. The result is not
 * cached here; callers keep it, because CPUID takes microseconds in a virtual machine. The compilers' own functions are
 * not used, because some run-time libraries lack them. */
#include "cpu.h"

#include "../../../../include/cmlp.h"
#include "../base/target.h"

#if CMLPI_BUILDS_AVX2 || CMLPI_BUILDS_AVX512

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
static void cpuid(uint32_t leaf, uint32_t r[4]) { __cpuidex((int *)r, (int)leaf, 0); }
static uint64_t saved_state(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(uint32_t leaf, uint32_t r[4]) { __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]); }
static uint64_t saved_state(void)
{
    uint32_t low, high;
    __asm__ volatile(".byte 0x0f, 0x01, 0xd0" /* xgetbv */ : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}
#endif

enum { EAX, EBX, ECX, EDX };
#define BIT(n) (UINT32_C(1) << (n))

#define LEAF1_ECX_NEEDED (BIT(12) /* FMA */ | BIT(27) /* OSXSAVE */ | BIT(28) /* AVX */)
#define LEAF7_EBX_AVX2 BIT(5)
#define LEAF7_EBX_AVX512F BIT(16)
#define ZEN_5 0x1au /* family */
#define SAVED_AVX 0x06u    /* XMM and YMM */
#define SAVED_AVX512 0xe6u /* also mask registers and both parts of ZMM */

/* The tuning for kernels with AVX-512. */
static int32_t tuning_of_maker(const uint32_t leaf0[4], const uint32_t leaf1[4])
{
    const uint32_t family = (leaf1[EAX] >> 8 & 0xf) + (leaf1[EAX] >> 20 & 0xff);
    const int amd = leaf0[EBX] == 0x68747541 && leaf0[EDX] == 0x69746e65 && leaf0[ECX] == 0x444d4163;
    return !amd ? CMLPI_TUNING_INTEL : family >= ZEN_5 ? CMLPI_TUNING_ZEN5 : CMLPI_TUNING_PLAIN;
}

/* The instruction sets, and in *tuning that for AVX-512. */
static cmlp_isa_set features(int32_t *tuning)
{
    cmlp_isa_set found = CMLP_ISA_GENERIC;
    uint32_t leaf0[4], r[4];
    cpuid(0, leaf0);
    if (leaf0[EAX] < 7) return found;
    cpuid(1, r);
    if (CMLPI_BUILDS_AVX512) *tuning = tuning_of_maker(leaf0, r);
    if ((r[ECX] & LEAF1_ECX_NEEDED) != LEAF1_ECX_NEEDED) return found;
    uint64_t saved = saved_state();
    cpuid(7, r);
    if (!(r[EBX] & LEAF7_EBX_AVX2) || (saved & SAVED_AVX) != SAVED_AVX) return found;
    found |= CMLP_ISA_AVX2;
    if ((r[EBX] & LEAF7_EBX_AVX512F) && (saved & SAVED_AVX512) == SAVED_AVX512) found |= CMLP_ISA_AVX512;
    return found;
}

#else
static cmlp_isa_set features(int32_t *tuning)
{
    (void)tuning;
    return CMLP_ISA_GENERIC | (CMLPI_AARCH64 ? CMLP_ISA_NEON : 0);
}
#endif

cmlp_isa_set cmlp_cpu_isa_mask(void)
{
    int32_t tuning;
    return features(&tuning) & (CMLP_BUILD_ISA);
}

const cmlpi_kernels *const cmlpi_tables[] = {
#if CMLPI_BUILDS_AVX512
    &cmlpi_kernels_f32_avx512,
#endif
#if CMLPI_BUILDS_AVX512 && CMLP_BUILD_FLOAT64
    &cmlpi_kernels_f64_avx512,
#endif
#if CMLPI_BUILDS_AVX2
    &cmlpi_kernels_f32_avx2,
#endif
#if CMLPI_BUILDS_AVX2 && CMLP_BUILD_FLOAT64
    &cmlpi_kernels_f64_avx2,
#endif
#if CMLPI_BUILDS_NEON
    &cmlpi_kernels_f32_neon,
#endif
#if CMLPI_BUILDS_NEON && CMLP_BUILD_FLOAT64
    &cmlpi_kernels_f64_neon,
#endif
#if CMLPI_BUILDS_GENERIC
    &cmlpi_kernels_f32_generic,
#endif
#if CMLPI_BUILDS_GENERIC && CMLP_BUILD_FLOAT64
    &cmlpi_kernels_f64_generic,
#endif
};
const int32_t cmlpi_n_tables = sizeof cmlpi_tables / sizeof *cmlpi_tables;

const cmlpi_tuning cmlpi_tunings[] = {CMLPI_TUNINGS};

#if CMLP_BUILD_TRAINING
const int32_t cmlpi_n_tunings = sizeof cmlpi_tunings / sizeof *cmlpi_tunings;

const cmlpi_tuning *cmlpi_tuning_at(int32_t index)
{
    return index < 0 || index >= cmlpi_n_tunings ? NULL : &cmlpi_tunings[index];
}
#endif

static int32_t tuning_of(const cmlpi_kernels *table, int32_t avx512)
{
    if (table->isa == CMLP_ISA_AVX2) return CMLPI_TUNING_AVX2;
    return table->isa == CMLP_ISA_AVX512 && table->dtype == CMLP_FLOAT32 ? avx512 : CMLPI_TUNING_PLAIN;
}

const cmlpi_kernels *cmlpi_find_kernels(int32_t dtype, int32_t mask, const cmlpi_tuning **tuning)
{
    int32_t avx512 = CMLPI_TUNING_PLAIN;
    const cmlp_isa_set found = features(&avx512), allowed = mask ? found & mask : found;
    for (int32_t i = 0; i < cmlpi_n_tables; i++) {
        const cmlpi_kernels *table = cmlpi_tables[i];
        if (table->dtype != dtype || !(table->isa & allowed)) continue;
        *tuning = &cmlpi_tunings[tuning_of(table, avx512)];
        return table;
    }
    return NULL;
}
