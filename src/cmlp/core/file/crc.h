/* CRC-32 (the polynomial of zlib, PNG and Ethernet) of a stream of bytes. */
#ifndef CMLP_CRC_H
#define CMLP_CRC_H

#include <stddef.h>
#include <stdint.h>

/* `table[m][v]` is the checksum of the nibble v followed by m zero nibbles. Eight bytes take 16 lookups. The
 * table has 1 KB and is built on the stack for each stream, which suits microcontrollers and needs no static data. */
typedef struct cmlp_crc {
    uint32_t table[16][16];
    uint32_t value; /* inverted until cmlp_crc_end */
} cmlp_crc;

void cmlp_crc_begin(cmlp_crc *crc);
void cmlp_crc_add(cmlp_crc *crc, const void *bytes, size_t n);

/* The checksum of all bytes added since cmlp_crc_begin or cmlp_crc_restart. cmlp_crc_restart begins the next stream. */
static inline uint32_t cmlp_crc_end(const cmlp_crc *crc) { return ~crc->value; }
static inline void cmlp_crc_restart(cmlp_crc *crc) { crc->value = ~UINT32_C(0); }

#endif
