/* JSON inside a metadata string: characters, letters of strings, literals, values, and the labels of a classifier. */
#include "model_text.h"

int32_t cmlp_text_next(cmlp_text *t)
{
    if (t->escaped && t->end - t->at > 1 && *t->at == '\\') t->at++;
    return t->at < t->end ? (unsigned char)*t->at++ : CMLP_TEXT_END;
}

int cmlp_text_pass(cmlp_text *t, const char *literal)
{
    cmlp_text ahead = *t;
    for (; *literal; literal++)
        if (cmlp_text_next(&ahead) != (unsigned char)*literal) return 0;
    *t = ahead;
    return 1;
}

/* Four hexadecimal digits, or CMLP_TEXT_BAD. */
static int32_t four_digits(cmlp_text *t)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const int32_t c = cmlp_text_next(t), letter = c | 0x20; /* a letter in lower case */
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            return CMLP_TEXT_BAD;
    }
    return value;
}

/* The code point of an escape \uXXXX, or of two of them that are a surrogate pair. */
static int32_t escaped_letter(cmlp_text *t)
{
    const int32_t first = four_digits(t);
    if (first < 0xd800 || first >= 0xdc00) return first;
    cmlp_text ahead = *t;
    if (!cmlp_text_pass(&ahead, "\\u")) return first;
    const int32_t second = four_digits(&ahead);
    if (second < 0xdc00 || second >= 0xe000) return first;
    *t = ahead;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

int32_t cmlp_text_letter(cmlp_text *t)
{
    const int32_t c = cmlp_text_next(t);
    if (c == '"') return CMLP_TEXT_END;
    if (c < 0x20) return CMLP_TEXT_BAD; /* or the text ends */
    if (c != '\\') return c;
    switch (cmlp_text_next(t)) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': return escaped_letter(t);
    default: return CMLP_TEXT_BAD;
    }
}

int cmlp_text_digits(cmlp_text *t, uint64_t *value)
{
    int n = 0;
    *value = 0;
    for (cmlp_text ahead = *t;; *t = ahead, n++) {
        const int32_t c = cmlp_text_next(&ahead);
        if (c < '0' || c > '9' || (n && !*value)) return n;
        const uint64_t digit = (uint64_t)(c - '0');
        if (*value > (UINT64_MAX - digit) / 10) return 0;
        *value = *value * 10 + digit;
    }
}

void cmlp_text_append(int32_t code, char *buffer, size_t *length)
{
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const int32_t first[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i >= 0; i--, (*length)++) {
        const int32_t bits = code >> (6 * i);
        if (buffer) buffer[*length] = (char)(unsigned char)(i == more ? first[more] | bits : 0x80 | (bits & 0x3f));
    }
}

/* Appends the next value of a list. Returns 0 if UTF-8 with a final NUL cannot express it. */
static int append_value(cmlp_text t, char *buffer, size_t *length)
{
    int32_t code;
    *length = 0;
    if (!cmlp_text_pass(&t, "\"")) { /* a number or a word */
        while ((code = cmlp_text_next(&t)) != ',' && code != ']' && code >= 0) cmlp_text_append(code, buffer, length);
        return 1;
    }
    while ((code = cmlp_text_letter(&t)) >= 0) {
        if (!code || (code >= 0xd800 && code < 0xe000)) return 0;
        cmlp_text_append(code, buffer, length);
    }
    return code == CMLP_TEXT_END;
}

cmlp_status cmlp_text_copy(cmlp_text t, char *buffer, size_t n, size_t *length)
{
    size_t bytes;
    if (!buffer && n) return CMLP_ERROR_NULL;
    if (!append_value(t, NULL, &bytes)) return CMLP_ERROR_FILE_SYNTAX;
    if (length) *length = bytes;
    if (n <= bytes) return CMLP_ERROR_BUFFER_SIZE;
    append_value(t, buffer, &bytes);
    buffer[bytes] = '\0';
    return CMLP_OK;
}

/* Skips digits; returns whether there are any. */
static int skip_digits(cmlp_text *t)
{
    int n = 0;
    for (cmlp_text ahead = *t;; *t = ahead, n = 1) {
        const int32_t c = cmlp_text_next(&ahead);
        if (c < '0' || c > '9') return n;
    }
}

static int skip_number(cmlp_text *t)
{
    cmlp_text_pass(t, "-");
    if (!cmlp_text_pass(t, "0") && !skip_digits(t)) return 0;
    if (cmlp_text_pass(t, ".") && !skip_digits(t)) return 0;
    if (!cmlp_text_pass(t, "e") && !cmlp_text_pass(t, "E")) return 1;
    if (!cmlp_text_pass(t, "+")) cmlp_text_pass(t, "-");
    return skip_digits(t);
}

int cmlp_text_value(cmlp_text *t)
{
    int32_t c;
    if (!cmlp_text_pass(t, "\""))
        return cmlp_text_pass(t, "null") || cmlp_text_pass(t, "true") || cmlp_text_pass(t, "false") || skip_number(t);
    while ((c = cmlp_text_letter(t)) >= 0) {}
    return c == CMLP_TEXT_END;
}

int cmlp_text_list(cmlp_text *t, int64_t *n)
{
    *n = -1;
    if (cmlp_text_pass(t, "null")) return 1;
    *n = 0;
    if (!cmlp_text_pass(t, "[")) return 0;
    if (cmlp_text_pass(t, "]")) return 1;
    do {
        if (!cmlp_text_value(t)) return 0;
        ++*n;
    } while (cmlp_text_pass(t, ","));
    return cmlp_text_pass(t, "]");
}

int cmlp_text_labels(cmlp_text *t)
{
    if (!cmlp_text_pass(t, "{\"kind\":\"labels") && !cmlp_text_pass(t, "{\"kind\":\"multilabel")) return 0;
    return cmlp_text_pass(t, "\",\"dtype\":") && cmlp_text_value(t) && cmlp_text_pass(t, ",\"values\":");
}

cmlp_status cmlp_check_labels(cmlp_text text, int64_t n_outputs, const char **at)
{
    int64_t n = 0;
    const int is_list = cmlp_text_labels(&text) && cmlp_text_list(&text, &n) && cmlp_text_pass(&text, "}");
    *at = text.at;
    if (!is_list || text.at != text.end) return CMLP_ERROR_FILE_SYNTAX;
    return n == n_outputs || (n_outputs == 1 && n == 2) ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

int cmlp_is_multilabel(cmlp_text text) { return text.at && cmlp_text_pass(&text, "{\"kind\":\"multilabel"); }

int cmlp_is_pair(cmlp_text text, int64_t n_outputs)
{
    int64_t n = 0;
    return text.at && n_outputs == 1 && cmlp_text_labels(&text) && cmlp_text_list(&text, &n) && n == 2;
}
