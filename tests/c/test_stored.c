/* Model files of networks and tables stay readable on every platform and in every build. The arguments are the
 * names of the files. */
#include "../../src/cmlp/core/base/build.h"
#include "model_file.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 1 << 16 };

enum {
    STATUS_OF_TABLES = CMLP_BUILD_TABLES ? CMLP_OK : CMLP_ERROR_LEFT_OUT,
    STATUS_OF_FLOAT64 = CMLP_BUILD_FLOAT64 ? CMLP_OK : CMLP_ERROR_LEFT_OUT
};

static size_t read_file(const char *path, unsigned char *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    const size_t n = fread(bytes, 1, CAPACITY, file);
    fclose(file);
    return n;
}

/* The tensors of a table begin so, and no string has a bare quotation mark. */
static int is_table(const unsigned char *bytes, size_t n)
{
    static const char start[] = "},\"nets.0.layers.0.weight\":";
    for (size_t i = 0; i + sizeof start - 1 <= n; i++)
        if (!memcmp(bytes + i, start, sizeof start - 1)) return 1;
    return 0;
}

/* The first dtype name follows the metadata, which contain none. */
static int is_float64(const unsigned char *bytes, size_t n)
{
    static const char start[] = "\"layers.0.weight\":{\"dtype\":\"F64\"";
    for (size_t i = 0; i + sizeof start - 1 <= n; i++)
        if (!memcmp(bytes + i, start, sizeof start - 1)) return 1;
    return 0;
}

static void check_file(const char *path)
{
    static _Alignas(64) unsigned char bytes[CAPACITY];
    const size_t n = read_file(path, bytes);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    int expected = is_float64(bytes, n) ? STATUS_OF_FLOAT64 : CMLP_OK;
    if (is_table(bytes, n)) expected = STATUS_OF_TABLES;
    int status = cmlp_model_describe(bytes, n, &info, NULL);
    check_that(status == expected, "%s: %s", path, cmlp_status_name(status));
    if (status) return;
    const cmlp_model *model;
    void *memory = malloc(info.model_size);
    void *scratch = malloc(info.workspace_size), *row = calloc((size_t)info.n_in, sizeof(double));
    status = cmlp_model_init(memory, info.model_size, bytes, n, NULL, &model, SPACE(scratch, info.workspace_size));
    check_that(status == CMLP_OK, "%s: %s", path, cmlp_status_name(status));
    if (!status) {
        const char *text;
        int64_t length;
        CHECK(predict_row(model, row, info.n_in, NULL, NULL, scratch, info.workspace_size) == CMLP_OK);
        CHECK(cmlp_model_find_string(model, "kind", &text, &length, NULL) == CMLP_OK && length >= 7);
    }
    free(memory);
    free(scratch);
    free(row);
}

int main(int argc, char **argv)
{
    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) check_file(argv[i]);
    return finish();
}
