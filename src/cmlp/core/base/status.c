/* Names and descriptions of the status codes. */
#include "../../../../include/cmlp.h"

/* One string after the other: pointers to them would take more bytes than the shorter ones. */
#define VALUE(name, value, sentence) value,
#define NAME(name, value, sentence) #name "\0"
#define SENTENCE(name, value, sentence) sentence "\0"

static const unsigned char status_values[] = {CMLP_STATUSES(VALUE)};
static const char status_names[] = CMLP_STATUSES(NAME), status_sentences[] = CMLP_STATUSES(SENTENCE);

/* The string of a status in a list, or `other` if there is no such status. */
static const char *find(const char *list, cmlp_status status, const char *other)
{
    for (size_t i = 0; i < sizeof status_values; i++) {
        if (status_values[i] == status) return list;
        while (*list++) {}
    }
    return other;
}

const char *cmlp_status_name(cmlp_status status) { return find(status_names, status, "unknown status"); }

const char *cmlp_status_string(cmlp_status status) { return find(status_sentences, status, "unknown status code"); }

const char *cmlp_version(void) { return CMLP_VERSION; }

int32_t cmlp_version_number(void) { return CMLP_VERSION_NUMBER; }
