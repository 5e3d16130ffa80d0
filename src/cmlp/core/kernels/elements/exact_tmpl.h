/* Tests whether the compiler kept the arithmetic of the source. Pragmas in target.h request it, but some compilers
 * ignore them. The operands are volatile, so that the compiler cannot compute the results itself. */

#if CMLPI_BITS == 32
#define EXACT_SMALL 0x1p-13f /* (1 + small)^2 = 1 + 2 small + small^2, whose last term is lost in rounding */
#else
#define EXACT_SMALL 0x1p-27
#endif

VEC_FN V exact_operand(T x)
{
    volatile T hidden = x;
    return v_set1(hidden);
}

/* Checks that a product is rounded before it is added, that v_fma rounds once, and that sums are not reordered. */
static int exact_sums(void)
{
    const V a = exact_operand(1 + EXACT_SMALL), c = exact_operand(-(1 + 2 * EXACT_SMALL));
    const V square = exact_operand(EXACT_SMALL * EXACT_SMALL), one = exact_operand(1);
    return v_first(v_add(v_mul(a, a), c)) == 0 && v_first(v_fma(a, a, c)) == EXACT_SMALL * EXACT_SMALL &&
           v_first(v_sub(v_add(one, square), one)) == 0;
}

/* Checks that a division is not replaced by a product with the reciprocal: 41 (1/41) < 1 in float32, and 49 (1/49) < 1
 * in float64. */
static int exact_quotients(void)
{
    const V d = exact_operand(CMLPI_BITS == 32 ? 41 : 49), one = v_div(d, d);
    const V two = v_div(v_add(d, d), d), four = v_div(v_mul(exact_operand(4), d), d);
    return v_first(one) == 1 && v_first(two) == 2 && v_first(four) == 4;
}

static int KERNEL(exact)(void) { return exact_sums() && exact_quotients(); }
