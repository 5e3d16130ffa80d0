/* CRC-32 (the polynomial of zlib, PNG and Ethernet) of a stream of bytes. */
#ifndef CMLPI_CRC_H
#define CMLPI_CRC_H

#include <stddef.h>
#include <stdint.h>

/* `table[m][v]` is the checksum of the nibble v followed by m zero nibbles. Eight bytes take 16 lookups. The
 * table has 1 KB and is built on the stack for each stream, which suits microcontrollers and needs no static data. */
typedef struct cmlpi_crc {
    uint32_t table[16][16];
    uint32_t value; /* inverted until cmlpi_crc_end */
} cmlpi_crc;

void cmlpi_crc_begin(cmlpi_crc *crc);
void cmlpi_crc_add(cmlpi_crc *crc, const void *bytes, size_t n);

/* The checksum of all bytes added since cmlpi_crc_begin or cmlpi_crc_restart. cmlpi_crc_restart begins the next stream. */
static inline uint32_t cmlpi_crc_end(const cmlpi_crc *crc) { return ~crc->value; }
static inline void cmlpi_crc_restart(cmlpi_crc *crc) { crc->value = ~UINT32_C(0); }

#endif
