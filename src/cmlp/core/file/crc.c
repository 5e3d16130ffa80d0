#include "crc.h"

#include "../base/invariant.h"

#define POLYNOMIAL UINT32_C(0xedb88320) /* bit-reversed: the lowest bit is the highest power */

void cmlpi_crc_begin(cmlpi_crc *crc)
{
    for (uint32_t v = 0; v < 16; v++) {
        uint32_t c = v;
        for (int bit = 0; bit < 4; bit++) c = c >> 1 ^ (POLYNOMIAL & (0 - (c & 1)));
        crc->table[0][v] = c;
    }
    for (int m = 1; m < 16; m++)
        for (int v = 0; v < 16; v++) {
            const uint32_t c = crc->table[m - 1][v];
            crc->table[m][v] = c >> 4 ^ crc->table[0][c & 15];
        }
    cmlpi_crc_restart(crc);
}

static uint32_t four_bytes(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The checksum of the eight nibbles of `word`, followed by `m` zero nibbles. */
static uint32_t eight_nibbles(const uint32_t (*table)[16], uint32_t word, int m)
{
    return table[m + 7][word & 15] ^ table[m + 6][word >> 4 & 15] ^ table[m + 5][word >> 8 & 15] ^
           table[m + 4][word >> 12 & 15] ^ table[m + 3][word >> 16 & 15] ^ table[m + 2][word >> 20 & 15] ^
           table[m + 1][word >> 24 & 15] ^ table[m][word >> 28];
}

void cmlpi_crc_add(cmlpi_crc *crc, const void *bytes, size_t n)
{
    const uint32_t(*table)[16] = (const uint32_t(*)[16])crc->table;
    const unsigned char *p = bytes;
    uint32_t c = crc->value;
    for (; n >= 8; n -= 8, p += 8)
        CMLPI_LOOP(CMLPI_ADVANCED(p, n), n, n, p, c)
        c = eight_nibbles(table, c ^ four_bytes(p), 8) ^ eight_nibbles(table, four_bytes(p + 4), 0);
    for (; n; n--)
        CMLPI_LOOP(CMLPI_ADVANCED(p, n), n, n, p, c) {
        c ^= *p++;
        c = c >> 4 ^ table[0][c & 15];
        c = c >> 4 ^ table[0][c & 15];
    }
    crc->value = c;
}
