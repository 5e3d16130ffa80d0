/* Stored model files in which a few bytes of the head are replaced, with valid checksums: each has its status. The
 * argument is the folder of the files. */
#include "model_file.h"
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *folder;
static model_file file;
static _Alignas(64) unsigned char model_memory[1 << 16], scratch[1 << 18];

static void read_file(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.cmlp", folder, name);
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    file.size = f ? fread(file.bytes, 1, sizeof file.bytes, f) : 0;
    if (f) fclose(f);
}

/* Loads the file, which ends at a guard page. */
static int load(const cmlp_model **model)
{
    static slot s;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    if (!s.base) slot_make(&s, MODEL_FILE_CAPACITY);
    unsigned char *const copy = slot_place(&s, file.size, AT_END, (8 - file.size % 8) % 8);
    memcpy(copy, file.bytes, file.size);
    const int status = cmlp_model_describe(copy, file.size, &info, NULL);
    CHECK(info.error_at <= info.head_size);
    if (status) return status;
    return cmlp_model_init(model_memory, sizeof model_memory, copy, file.size, NULL, model,
                           SPACE(scratch, sizeof scratch));
}

static const char f32[] = "v1_network_f32", classes[] = "v1_table_classifier", several[] = "v1_table_targets",
                  limit[] = "v1_table_threshold", numbers[] = "v1_table_regressor";

#define LETTERS_64 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define AFTER_KIND(key) {"\"kind\":\"network\"", "\"kind\":\"network\"," key ":\"x\""}
#define LAST_OF_F32 "\"data_offsets\":[108,116]}"
#define ALL_COLUMNS "number:17,category:5,category:4,number_or_missing:17"

static const struct edit {
    const char *name;
    int status;
    const char *edits[4][2]; /* what is replaced, and by what */
} edits[] = {
    /* the cursor */
    {f32, CMLP_ERROR_FILE_SYNTAX, {{"[0,48]", "[0,9999999999999999]"}}},
    {f32, CMLP_ERROR_FILE_NAME, {AFTER_KIND("5")}},
    {f32, CMLP_ERROR_FILE_NAME, {AFTER_KIND("\"cl{ss\"")}},
    {f32, CMLP_ERROR_FILE_NAME, {AFTER_KIND("\"cl:ss\"")}},
    {f32, CMLP_OK, {AFTER_KIND("\"c.l_a9\"")}},
    {f32, CMLP_OK, {AFTER_KIND("\"" LETTERS_64 "\"")}},
    {f32, CMLP_ERROR_FILE_NAME, {AFTER_KIND("\"" LETTERS_64 "n\"")}},
    /* Nothing is known of keys of this name. */
    {f32, CMLP_OK, {AFTER_KIND("\"categories\"")}},
    {f32, CMLP_OK, {AFTER_KIND("\"targets\"")}},
    {classes, CMLP_OK, {{"\"parameters\"", "\"targets\""}}},
    {classes, CMLP_ERROR_FILE_VALUE, {{"3ff0000000000000", "3fe0000000000000"}}},
    /* the kind */
    {f32, CMLP_ERROR_FILE_SYNTAX, {{",\"kind\":\"network\"", ""}}},
    {f32, CMLP_ERROR_FILE_SYNTAX, {{"\"kind\":\"network\"", "\"kind\":\"\""}}},
    {f32, CMLP_ERROR_FILE_VERSION, {{"\"kind\":\"network\"", "\"kind\":\"networks\""}}},
    {f32, CMLP_ERROR_FILE_SYNTAX, {{"\"kind\":\"network\"", "\"kind\":\"network:3ff0000000000000\""}}},
    {f32, CMLP_ERROR_FILE_NAME, {AFTER_KIND("\"kind\"")}},
    {f32, CMLP_ERROR_FILE_VALUE, {{"\"kind\":\"network\"", "\"kind\":\"ordered\""}}},
    {classes, CMLP_ERROR_FILE_VALUE, {{"\"kind\":\"classifier\"", "\"kind\":\"network\""}}},
    {classes, CMLP_ERROR_FILE_VALUE, {{"\"kind\":\"classifier\"", "\"kind\":\"regressor\""}}},
    {classes, CMLP_ERROR_FILE_VALUE, {{"\"kind\":\"classifier\"", "\"kind\":\"multilabel\""}}},
    {numbers, CMLP_ERROR_FILE_VALUE, {{"\"kind\":\"regressor\"", "\"kind\":\"classifier\""}}},
    /* tensors */
    {f32, CMLP_ERROR_FILE_TENSOR,
     {{"\"layers.1.weight\":{\"dtype\":\"F32\"", "\"layers.1.weight\":{\"dtype\":\"I32\""}}},
    /* The head is right, but the file is too short for the longest dimension; the end of a tensor is above 2^53. */
    {f32, CMLP_ERROR_FILE_SHORT,
     {{LAST_OF_F32, LAST_OF_F32 ",\"z\":{\"dtype\":\"U8\",\"shape\":[2147483647],\"data_offsets\":[116,2147483763]}"}}},
    {f32, CMLP_ERROR_FILE_TENSOR,
     {{LAST_OF_F32, LAST_OF_F32 ",\"z\":{\"dtype\":\"U8\",\"shape\":[2147483648],\"data_offsets\":[116,2147483764]}"}}},
    {f32, CMLP_ERROR_FILE_SYNTAX,
     {{LAST_OF_F32, LAST_OF_F32 ",\"z\":{\"dtype\":\"U8\",\"shape\":[8388608,1073741824],"
                                "\"data_offsets\":[116,9007199254741108]}"}}},
    {classes, CMLP_ERROR_FILE_TENSOR, {{"number:17", "number:16"}}},
    {classes, CMLP_ERROR_FILE_TENSOR, {{"[12,4]", "[4,12]"}}},
    {classes, CMLP_ERROR_FILE_TENSOR, {{"[12,4]", "[16,3]"}}},
    {classes, CMLP_ERROR_FILE_NAME, {{"\"table.numbers\"", "\"nets.2.bias\""}}},
    {classes, CMLP_ERROR_FILE_NAME, {{"\"table.numbers\"", "\"tab\""}}},
    {numbers, CMLP_ERROR_FILE_TENSOR, {{"\"table.target\":{\"dtype\":\"F64\",\"shape\":[1,4]", "\"table.target\":{\"dtype\":\"F64\",\"shape\":[4]"}}},
    {numbers, CMLP_ERROR_FILE_TENSOR, {{"\"table.target\":{\"dtype\":\"F64\",\"shape\":[1,4]", "\"table.target\":{\"dtype\":\"F64\",\"shape\":[4,1]"}}},
    {several, CMLP_ERROR_FILE_TENSOR,
     {{"\"calibration.scores\":{\"dtype\":\"F64\"", "\"calibration.scores\":{\"dtype\":\"I64\""}}},
    {several, CMLP_ERROR_FILE_TENSOR, {{"[2,20]", "[40]"}}},
    {several, CMLP_ERROR_FILE_TENSOR, {{"[2,20]", "[4,10]"}}},
    /* what a file requires */
    {several, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"targets", "\"requires\":\"targets,targets"}}},
    {several, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"targets", "\"requires\":\"targets,"}}},
    {several, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"targets", "\"requires\":\""}}},
    {several, CMLP_ERROR_FILE_VERSION, {{"\"requires\":\"targets", "\"requires\":\"targets,more"}}},
    {several, CMLP_ERROR_FILE_VERSION, {{"\"requires\":\"targets", "\"requires\":\"more"}}},
    {several, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"targets", "\"requires\":\"targets,missing_values"}}},
    {several, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"targets", "\"requires\":\"missing_values,missing_values"}}},
    {several, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"targets", "\"requires\":\"missing_values,"}}},
    {several, CMLP_ERROR_FILE_VERSION, {{"\"requires\":\"targets", "\"requires\":\"missing_values,more"}}},
    {several, CMLP_ERROR_FILE_VERSION, {{"\"requires\":\"targets", "\"requires\":\"missing_values,targets,z"}}},
    {several, CMLP_ERROR_FILE_NAME, {{"\"requires\":\"targets", "\"requires\":\"missing_values,targets"}}}, /* of no column */
    {several, CMLP_ERROR_FILE_VALUE,
     {{"\"loss\":\"squared_error\"", "\"loss\":\"quantile:3fb999999999999a,3feccccccccccccd\""}}},
    {limit, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"threshold", "\"requires\":\"threshold,threshold"}}},
    {limit, CMLP_ERROR_FILE_SYNTAX, {{"\"requires\":\"threshold", "\"requires\":\"threshold,targets"}}},
    {limit, CMLP_ERROR_FILE_VERSION, {{"\"requires\":\"threshold", "\"requires\":\"targets,threshold"}}},
    {limit, CMLP_ERROR_FILE_VERSION, {{"\"requires\":\"threshold", "\"requires\":\"threshold,z"}}},
    {limit, CMLP_ERROR_FILE_NAME, {{",\"requires\":\"threshold\"", ""}}},
    {limit, CMLP_ERROR_FILE_NAME, {{"\"table.threshold\"", "\"table.thresholds\""}}},
    {limit, CMLP_ERROR_FILE_TENSOR, {{"\"table.threshold\":{\"dtype\":\"F64\"", "\"table.threshold\":{\"dtype\":\"I64\""}}},
    {limit, CMLP_ERROR_FILE_TENSOR, {{"\"table.threshold\":{\"dtype\":\"F64\",\"shape\":[1]", "\"table.threshold\":{\"dtype\":\"F64\",\"shape\":[1,1]"}}},
    {limit, CMLP_ERROR_FILE_VALUE, {{"logistic", "identity"}, {"label_smoothing:3f947ae147ae147b", "squared_error"}}},
    /* words of columns */
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"number:17", "numbers:17"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"number:17", "number:1"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"number:17", "number:2147483648"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"category:5", "category:"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"category:5", "category:0"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"category:5", "category:05"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"category:5", "category:5 "}}},
    {classes, CMLP_ERROR_FILE_NAME, {{"category:5", "category:5/missing:1"}}}, /* which the file does not require */
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"category:5", "category:5/missing:0"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{"category:5", "category:5/missing:2147483648"}}},
    {classes, CMLP_ERROR_FILE_VALUE, {{"category:5", "category:2147483647"}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{ALL_COLUMNS, ""}}},
    {classes, CMLP_ERROR_FILE_SYNTAX, {{ALL_COLUMNS, ALL_COLUMNS ","}}},
    {classes, CMLP_ERROR_FILE_VALUE, {{ALL_COLUMNS, "number:2147483647"}}},
    /* The widest columns are read; the networks have other inputs. */
    {classes, CMLP_ERROR_FILE_TENSOR, {{ALL_COLUMNS, "number:2147483645"}}},
    {classes, CMLP_ERROR_FILE_TENSOR, {{ALL_COLUMNS, "category:2147483647"}}},
};

/* Reads the file and replaces what the edits name. */
static void edit_file(const char *name, const char *const (*pairs)[2], int n)
{
    read_file(name);
    for (int k = 0; k < n && pairs[k][0]; k++)
        check_that(model_file_replace(&file, pairs[k][0], pairs[k][1]), "%s", pairs[k][0]);
}

static void test_edits(void)
{
    const cmlp_model *model;
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        const struct edit *e = &edits[i];
        edit_file(e->name, e->edits, 4);
        const int status = load(&model);
        check_that(status == e->status, "%s instead of %s: %s", e->edits[0][1], e->edits[0][0],
                   cmlp_status_name(status));
    }
}

/* ---- heads that end early */

/* Shortens the head to each multiple of 64 bytes, with valid checksums. */
static void cut(void)
{
    static model_file whole;
    const cmlp_model *model;
    memcpy(&whole, &file, sizeof file);
    const size_t head = (size_t)whole.bytes[0] + ((size_t)whole.bytes[1] << 8) + 8;
    for (size_t n = 128; n < head; n += 64) {
        memcpy(&file, &whole, n);
        file.size = n;
        model_file_repair(&file, n);
        CHECK(load(&model) != CMLP_OK);
    }
}

/* The head ends at each place of a number, word, name or escape. */
static void test_cut_heads(void)
{
    char layers[64 * 5 + 40], text[256], letters[64], escapes[66];
    memset(letters, 'x', sizeof letters);
    memset(escapes, '\\', sizeof escapes);
    for (int k = 0; k < 60; k++) {
        layers[0] = '\0';
        for (int i = 0; i < k; i++) strcat(layers, "relu,");
        strcat(layers, "leaky_relu:");
        read_file("v1_network_parameters");
        CHECK(model_file_replace(&file, "leaky_relu:", layers));
        cut();
    }
    for (int k = 0; k < 64; k++) {
        snprintf(text, sizeof text, "\"kind\":\"network\",\"x\":\"%.*s%.*s\"", k, letters, 66, escapes);
        read_file("v1_network_shifts_f64");
        CHECK(model_file_replace(&file, "\"kind\":\"network\"", text));
        cut();
    }
}

/* ---- intervals */

/* Finds the intervals of both targets for a row of zeros. */
static cmlp_status find_intervals(const cmlp_model *model, double coverage, double ends[4])
{
    static const double zeros[64];
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    CHECK(cmlp_model_describe(file.bytes, file.size, &info, NULL) == CMLP_OK && info.n_in <= 64 && info.n_ends == 4);
    const cmlp_rows row = cmlp_dense_rows(zeros, CMLP_FLOAT64, 1, info.n_in);
    return call_answer(model, &row, ANSWER(.coverage = coverage, .intervals = ends, .n_intervals = 4), NULL);
}

/* Scores of a kind that is unknown, or that needs widths, are ignored. */
static void test_kinds_of_scores(void)
{
    for (int kind = 0; kind <= 6; kind++) {
        const cmlp_model *model = NULL;
        double ends[4];
        read_file(several);
        const size_t head = (size_t)file.bytes[0] + ((size_t)file.bytes[1] << 8) + 8;
        unsigned char *const stored = file.bytes + head + 448; /* behind the networks: I32 */
        CHECK(stored[0] == CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR && !stored[1]);
        stored[0] = (unsigned char)kind;
        if (kind == 6) memset(stored, 255, 4); /* -1 */
        model_file_repair(&file, head);
        CHECK(load(&model) == CMLP_OK);
        const int is_known = kind == CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR || kind == CMLP_TABLE_CALIBRATION_QUANTILES || kind == CMLP_TABLE_CALIBRATION_PROBABILITY;
        const int status = find_intervals(model, 0.5, ends);
        check_that(status == (is_known ? CMLP_OK : CMLP_ERROR_NOT_FOUND), "%d: %s", kind, cmlp_status_name(status));
    }
}

/* What the heads say of the outputs. */
static void test_kinds_of_models(void)
{
    static const struct {
        const char *name;
        cmlp_model_kind kind;
        int64_t n_targets;
    } models[] = {{f32, CMLP_MODEL_NETWORK, 0},
                  {"v1_regressor_poisson", CMLP_MODEL_REGRESSOR, 0},
                  {"v1_classifier_multilabel", CMLP_MODEL_MULTILABEL, 0},
                  {limit, CMLP_MODEL_CLASSIFIER, 1},
                  {"v1_table_quantiles", CMLP_MODEL_REGRESSOR, 1},
                  {several, CMLP_MODEL_REGRESSOR, 2}};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        cmlp_model_info info = CMLP_INIT(cmlp_model_info);
        read_file(models[i].name);
        CHECK(cmlp_model_describe(file.bytes, file.size, &info, NULL) == CMLP_OK);
        check_that(info.kind == models[i].kind && info.n_targets == models[i].n_targets, "%s", models[i].name);
    }
}

/* The smallest coverage asks for the first score; with 20 scores, an exact product for its own rank. */
static void test_ranks(void)
{
    const cmlp_model *model = NULL;
    double first[4], ends[4];
    read_file(several);
    CHECK(load(&model) == CMLP_OK && find_intervals(model, 1.0 / 21, first) == CMLP_OK);
    CHECK(find_intervals(model, 2.0 / 21, ends) == CMLP_OK && ends[0] < first[0] && ends[1] > first[1]);
    CHECK(find_intervals(model, 1e-12, ends) == CMLP_OK && same_bits(CMLP_FLOAT64, ends, first, 4));
    for (double c = (1 + 1e-9) / 21 - 1e-16; c < (1 + 1e-9) / 21 + 1e-16; c = nextafter(c, 1))
        if (c * 21 - 1e-9 <= 1) CHECK(find_intervals(model, c, ends) == CMLP_OK && same_bits(CMLP_FLOAT64, ends, first, 4));
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    folder = argc == 2 ? argv[1] : ".";
    test_edits();
    test_cut_heads();
    test_kinds_of_scores();
    test_kinds_of_models();
    test_ranks();
    return finish();
}
