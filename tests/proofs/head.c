/* The parts of the reader of heads: any head of at most MOST bytes, from any place, with or without an earlier error. */
#include "any.h"

#include "file/model_format.c"
#include "file/read/model_head.c"

static const unsigned char *file;
static cursor c, before;

static void any_cursor(void)
{
    const size_t n = nondet_size(), from = nondet_size();
    ASSUME(n <= MOST && from <= n);
    file = any_bytes(n);
    c = (cursor){file + from, file + n, (cmlp_status)nondet_int()};
    before = c;
}

static void cursor_is_sound(void)
{
    REQUIRE(c.at >= before.at && c.at <= c.end && c.end == before.end);
    REQUIRE(!before.status || c.status == before.status);
}

/* The length of the head is never read as more than the bytes that are there. */
void prove_head_length(void)
{
    const size_t n = nondet_size(), stored = nondet_size();
    uint64_t bytes = 0;
    ASSUME(stored <= MOST);
    const cmlp_status status = head_length(any_bytes(stored), n <= stored ? n : stored, &bytes);
    REQUIRE(status || (bytes <= stored && bytes % CMLPI_HEAD_ALIGNMENT == 0 && bytes > CMLPI_MIN_HEAD));
    REQUIRE(!bytes || bytes <= CMLPI_MAX_HEAD);
}

void prove_next_word(void)
{
    any_cursor();
    const string_view word = next_word(&c);
    REQUIRE(word.at == before.at && word.length == (size_t)(c.at - before.at));
    REQUIRE(c.at <= c.end && c.status == before.status);
    cursor_is_sound();
}

void prove_next_dtype(void)
{
    any_cursor();
    const int32_t dtype = next_dtype(&c);
    REQUIRE(c.status || dtype == CMLP_FLOAT32 || dtype == CMLP_FLOAT64 || dtype == CMLP_UINT8 || dtype == CMLP_INT32 ||
            dtype == CMLP_INT64);
    cursor_is_sound();
}

void prove_demand_number(void)
{
    const int32_t n = nondet_int32();
    ASSUME(n >= 0 && n < 10000);
    any_cursor();
    demand_number(&c, n);
    REQUIRE(c.status || c.at - before.at == 1 + (n > 9) + (n > 99) + (n > 999));
    REQUIRE(c.status || c.at[-1] == '0' + n % 10);
    cursor_is_sound();
}

void prove_read_padding(void)
{
    const size_t n = nondet_size();
    ASSUME(n <= MOST);
    file = any_bytes(n);
    before = c = (cursor){file, file + n, (cmlp_status)nondet_int()};
    read_padding(&c);
    REQUIRE(c.status || (c.at == c.end && c.end - before.at < CMLPI_HEAD_ALIGNMENT));
    cursor_is_sound();
}

static void swap_elements(size_t element)
{
    unsigned char *from = any_bytes(MOST * element), *to = any_bytes(MOST * element);
    cmlpi_swap(to, from, MOST * element, element);
    for (size_t i = 0; i < MOST * element; i++) REQUIRE(to[i] == from[i / element * element + element - 1 - i % element]);
}

void prove_swap_bytes(void)
{
    swap_elements(1);
    swap_elements(4);
    swap_elements(8);
}
