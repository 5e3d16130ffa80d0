/* The reader of heads of any length, and the background that it has noted. The functions of the cursor are replaced by what
 * cursor.c proves of them: they move forward, stay inside and keep the first error, and what they read is anything. Loops
 * have invariants. */
#include "any.h"

#define CMLPI_MODEL_CURSOR_H
#include "base/invariant.h"
#include "file/read/model_head.h"

typedef struct cursor {
    const unsigned char *at, *end;
    cmlp_status status;
} cursor;

static int cursor_fail(cursor *c, cmlp_status status)
{
    if (!c->status) c->status = status;
    return 0;
}

/* Moves by any number of bytes, or fails. Returns whether it has moved by `least` or more. */
static int advance(cursor *c, size_t least)
{
    const size_t n = nondet_size();
    if (nondet_int()) cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
    if (c->status) return 0;
    ASSUME(n <= (size_t)(c->end - c->at));
    c->at += n;
    if (n < least) cursor_fail(c, CMLP_ERROR_FILE_SYNTAX);
    return !c->status;
}

static int cursor_is_next(const cursor *c, const char *text, size_t n)
{
    return !c->status && (size_t)(c->end - c->at) >= n && nondet_int();
}

static int cursor_pass(cursor *c, const char *text, size_t n)
{
    if (!cursor_is_next(c, text, n)) return 0;
    c->at += n;
    return 1;
}
#define PASS(c, literal) cursor_pass((c), literal, sizeof literal - 1)
#define DEMAND(c, literal, status) ((void)(PASS(c, literal) ? 0 : cursor_fail((c), (status))))

static uint64_t cursor_hex(cursor *c, int digits) { return advance(c, 8) ? nondet_uint64() : 0; }

static double cursor_hex_double(cursor *c)
{
    const double value = nondet_double();
    cursor_hex(c, 16);
    if (!cmlpi_is_finite(value)) cursor_fail(c, CMLP_ERROR_OPTION);
    return value;
}

static uint64_t cursor_number(cursor *c)
{
    const uint64_t value = nondet_uint64();
    ASSUME(value <= CMLPI_MAX_DATA);
    return advance(c, 1) ? value : 0;
}

static size_t cursor_string(cursor *c)
{
    const unsigned char *first = c->at;
    return advance(c, 2) ? (size_t)(c->at - first) - 2 : 0;
}

static string_view cursor_next_name(cursor *c, string_view *last)
{
    string_view n = {c->at, 0};
    if (!advance(c, 3)) return n;
    n.at++;
    n.length = (size_t)(c->at - n.at) - 1;
    ASSUME(n.length <= CMLPI_MAX_NAME);
    *last = n;
    return n;
}

static int any_name(string_view n, const char *text) { return nondet_int(); }

#define cmlpi_is_name any_name
#include "file/model_format.c"
#include "file/read/model_explain.c"
#include "file/read/model_head.c"

/* ---- what their own proofs show of functions that the others call (`replaced` in proofs.toml) */

shaped_tensor known_tensor(cursor *c, uint64_t *offset)
{
    shaped_tensor t = {nondet_int32(), nondet_int32(), {nondet_uint64(), nondet_uint64()}};
    const uint64_t end = nondet_uint64();
    ASSUME(t.n_dims >= 0 && t.n_dims <= 2 && t.shape[0] <= CMLPI_MAX_COUNT && t.shape[1] <= CMLPI_MAX_COUNT);
    if (!advance(c, 1)) return t;
    ASSUME(end > *offset && end <= CMLPI_MAX_DATA);
    *offset = end;
    return t;
}

void known_layer_name(cursor *c, int32_t net, int32_t layer, int is_bias)
{
    REQUIRE(layer >= 0 && layer < 10000 && net < 10000);
    advance(c, 1);
}

static cmlpi_head head;
static cursor c, before;

static void any_head(void)
{
    cmlpi_head anything;
    const size_t n = nondet_size(), from = nondet_size();
    ASSUME(n <= MOST && from <= n);
    const unsigned char *file = any_bytes(n);
    head = anything;
    head.bytes = n;
    before = c = (cursor){file + from, file + n, (cmlp_status)nondet_int()};
}

static void cursor_is_sound(void)
{
    REQUIRE(c.at >= before.at && c.at <= c.end && c.end == before.end);
    REQUIRE(!before.status || c.status == before.status);
}

void prove_read_quantiles(void)
{
    any_head();
    head.n_quantiles = 0;
    read_quantiles(&c, &head);
    REQUIRE(head.n_quantiles >= 0 && head.n_quantiles <= CMLP_MAX_QUANTILES);
    cursor_is_sound();
}

void prove_read_layers(void)
{
    any_head();
    uint64_t offset = nondet_uint64();
    const int32_t net = nondet_int32();
    ASSUME(net >= -1 && net < CMLP_TABLE_MAX_NETS && offset <= CMLPI_MAX_DATA);
    ASSUME(head.n_layers >= 1 && head.n_layers <= CMLP_MAX_LAYERS);
    read_layers(&c, &head, net, head.sizes, &offset);
    REQUIRE(offset <= CMLPI_MAX_DATA);
    cursor_is_sound();
}

void prove_next_tensor(void)
{
    any_head();
    uint64_t offset = nondet_uint64();
    const uint64_t start = offset;
    ASSUME(offset <= CMLPI_MAX_DATA);
    const shaped_tensor t = next_tensor(&c, &offset);
    REQUIRE(t.n_dims >= 0 && t.n_dims <= 2 && t.shape[0] <= CMLPI_MAX_COUNT && t.shape[1] <= CMLPI_MAX_COUNT);
    REQUIRE(c.status || (t.n_dims >= 1 && t.shape[0] >= 1));
    REQUIRE(c.status || (offset > start && offset <= CMLPI_MAX_DATA));
    cursor_is_sound();
}

/* Whatever the pass has noted of a background, an accepted one has both tensors, and a row for each weight. */
void prove_find_background(void)
{
    cmlp_model model;
    cmlp_run run = {.bad_row = -1};
    explanation_job job = {.model = &model, .run = &run};
    model.background.rows = nondet_uint64();
    model.background.weights = nondet_uint64();
    model.background.n_rows = nondet_int64();
    model.background.n_weights = nondet_int64();
    const cmlp_status status = find_background(&job);
    REQUIRE(status || (model.background.rows && model.background.weights));
    REQUIRE(status || (job.game.n_rows >= 1 && job.game.n_rows <= MOST && job.game.n_rows == model.background.n_weights));
}
