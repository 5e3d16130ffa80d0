/* Decimal numbers to doubles, correctly rounded, without a locale and without memory: the digits are an integer of
 * several words, which is multiplied or divided by powers of five. The powers of two are in the exponent. */
#include <string.h>

#include "model_text.h"

/* A number that is read has at most 50 digits, six words, and an exponent of 10 from -400 to 309: with larger ones it
 * is 0 or infinite. 5^309 takes 23 words. Before the division by 5^400, 32 words are appended. */
enum { N_WORDS = 40, LEAST = -400, MOST = 309, FAR = 100000 };

/* The largest power of five in a word. A label of 24 characters takes at most 31 multiplications or divisions by it. */
#define FIVES 13
#define POWER_OF_FIVES UINT32_C(1220703125)

typedef struct wide_integer {
    uint32_t words[N_WORDS]; /* the least significant first */
    int n;                   /* words in use: the last one is not 0 */
    int exponent;            /* the number is the words times 2^exponent, rounded down */
    int inexact;             /* whether it was rounded */
} wide_integer;

/* x = x * factor + added. */
static void multiply(wide_integer *x, uint32_t factor, uint32_t added)
{
    uint64_t carry = added;
    for (int i = 0; i < x->n; i++) {
        carry += (uint64_t)x->words[i] * factor;
        x->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) x->words[x->n++] = (uint32_t)carry;
}

static void divide(wide_integer *x, uint32_t divisor)
{
    uint64_t rest = 0;
    for (int i = x->n - 1; i >= 0; i--) {
        rest = rest << 32 | x->words[i];
        x->words[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    x->inexact |= rest != 0;
    while (x->n && !x->words[x->n - 1]) x->n--;
}

/* x = x * 10^exponent, of which at least 64 bits are exact. */
static void scale(wide_integer *x, int exponent)
{
    x->exponent = exponent;
    for (; exponent >= FIVES; exponent -= FIVES) multiply(x, POWER_OF_FIVES, 0);
    for (; exponent > 0; exponent--) multiply(x, 5, 0);
    if (exponent == 0) return;
    const int appended = 3 - exponent * 3 / 41; /* 3 / 41 of a word is more than log2(5) bits */
    memmove(x->words + appended, x->words, sizeof *x->words * (size_t)x->n);
    memset(x->words, 0, sizeof *x->words * (size_t)appended);
    x->n += appended;
    x->exponent -= 32 * appended;
    for (; exponent <= -FIVES; exponent += FIVES) divide(x, POWER_OF_FIVES);
    for (; exponent < 0; exponent++) divide(x, 5);
}

static uint64_t bit_at(const wide_integer *x, int i)
{
    return i < 0 || i >= 32 * x->n ? 0 : x->words[i / 32] >> (i % 32) & 1;
}

/* Whether one of the bits below bit i is 1, or would be if the number had not been rounded. */
static uint64_t is_more(const wide_integer *x, int i)
{
    int more = x->inexact;
    for (int k = 0; k < x->n && 32 * k < i; k++)
        more |= (i - 32 * k < 32 ? x->words[k] & ((UINT32_C(1) << (i - 32 * k)) - 1) : x->words[k]) != 0;
    return (uint64_t)more;
}

/* The bits of the nearest double; the one with an even last bit if there are two. */
static uint64_t rounded(const wide_integer *x)
{
    const int smallest = -1074 - x->exponent; /* the place of the last bit of subnormal numbers */
    int top = 32 * x->n - 1;
    while (top > smallest && !bit_at(x, top)) top--;
    const int last = top - 52 > smallest ? top - 52 : smallest;
    uint64_t mantissa = 0;
    for (int i = top; i >= last; i--) mantissa = mantissa << 1 | bit_at(x, i);
    const uint64_t up = bit_at(x, last - 1) & (is_more(x, last - 1) | (mantissa & 1));
    /* The first bit of a normal number adds 1 to the exponent, and so does a carry. */
    return ((uint64_t)(last - smallest) << 52) + mantissa + up;
}

static int is_digit(const cmlp_text *t) { return t->at < t->end && *t->at >= '0' && *t->at <= '9'; }

/* Appends digits to x. Returns how many there were. */
static int digits(cmlp_text *t, wide_integer *x)
{
    const char *first = t->at;
    for (; is_digit(t) && t->at - first <= CMLP_DECIMAL_MOST; t->at++) multiply(x, 10, (uint32_t)(*t->at - '0'));
    return (int)(t->at - first);
}

/* Reads an exponent, if there is one. Returns 0 if it has no digits. */
static int exponent_follows(cmlp_text *t, int *exponent)
{
    int value = 0;
    if (!cmlp_text_pass(t, "e") && !cmlp_text_pass(t, "E")) return 0;
    const int minus = cmlp_text_pass(t, "-");
    if (!minus) cmlp_text_pass(t, "+");
    if (!is_digit(t)) return 0;
    for (; is_digit(t); t->at++) value = value < FAR ? value * 10 + (*t->at - '0') : value;
    *exponent += minus ? -value : value;
    return 1;
}

int cmlp_text_decimal(cmlp_text *t, int *negative, uint64_t *bits)
{
    wide_integer x = {{0}, 0, 0, 0};
    int exponent = 0, fraction = 0;
    const char *first = t->at;
    *negative = cmlp_text_pass(t, "-");
    const char *integer = t->at;
    const int n = digits(t, &x);
    if (!n || (*integer == '0' && n > 1)) return 0;
    if (cmlp_text_pass(t, ".")) {
        fraction = digits(t, &x);
        if (!fraction) return 0;
    }
    exponent = -fraction;
    if (t->at < t->end && (*t->at == 'e' || *t->at == 'E')) {
        if (!exponent_follows(t, &exponent)) return 0;
    } else if (!fraction) {
        return 0;
    }
    if (t->at - first > CMLP_DECIMAL_MOST) return 0;
    *bits = 0;
    if (!x.n || exponent < LEAST) return 1;
    if (exponent > MOST) return 0;
    scale(&x, exponent);
    *bits = rounded(&x);
    return *bits < UINT64_C(0x7ff0000000000000);
}
