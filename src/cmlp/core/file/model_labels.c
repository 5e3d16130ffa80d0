/* The labels of a classifier as text, from the metadata string "classes" of a loaded model. */
#include "model_text.h"

/* Appends the text of the label that comes next. Returns 0 if UTF-8 with a final NUL cannot express it. */
static int append_label(cmlp_text t, char *buffer, size_t *length)
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

cmlp_status cmlp_model_label(const cmlp_model *model, int32_t label, char *buffer, size_t n)
{
    const char *classes;
    size_t length;
    if (!buffer) return CMLP_ERROR_NULL;
    const cmlp_status status = cmlp_model_metadata(model, "classes", &classes, &length);
    if (status) return status;
    cmlp_text t = {classes, classes + length, 1};
    if (label < 0) return CMLP_ERROR_LABEL;
    if (!cmlp_text_labels(&t) || !cmlp_text_pass(&t, "[")) return CMLP_ERROR_FILE_SYNTAX;
    for (int32_t i = 0; i < label; i++)
        if (!cmlp_text_value(&t) || !cmlp_text_pass(&t, ",")) return CMLP_ERROR_LABEL;
    if (!append_label(t, NULL, &length)) return CMLP_ERROR_FILE_SYNTAX;
    if (n <= length) return CMLP_ERROR_BUFFER_SIZE;
    append_label(t, buffer, &length);
    buffer[length] = '\0';
    return CMLP_OK;
}
