/* Sizes and addresses of memory, for any sizes and any base. */
#include "any.h"

#include "data/run.c"
#include "base/threads.h"

void prove_add_size(void)
{
    size_t total = nondet_size();
    const size_t size = nondet_size(), before = total;
    const int64_t count = nondet_int64();
    ASSUME(total <= (uint64_t)PTRDIFF_MAX - CMLPI_ALIGNMENT && size >= 1 && size <= MOST);
    if (cmlpi_add_size(&total, count, size)) {
        REQUIRE(total >= before && total <= (uint64_t)PTRDIFF_MAX - CMLPI_ALIGNMENT);
        REQUIRE(count >= 0 && total - before >= (uint64_t)count && (total - before) % CMLPI_ALIGNMENT == 0);
    } else {
        REQUIRE(total == before);
    }
}

/* What is counted without memory is what is taken with it, and ends inside. */
void prove_take(void)
{
    cmlpi_arena counted = {NULL, nondet_size(), nondet_int() != 0};
    const int64_t count = nondet_int64();
    const size_t size = 8;
    ASSUME(counted.used <= MOST && counted.used % CMLPI_ALIGNMENT == 0);
    ASSUME(count <= MOST || count >> 40);
    const size_t before = counted.used;
    const int overflow = counted.overflow;
    REQUIRE(!cmlpi_arena_alloc(&counted, count, size));
    REQUIRE(counted.overflow || (!overflow && counted.used - before >= (uint64_t)count * size));
    REQUIRE(!counted.overflow || overflow || count < 0 || count >> 40);
    if (counted.overflow) return;
    cmlpi_arena space = {any_bytes(counted.used), before, 0};
    char *block = cmlpi_arena_alloc(&space, count, size);
    REQUIRE(space.used == counted.used && !space.overflow && block == space.base + before);
}

void prove_check_workspace(void)
{
    cmlp_run run;
    const size_t needed = nondet_size(), size = nondet_size(), shift = nondet_size(); /* from an aligned address */
    ASSUME(shift < CMLPI_ALIGNMENT && size <= MOST && needed <= (size_t)PTRDIFF_MAX - CMLPI_ALIGNMENT);
    char *memory = (char *)any_bytes(shift + size) + shift;
    run.workspace = nondet_int() ? memory : NULL;
    run.workspace_size = size;
    if (cmlpi_take_workspace(&run, needed)) return;
    const ptrdiff_t skipped = (char *)run.workspace - memory;
    REQUIRE(needed > 0 && skipped >= 0 && skipped < CMLPI_ALIGNMENT && (size_t)skipped + needed <= size);
}

void prove_team_range(void)
{
    const int64_t n = nondet_int64(), unit = nondet_int64();
    const int32_t size = nondet_int32(), index = nondet_int32();
    int64_t first, end, next, last;
    ASSUME(n >= 0 && n <= MOST && unit >= 1 && unit <= 16 && size >= 1 && size <= 8 && index >= 0 && index < size);
    cmlpi_team_range(n, unit, index, size, &first, &end);
    REQUIRE(0 <= first && first <= end && end <= n && (first % unit == 0 || first == n));
    REQUIRE((index || !first) && (index + 1 < size || end == n));
    if (index + 1 == size) return;
    cmlpi_team_range(n, unit, index + 1, size, &next, &last);
    REQUIRE(next == end);
}
