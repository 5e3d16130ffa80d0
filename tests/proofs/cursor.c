/* The cursor over the head of a model file: any head of at most MOST bytes, from any place, with or without an earlier
 * error. It stays inside, never moves back, and keeps its first error. */
#include "any.h"

#include "file/read/model_cursor.h"

static const unsigned char *head;
static cursor c, before;

static void any_cursor(void)
{
    const size_t n = nondet_size(), from = nondet_size();
    ASSUME(n <= MOST && from <= n);
    head = any_bytes(n);
    c = (cursor){head + from, head + n, (cmlp_status)nondet_int()};
    before = c;
}

static void cursor_is_sound(void)
{
    REQUIRE(c.at >= before.at && c.at <= c.end && c.end == before.end);
    REQUIRE(!before.status || (c.status == before.status && c.at == before.at));
}

void prove_cursor_pass(void)
{
    any_cursor();
    const int passed = PASS(&c, ",\"layers.");
    REQUIRE(c.at - before.at == (passed ? 9 : 0) && c.status == before.status);
    DEMAND(&c, "\",\"data_crc32\":\"", CMLP_ERROR_FILE_SYNTAX);
    REQUIRE(c.status || c.at - before.at == (passed ? 9 : 0) + 16);
    cursor_is_sound();
}

void prove_cursor_hex(void)
{
    any_cursor();
    const int digits = nondet_int();
    ASSUME(digits == 8 || digits == 16);
    const uint64_t value = cursor_hex(&c, digits);
    REQUIRE(digits == 16 || value <= UINT32_MAX);
    REQUIRE(c.status || c.at - before.at == digits);
    REQUIRE(c.status || *before.at == "0123456789abcdef"[value >> 4 * (digits - 1)]);
    cursor_is_sound();
}

void prove_cursor_hex_double(void)
{
    any_cursor();
    const double value = cursor_hex_double(&c);
    REQUIRE(c.status || cmlpi_is_finite(value));
    cursor_is_sound();
}

void prove_cursor_number(void)
{
    any_cursor();
    const uint64_t value = cursor_number(&c);
    REQUIRE(value <= CMLPI_MAX_DATA);
    REQUIRE(c.status || (c.at > before.at && c.at - before.at <= 16));
    cursor_is_sound();
}

void prove_cursor_string(void)
{
    any_cursor();
    const size_t length = cursor_string(&c);
    REQUIRE(c.status || (size_t)(c.at - before.at) == length + 2);
    REQUIRE(c.status || (*before.at == '"' && c.at[-1] == '"'));
    cursor_is_sound();
}

void prove_cursor_next_name(void)
{
    any_cursor();
    const size_t skipped = nondet_size(), length = nondet_size();
    ASSUME(skipped <= (size_t)(c.at - head) && length <= (size_t)(c.at - head) - skipped);
    string_view last = {head + skipped, length};
    const string_view name = cursor_next_name(&c, &last);
    REQUIRE(c.status || (name.length >= 1 && name.length <= CMLPI_MAX_NAME && name.at == before.at + 1));
    REQUIRE(c.status || (last.at == name.at && last.length == name.length));
    cursor_is_sound();
}

void prove_is_name(void)
{
    const size_t n = nondet_size();
    ASSUME(n <= MOST);
    const string_view name = {any_bytes(n), n};
    if (!cmlpi_is_name(name, "layers.")) return;
    REQUIRE(n == 7 && !memcmp(name.at, "layers.", 7));
}
