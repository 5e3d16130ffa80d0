/* Reads rows until the end of the input. Writes the outputs and the class of each row as 32-bit words, two of them for an
 * output of 64 bits. All numbers are little-endian. tests/support/c_export.py defines the macros. */
#include <stdio.h>
#include <string.h>

static int read_row(IN *row)
{
    unsigned char bytes[N_IN * sizeof(IN)];
    if (fread(bytes, 1, sizeof bytes, stdin) != sizeof bytes) return 0;
    for (size_t k = 0; k < (size_t)N_IN; k++) {
        unsigned char element[sizeof(IN)];
        const uint16_t one = 1;
        const unsigned char first = *(const unsigned char *)&one; /* 1 on little-endian machines */
        for (size_t i = 0; i < sizeof(IN); i++)
            element[i] = bytes[k * sizeof(IN) + (first ? i : sizeof(IN) - 1 - i)];
        memcpy(row + k, element, sizeof(IN));
    }
    return 1;
}

static void write_word(uint32_t word)
{
    for (int i = 0; i < 4; i++) putchar((int)(word >> 8 * i & 255));
}

int main(void)
{
    IN row[N_IN];
    OUT output[N_OUT];
    if (!CHECK) return 2;
    while (read_row(row)) {
        PREDICT(row, output);
        for (int j = 0; j < N_OUT; j++) {
            uint64_t number = 0;
            uint32_t word = 0;
            memcpy(sizeof(OUT) == 8 ? (void *)&number : (void *)&word, output + j, sizeof(OUT));
            if (sizeof(OUT) == 4) number = word;
            write_word((uint32_t)number);
            if (sizeof(OUT) == 8) write_word((uint32_t)(number >> 32));
        }
        write_word((uint32_t)CLASSIFY(row));
    }
    return 0;
}
