/* Decimal numbers to doubles, correctly rounded, without a locale and without memory: the digits are a fixed-point
 * number of many words, which is multiplied or divided by powers of ten. */
#include <string.h>

#include "model_text.h"

/* A number has at most 22 digits, and an exponent of 10 from -400 to 309: with larger ones it is 0 or infinite. So its
 * integer part has at most 1,100 bits. Fractions of doubles end at 2^-1074. */
enum { N_WORDS = 72, FRACTION = 36 * 32, LEAST = -400, MOST = 309, FAR = 100000 };

typedef struct fixed {
    uint32_t words[N_WORDS]; /* the least significant first; the number times 2^FRACTION, rounded down */
    int inexact;           /* whether it was rounded */
} fixed;

/* x = x * factor + added; `added` is an integer. */
static void multiply(fixed *x, uint32_t factor, uint32_t added)
{
    uint64_t carry = 0;
    for (int i = 0; i < N_WORDS; i++) {
        carry += (uint64_t)x->words[i] * factor + (i == FRACTION / 32 ? added : 0);
        x->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void divide_by_ten(fixed *x)
{
    uint64_t rest = 0;
    for (int i = N_WORDS - 1; i >= 0; i--) {
        rest = rest << 32 | x->words[i];
        x->words[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    x->inexact |= rest != 0;
}

static uint64_t bit_at(const fixed *x, int i) { return i < 0 ? 0 : x->words[i / 32] >> (i % 32) & 1; }

/* The bits of the nearest double; the one with an even last bit if there are two. */
static uint64_t rounded(const fixed *x)
{
    const int smallest = FRACTION - 1074; /* the place of the last bit of subnormal numbers */
    int top = N_WORDS * 32 - 1;
    while (top > smallest && !bit_at(x, top)) top--;
    const int last = top - 52 > smallest ? top - 52 : smallest;
    uint64_t mantissa = 0, below = (uint64_t)x->inexact;
    for (int i = top; i >= last; i--) mantissa = mantissa << 1 | bit_at(x, i);
    for (int i = 0; i < last - 1; i++) below |= bit_at(x, i);
    const uint64_t up = bit_at(x, last - 1) & (below | (mantissa & 1));
    /* The first bit of a normal number adds 1 to the exponent, and so does a carry. */
    return ((uint64_t)(last - smallest) << 52) + mantissa + up;
}

static int is_digit(const cmlp_text *t) { return t->at < t->end && *t->at >= '0' && *t->at <= '9'; }

/* Appends digits to x. Returns how many there were. */
static int digits(cmlp_text *t, fixed *x)
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
    fixed x = {{0}, 0};
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
    const fixed zero = {{0}, 0};
    if (exponent < LEAST) x = zero;
    if (exponent > MOST && memcmp(&x, &zero, sizeof x)) return 0;
    for (; exponent > 0 && exponent <= MOST; exponent--) multiply(&x, 10, 0);
    for (; exponent < 0 && exponent >= LEAST; exponent++) divide_by_ten(&x);
    *bits = rounded(&x);
    return *bits < UINT64_C(0x7ff0000000000000);
}
