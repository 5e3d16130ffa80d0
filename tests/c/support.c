#ifndef _WIN32
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#define _DARWIN_C_SOURCE
#endif
#include "support.h"

#include "../../include/cmlp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- counting */

int64_t passed, failed;

int check_at(const char *file, int line, int good, const char *text)
{
    return check_that(good, "%s:%d: %s", file, line, text);
}

int check_that(int good, const char *format, ...)
{
    va_list arguments;
    *(good ? &passed : &failed) += 1;
    if (good) return 1;
    va_start(arguments, format);
    printf("FAILED ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    return 0;
}

int finish(void)
{
    printf("%" PRId64 " passed, %" PRId64 " failed\n", passed, failed);
    return failed != 0 || passed == 0;
}

/* ---- random numbers, hashes */

uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t random_below(uint64_t *state, int64_t n) { return (int64_t)(random_bits(state) % (uint64_t)n); }

double uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(random_bits(state) >> 11) / 9007199254740992.0;
}

size_t size_of(int32_t dtype)
{
    switch (dtype) {
    case CMLP_FLOAT32:
    case CMLP_INT32: return 4;
    case CMLP_FLOAT64:
    case CMLP_INT64: return 8;
    default: return 1;
    }
}

/* Returns the bits of element i; all NaNs have the same bits. */
static uint64_t canonical(int32_t dtype, const void *elements, int64_t i)
{
    if (dtype == CMLP_FLOAT32) {
        uint32_t bits;
        memcpy(&bits, (const char *)elements + i * 4, sizeof bits);
        return (bits & INT32_MAX) > 0x7f800000 ? 0x7fc00000 : bits;
    }
    uint64_t bits;
    memcpy(&bits, (const char *)elements + i * 8, sizeof bits);
    return (bits & INT64_MAX) > UINT64_C(0x7ff) << 52 ? UINT64_C(0x7ff8) << 48 : bits;
}

uint64_t hash_elements(uint64_t hash, int32_t dtype, const void *elements, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = canonical(dtype, elements, i);
        for (size_t b = 0; b < size_of(dtype); b++) hash = (hash ^ (bits >> 8 * b & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

int same_bits(int32_t dtype, const void *a, const void *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (canonical(dtype, a, i) != canonical(dtype, b, i)) return 0;
    return 1;
}

double get(int32_t dtype, const void *elements, int64_t i)
{
    switch (dtype) {
    case CMLP_FLOAT32: return (double)((const float *)elements)[i];
    case CMLP_FLOAT64: return ((const double *)elements)[i];
    case CMLP_INT32: return ((const int32_t *)elements)[i];
    case CMLP_INT64: return (double)((const int64_t *)elements)[i];
    default: return ((const uint8_t *)elements)[i];
    }
}

void put(int32_t dtype, void *elements, int64_t i, double value)
{
    switch (dtype) {
    case CMLP_FLOAT32: ((float *)elements)[i] = (float)value; break;
    case CMLP_FLOAT64: ((double *)elements)[i] = value; break;
    case CMLP_INT32: ((int32_t *)elements)[i] = (int32_t)value; break;
    case CMLP_INT64: ((int64_t *)elements)[i] = (int64_t)value; break;
    default: ((uint8_t *)elements)[i] = (uint8_t)value; break;
    }
}

/* ---- memory between guard pages */

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
static size_t page_size(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}
static unsigned char *reserve(size_t bytes)
{
    return VirtualAlloc(NULL, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
}
static int forbid(void *page, size_t bytes)
{
    DWORD before;
    return VirtualProtect(page, bytes, PAGE_NOACCESS, &before) != 0;
}
static void give_back(void *memory, size_t bytes)
{
    (void)bytes;
    VirtualFree(memory, 0, MEM_RELEASE);
}
#else
#include <sys/mman.h>
#include <unistd.h>
static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }
static unsigned char *reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}
static int forbid(void *page, size_t bytes) { return mprotect(page, bytes, PROT_NONE) == 0; }
static void give_back(void *memory, size_t bytes) { munmap(memory, bytes); }
#endif

void slot_make(slot *s, size_t capacity)
{
    const size_t page = page_size();
    s->capacity = (capacity + page) / page * page;
    s->data = NULL;
    s->bytes = 0;
    unsigned char *memory = reserve(s->capacity + 2 * page);
    if (!memory || !forbid(memory, page) || !forbid(memory + page + s->capacity, page)) {
        fprintf(stderr, "no memory between guard pages\n");
        exit(2);
    }
    s->base = memory + page;
}

void slot_free(slot *s) { give_back(s->base - page_size(), s->capacity + 2 * page_size()); }

#define MARK 0xa5

static size_t margin_before(const slot *s)
{
    size_t room = (size_t)(s->data - s->base);
    return room < SLOT_MARGIN ? room : SLOT_MARGIN;
}

static size_t margin_after(const slot *s)
{
    size_t room = s->capacity - (size_t)(s->data - s->base) - s->bytes;
    return room < SLOT_MARGIN ? room : SLOT_MARGIN;
}

void *slot_place(slot *s, size_t bytes, int where, size_t offset)
{
    if (bytes + offset > s->capacity) {
        fprintf(stderr, "a slot of %zu bytes is too small for %zu\n", s->capacity, bytes + offset);
        exit(2);
    }
    s->data = where == AT_START ? s->base + offset : s->base + s->capacity - offset - bytes;
    s->bytes = bytes;
    memset(s->data - margin_before(s), MARK, margin_before(s));
    memset(s->data + bytes, MARK, margin_after(s));
    return s->data;
}

int slot_intact(const slot *s)
{
    for (size_t i = 1; i <= margin_before(s); i++)
        if (s->data[-(ptrdiff_t)i] != MARK) return 0;
    for (size_t i = 0; i < margin_after(s); i++)
        if (s->data[s->bytes + i] != MARK) return 0;
    return 1;
}

/* ---- faults */

#ifdef _WIN32
int survives(void (*call)(void *context), void *context)
{
    call(context);
    return 1;
}
#else
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf before_call;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(before_call, 1);
}

int survives(void (*call)(void *context), void *context)
{
    struct sigaction catcher, segv, bus;
    volatile int good = 0;
    memset(&catcher, 0, sizeof catcher);
    catcher.sa_handler = on_fault;
    sigaction(SIGSEGV, &catcher, &segv);
    sigaction(SIGBUS, &catcher, &bus);
    if (!sigsetjmp(before_call, 1)) {
        call(context);
        good = 1;
    }
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
    return good;
}
#endif
