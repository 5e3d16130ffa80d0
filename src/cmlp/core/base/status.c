/* Names and descriptions of the status codes. */
#include "../../../../include/cmlp.h"

typedef struct status_text {
    cmlp_status status;
    const char *name, *sentence;
} status_text;

#define TEXT(name, value, sentence) {name, #name, sentence},

static const status_text texts[] = {CMLP_STATUSES(TEXT)};

static const status_text *find(cmlp_status status)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status) return &texts[i];
    return NULL;
}

const char *cmlp_status_name(cmlp_status status)
{
    const status_text *text = find(status);
    return text ? text->name : "unknown status";
}

const char *cmlp_status_string(cmlp_status status)
{
    const status_text *text = find(status);
    return text ? text->sentence : "unknown status code";
}

const char *cmlp_version(void) { return CMLP_VERSION; }

int32_t cmlp_version_number(void) { return CMLP_VERSION_NUMBER; }
