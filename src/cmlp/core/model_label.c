/* The labels of a classifier: elements of a JSON array within a string of the file's head, both with escapes. */
#include <string.h>

#include "../../../include/cmlp.h"

typedef struct label_text {
    const char *at, *end;
} label_text;

enum { END = -1, BAD = -2 };

/* The next character of the metadata string, in which \ escapes the next one; END after the last one. */
static int32_t next(label_text *t)
{
    if (t->end - t->at > 1 && *t->at == '\\') t->at++;
    return t->at < t->end ? (unsigned char)*t->at++ : END;
}

/* Four hexadecimal digits, or BAD. */
static int32_t hex(label_text *t)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const int32_t c = next(t);
        const char *digits = "0123456789abcdef";
        const char *found = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        if (!found) return BAD;
        value = value * 16 + (int32_t)(found - digits);
    }
    return value;
}

/* The code point of an escape \uXXXX, or of two that are a surrogate pair; BAD for a lone surrogate and for NUL. */
static int32_t escaped_unicode(label_text *t)
{
    const int32_t first = hex(t);
    if (first <= 0 || (first >= 0xdc00 && first < 0xe000)) return BAD;
    if (first < 0xd800 || first >= 0xe000) return first;
    if (next(t) != '\\' || next(t) != 'u') return BAD;
    const int32_t second = hex(t);
    return second >= 0xdc00 && second < 0xe000 ? 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00) : BAD;
}

/* The next code point of a JSON string; END after its closing quotation mark. */
static int32_t next_in_string(label_text *t)
{
    const int32_t c = next(t);
    if (c != '\\') return c == '"' ? END : c == END ? BAD : c;
    switch (next(t)) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': return escaped_unicode(t);
    default: return BAD;
    }
}

/* Appends a code point in UTF-8. If `buffer` is NULL, only counts the bytes. */
static void append(int32_t code, char *buffer, size_t *length)
{
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const int32_t first[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i >= 0; i--, (*length)++) {
        const int32_t bits = code >> (6 * i);
        if (buffer) buffer[*length] = (char)(unsigned char)(i == more ? first[more] | bits : 0x80 | (bits & 0x3f));
    }
}

/* Reads a string, number or word; its text is appended to the buffer. */
static cmlp_status element(label_text *t, char *buffer, size_t *length)
{
    *length = 0;
    if (t->at < t->end && *t->at != '\\' && *t->at != '"') { /* a number or word */
        for (; t->at < t->end && *t->at != ',' && *t->at != ']'; t->at++) append(*t->at, buffer, length);
        return t->at < t->end && *length ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
    }
    int32_t code = next(t) == '"' ? next_in_string(t) : BAD;
    for (; code >= 0; code = next_in_string(t)) append(code, buffer, length);
    return code == END ? CMLP_OK : CMLP_ERROR_FILE_SYNTAX;
}

/* Moves to the element `index` of the first array. */
static cmlp_status find(label_text *t, int32_t index)
{
    size_t length;
    int32_t c;
    while ((c = next(t)) != '[')
        if (c == END) return CMLP_ERROR_FILE_SYNTAX;
    if (index < 0 || (t->at < t->end && *t->at == ']')) return CMLP_ERROR_LABEL;
    for (int32_t i = 0; i < index; i++) {
        const cmlp_status status = element(t, NULL, &length);
        if (status) return status;
        c = next(t);
        if (c != ',') return c == ']' ? CMLP_ERROR_LABEL : CMLP_ERROR_FILE_SYNTAX;
    }
    return CMLP_OK;
}

cmlp_status cmlp_model_label(const cmlp_model *model, int32_t label, char *buffer, size_t n)
{
    const char *classes;
    size_t length;
    if (!buffer) return CMLP_ERROR_NULL;
    cmlp_status status = cmlp_model_metadata(model, "classes", &classes, &length);
    if (status) return status;
    label_text t = {classes, classes + length};
    status = find(&t, label);
    label_text again = t;
    if (!status) status = element(&t, NULL, &length);
    if (status) return status;
    if (n <= length) return CMLP_ERROR_BUFFER_SIZE;
    element(&again, buffer, &length);
    buffer[length] = '\0';
    return CMLP_OK;
}
