/* The software fused multiply-add (src/cmlp/core/base/fma.h) compared with exact arithmetic in wide integers and with the
 * processor's instruction if it has one.
 *
 *   gcc -std=c11 -O3 -ffp-contract=off -fno-math-errno tests/c/test_fma.c -o test_fma
 *   ./test_fma [triples per kind] [seed]
 *
 * The instruction is compared if the compiler may use it (-march=native, or aarch64). */
#define CMLPI_SOFT_FMA
#include "../../src/cmlp/core/base/fma.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__FMA__) || defined(__aarch64__)
#define HARDWARE 1
#define hardware_fma32 __builtin_fmaf
#define hardware_fma64 __builtin_fma
#else
#define HARDWARE 0
#define hardware_fma32 cmlpi_fma32
#define hardware_fma64 cmlpi_fma64
#endif

static uint64_t random_state;

static uint64_t random_bits(void) /* splitmix64 */
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t random_below(uint64_t n) { return random_bits() % n; }

/* A format of `width` bits, `fraction` of them stored after the leading one. */
struct format {
    int width, fraction;
};

static const struct format formats[2] = {{32, 23}, {64, 52}};

static uint64_t exponent_mask(struct format f)
{
    return ((uint64_t)1 << (f.width - 1 - f.fraction)) - 1;
}

static int64_t bias(struct format f) { return (int64_t)(exponent_mask(f) >> 1); }

/* The reference: a fixed-point number that represents every product exactly, with 2 * 1074 bits below the point and
 * 2 * 1024 above it. */
#define WORDS 144 /* of 32 bits */
#define POINT 2176

struct fixed {
    uint32_t word[WORDS];
};

static void add_shifted(struct fixed *x, uint64_t integer, int64_t shift)
{
    size_t i = (size_t)(shift / 32);
    int within = (int)(shift % 32);
    uint64_t carry = 0;
    uint64_t piece[3] = {(integer << within) & 0xffffffff, (integer >> (32 - within)) & 0xffffffff,
                         within ? integer >> (64 - within) : 0};
    for (int k = 0; k < 3 || carry; k++) {
        uint64_t sum = x->word[i + (size_t)k] + (k < 3 ? piece[k] : 0) + carry;
        x->word[i + (size_t)k] = (uint32_t)sum;
        carry = sum >> 32;
    }
}

static void add(struct fixed *x, const struct fixed *y)
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)x->word[i] + y->word[i];
        x->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* x -= y; returns 1, with x = y - x, if y was the larger. */
static int subtract(struct fixed *x, const struct fixed *y)
{
    int swap = 0;
    int64_t borrow = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        if (x->word[i] != y->word[i]) {
            swap = x->word[i] < y->word[i];
            break;
        }
    }
    for (int i = 0; i < WORDS; i++) {
        int64_t a = swap ? y->word[i] : x->word[i], b = swap ? x->word[i] : y->word[i];
        int64_t d = a - b - borrow;
        borrow = d < 0;
        x->word[i] = (uint32_t)d;
    }
    return swap;
}

static int64_t bit(const struct fixed *x, int64_t i) { return x->word[i / 32] >> (i % 32) & 1; }

/* Returns the number nearest to x, ties to even, without the sign. */
static uint64_t round_fixed(const struct fixed *x, struct format f)
{
    int64_t leading = 32 * WORDS - 1, last, least = 1 - bias(f) - f.fraction + POINT;
    uint64_t integer = 0, field, result;
    int half, rest = 0;
    while (leading >= 0 && !bit(x, leading))
        leading--;
    if (leading < 0)
        return 0;
    last = leading - f.fraction > least ? leading - f.fraction : least;
    for (int64_t i = leading; i >= last; i--)
        integer = integer << 1 | (uint64_t)bit(x, i);
    half = (int)bit(x, last - 1);
    for (int64_t i = last - 2; i >= 0 && !rest; i--)
        rest = (int)bit(x, i);
    integer += (uint64_t)(half && (rest || (integer & 1)));
    field = integer >> f.fraction ? (uint64_t)(last - least) : 0;
    result = (field << f.fraction) + integer;
    return result < exponent_mask(f) << f.fraction ? result : exponent_mask(f) << f.fraction;
}

static uint64_t split(uint64_t bits, struct format f, int64_t *shift)
{
    uint64_t fraction = bits & (((uint64_t)1 << f.fraction) - 1);
    uint64_t field = bits >> f.fraction & exponent_mask(f);
    *shift = (int64_t)(field ? field : 1) - bias(f) - f.fraction;
    return field ? fraction | (uint64_t)1 << f.fraction : fraction;
}

/* Returns a b + c as IEEE 754 defines it. All NaNs become the same NaN. */
static uint64_t reference(const uint64_t t[3], struct format f)
{
    const uint64_t sign = (uint64_t)1 << (f.width - 1), infinity = exponent_mask(f) << f.fraction;
    const uint64_t nan = infinity | infinity >> 1;
    uint64_t product_sign = (t[0] ^ t[1]) & sign, c_sign = t[2] & sign;
    uint64_t magnitude[3], integer[3];
    int64_t shift[3];
    struct fixed x = {{0}}, y = {{0}};
    for (int i = 0; i < 3; i++) {
        magnitude[i] = t[i] & ~sign;
        if (magnitude[i] > infinity)
            return nan;
        integer[i] = split(t[i], f, &shift[i]);
    }
    if (magnitude[0] == infinity || magnitude[1] == infinity) {
        int invalid = !magnitude[0] || !magnitude[1] ||
                      (magnitude[2] == infinity && product_sign != c_sign);
        return invalid ? nan : product_sign | infinity;
    }
    if (magnitude[2] == infinity)
        return t[2];

    /* Multiplies by halves of the first factor, so that 64 bits suffice. */
    int64_t at = shift[0] + shift[1] + POINT;
    add_shifted(&x, (integer[0] & 0x7ffffff) * (integer[1] & 0x7ffffff), at);
    add_shifted(&x, (integer[0] >> 27) * (integer[1] & 0x7ffffff), at + 27);
    add_shifted(&x, (integer[0] & 0x7ffffff) * (integer[1] >> 27), at + 27);
    add_shifted(&x, (integer[0] >> 27) * (integer[1] >> 27), at + 54);
    add_shifted(&y, integer[2], shift[2] + POINT);
    if (product_sign == c_sign) {
        add(&x, &y);
        return product_sign | round_fixed(&x, f);
    }
    uint64_t result_sign = subtract(&x, &y) ? c_sign : product_sign;
    uint64_t rounded = round_fixed(&x, f);
    /* An exact zero is +0; a result rounded to zero keeps its sign. */
    for (int i = 0; i < WORDS; i++)
        if (x.word[i])
            return result_sign | rounded;
    return 0;
}

/* ---- hard triples ---- */

static uint64_t random_fraction(struct format f)
{
    uint64_t ones = ((uint64_t)1 << f.fraction) - 1, r = random_bits() & ones;
    uint64_t run = ones >> random_below((uint64_t)f.fraction + 1);
    switch (random_below(6)) {
    case 0: return 0;
    case 1: return run;        /* ones at the end */
    case 2: return ones & ~run; /* ones at the front */
    case 3: return r & (random_bits() & random_bits());
    case 4: return (uint64_t)1 << random_below((uint64_t)f.fraction);
    default: return r;
    }
}

static uint64_t with_exponent(int64_t exponent, struct format f)
{
    int64_t field = exponent + bias(f), top = (int64_t)exponent_mask(f);
    field = field < 0 ? 0 : field > top ? top : field;
    uint64_t fraction = field == top ? 0 : random_fraction(f);
    return (random_bits() & 1) << (f.width - 1) | (uint64_t)field << f.fraction | fraction;
}

static int64_t exponent_of(uint64_t bits, struct format f)
{
    return (int64_t)(bits >> f.fraction & exponent_mask(f)) - bias(f);
}

static int64_t around(int64_t centre, uint64_t radius)
{
    return centre - (int64_t)radius + (int64_t)random_below(2 * radius + 1);
}

static uint64_t special(struct format f)
{
    const uint64_t infinity = exponent_mask(f) << f.fraction, sign = random_bits() & 1;
    const uint64_t list[] = {0,
                             1,
                             ((uint64_t)1 << f.fraction) - 1,
                             (uint64_t)1 << f.fraction,
                             (uint64_t)bias(f) << f.fraction,
                             ((uint64_t)bias(f) << f.fraction) + 1,
                             infinity - 1,
                             infinity,
                             infinity | infinity >> 1};
    return sign << (f.width - 1) | list[random_below(sizeof list / sizeof *list)];
}

enum {
    ANY, NEAR0, ADDEND, CANCEL, HALF, SUBNORMAL, OVERFLOWING, PATHS, SPECIAL, TRACE, HAIR,
    KINDS
};
static const char *const kind_names[KINDS] = {
    "any bits",         "exponents near 0", "addend near product", "near cancellation",
    "near half an ulp", "subnormal result", "overflow edge",       "fast path's edge",
    "special values",   "tie plus a tiny addend",  "nearly a tie"};

static double number64(uint64_t u) { return cmlpi_fma_number(u); }

static float number32(uint64_t u)
{
    uint32_t word = (uint32_t)u;
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
}

/* Returns the negated rounded product, an addend that nearly cancels the product. */
static uint64_t negated_product(uint64_t a, uint64_t b, struct format f)
{
    uint64_t u;
    if (f.width == 64) {
        double p = -(number64(a) * number64(b));
        memcpy(&u, &p, sizeof u);
        return u;
    }
    uint32_t word;
    float p = -(number32(a) * number32(b));
    memcpy(&word, &p, sizeof word);
    return word;
}

/* Integer significands whose product exceeds a power of two by less than 2^30 of 2^105 (2^8 of 2^47 for float32). */
static const uint64_t hair[2][3][2] = {
    {{0x86ba84, 0xf33705}, {0xd425ff, 0x9a7539}, {0xee5223, 0x897ecd}},
    {{0x19fbc0cfd9e7f4, 0x13b47308f847cd},
     {0x1d402368eca77e, 0x118102e0d22d97},
     {0x1bec5e946388c6, 0x1255ff7dc181ab}}};

static int64_t product_exponent(const uint64_t t[3], struct format f)
{
    return exponent_of(t[0], f) + exponent_of(t[1], f);
}

/* Exact ties of the product, or sums that differ from a tie by a tiny amount. */
static void make_tie(int kind, struct format f, uint64_t t[3])
{
    const int64_t top = bias(f), digits = f.fraction;
    const uint64_t ones = ((uint64_t)1 << f.fraction) - 1;
    const uint64_t *pair = hair[f.width == 64][random_below(3)];
    for (int i = 0; i < 2; i++) {
        /* Odd integers whose product is one bit longer than the format. */
        uint64_t last = (uint64_t)1 << (i ? digits - digits / 2 : digits / 2);
        t[i] = with_exponent(around(i ? -exponent_of(t[0], f) : 0, (uint64_t)top - 1), f);
        if (kind == TRACE)
            t[i] = (t[i] & ~(last - 1)) | last;
        else
            t[i] = (t[i] & ~ones) | (pair[i] & ones);
    }
    if (kind == TRACE)
        t[2] = with_exponent(product_exponent(t, f) - digits - (int64_t)random_below(200), f);
    else
        t[2] = with_exponent(around(product_exponent(t, f) + digits, 3), f);
}

static void make_triple(int kind, struct format f, uint64_t t[3])
{
    const int64_t top = bias(f), bottom = 1 - bias(f), digits = f.fraction;
    const uint64_t all = f.width == 64 ? ~(uint64_t)0 : 0xffffffff;
    const int64_t edge[] = {-450, 450, 451, -451};
    int64_t e[3] = {around(0, 12), around(0, 12), around(0, 12)};
    if (kind == TRACE || kind == HAIR) {
        make_tie(kind, f, t);
        return;
    }
    switch (kind) {
    case ADDEND:
        e[0] = around(0, (uint64_t)top - 20);
        e[1] = around(-e[0], (uint64_t)top / 2);
        e[2] = around(e[0] + e[1], 4);
        break;
    case CANCEL:
        e[0] = around(0, (uint64_t)top);
        e[1] = around(-e[0], (uint64_t)top);
        break;
    case HALF:
        e[0] = around(0, (uint64_t)top / 2);
        e[1] = around(0, (uint64_t)top / 2);
        e[2] = e[0] + e[1] + around(random_bits() & 1 ? digits : -digits, 60);
        break;
    case SUBNORMAL:
        e[0] = around(bottom / 2, (uint64_t)top / 2);
        e[1] = around(bottom - digits / 2 - e[0], (uint64_t)digits + 2);
        e[2] = around(bottom - 1, 4);
        break;
    case OVERFLOWING:
        e[0] = around(top / 2, (uint64_t)top / 2);
        e[1] = around(top - e[0], 3);
        e[2] = around(top - (int64_t)random_below(80), 3);
        break;
    case PATHS:
        e[0] = around(edge[random_below(4)], 2);
        e[1] = around(edge[random_below(4)], 2);
        e[2] = around(e[0] + e[1], 110);
        break;
    default: break;
    }
    for (int i = 0; i < 3; i++) {
        t[i] = kind == ANY ? random_bits() & all : with_exponent(e[i], f);
        if (kind == SPECIAL && random_bits() & 1)
            t[i] = special(f);
    }
    if (kind == CANCEL)
        t[2] = (negated_product(t[0], t[1], f) + random_below(3) - 1) & all;
}

static uint64_t compute(const uint64_t t[3], struct format f, int hardware)
{
    uint64_t infinity = exponent_mask(f) << f.fraction, u;
    if (f.width == 64) {
        double a = number64(t[0]), b = number64(t[1]), c = number64(t[2]);
        double x = hardware ? hardware_fma64(a, b, c) : cmlpi_fma64(a, b, c);
        memcpy(&u, &x, sizeof u);
    } else {
        uint32_t word;
        float a = number32(t[0]), b = number32(t[1]), c = number32(t[2]);
        float x = hardware ? hardware_fma32(a, b, c) : cmlpi_fma32(a, b, c);
        memcpy(&word, &x, sizeof word);
        u = word;
    }
    if ((u & (((uint64_t)1 << (f.width - 1)) - 1)) > infinity)
        u = infinity | infinity >> 1;
    return u;
}

static int check(const uint64_t t[3], struct format f, const char *kind)
{
    uint64_t expected = reference(t, f), soft = compute(t, f, 0), hard = compute(t, f, 1);
    if (soft == expected && hard == expected)
        return 1;
    printf("float%d, %s: fma(%016" PRIx64 ", %016" PRIx64 ", %016" PRIx64 "): exact %016" PRIx64
           ", software %016" PRIx64 ", instruction %016" PRIx64 "\n",
           f.width, kind, t[0], t[1], t[2], expected, soft, hard);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t passed = 0, failed = 0;
    random_state = seed;
    printf("seed %" PRIu64 ", %" PRIu64 " triples of each kind%s\n", seed, n,
           HARDWARE ? ", also with the processor's instruction" : "");
    for (int wide = 0; wide < 2; wide++) {
        for (int kind = 0; kind < KINDS; kind++) {
            uint64_t bad = 0;
            for (uint64_t i = 0; i < n && bad < 5; i++) {
                uint64_t t[3];
                make_triple(kind, formats[wide], t);
                bad += !check(t, formats[wide], kind_names[kind]);
            }
            *(bad ? &failed : &passed) += 1;
        }
    }
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed != 0;
}
