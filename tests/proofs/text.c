/* JSON inside a metadata string: any text of at most MOST bytes, from any place, with or without escaped quotes. The
 * reader never moves back or past the end. */
#include "any.h"

#include "file/model_text.c"

static cmlp_text t, before;

static void any_text(void)
{
    const size_t n = nondet_size(), from = nondet_size();
    ASSUME(n <= MOST && from <= n);
    const char *bytes = any_bytes(n);
    t = (cmlp_text){bytes + from, bytes + n, nondet_int() != 0};
    before = t;
}

static void text_is_sound(void)
{
    REQUIRE(t.at >= before.at && t.at <= t.end && t.end == before.end && t.escaped == before.escaped);
}

void prove_text_next(void)
{
    any_text();
    const int32_t next = cmlp_text_next(&t);
    REQUIRE(next >= CMLP_TEXT_END && next <= 255);
    REQUIRE((next == CMLP_TEXT_END) == (before.at == before.end));
    REQUIRE(next == CMLP_TEXT_END || (unsigned char)t.at[-1] == next);
    REQUIRE(t.at - before.at <= 1 + (t.escaped != 0));
    text_is_sound();
}

void prove_text_pass(void)
{
    any_text();
    const int passed = cmlp_text_pass(&t, "category:");
    REQUIRE(passed ? t.at - before.at >= 9 : t.at == before.at);
    text_is_sound();
}

void prove_text_letter(void)
{
    any_text();
    const int32_t letter = cmlp_text_letter(&t);
    REQUIRE(letter >= CMLP_TEXT_BAD && letter <= 0x10ffff);
    REQUIRE(letter < 0 || t.at > before.at);
    text_is_sound();
}

void prove_text_digits(void)
{
    uint64_t value;
    any_text();
    const int n = cmlp_text_digits(&t, &value);
    REQUIRE(n >= 0 && n <= 20);
    REQUIRE(!n || t.at - before.at >= n);
    text_is_sound();
}

void prove_text_append(void)
{
    const int32_t code = nondet_int32();
    size_t length = 0, counted = 0;
    ASSUME(code >= 0 && code <= 0x10ffff);
    cmlp_text_append(code, NULL, &counted);
    REQUIRE(counted >= 1 && counted <= 4);
    unsigned char *bytes = any_bytes(counted);
    cmlp_text_append(code, (char *)bytes, &length);
    REQUIRE(length == counted && (bytes[0] < 0x80) == (counted == 1));
    for (size_t i = 1; i < counted; i++) REQUIRE(bytes[i] >= 0x80 && bytes[i] <= 0xbf);
}
