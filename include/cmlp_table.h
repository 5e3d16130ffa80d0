/* cmlp_table.h: the columns of a table, its categories and intervals, and the model files of its networks, on top of cmlp.h.
 *
 * A table's networks see its raw columns as an encoder makes inputs of them. A model file holds the columns and the
 * networks (TabularClassifier and TabularRegressor of the Python package write such files); their mean is the prediction.
 *   1. Predict. The functions of cmlp.h for models load the file and predict raw rows (cmlp_model_predict). Here is what
 *               takes rows of named cells, and answers with intervals, sets, distances and reasons, too (cmlp_model_answer);
 *               columns, targets and the codes of categories are described.
 *   2. Encode.  The inputs of a network that a program trains itself (cmlp_table_encode).
 *   3. Write.   A model file of such networks (cmlp_table_write).
 *
 * The rules of cmlp.h hold. */
#ifndef CMLP_TABLE_H
#define CMLP_TABLE_H

#include "cmlp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ====================================================================================================== 1. predict */

/* What a column holds, and its unit. The numbers are those of model files. */
typedef int32_t cmlp_table_column_kind;
enum {
    CMLP_TABLE_COLUMN_NUMBER = 1,
    CMLP_TABLE_COLUMN_BOOLEAN = 2,  /* 1 for true, 0 for false */
    CMLP_TABLE_COLUMN_DATE = 3,     /* days since 1970-01-01 */
    CMLP_TABLE_COLUMN_TIME = 4,     /* the same with a fraction, of local time */
    CMLP_TABLE_COLUMN_INSTANT = 5,  /* the same in UTC */
    CMLP_TABLE_COLUMN_DURATION = 6, /* days */
    CMLP_TABLE_COLUMN_CATEGORY = 7, /* codes of categories */
    CMLP_TABLE_COLUMN_ORDERED = 8,  /* codes of categories that are ordered: their ranks, from 0 */
    CMLP_TABLE_COLUMN_KIND_SIGNED = -1
};

/* What the networks see of a column. */
typedef int32_t cmlp_table_role;
enum {
    CMLP_TABLE_ROLE_UNUSED = 1,   /* no input */
    CMLP_TABLE_ROLE_NUMBER = 2,   /* finite numbers; NaN is a missing one */
    CMLP_TABLE_ROLE_CATEGORY = 3, /* codes from 0 to n - 1 of categories; NaN is the missing category, if there is one; any other
                                   * number has 0 in all inputs */
    CMLP_TABLE_ROLE_SIGNED = -1
};

/* Properties of a column. Its texts belong to the model's file. */
typedef struct cmlp_table_column_info {
    size_t struct_size;
    const char *name;     /* n_name bytes of UTF-8; NULL if the file has no names of columns */
    int64_t n_name;
    const char *unit;     /* "days since 1970-01-01", "days", "0 or 1" or "": n_unit bytes, static */
    int64_t n_unit;
    const char *format;   /* the form of dates in cells, such as %d.%m.%Y, n_format bytes; n_format 0: ISO 8601 */
    int64_t n_format;
    int64_t n_categories; /* the codes of the categories are 0 to n_categories - 1; 0 for a column of numbers */
    double unknown_code;  /* the code of an unknown category: -1, or of the role NUMBER (ordered ones) NaN: missing */
    cmlp_table_column_kind kind;
    cmlp_table_role role; /* a column of categories can be UNUSED, and a column of dates can have the role CATEGORY */
} cmlp_table_column_info;

/* Describes a column of a table's model, or an input of a network, which is a NUMBER in kind and role, in constant time.
 * Returns INDEX if there is no such column.
 * Statuses: NULL, STRUCT_SIZE, OPTION, INDEX, MODEL, THREADS. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_model_describe_column(const cmlp_model *model, int64_t column,
                                                    cmlp_table_column_info *info, cmlp_run *run);

/* What the scores of a calibration are. The numbers are those of model files, whose page defines them. */
typedef int32_t cmlp_table_calibration_kind;
enum {
    CMLP_TABLE_CALIBRATION_ABSOLUTE_ERROR = 1, /* of targets: |target - prediction|, in the units of the target */
    CMLP_TABLE_CALIBRATION_SCALED_ERROR = 2,   /* of targets, with widths */
    CMLP_TABLE_CALIBRATION_QUANTILES = 3,      /* of networks with quantiles */
    CMLP_TABLE_CALIBRATION_PROBABILITY = 4,    /* of outputs that are probabilities */
    CMLP_TABLE_CALIBRATION_KIND_SIGNED = -1
};

/* Properties of a target. Its text belongs to the model's file, and its quantiles to the model. */
typedef struct cmlp_table_target_info {
    size_t struct_size;
    const char *name;        /* n_name bytes of UTF-8; NULL if the file has no names of targets */
    int64_t n_name;
    const double *quantiles; /* n_quantiles levels, such as 0.1: that of each output; NULL if the outputs are no quantiles */
    int64_t n_quantiles;
    double lowest, highest;  /* the range of the targets of training, outside of which no output is; 0 and 1 of probabilities,
                              * and -INFINITY and INFINITY of a network */
    double limits[4];        /* of a calibration: the lowest target if it is frequent, a number near it, the highest one, and a
                              * number near it; otherwise -INFINITY, -INFINITY, INFINITY, INFINITY */
    int64_t n_scores;        /* rows of its calibration; 0: intervals and sets are not known */
    cmlp_table_calibration_kind kind; /* of the scores; 0 without them */
    int32_t is_held_out;     /* nonzero: the rows of the calibration are those that training held out to stop by */
} cmlp_table_target_info;

/* Describes a target of a table's model, or the outputs of a network, which are its target 0, in constant time.
 * target: from 0 to n_targets - 1 of cmlp_model_info.
 * Returns INDEX if there is no such target.
 * Statuses: NULL, STRUCT_SIZE, OPTION, INDEX, MODEL, THREADS. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_model_describe_target(const cmlp_model *model, int64_t target, cmlp_table_target_info *info,
                                                    cmlp_run *run);

/* Finds the code of a category: the number for the row. A text never equals a number: "1" and 1 are two categories, and so
 * are the empty text and the missing value. Numbers are equal if their values are: 1, 1.0 and true are one category, and so
 * are 0 and false. The search takes a time proportional to the logarithm of the number of categories.
 * value: MISSING, or any other kind; a DOUBLE that is NaN counts as MISSING. The text of a number, which a label has, is not
 *     read.
 * code: receives the column's `unknown_code` if no category is equal, and the code of the missing value for a
 *     value that means it. That of MISSING is what NaN stands for in a row.
 * Returns MODEL_KIND for the model of a network; INDEX if there is no such column; NOT_FOUND if it has no categories;
 * OPTION for the kind or a reserved field of `value`; TEXT for bytes that are not UTF-8, or a large
 * integer that is none: any integer in digits is one, however long or short, also with zeros before it.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OPTION, INDEX, NOT_FOUND, TEXT, MODEL, THREADS, MODEL_KIND. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_model_find_code(const cmlp_model *model, int64_t column, const cmlp_value *value,
                                              double *code, cmlp_run *run);

/* Finds the category of a code, in constant time. Returns as cmlp_model_find_code; INDEX if there is no such code.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OPTION, INDEX, NOT_FOUND, MODEL, THREADS, MODEL_KIND. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_model_find_category(const cmlp_model *model, int64_t column, int64_t code, cmlp_value *value,
                                                  cmlp_run *run);

/* ----------------------------------------------------------------------------------------------- rows of cells
 *
 * One call from named cells to everything that a model says of them. The rows are cells, texts as in a CSV file and values, or
 * numbers as cmlp_model_predict reads them; the model is a table or a network:
 *
 *     const cmlp_value names[] = {cmlp_text("district", -1), cmlp_text("size", -1)};
 *     const cmlp_value cells[] = {cmlp_text("old town", -1), cmlp_text("71.5", -1)};
 *     const cmlp_rows row = cmlp_cell_rows(cells, 1, 2, names);
 *     double price, ends[2];
 *     cmlp_answer answer = CMLP_INIT(cmlp_answer);
 *     answer.outputs = &price;
 *     answer.n_outputs = 1;
 *     answer.coverage = 0.9;
 *     answer.intervals = ends;
 *     answer.n_intervals = 2;
 *     status = cmlp_model_answer(flats.model, &row, &answer, &flats.run);
 *
 * A cell is a cmlp_value:
 * - TEXT: as a cell of a CSV file, by the rules of docs/guide/files.md and the cell format of the model (decimal point,
 *   separator of thousands, words for missing values), to the bit as Python reads it. It finds a category that Python prints as
 *   this text, or otherwise one with the same value. Bytes that are not UTF-8 are a text that no category equals. A column of
 *   dates with a `format` holds dates of this form alone, and of a form with an unknown directive, nothing but missing cells; no
 *   text but a missing one is a duration; and any text is a cell of an UNUSED column without categories, whose number is 0.
 * - DOUBLE, INTEGER, BOOLEAN, LARGE_INTEGER: of a column of categories the category that is equal, as cmlp_model_find_code
 *   finds it: a value, never a code. Of a column of dates the days since 1970-01-01, and of durations the days, which no
 *   BOOLEAN is (of categories of dates, a text alone finds one); of any other column the number, whose digits a LARGE_INTEGER
 *   has.
 * - MISSING, a DOUBLE that is NaN, and a number or a category that the model has for missing values: missing.
 * A row of numbers has codes in columns of categories, and NaN for a missing value in every column.
 *
 * Intervals and sets contain the truth as often as `coverage` says; docs/guide/intervals.md says what this guarantees. The file
 * has n scores of a calibration in ascending order, of each target or of each of several labels. Counted from 1, the margin is
 * that of rank
 *   max(1, ceil((n + 1) * coverage - 1e-9)), computed in double, or INFINITY if the rank is above n.
 * (1e-9: rounding must not add a rank.) If the widths of intervals follow the rows ("scaled_error" in the file), it is
 * multiplied by a factor that follows from the row's outputs.
 * - An interval is [output - margin, output + margin]; of a model of several quantiles it is [first output - margin, last output
 *   + margin], or the point between both ends if they cross. If many targets of training are the lowest or the highest one
 *   ("calibration.limits" in the file), no finite end is beyond this target; of several quantiles, the interval contains it
 *   instead if the first or the last output is near it. No interval of the losses "poisson", "tweedie" and "gamma" begins below
 *   0. docs/arithmetic.md ("Ends of intervals") defines every rounding.
 * - A set has the most probable class, and every class with 1 - probability <= margin. Of several labels in a row, each has its
 *   own margin, and a set for the outcomes no (1 - output) and yes (output). The set of ordered labels has the predicted label
 *   instead of the most probable class, and all labels between two of the set. With `by_class`, each class has a margin of its
 *   own, by the same rule from the scores of its own rows ("calibration.classes" in the file).
 * No interval and no set holds for a row that is far outside (docs/guide/when-it-extrapolates.md). */

/* A text without a copy: n_text bytes, or with -1 up to its NUL. NULL is the missing value. */
static inline cmlp_value cmlp_text(const char *text, int64_t n_text)
{
    cmlp_value value;
    value.number = 0;
    value.integer = 0;
    value.kind = text ? CMLP_VALUE_TEXT : CMLP_VALUE_MISSING;
    value.padding = 0;
    value.reserved = 0;
    if (!text || n_text < 0)
        for (n_text = 0; text && text[n_text]; n_text++) {}
    value.text = text;
    value.n_text = n_text;
    return value;
}

/* Contiguous rows of cells, row after row; names: NULL if the cells of a row stand in the order of the model's columns, or
 * the name of each of the n_columns cells of a row, in any order. */
static inline cmlp_rows cmlp_cell_rows(const cmlp_value *cells, int64_t n_rows, int64_t n_columns, const cmlp_value *names)
{
    cmlp_rows rows = cmlp_dense_rows(cells, 0, n_rows, n_columns);
    rows.kind = CMLP_ROWS_CELLS;
    rows.column_stride = sizeof *cells;
    rows.row_stride = (n_columns & 0xffffffffffff) * rows.column_stride;
    rows.names = names;
    rows.n_names = names ? n_columns : 0;
    return rows;
}

/* What a cell of a table is. */
typedef int32_t cmlp_cell_state;
enum {
    CMLP_CELL_USUAL = 0,   /* a category that the file lists, or a number in the range of training */
    CMLP_CELL_ABOVE = 1,   /* a number above the range */
    CMLP_CELL_BELOW = 2,   /* a number below it */
    CMLP_CELL_MISSING = 3,
    CMLP_CELL_UNKNOWN = 4, /* a category that the file does not list */
    CMLP_CELL_STATE_SIGNED = -1
};

/* What a program asks about rows, and where the answers are written. Each array is NULL with length 0 if it is not wanted; its
 * numbers stand row after row, in the sequence of the selected rows. n_in, n_out, n_ends and n_set are those of cmlp_model_info.
 *
 * The errors of an answer: NULL (a length without an array), LENGTH, ALIGNMENT; MODEL_KIND (what the kind of model does not
 * have), OPTION (coverage, n_evaluations, is_exact, an option of what is not wanted; intervals and sets of outputs that are
 * NaN), NOT_FOUND (no labels, calibration, scores by class or background), LEFT_OUT; FILE_TENSOR and FILE_VALUE (the background
 * of the file); those of the rows of a background, whose number is 1 to 64. */
typedef struct cmlp_answer {
    size_t struct_size;
    cmlp_value *labels;      /* (rows): of the class; MISSING if class_indices has -1, or a class without a label */
    int64_t n_labels;
    int32_t *class_indices;  /* (rows): as in cmlp_prediction */
    int64_t n_class_indices;
    double *outputs;         /* (rows, n_out): as in cmlp_prediction, of float32 networks their doubles */
    int64_t n_outputs;
    double coverage;         /* how often an interval or a set must contain the truth: above 0 and below 1. 0: not wanted */
    double *intervals;       /* (rows, n_ends): of a table's regressor the lower and the upper end for each target */
    int64_t n_intervals;
    int32_t *sets;           /* (rows, n_set): 1 for a class in the set, otherwise 0; of a MULTILABEL model, and of one output,
                              * for each label whether no and whether yes is in it */
    int64_t n_sets;
    double *outside;         /* (rows, n_in): of a table, how far each cell is outside of what training had: 0, or by how much
                              * it is above or, negative, below, in the unit of the column; NaN for a missing value or a
                              * category that training did not have. 0 for an unknown category if training had more than the
                              * file lists, in UNUSED columns, and for the numbers of a column whose range is not known: one
                              * without edges, unless Python has fitted the model */
    int64_t n_outside;
    cmlp_cell_state *states; /* (rows, n_in): of a table, what each cell is */
    int64_t n_states;
    double *numbers;         /* (rows, n_in): the cells as numbers: rows that cmlp_model_predict reads */
    int64_t n_numbers;
    double *reasons;         /* (rows, n_in, n_out): of a table, how far each column moves each output away from its base value:
                              * Shapley values, with the bits of `explain` in Python (docs/guide/explanations.md), for any
                              * number of threads. For each output they add up to the output minus the base value, to
                              * rounding */
    int64_t n_reasons;
    double *reason_errors;   /* (rows, n_in, n_out): their standard errors, only with `reasons`: 0 if they are exact, NaN if there
                              * is one pair of permutations */
    int64_t n_reason_errors;
    double *base_values;     /* (n_out): the mean outputs over the background, only with `reasons` */
    int64_t n_base_values;
    const cmlp_rows *background; /* of `reasons`: 1 to 64 rows of numbers with which each row is compared, all with the same
                              * weight. NULL: those of the file, with their weights, which Python keeps because of
                              * keep_background */
    int64_t n_evaluations;   /* of `reasons`: the most predictions for a row, at least 2 n_in. A pair of permutations takes
                              * 2 (n_in - 1). 0: at least 192 pairs, and 2 for each row of the background. If there are fewer
                              * than 2 for each, the pairs are those of rows drawn at random. If all sets of at most 12 columns
                              * need no more predictions, they are enumerated, and the reasons are exact */
    uint32_t seed;           /* of the permutations, as random_state of Python */
    int32_t is_exact;        /* nonzero: all sets of at most 12 columns, whatever n_evaluations is */
    int32_t by_class;        /* of `sets`, nonzero: the coverage is that of the rows of each class */
    int32_t reserved;        /* 0 */
} cmlp_answer;

/* Answers about any number of rows: each row has the same bits alone and among others.
 * rows: CELLS or dense, without scale, shifts and factors; of a table dense rows are of CMLP_FLOAT64.
 * answer: the struct is read, and its arrays are written.
 * run: its workspace has the bytes of cmlp_model_answer_size; for one row without `reasons`, info->answer_size will do. The
 *     threads of `reasons` are those of cmlp_forward_paths; an enumeration takes one. The run's poll function is called between
 *     at most 256 rows or predictions.
 * Returns CELL for a cell that its column cannot hold, INPUT for an infinite number, OPTION and TEXT for a cell that is no value
 * (bad_row, bad_column, and of cells bad_element: the position in a row); COLUMNS if a column of the model has no cell
 * (bad_column), or a name is no column or stands twice (bad_element); NOT_FOUND for names if the model has none; LEFT_OUT for
 * reasons in a build without explanations; and the errors of rows and of an answer.
 * After CMLP_CANCELLED and the errors of a cell, ROWS and DTYPE the arrays are unspecified.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NOT_FOUND, TEXT,
 * MODEL, ROWS, THREADS, MODEL_KIND, INPUT, ORDER, CELL, COLUMNS, LEFT_OUT, FILE_TENSOR, FILE_VALUE. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_model_answer(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                           cmlp_run *run);

/* Computes the bytes of workspace for cmlp_model_answer with these rows, this answer and run->n_threads. Neither data nor
 * names are read; a length other than 0 says that an array is wanted, and no array need be set. With `reasons` from
 * permutations, the size grows with n_evaluations, by some 24 bytes for each evaluation and output; from an enumeration with
 * the number of sets.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, OPTION, NOT_FOUND, MODEL, ROWS, THREADS, MODEL_KIND, LEFT_OUT,
 * FILE_TENSOR. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_model_answer_size(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer,
                                                size_t *bytes, cmlp_run *run);

/* Writes an English sentence that says why a call of cmlp_model_answer has failed: with the names of the column and the
 * cell, and what the column holds, such as
 *   column "size" cannot hold "large": it has numbers
 * It needs the arguments of the call, and its run after it.
 * text: receives at most n_text - 1 bytes of UTF-8 and a NUL; nothing if n_text is 0. Bytes of a cell that are no printable
 *     text stand as "?".
 * Returns the bytes that the whole sentence has, without NUL: a text that is too short is cut off. Parts: TABLES. */
CMLP_API int64_t cmlp_model_say(const cmlp_model *model, const cmlp_rows *rows, const cmlp_answer *answer, cmlp_status status,
                                const cmlp_run *run, char *text, int64_t n_text);

/* ======================================================================================================= 2. encode
 *
 * An encoder turns the raw columns of a table into the inputs of a network. docs/arithmetic.md ("Columns of a table")
 * defines every rounding. A program that only predicts with a model file needs nothing of it: cmlp_model_predict
 * encodes the rows. */

/* The parts of a date. */
typedef int32_t cmlp_table_date_part_kind;
enum {
    CMLP_TABLE_DATE_PART_DAY = 1,  /* the time of day */
    CMLP_TABLE_DATE_PART_WEEK = 2, /* the weekday */
    CMLP_TABLE_DATE_PART_YEAR = 3, /* the day of the year */
    CMLP_TABLE_DATE_PART_KIND_SIGNED = -1
};

/* How a part of a date is encoded. Its inputs are two waves that begin anew with each day, week or year, and, if the encoder
 * has bins and the part has edges, n_edges - 1 inputs: the place in bins, as that of a number, of the days since the period
 * began. */
typedef struct cmlp_table_date_part {
    const double *edges; /* NULL, or as those of a column */
    int64_t n_edges;     /* 0, or from 2 on; below 2^31 */
    cmlp_table_date_part_kind kind;
    int32_t padding;     /* 0 */
    int64_t reserved[4]; /* 0 */
} cmlp_table_date_part;

/* How a column is encoded, and, for cmlp_table_write, what it is.
 * - NUMBER: (x - centre) / scale, soft-clipped to (-3, 3); then, if the encoder has bins and the column has edges,
 *   n_edges - 1 inputs: the place of x in each bin between two edges, from -0.5 (at its lower edge or below) to 0.5; then,
 *   if has_missing is not 0, an input that is 1 where the number is missing; then the inputs of each part of a date in days
 *   since 1970. A missing number, which is NaN or equals one of the column's missing values, has 0 in the other inputs.
 * - CATEGORY: n_categories inputs, that of the row's category is 1 and the others are 0; or of two categories, one input
 *   that is 1 for category 0 and -1 for category 1. If `statistics` is not NULL: an input for each of the first n_one_hot
 *   categories, then the row of `statistics` of the row's category. NaN is the category that has_missing names. Any other
 *   number, and NaN if has_missing is 0, has 0 in all inputs.
 * Fields of the other roles are 0. An encoder ignores the fields that are for cmlp_table_write. */
typedef struct cmlp_table_column {
    cmlp_table_role role;
    int32_t has_missing;  /* NUMBER: 0 or 1. CATEGORY: 1 + the code of the missing category, or 0 if there is none; that of
                           * MISSING in `categories` */
    double centre, scale; /* NUMBER: finite; scale > 0 */
    const double *edges;  /* NUMBER: NULL, or ascending numbers whose differences are finite; then the missing values */
    int64_t n_edges;      /* 0, or from 2 on; below 2^31 */
    const cmlp_table_date_part *parts; /* NUMBER with edges: NULL, or different parts of a date, in ascending order */
    int64_t n_parts;
    const float *statistics;  /* CATEGORY: NULL, or for each category, by code from 0, as many finite numbers */
    int64_t n_statistics;     /* a multiple of n_categories below 2^31 */
    int64_t n_one_hot;    /* from 0 to n_categories; 0 if `statistics` is NULL */
    int64_t n_categories; /* CATEGORY: from 1 on, below 2^31. For cmlp_table_write also of ordered categories, with those that
                           * mean a missing value, and of unused ones */
    /* For cmlp_table_write. */
    const cmlp_value *categories; /* n_categories different values, by code from 0. NULL: the integers from 0 on, which are
                                   * their own codes */
    const char *name;     /* UTF-8, or NULL. All columns have names, or none */
    int64_t n_name;
    const char *format;   /* of DATE, TIME or INSTANT, the form of dates in cells, in UTF-8; NULL: ISO 8601 */
    int64_t n_format;
    cmlp_table_column_kind kind; /* 0: with categories ORDERED if the role is NUMBER, else CATEGORY; without them NUMBER */
    int32_t n_missing_values; /* of CATEGORY, elements of `categories` behind the first n_categories that mean the missing
                               * value; of other columns, finite numbers behind the edges that mean a missing number, which
                               * are of ordered categories the last of the codes from 0 to n_categories - 1 */
    int32_t reserved[12]; /* 0 */
} cmlp_table_column;

/* The columns of a table and the inputs that they become: those of each column in turn, or a single 0 if all columns are
 * unused.
 *
 * The errors of an encoder: DTYPE, OPTION (a column, or fewer than one of them), ALIGNMENT (edges, parts, statistics),
 * OVERFLOW. An encoder does not check that statistics are finite; a model file does. */
typedef struct cmlp_table_encoder {
    size_t struct_size;
    const cmlp_table_column *columns;
    int64_t n_columns;
    int32_t has_bins; /* 0: the encoder ignores edges */
    cmlp_dtype dtype; /* of the inputs: CMLP_FLOAT32 or CMLP_FLOAT64 */
} cmlp_table_encoder;

/* Computes the number of inputs.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, THREADS. Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_table_encoder_width(const cmlp_table_encoder *encoder, int64_t *n_in, cmlp_run *run);

/* Encodes rows, in the calling thread: inputs[i, :] are the inputs of the i-th selected row. Each row is encoded alone, so
 * that any split of the rows gives the same bits.
 * rows: dense, of n_columns adjacent columns and CMLP_FLOAT64, without scale, shifts and factors.
 * inputs: (rows selected, n_in of cmlp_table_encoder_width), of the encoder's dtype.
 * Returns BUILD; INPUT if a value is infinite.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, ALIGNMENT, OVERFLOW, DTYPE, OPTION, ROWS, THREADS, INPUT, ORDER, BUILD.
 * Parts: TABLES. */
CMLP_CHECKED cmlp_status cmlp_table_encode(const cmlp_table_encoder *encoder, const cmlp_rows *rows, void *inputs,
                                           int64_t n_inputs, cmlp_run *run);

/* ======================================================================================================== 3. write */

/* How the outputs of a table's networks become numbers: their mean is that of max(low, min(high, output)), which is then
 * multiplied by `scale` and added to `centre`. All are finite, scale > 0 and high >= low: the range of the targets of
 * training, as the networks see them. (If both are 0, every prediction is `centre`.) */
typedef struct cmlp_table_target {
    double centre, scale, low, high;
    const char *name;    /* of one of several targets: n_name bytes of UTF-8, or NULL. All have names, or none */
    int64_t n_name;
    int64_t reserved[4]; /* 0 */
} cmlp_table_target;

/* Scores for intervals and sets (docs/model-file.md, "Calibration").
 *
 * The errors of a calibration: OPTION (also for a kind that does not fit the targets), NULL, ALIGNMENT; LENGTH (the
 * number of targets), VALUE (a number that breaks a rule of the format). */
typedef struct cmlp_table_calibration {
    size_t struct_size;
    const double *scores; /* (n_targets, scores of each), ascending or equal in each row, no NaN */
    int64_t n_scores;     /* of all targets */
    int64_t n_targets;    /* as in cmlp_model_info: 1, or one for each target or each of several logistic outputs */
    const double *widths; /* NULL, or of SCALED_ERROR for each target knots, then as many factors: (2 n_targets, knots) */
    int64_t n_widths;
    const double *limits; /* NULL, or for each target the four limits of frequent targets: (2 n_targets, 2) */
    int64_t n_limits;     /* 0 or 4 n_targets */
    cmlp_table_calibration_kind kind;
    int32_t is_held_out;  /* nonzero: rows that training held out to stop by; 0: rows that it never saw. Files
                           * keep it, and Python says it (cmlp info) */
} cmlp_table_calibration;

/* A network of a table, and its parameters. */
typedef struct cmlp_table_net {
    const cmlp_net *net;
    const void *params;  /* n_params elements of the net's type */
    int64_t n_params;
    int64_t reserved[3]; /* 0 */
} cmlp_table_net;

/* The networks and columns of a table, for a model file. The networks have the same layers and loss, but for the number of
 * inputs: that of an encoder of these columns with or without bins. The prediction is the mean of their outputs; the means
 * of softmax outputs are divided by their sum, so that a row's probabilities sum to 1 in double precision. Predicted
 * quantiles never cross: each network sorts its own, and none of the operations changes their order.
 *
 * The errors of a table: OPTION (a column, a target, the number of targets or of networks, a reserved field, a threshold),
 * ALIGNMENT, OVERFLOW, NET, WIDTH (a network's inputs), LAYERS, ACTIVATION, LOSS and DTYPE (it differs from the first
 * network). */
typedef struct cmlp_table {
    size_t struct_size;
    const cmlp_table_column *columns;
    int64_t n_columns;
    const cmlp_table_net *nets;
    int64_t n_nets;          /* from 1 to CMLP_TABLE_MAX_NETS */
    const cmlp_table_target *targets; /* NULL: outputs are probabilities */
    int64_t n_targets;       /* 0, or 1: the target of all outputs, such as its quantiles; or one for each output */
    const cmlp_table_calibration *calibration; /* or NULL */
    double threshold;        /* with has_threshold a number from 0 to 1, or the next double above 1, from which on the
                              * class index is always 0; otherwise 0 */
    int32_t has_threshold;   /* nonzero: the label is 1 if the only output, of a logistic output layer, is at least
                              * `threshold`; without targets */
    int32_t reserved;        /* 0 */
} cmlp_table;

#define CMLP_TABLE_MAX_NETS 1024 /* in every version of this CMLP_ABI */

/* Computes the bytes of workspace that cmlp_table_write needs: of the run that it takes.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NET, LAYERS, WIDTH, ACTIVATION, LOSS,
 * THREADS. Parts: TRAINING, TABLES. */
CMLP_CHECKED cmlp_status cmlp_table_write_workspace_size(const cmlp_table *table, size_t *bytes, cmlp_run *run);

/* Writes the model file of a table, as cmlp_model_write does that of a network.
 * Python loads the file if the networks are of CMLP_FLOAT32: as a TabularRegressor with a target for each identity or
 * exponential output, or one for all quantiles; as a TabularClassifier with labels of softmax outputs from three on, of one
 * logistic output, or of several of which a row can have any number.
 * content: input_scale is 0 and names, shifts, factors and training are NULL (OPTION).
 * Returns as cmlp_model_write, and the errors of a table and of a calibration; VALUE if two categories of a column are
 * equal, TEXT for a name or a category that is not UTF-8.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, TEXT, NAME, VALUE, NET,
 * LAYERS, WIDTH, ACTIVATION, LOSS, THREADS, WRITE. Parts: TRAINING, TABLES. */
CMLP_CHECKED cmlp_status cmlp_table_write(const cmlp_table *table, const cmlp_model_content *content, cmlp_run *run);

#ifdef __cplusplus
}
#endif
#endif
