/* Copies of the caller's structs, of any size. */
#include "any.h"

#include "base/arguments.c"

typedef struct sample {
    size_t struct_size;
    uint64_t old, added;
} sample;

/* The caller's struct has exactly struct_size bytes. What it lacks counts as zero; what the library lacks must be zero. */
void prove_read_struct(void)
{
    const size_t theirs = nondet_size(), oldest = offsetof(sample, added);
    ASSUME(theirs <= MOST);
    unsigned char *given = any_bytes(theirs < sizeof theirs ? sizeof theirs : theirs);
    memcpy(given, &theirs, sizeof theirs);
    sample copy;
    const cmlp_status status = cmlpi_read_struct(&copy, given, sizeof copy, oldest);
    REQUIRE((status == CMLP_OK) || (status == CMLP_ERROR_STRUCT_SIZE));
    REQUIRE(theirs >= oldest || status);
    if (status) return;
    REQUIRE(copy.struct_size == sizeof copy && !memcmp(&copy.old, given + sizeof theirs, sizeof copy.old));
    for (size_t i = theirs; i < sizeof copy; i++) REQUIRE(!((const unsigned char *)&copy)[i]);
    for (size_t i = sizeof copy; i < theirs; i++) REQUIRE(!given[i]);
}

void prove_write_struct(void)
{
    const size_t theirs = nondet_size();
    const sample copy = {nondet_size(), nondet_uint64(), nondet_uint64()};
    ASSUME(theirs >= sizeof theirs && theirs <= MOST);
    unsigned char *given = any_bytes(theirs);
    memcpy(given, &theirs, sizeof theirs);
    cmlpi_write_struct(given, &copy, sizeof copy);
    size_t kept;
    memcpy(&kept, given, sizeof kept);
    REQUIRE(kept == theirs);
    REQUIRE(theirs < sizeof copy || !memcmp(given + 8, &copy.old, 16));
}
