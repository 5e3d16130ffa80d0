/* The labels of a classifier as text, from the metadata string "classes" of a loaded model. */
#include "model_text.h"

cmlp_status cmlp_model_label(const cmlp_model *model, int32_t label, char *buffer, size_t n, size_t *length)
{
    const char *classes;
    size_t bytes;
    const cmlp_status status = cmlp_model_metadata(model, "classes", &classes, &bytes);
    if (status) return status;
    cmlp_text t = {classes, classes + bytes, 1};
    if (label < 0) return CMLP_ERROR_LABEL;
    if (!cmlp_text_labels(&t) || !cmlp_text_pass(&t, "[")) return CMLP_ERROR_FILE_SYNTAX;
    for (int32_t i = 0; i < label; i++)
        if (!cmlp_text_value(&t) || !cmlp_text_pass(&t, ",")) return CMLP_ERROR_LABEL;
    return cmlp_text_copy(t, buffer, n, length);
}
