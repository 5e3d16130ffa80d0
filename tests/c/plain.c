#include "plain.h"

#include <string.h>

#define CMLPI_BITS 32 /* T is float, and a vector V is one number */
#include "../../src/cmlp/core/kernels/vectors/vec_generic.h"
#include "../../src/cmlp/core/kernels/elements/math_tmpl.h"

#define CHUNK 128

/* start + sum of x[i * step_x] * w[i * step_w]: each chunk of 128 products is summed from 0, then added to the total. */
static T sum_of_products(T start, const T *x, int64_t step_x, const T *w, int64_t step_w, int64_t n)
{
    T total = start + 0;
    for (int64_t i = 0; i < n;) {
        const int64_t end = n - i < CHUNK ? n : i + CHUNK;
        T sum = 0;
        for (; i < end; i++) sum = v_fma(x[i * step_x], w[i * step_w], sum);
        total += sum;
    }
    return total;
}

/* Where layer l's weights begin; its biases follow them. Layer 0 is the first hidden one. */
static T *weights_of(const plain_net *net, T *params, int l)
{
    for (int i = 0; i < l; i++) params += (net->sizes[i] + 1) * net->sizes[i + 1];
    return params;
}

void plain_forward(const plain_net *net, T *params, const T *x, T a[][PLAIN_WIDEST])
{
    for (int l = 0; l < net->depth; l++) {
        const int64_t n_in = net->sizes[l], n = net->sizes[l + 1];
        const T *w = weights_of(net, params, l), *b = w + n_in * n;
        for (int64_t j = 0; j < n; j++) {
            const T z = sum_of_products(b[j], l ? a[l - 1] : x, 1, w + j, n, n_in);
            a[l][j] = l == net->depth - 1 || z > 0 ? z : 0; /* relu(z), but of the last layer z */
        }
    }
}

T plain_softmax(T *z, int64_t n, int64_t label)
{
    static const T one = 1;
    T max = z[0], z_label;
    for (int64_t j = 1; j < n; j++) max = z[j] > max ? z[j] : max;
    z_label = z[label] - max;
    for (int64_t j = 0; j < n; j++) z[j] = v_exp(z[j] - max);
    const T sum = sum_of_products(0, z, 1, &one, 0, n);
    for (int64_t j = 0; j < n; j++) z[j] /= sum;
    return v_log(sum) - z_label;
}

void plain_backward(const plain_net *net, T *params, const T a[][PLAIN_WIDEST], int64_t label, T d[][PLAIN_WIDEST])
{
    const int last = net->depth - 1;
    for (int64_t j = 0; j < net->sizes[last + 1]; j++) d[last][j] = a[last][j] - (T)(j == label);
    for (int l = last; l > 0; l--) {
        const int64_t n_in = net->sizes[l], n = net->sizes[l + 1];
        const T *w = weights_of(net, params, l);
        for (int64_t k = 0; k < n_in; k++) /* the derivative of relu is 1 or 0 */
            d[l - 1][k] = sum_of_products(0, w + k * n, 1, d[l], 1, n) * (T)(a[l - 1][k] > 0);
    }
}

void plain_step(const plain_net *net, T *params, int l, const T *inputs, const T *deltas, int64_t rows, T rate)
{
    static const T one = 1;
    const int64_t n_in = net->sizes[l], n = net->sizes[l + 1];
    const T inverse = (T)(1 / (double)rows);
    T *w = weights_of(net, params, l);
    for (int64_t k = 0; k <= n_in; k++) /* the biases are the weights of an input that is always 1 */
        for (int64_t j = 0; j < n; j++, w++) {
            const T *x = k < n_in ? inputs + k : &one;
            const T g = sum_of_products(0, x, k < n_in ? n_in : 0, deltas + j, n, rows) * inverse;
            *w = v_fma(-rate, g, *w);
        }
}
