/* The checksum of data of any length, in a buffer of exactly this length. */
#include "any.h"

#include "file/crc.c"

void prove_crc_add(void)
{
    static cmlpi_crc crc;
    const size_t n = nondet_size();
    ASSUME(n <= MOST);
    cmlpi_crc_add(&crc, any_bytes(n), n);
}
