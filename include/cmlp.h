/* cmlp.h: the public interface of cmlp, a multilayer perceptron in C11.
 *
 *     #include <cmlp_file.h>
 *     int main(void)
 *     {
 *         static const float pixels[784]; // of an image
 *         cmlp_file digits;
 *         int32_t class_index = -1;
 *         const cmlp_rows row = cmlp_dense_rows(pixels, CMLP_FLOAT32, 1, 784);
 *         cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
 *         prediction.class_indices = &class_index;
 *         prediction.n_class_indices = 1;
 *         cmlp_status status = cmlp_file_load(&digits, "digits.cmlp", NULL);
 *         if (!status) status = cmlp_model_predict(digits.model, &row, &prediction, &digits.run);
 *         printf("%d: %s\n", (int)class_index, cmlp_status_string(status));
 *         cmlp_file_free(&digits);
 *     }
 *
 * A network is a list of layer sizes. Each layer computes weighted sums and an activation from the activations of the
 * layer before:  z = b + x W,  a = act(z).  The cost measures the distance between the last activations and the targets,
 * averaged over the rows. Backpropagation computes its gradient with respect to every weight and bias, and an optimizer
 * takes a step against it.
 *
 *   1. Load and predict. Load a model file (cmlp_model_init) and predict one row or many (cmlp_model_predict).
 *   2. Build and train.  Describe a network (cmlp_net_init), fill its parameters (cmlp_net_init_params), train it
 *                        (cmlp_train_epoch, one call per epoch) and write a model file (cmlp_model_write).
 *   3. Look inside.      Layers, activations, costs, gradients, single optimizer steps, instruction sets.
 * More headers belong to the same library: cmlp_table.h (tables, and answers about rows of named cells), cmlp_explain.h
 * (bounds, and rows between two others) and cmlp_workers.h (training by several processes; experimental). cmlp_file.h loads
 * a model by path, cmlp.hpp is for C++, and cmlp_capi.h for extensions of Python. docs/embedding.md is a tutorial, examples/
 * has complete programs, and docs/arithmetic.md (in Python packages arithmetic.md beside this file) defines every rounding.
 *
 * Building. One line compiles the library with a program (add -lm where sqrt is a function call), from the source tree
 * or from the single file cmlp.c that Python packages contain:
 *   cc -O2 -Iinclude program.c $(find src/cmlp/core -name "*.c") -pthread
 *   cc -O2 program.c cmlp.c -pthread
 * All optimization levels, -march=native and -std=c11 or later give the same bits (on s390x use -std=gnu11). Options that
 * change the arithmetic, such as -ffast-math, -ffinite-math-only or x87 (-m32 without -msse2 -mfpmath=sse), stop the
 * compilation, or cmlp_net_init returns CMLP_ERROR_BUILD. docs/embedding.md lists the macros of parts (CMLP_BUILD_TABLES=0).
 *
 * Rules for every function. The comment of a function says only what it adds to them.
 * - Memory. The caller owns all memory. The library allocates nothing, prints nothing, and has no global state. If
 *   n_threads > 1, the system allocates the stacks of the threads of the call. The calls of 0.9 took up to 8 KB of the
 *   caller's stack with -O3 or -Os (-O2, and Clang: 10 KB), without callbacks. This is a measurement, not a promise.
 * - Threads. Any function may be called from any thread. A net, a model, an optimizer, and parameters that no call writes
 *   may be shared by concurrent calls. A workspace, the state of an optimizer, a run and outputs belong to one call at a
 *   time. A thread that is cancelled (pthread_cancel) in a call with several threads ends after the call.
 * - Run. The last parameter of every function that returns a status is a cmlp_run: workspace, number of threads, a callback,
 *   and what the function reports beside its status. NULL stands for CMLP_INIT(cmlp_run), whose reports nobody reads: one
 *   thread, no workspace, no callback. cmlp_forward, cmlp_backpropagate and cmlp_train_epoch need a workspace, and so do
 *   functions whose comment says so. The others ignore that of the run.
 * - Workspace. Computing calls need memory whose contents do not matter. One workspace can serve any number of calls, one
 *   after the other. Its size in bytes is that of cmlp_net_workspace_size for a network, and for a model those of
 *   cmlp_model_info and cmlp_model_workspace_size.
 * - Calling convention. Functions and callbacks have the default one of C on the platform: the options of the compiler that
 *   change it (/Gz, -mregparm) must be the same for the program and the library.
 * - Pointers. A pointer must not be NULL unless a comment says that it can be; an array and a text can be NULL where their
 *   length can be 0.
 * - Lengths. An array is followed by its length, whose name is n_ and the name of the array. It is the number of all
 *   elements (rows times columns). The comment of an array without a length states its shape. An input has
 *   exactly the length that the call needs, an output at least this length; otherwise the function returns LENGTH. Blocks of
 *   bytes have a size (memory_size), which may be larger than needed; otherwise BUFFER_SIZE. Keys and paths end with NUL;
 *   other texts have a length, are UTF-8, and may contain NUL.
 * - Arguments. Only outputs change, the parameters and the optimizer's state in cmlp_train_epoch and cmlp_step, and random
 *   generators. Other threads must not change an input during a call. (If CSR index arrays do change, results are wrong,
 *   but no access is outside the arrays.) Outputs, workspace and optimizer state must not overlap each other or any input;
 *   inputs may overlap each other; comments name exceptions.
 * - Alignment. Arrays are contiguous unless they have strides. They need the alignment of their elements; `params`, outputs
 *   and gradients have those of the net's type. A model file and the state of an optimizer need 8 bytes; a workspace and the
 *   memory of a net or a model need none. If no row is selected, the pointers to data, labels and outputs may be NULL;
 *   functions that need a row return ROWS.
 * - Structs. Set up every struct that has a struct_size with CMLP_INIT, which zeroes it. Zero means the default wherever
 *   zero is not a valid value. Fields that a call does not use and reserved fields must be zero, so that they can get a
 *   meaning (but an optimizer may have the hyperparameters of other solvers, a column of an encoder the fields for files, and
 *   a callback's context is never read).
 *   These structs may grow at the end. If a program's struct is smaller than the library's, the missing fields count as
 *   zero, and nothing is written beyond it. If it is larger, up to 4,096 bytes, the fields that the library does not know
 *   must be zero. Elements of arrays have no size, but reserved fields (`padding`, which fills a gap, never gets a meaning). A
 *   program works with its own version of the library and every later one of the same CMLP_ABI (docs/stability.md), and with
 *   an earlier one if it uses nothing newer: inline functions leave the fields that 0.9 lacks at zero, unless an argument asks
 *   for them.
 * - Status. Every function that can fail returns a cmlp_status (but getters 0 or NULL). Its comment lists all but CMLP_OK
 *   after "Statuses", without the prefix CMLP_ERROR_, and explains some of them after "Returns"; the comment of a struct
 *   lists the errors of its fields. Those of a net are NULL, NET and ALIGNMENT, of a model NULL and MODEL, of an array
 *   NULL, ALIGNMENT and LENGTH, of a struct STRUCT_SIZE too, and of a workspace NULL, BUFFER_SIZE and OVERFLOW. The kind of
 *   a status is its range: 16 to 63 an invalid argument, 64 to 79 the data, 80 to 95 this build, processor or system, 96 to
 *   127 a model file. Later versions may add statuses: a program treats one that it does not know as a failure.
 * - Parts. A build of the library can leave out parts. A function whose comment names parts after "Parts" is then not linked;
 *   other functions return LEFT_OUT for what needs a part, such as the file of a table.
 * - After a failure, outputs are unchanged, unless the function's comment says otherwise. But arrays and numbers that a call
 *   computes from rows are unspecified after CMLP_CANCELLED and statuses from 64 to 79. The outputs of cmlp_run report what
 *   is refused (see there). Of several faults in the data, a call first reports ORDER, SPARSE, CLASS and WEIGHT: it checks
 *   all rows for each of these, and names the first selected row that has it. Of other faults it reports that of the first
 *   selected row, and of its input before its target. Threads and workers do not change this.
 * - Floating-point mode. A call computes in round-to-nearest with subnormal numbers and without traps, and restores the
 *   caller's rounding, flush-to-zero and traps at its end; exception flags are unspecified then. On other processors than x86
 *   and aarch64, and with compilers without intrinsics, the mode must be the default one. Callbacks run in the library's
 *   mode of SSE or NEON; x87 keeps the caller's.
 * - Callbacks must return to the library, because other threads may work for the call: no longjmp, no C++ exception and no
 *   end of the thread leaves them. They may call functions of the library, with a run, a workspace and outputs of their own.
 *   They must not change or release what the outer call reads or writes.
 * - Reproducibility. The same data, parameters and options give the same bits for any thread count, any split of the
 *   rows of a prediction, any instruction set, compiler and system, as long as the parameters are finite: some products skip
 *   zeros, whose product with an infinite weight would be NaN. (A NaN is a NaN everywhere, of unspecified sign and payload.)
 */
#ifndef CMLP_H
#define CMLP_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header. cmlp_version and cmlp_version_number tell that of the library. */
#define CMLP_VERSION "0.9.0"
#define CMLP_VERSION_MAJOR 0
#define CMLP_VERSION_MINOR 9
#define CMLP_VERSION_PATCH 0
#define CMLP_VERSION_NUMBER (CMLP_VERSION_MAJOR * 10000 + CMLP_VERSION_MINOR * 100 + CMLP_VERSION_PATCH)
/* The number of the interface. A program runs with every later library of the same number, which only a new major version may
 * raise; 0.9 and 1.x have the number 1. */
#define CMLP_ABI 1

/* How functions are declared; a program may define CMLP_API itself. A program that uses the DLL of Windows defines
 * CMLP_SHARED; CMLP_BUILD compiles a shared library, which exports the functions. */
#ifndef CMLP_API
#  if defined(_WIN32) && defined(CMLP_BUILD)
#    define CMLP_API __declspec(dllexport)
#  elif defined(_WIN32) && defined(CMLP_SHARED)
#    define CMLP_API __declspec(dllimport)
#  elif defined(__GNUC__) && defined(CMLP_BUILD)
#    define CMLP_API __attribute__((visibility("default")))
#  else
#    define CMLP_API
#  endif
#endif

/* GCC, Clang and compilers of C++17 warn if a program ignores a status. A program that does not want this defines
 * CMLP_MUST_CHECK as nothing. */
#ifndef CMLP_MUST_CHECK
#  if defined(__GNUC__)
#    define CMLP_MUST_CHECK __attribute__((warn_unused_result))
#  elif defined(__cplusplus) && (__cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L))
#    define CMLP_MUST_CHECK [[nodiscard]]
#  else
#    define CMLP_MUST_CHECK
#  endif
#endif
#define CMLP_CHECKED CMLP_MUST_CHECK CMLP_API

/* A struct with struct_size set and all other fields zero:  cmlp_rows rows = CMLP_INIT(cmlp_rows);
 * In strict C, a static struct is initialized with {.struct_size = sizeof(cmlp_rows)} instead. */
#ifdef __cplusplus
extern "C++" {
/* static: two plugins with headers of different versions must not share one function. */
template <typename cmlp_struct> static inline cmlp_struct cmlp_initialized()
{
    cmlp_struct s{};
    s.struct_size = sizeof s;
    return s;
}
}
#  define CMLP_INIT(type) (cmlp_initialized<type>())
#else
#  define CMLP_INIT(type) ((type){.struct_size = sizeof(type)})
#endif

#ifdef __cplusplus
extern "C" {
#endif
/* ----------------------------------------------------------------------------------------------------- status */

/* All enumerations but cmlp_sign are of int32_t, and later versions may add values. Each has a negative constant, so
 * that other languages read the constants as signed numbers; one that ends in _SIGNED is no value. */
typedef int32_t cmlp_status;
enum {
    CMLP_OK = 0,
    CMLP_CANCELLED = 1,              /* by a callback: parameters are those after the last complete batch */
    /* An invalid argument. */
    CMLP_ERROR_NULL = 16,            /* a required pointer is NULL */
    CMLP_ERROR_STRUCT_SIZE = 17,     /* not set, or fields that this version does not know are not 0 */
    CMLP_ERROR_LENGTH = 18,          /* an array has not as many elements as the call needs */
    CMLP_ERROR_BUFFER_SIZE = 19,     /* a block of bytes is too small */
    CMLP_ERROR_ALIGNMENT = 20,       /* a buffer or stride is not aligned for its type */
    CMLP_ERROR_OVERFLOW = 21,        /* a size does not fit in size_t or int64_t */
    CMLP_ERROR_DTYPE = 22,           /* an element type is unknown or not allowed here */
    CMLP_ERROR_OPTION = 23,          /* out of its range, or a reserved or unused field or flag is not 0 */
    CMLP_ERROR_INDEX = 24,           /* no layer, column, class, code or target has this index */
    CMLP_ERROR_NOT_FOUND = 25,       /* the model has no such key, or no labels, categories or calibration */
    CMLP_ERROR_TEXT = 26,            /* bytes are no text of the kind that is needed: UTF-8, ASCII or digits */
    CMLP_ERROR_NAME = 27,            /* a key or a name is malformed, repeated, out of order or reserved */
    CMLP_ERROR_VALUE = 28,           /* a model file cannot have this label, category or number */
    CMLP_ERROR_NET = 29,             /* not made by cmlp_net_init of this version */
    CMLP_ERROR_MODEL = 30,           /* not made by cmlp_model_init of this version */
    CMLP_ERROR_LAYERS = 31,          /* a number of layers that is not allowed */
    CMLP_ERROR_WIDTH = 32,           /* a layer's size is not allowed */
    CMLP_ERROR_ACTIVATION = 33,      /* unknown, or not allowed in its layer */
    CMLP_ERROR_LOSS = 34,            /* unknown, or not allowed with the output activation */
    CMLP_ERROR_ROWS = 35,            /* the rows do not fit the network or the model */
    CMLP_ERROR_TARGETS = 36,         /* the targets do not fit the network or the rows */
    CMLP_ERROR_BATCH = 37,           /* batch_size, first_batch or rows_done is negative or too large */
    CMLP_ERROR_THREADS = 38,         /* n_threads is negative */
    CMLP_ERROR_WORKERS = 39,         /* the workers of an epoch have different arguments */
    CMLP_ERROR_MODEL_KIND = 40,      /* the function is not for this kind of model, or not for networks, or for tables */
    /* The data: cmlp_run reports the position. */
    CMLP_ERROR_INPUT = 64,           /* NaN, infinite or too large for the network's element type */
    CMLP_ERROR_TARGET = 65,          /* the same of a target, or the loss does not allow it */
    CMLP_ERROR_DIVERGED = 66,        /* the cost or a parameter became NaN or infinite */
    CMLP_ERROR_CLASS = 67,           /* a class index in the targets is outside the outputs */
    CMLP_ERROR_WEIGHT = 68,          /* not 0 and not a normal number > 0 whose reciprocal is normal; or so is the sum */
    CMLP_ERROR_ORDER = 69,           /* an index of the row order is outside the rows */
    CMLP_ERROR_SPARSE = 70,          /* indptr decreases, or columns of a row do not ascend or are out of range */
    CMLP_ERROR_CELL = 71,            /* the column cannot hold this cell */
    CMLP_ERROR_COLUMNS = 72,         /* the names of the cells are not those of the columns, each once */
    /* This build, processor or system. */
    CMLP_ERROR_ISA = 80,             /* no allowed instruction set is available */
    CMLP_ERROR_BUILD = 81,           /* compiled with options that change the arithmetic */
    CMLP_ERROR_LEFT_OUT = 82,        /* this build leaves out what the call needs: docs/embedding.md ("Small builds") */
    CMLP_ERROR_MEMORY = 83,          /* malloc failed (cmlp_file.h) */
    CMLP_ERROR_READ = 84,            /* a file cannot be opened or read (cmlp_file.h) */
    CMLP_ERROR_WRITE = 85,           /* the write callback failed */
    CMLP_ERROR_MESSAGE = 86,         /* a message failed or came too late (cmlp_workers.h) */
    /* A model file. */
    CMLP_ERROR_FILE_SHORT = 96,      /* truncated */
    CMLP_ERROR_FILE_LONG = 97,       /* extra bytes at the end */
    CMLP_ERROR_FILE_MAGIC = 98,      /* not a cmlp model file */
    CMLP_ERROR_FILE_VERSION = 99,    /* an unknown version, kind or required feature: written by a newer cmlp */
    CMLP_ERROR_FILE_HEAD_CRC = 100,  /* the checksum of the head does not match */
    CMLP_ERROR_FILE_DATA_CRC = 101,  /* the checksum of the data does not match */
    CMLP_ERROR_FILE_SYNTAX = 102,    /* the head does not follow the grammar of the format */
    CMLP_ERROR_FILE_NAME = 103,      /* a key or a tensor name is malformed, missing, repeated or out of order */
    CMLP_ERROR_FILE_TENSOR = 104,    /* a tensor has an unexpected type, shape or offset */
    CMLP_ERROR_FILE_VALUE = 105,     /* a layer, activation, loss or number breaks a rule of the format */
    CMLP_ERROR_FILE_NONFINITE = 106, /* a parameter, shift, factor or cost is NaN or infinite */
    CMLP_ERROR_FILE_EXAMPLE = 107,   /* the example's computed output differs from the stored one */
    CMLP_STATUS_SIGNED = -1
};

/* The enumerator's name ("CMLP_ERROR_ROWS") and one English sentence: static strings, never NULL. A build without
 * training or tables has none for the statuses of these: as for other numbers, they are "unknown status". */
CMLP_API const char *cmlp_status_name(cmlp_status status);
CMLP_API const char *cmlp_status_string(cmlp_status status);
/* The library's version; CMLP_VERSION and CMLP_VERSION_NUMBER are those of the header that compiled the program. */
CMLP_API const char *cmlp_version(void);
CMLP_API int32_t cmlp_version_number(void);

/* How a call runs, and why it failed: the last parameter of every function that can fail. NULL is a run whose fields are
 * all 0.
 *
 * `refused` and the three fields behind it are outputs, which every call sets, unless it refuses the run itself. `refused`
 * names the argument that the status is about, or a field of it, as it stands in this header: a static string. For a file it
 * can be a part of it, such as "labels". A program compares only the texts of this table; others may change. bad_row is a
 * position in the rows that `refused` names, whatever their `order`, and bad_element a position in the array that it names.
 * What does not apply is NULL or -1.
 *
 *   status                                 refused                     bad_row     bad_element     bad_column
 *   OK, CANCELLED, BUILD, MEMORY           NULL                        -1          -1              -1
 *   INPUT                                  "rows->data" (or others)    the row     -1              the input's
 *   TARGET                                 "targets->data"             the row     -1              the output's
 *   DIVERGED                               NULL                        a row, -1   -1              -1
 *   CLASS                                  "targets->data"             the row     -1              -1
 *   WEIGHT                                 "objective->row_weights"    a row, -1   as bad_row      -1
 *   ORDER                                  an array of indices         -1          the position    -1
 *   SPARSE                                 "rows->indptr or indices"   the row     -1              -1
 *   CELL                                   "rows->data" (or others)    the row, -1  its place, -1   the column's
 *   INPUT of a row of cells                "rows->data"                the row     its place       the column's
 *   COLUMNS                                "rows->names"               -1          the name's, -1  the column's, -1
 *   every other one                        the argument                -1          a position, -1  -1
 *
 * (DIVERGED: -1 if the last step of an epoch made parameters NaN or infinite. WEIGHT: -1 if their sum is refused.)
 *
 * The errors of a run: THREADS, OPTION (reserved), those of its workspace, and CMLP_CANCELLED. */
typedef struct cmlp_run {
    size_t struct_size;
    void *workspace;       /* workspace_size bytes, at least those of the function that measures it */
    size_t workspace_size;
    /* NULL, or called by the calling thread between the passes over at most 256 rows (with several workers, over a
     * worker's rows of a batch): usually every few milliseconds, with 10^7 parameters some 0.1 s. A result other
     * than 0 cancels the call. Predictions of one row need not call it. */
    int (*poll)(void *context);
    void *poll_context;
    const char *refused; /* such as "rows->scale" */
    int64_t bad_row;
    int64_t bad_element;
    int64_t bad_column;
    int32_t n_threads;     /* maximum number of threads, including the caller; 0: 1. Small calls use fewer, and 0.9 uses
                            * at most CMLP_MAX_THREADS */
    int32_t reserved;      /* 0 */
} cmlp_run;

/* ================================================================================ 1. load and predict: model files
 *
 * A model file holds a network, its parameters and scale, and strings and arrays for other programs, whose arrays the
 * library does not read (docs/model-file.md). To load and predict (`file`
 * holds the file_size bytes of the file, a row 784 floats):
 *
 *     cmlp_model_info info = CMLP_INIT(cmlp_model_info);
 *     cmlp_run run = CMLP_INIT(cmlp_run);
 *     cmlp_status status = cmlp_model_describe(file, file_size, &info, &run);
 *     if (status) return status;
 *     void *memory = malloc(info.model_size);
 *     run.workspace = malloc(run.workspace_size = info.workspace_size);
 *     const cmlp_model *model;
 *     status = cmlp_model_init(memory, info.model_size, file, file_size, NULL, &model, &run);
 *     const cmlp_rows rows = cmlp_dense_rows(row, CMLP_FLOAT32, 1, 784);
 *     int32_t answer;
 *     cmlp_prediction prediction = CMLP_INIT(cmlp_prediction);
 *     prediction.class_indices = &answer;
 *     prediction.n_class_indices = 1;
 *     if (!status) status = cmlp_model_predict(model, &rows, &prediction, &run);
 *
 * The optional header cmlp_file.h has the first part of this as one call: it loads a model by path with malloc.
 *
 * A model is a network, or a table with one network or several (Python's TabularClassifier and TabularRegressor). The row of
 * a table is its raw columns as doubles: a finite number, the code of a category (cmlp_table.h), or NaN for a missing value.
 * All functions for models take both, except those for the network of a model: of a table, cmlp_model_net and
 * cmlp_model_params return NULL, and cmlp_model_prepare_rows MODEL_KIND. The file of a table can have a threshold: of two
 * classes, the class index is then 1 from this probability of the second class on, instead of 0.5.
 *
 * A file may come from anywhere: every length, offset and number is checked before use, and every truncation and every
 * flipped bit is detected. The checksums are not a signature: whoever can change a file can change them too. */

/* Element types. Of data, CMLP_INT32 and CMLP_INT64 are for the indices of CSR rows, class indices and arrays in files. */
typedef int32_t cmlp_dtype;
enum { CMLP_FLOAT32 = 1, CMLP_FLOAT64 = 2, CMLP_UINT8 = 3, CMLP_INT32 = 4, CMLP_INT64 = 5, CMLP_DTYPE_SIGNED = -1 };

/* Instruction sets, and sums of them: a set of several. */
typedef int32_t cmlp_isa_set;
typedef int32_t cmlp_isa;
enum {
    CMLP_ISA_GENERIC = 1, /* for every processor of the compiler's target */
    CMLP_ISA_AVX2 = 2,    /* x86: AVX2 and FMA */
    CMLP_ISA_AVX512 = 4,  /* x86: AVX-512F */
    CMLP_ISA_NEON = 8,    /* aarch64 */
    CMLP_ISA_SIGNED = -1
};

/* A model, and the description of a network (cmlp_net_init). They are constant, must stay where they are, and need no
 * destructor: release their memory when no call uses it. A model also points into the bytes of its file. */
typedef struct cmlp_model cmlp_model;
typedef struct cmlp_net cmlp_net;

/* What the outputs of a model are. Labels that follow another rule will have another kind: a program refuses those that it
 * does not know. Python loads a NETWORK as a Network, the others as MLPRegressor, MLPClassifier and so on; but a network of
 * two softmax outputs always as a Network. */
typedef int32_t cmlp_model_kind;
enum {
    CMLP_MODEL_NETWORK = 1,    /* outputs of one network without a further meaning */
    CMLP_MODEL_REGRESSOR = 2,  /* targets */
    CMLP_MODEL_CLASSIFIER = 3, /* the probabilities of classes, of which a row has one */
    CMLP_MODEL_MULTILABEL = 4, /* the probability of each label; a row can have any number of them */
    CMLP_MODEL_ORDERED = 5,    /* the probabilities of ordered classes; of a table */
    CMLP_MODEL_KIND_SIGNED = -1
};

/* Sizes and properties of a model file. */
typedef struct cmlp_model_info {
    size_t struct_size;
    size_t model_size;    /* bytes of memory for cmlp_model_init */
    size_t workspace_size; /* bytes of workspace for cmlp_model_init and predictions of one row */
    size_t answer_size;   /* the same for answers about one row too, without reasons (cmlp_model_answer); 0 in a build without
                           * tables */
    uint64_t head_size;   /* bytes of the head; the data follow */
    uint64_t file_size;   /* bytes of the whole file */
    uint64_t error_at;    /* the byte of the file at which reading of the head stopped */
    int64_t n_in;         /* values of a row: the inputs of the network, or the columns of a table */
    int64_t n_out;        /* outputs of a prediction per row. A classifier of two labels always has both probabilities; a
                           * logistic network has one output for them, the second one. Of ordered labels, a table has
                           * all probabilities, and its networks an output for each label but the last */
    int64_t n_labels;     /* labels in the file; 0 if there are none */
    int64_t n_nets;       /* the networks of a table; 0 if the model is one network */
    cmlp_dtype dtype;     /* of the outputs: CMLP_FLOAT32 or CMLP_FLOAT64, which is that of every table */
    cmlp_model_kind kind;
    int64_t n_targets;    /* of a table: the targets, or the outputs of a MULTILABEL one; otherwise 1. 0 if the model is
                           * one network */
    int64_t n_ends;       /* numbers that cmlp_answer.intervals has for a row: 2 for each target of a table's REGRESSOR, or 0 */
    int64_t n_set;        /* numbers that cmlp_answer.sets has for a row: n_out of a table's classifier; 2 for each label of a
                           * MULTILABEL one, and of one output; or 0 */
} cmlp_model_info;

/* Checks the head of a model file, and reports how much memory the other functions need.
 * start: the first start_size bytes of the file, of any alignment. They must contain the head.
 * Returns FILE_SHORT if the head is longer than start_size bytes (call again with info->head_size bytes if that is not 0; 8
 * bytes are enough for it); FILE_MAGIC, FILE_VERSION, FILE_HEAD_CRC, FILE_SYNTAX, FILE_NAME, FILE_TENSOR or FILE_VALUE if
 * the content is not that of a model file; LEFT_OUT (the file of a table, or a network of float64), ISA, OVERFLOW or BUILD
 * if this build of the library cannot run the model. After these and FILE_SHORT, all fields of *info are 0 except
 * struct_size, head_size and error_at.
 * Statuses: NULL, STRUCT_SIZE, OVERFLOW, OPTION, THREADS, ISA, BUILD, LEFT_OUT, FILE_SHORT, FILE_MAGIC, FILE_VERSION,
 * FILE_HEAD_CRC, FILE_SYNTAX, FILE_NAME, FILE_TENSOR, FILE_VALUE. */
CMLP_CHECKED cmlp_status cmlp_model_describe(const void *start, size_t start_size, cmlp_model_info *info, cmlp_run *run);

/* How cmlp_model_init makes a model.
 *
 * The errors of options: ISA and OPTION (isa_mask). */
typedef struct cmlp_model_options {
    size_t struct_size;
    int32_t is_trusted; /* nonzero: skips the checks that read all data: of its checksum, that all parameters are finite, and
                         * that the example in the file gives the stored output */
    cmlp_isa_set isa_mask; /* as in cmlp_net_config */
} cmlp_model_options;

/* Makes a model in `memory`.
 * memory: info->model_size bytes.
 * file: the file_size bytes of the whole file, at a multiple of 8. They must stay in place, unchanged, as long as the model
 *     is used, because the model uses the parameters in them.
 * options: NULL: all fields are 0.
 * model: receives the model, whose address is inside `memory`.
 * run: its workspace has info->workspace_size bytes, with is_trusted none. `refused` can be a part of the file, such
 *     as "input.factor", "labels" or "categories".
 * Returns the statuses of cmlp_model_describe; FILE_LONG; FILE_NONFINITE and FILE_VALUE (a shift, a factor, a number of a
 * table); unless trusted, FILE_DATA_CRC, FILE_NONFINITE (a parameter) and FILE_EXAMPLE. After every failure *model is NULL,
 * and the contents of `memory` are unspecified.
 * Statuses: NULL, STRUCT_SIZE, BUFFER_SIZE, ALIGNMENT, OVERFLOW, OPTION, THREADS, ISA, BUILD, LEFT_OUT, FILE_SHORT,
 * FILE_LONG, FILE_MAGIC, FILE_VERSION, FILE_HEAD_CRC, FILE_DATA_CRC, FILE_SYNTAX, FILE_NAME, FILE_TENSOR, FILE_VALUE,
 * FILE_NONFINITE, FILE_EXAMPLE. */
CMLP_CHECKED cmlp_status cmlp_model_init(void *memory, size_t memory_size, const void *file, size_t file_size,
                                         const cmlp_model_options *options, const cmlp_model **model, cmlp_run *run);

/* A stride that repeats one row for every i, or one element for every j. */
#define CMLP_REPEAT (-0x7fffffffffffffff - 1)

typedef int32_t cmlp_rows_kind;
enum { CMLP_ROWS_DENSE = 1, CMLP_ROWS_CSR = 2, CMLP_ROWS_CELLS = 3, CMLP_ROWS_KIND_SIGNED = -1 };

/* The input: n_rows rows of n_columns values.
 * - Dense: element (i, j) is at data + i * row_stride + j * column_stride. Strides are in bytes, of any sign, and
 *   multiples of the element size. A stride of 0 is refused (ROWS) unless there is one row or one column: cmlp_dense_rows
 *   and cmlp_rows_init set both.
 * - Cells (cmlp_cell_rows of cmlp_table.h): cell (i, j) is the cmlp_value at data + i * row_stride + j * column_stride, and
 *   dtype is 0. Only cmlp_model_answer takes them.
 * - CSR (compressed sparse rows, cmlp_csr_rows): the values of row i are data[p] in the columns indices[p], for p from
 *   indptr[i] to indptr[i+1] - 1, and all other elements are 0. Columns ascend within a row, without duplicates. Both strides
 *   are 0. The results are bit-identical to those of the same dense row while the weights are finite, in a time proportional
 *   to the stored values. Each call first checks the indices of the rows that it uses.
 * The network's input is value * scale, or in column j (value - shifts[j]) * factors[j] if there are such vectors (of CSR
 * rows shifts are 0), computed in double and rounded once to the net's type. If `order` is not NULL, a call uses the rows
 * order[0], ..., order[n_order - 1], and results are in this sequence; a row may occur several times.
 *
 * The errors of rows: NULL, ROWS, DTYPE, ALIGNMENT, OPTION (scale, shifts, factors), ORDER, SPARSE; INPUT. */
typedef struct cmlp_rows {
    size_t struct_size;
    const void *data;
    int64_t n_rows, n_columns;
    int64_t row_stride, column_stride;
    double scale;          /* finite; 0: 1 */
    const int64_t *order;  /* n_order row indices, or NULL for all rows */
    int64_t n_order;       /* 0 without `order` */
    const void *indptr;    /* CSR: n_rows + 1 positions, of index_dtype */
    const void *indices;   /* CSR: n_values columns, of index_dtype */
    int64_t n_values;      /* CSR: elements of data and of indices */
    cmlp_rows_kind kind;
    cmlp_dtype dtype;      /* of data */
    cmlp_dtype index_dtype; /* CSR: CMLP_INT32 or CMLP_INT64 */
    int32_t reserved;      /* 0 */
    const double *shifts;  /* n_columns finite numbers, with factors instead of a scale (0 or 1); or both NULL */
    const double *factors; /* n_columns finite numbers that are not 0 */
    const struct cmlp_value *names; /* CELLS: NULL, or n_columns texts, the names of the cells of a row in any
                                     * order */
    int64_t n_names;       /* 0 without `names` */
} cmlp_rows;

/* Contiguous dense rows; dtype is that of the data. Set the other fields afterwards, such as the scale. The strides of a
 * type or of a number of columns that the calls refuse do not matter, but do not overflow. */
static inline cmlp_rows cmlp_dense_rows(const void *data, cmlp_dtype dtype, int64_t n_rows, int64_t n_columns)
{
    cmlp_rows rows;
    rows.struct_size = sizeof rows;
    rows.data = data;
    rows.n_rows = n_rows;
    rows.n_columns = n_columns;
    rows.column_stride = dtype == CMLP_UINT8 ? 1 : dtype == CMLP_FLOAT64 ? 8 : 4;
    rows.row_stride = (n_columns & 0xffffffffffff) * rows.column_stride;
    rows.scale = 0;
    rows.order = NULL;
    rows.n_order = 0;
    rows.indptr = rows.indices = NULL;
    rows.n_values = 0;
    rows.kind = CMLP_ROWS_DENSE;
    rows.dtype = dtype;
    rows.index_dtype = 0;
    rows.reserved = 0;
    rows.shifts = rows.factors = NULL;
    rows.names = NULL;
    rows.n_names = 0;
    return rows;
}

/* CSR rows; n_values is the number of elements of `data` and of `indices`, the types are those of the data and of both arrays
 * of indices. Set the other fields afterwards. */
static inline cmlp_rows cmlp_csr_rows(const void *data, cmlp_dtype dtype, const void *indices, const void *indptr,
                                      cmlp_dtype index_dtype, int64_t n_values, int64_t n_rows, int64_t n_columns)
{
    cmlp_rows rows = CMLP_INIT(cmlp_rows);
    rows.kind = CMLP_ROWS_CSR;
    rows.data = data;
    rows.dtype = dtype;
    rows.indices = indices;
    rows.indptr = indptr;
    rows.index_dtype = index_dtype;
    rows.n_values = n_values;
    rows.n_rows = n_rows;
    rows.n_columns = n_columns;
    return rows;
}

/* Writes what cmlp_dense_rows returns to the struct_size bytes of *rows: for languages that cannot call inline functions.
 * This function, cmlp_targets_init and cmlp_optimizer_init return no status: they write nothing if the struct is NULL or
 * struct_size is smaller than a size_t. For a struct that is smaller than that of 0.9, the calls that read it return
 * STRUCT_SIZE. */
CMLP_API void cmlp_rows_init(cmlp_rows *rows, size_t struct_size, const void *data, cmlp_dtype dtype, int64_t n_rows,
                             int64_t n_columns);

/* What a prediction writes. Each array may be NULL with length 0. They are of the net's or the model's type, but for the
 * class indices.
 *
 * The errors of a prediction: NULL (a length without an array), LENGTH, ALIGNMENT. */
typedef struct cmlp_prediction {
    size_t struct_size;
    void *outputs;         /* (rows selected, n_out): of the last layer; of a model n_out is that of cmlp_model_info, not that
                            * of its network */
    int64_t n_outputs;
    /* (rows selected). Softmax, or several logistic outputs: the index of the largest output, the first of equal ones, NaN
     * being the largest. One logistic output of the network: 1 if it is above 0.5, or of a table with a threshold at least
     * this, else 0. Identity, tanh and exp outputs, REGRESSOR and
     * MULTILABEL: -1 (the labels of a MULTILABEL row are those with an output above 0.5). ORDERED: the median, which is the
     * last label that has, with those above it, more than half of the probability. Kinds of later versions: -1. */
    int32_t *class_indices;
    int64_t n_class_indices;
    void *activations;     /* layer after layer (rows selected, n_out of the layer), not those of a table */
    int64_t n_activations;
    void *sums;            /* as `activations`: the weighted sums z of every layer */
    int64_t n_sums;
} cmlp_prediction;

/* Predicts one row or any number of rows: each row has the same bits alone and among others. Many rows in one call take at
 * most as long per row, mostly less: docs/embedding.md has figures. One dense row of the model's dtype or, for
 * CMLP_FLOAT32, of bytes takes neither locks nor system calls, for any n_threads; more rows take none with
 * n_threads <= 1, except those of `poll`.
 * rows: for a network of any kind, and of CMLP_FLOAT32, CMLP_FLOAT64 or CMLP_UINT8; dense rows of CMLP_FLOAT64 for a table,
 *     whose row is its raw columns (see cmlp_table.h). Without scale, shifts and factors: the model has its own.
 * run: for one selected row, its workspace has info->workspace_size bytes; for more, those of cmlp_model_workspace_size.
 * Returns ROWS if n_columns is not that of the model; DTYPE and ROWS (sparse) for the rows of a table; OPTION for
 * a scale other than 0 and 1, and for activations and sums of a table; LEFT_OUT as cmlp_forward.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, MODEL, ROWS,
 * THREADS, INPUT, ORDER, SPARSE, LEFT_OUT. */
CMLP_CHECKED cmlp_status cmlp_model_predict(const cmlp_model *model, const cmlp_rows *rows,
                                            const cmlp_prediction *prediction, cmlp_run *run);

/* Computes the bytes of workspace for predictions of these rows with run->n_threads, as cmlp_net_workspace_size: for one row
 * at most info->workspace_size. Returns ROWS, OVERFLOW.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, OPTION, MODEL, ROWS, THREADS, LEFT_OUT. */
CMLP_CHECKED cmlp_status cmlp_model_workspace_size(const cmlp_model *model, const cmlp_rows *rows, size_t *bytes,
                                                   cmlp_run *run);

/* The kind of a value. The numbers are those of model files. */
typedef int32_t cmlp_value_kind;
enum {
    CMLP_VALUE_MISSING = 0,
    CMLP_VALUE_TEXT = 1,
    CMLP_VALUE_DOUBLE = 2,        /* finite */
    CMLP_VALUE_INTEGER = 3,       /* of 64 bits */
    CMLP_VALUE_BOOLEAN = 4,       /* 0 or 1 */
    CMLP_VALUE_LARGE_INTEGER = 5, /* decimal digits. A category: outside int64_t, "-" first if negative. Labels: 0 to
                                   * 2^64 - 1 */
    CMLP_VALUE_KIND_SIGNED = -1
};

/* A label, a category of a table, or a name: a text or a number. Texts that the library returns belong to the model's file
 * and are valid as long as its bytes; a surrogate without its partner, which Python's texts can have, is three bytes of
 * them. */
typedef struct cmlp_value {
    const char *text;  /* TEXT and LARGE_INTEGER, and each label: n_text bytes of UTF-8, without NUL at their end; or NULL */
    int64_t n_text;
    double number;     /* DOUBLE; otherwise 0 */
    int64_t integer;   /* INTEGER and BOOLEAN; otherwise 0 */
    cmlp_value_kind kind;
    int32_t padding;  /* 0 */
    int64_t reserved; /* 0 */
} cmlp_value;

/* Finds the label of a class, with its text: numbers as Python prints them. Python writes the labels of classifiers.
 * Returns NOT_FOUND if the file has no labels; INDEX if there is no such class, as -1.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OPTION, INDEX, NOT_FOUND, MODEL, THREADS. */
CMLP_CHECKED cmlp_status cmlp_model_find_label(const cmlp_model *model, int32_t class_index, cmlp_value *value,
                                               cmlp_run *run);

/* The network and its parameters, valid as long as the model; their number is that of cmlp_net_n_params. NULL for an
 * invalid model, and for that of a table. */
CMLP_API const cmlp_net *cmlp_model_net(const cmlp_model *model);
CMLP_API const void *cmlp_model_params(const cmlp_model *model);

/* Finds the string of a key, such as one of cmlp_model_content.strings: `*text` points to `*n_text` bytes of the file,
 * as they stand in the file, without a terminating NUL: printable ASCII, in which \" stands for " and \\ for \. Python writes
 * JSON.
 * Returns NOT_FOUND if the file has no such key.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OPTION, NOT_FOUND, MODEL, THREADS. */
CMLP_CHECKED cmlp_status cmlp_model_find_string(const cmlp_model *model, const char *key, const char **text,
                                                int64_t *n_text, cmlp_run *run);

/* Prepares rows for the network of a model and the functions below: sets scale, shifts and factors to those of the model's
 * inputs. Begin with cmlp_dense_rows or cmlp_csr_rows, or set the fields of rows afterwards. A kind of 0 becomes dense, and
 * n_columns of 0 becomes the model's. Dense rows that have a dtype and no strides (both 0) get those of contiguous rows.
 * Returns ROWS for another n_columns, MODEL_KIND for the model of a table.
 * Statuses: NULL, STRUCT_SIZE, OPTION, MODEL, ROWS, THREADS, MODEL_KIND. */
CMLP_CHECKED cmlp_status cmlp_model_prepare_rows(const cmlp_model *model, cmlp_rows *rows, cmlp_run *run);

/* -------------------------------------------------------------------------------------------- networks without files */

struct cmlp_objective;
struct cmlp_epoch;
struct cmlp_workers;

/* Computes the bytes of workspace for all calls with run->n_threads that take these arguments or some of them. NULL for
 * all three is the size for cmlp_model_write; rows alone are for predictions (cmlp_forward), rows and an objective also for
 * costs and gradients, and all three also for cmlp_train_epoch. Returns NULL if one before another is missing. Data
 * need not be set: the size depends on the kind and the number of the selected rows (0 is allowed), on whether there is
 * dropout or a loss, on the batch size, on n_threads, and on the net's instruction set and the version of the library: a
 * program measures it in the process that uses it. It never decreases if one of them grows, so that a
 * workspace for more also serves less, and it is bounded for any number of rows. (With several workers it grows with
 * batch_size: it then has space for the activations of a worker's rows of a batch.) A program that only trains asks with the
 * rows of one batch.
 * bytes: may be the workspace_size of the run.
 * Returns ROWS, BATCH, OVERFLOW; OPTION (workers); LEFT_OUT as cmlp_forward, and for an objective in a
 * build without training.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, OPTION, NET, ROWS, BATCH, THREADS, LEFT_OUT. */
CMLP_CHECKED cmlp_status cmlp_net_workspace_size(const cmlp_net *net, const cmlp_rows *rows,
                                                 const struct cmlp_objective *objective, const struct cmlp_epoch *epoch,
                                                 size_t *bytes, cmlp_run *run);

/* Predicts: outputs[i, :] is the last layer's activations for the i-th selected row, sorted if the net has quantiles (the
 * activations of all layers are not sorted). With n_threads <= 1 there is no allocation, lock or system call, except those of
 * `poll`.
 * params: the parameter block (see cmlp_net_n_params).
 * Returns LEFT_OUT for several or sparse rows if this build of the library predicts single rows only.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NET, ROWS,
 * THREADS, INPUT, ORDER, SPARSE, LEFT_OUT. */
CMLP_CHECKED cmlp_status cmlp_forward(const cmlp_net *net, const void *params, int64_t n_params, const cmlp_rows *rows,
                                      const cmlp_prediction *prediction, cmlp_run *run);

/* ============================================================================================ 2. build and train */

/* Later versions of the same CMLP_ABI have the same limits, but may allow more threads. */
#define CMLP_MAX_LAYERS 64   /* input and output layer included */
#define CMLP_MAX_THREADS 256 /* a larger n_threads counts as this */
#define CMLP_MAX_QUANTILES 100

typedef int32_t cmlp_activation;
enum {
    CMLP_ACTIVATION_IDENTITY = 1,   /* z                    hidden or output */
    CMLP_ACTIVATION_LOGISTIC = 2,   /* 1/(1+e^-z)           hidden or output */
    CMLP_ACTIVATION_TANH = 3,       /* tanh z               hidden or output */
    CMLP_ACTIVATION_RELU = 4,       /* max(0, z)            hidden */
    CMLP_ACTIVATION_SOFTMAX = 5,    /* e^z / sum e^z        output */
    CMLP_ACTIVATION_EXP = 6,        /* e^z                  output */
    CMLP_ACTIVATION_LEAKY_RELU = 7, /* z, but p z where z < 0; p = 0.01 by default       hidden */
    CMLP_ACTIVATION_ELU = 8,        /* z, but p (e^z - 1) where z < 0; p = 1 by default  hidden */
    CMLP_ACTIVATION_SILU = 9,       /* z / (1+e^-z)                                      hidden */
    CMLP_ACTIVATION_GELU = 10,      /* z Phi(z), Phi the normal distribution's; exact    hidden */
    CMLP_ACTIVATION_SOFTPLUS = 11,  /* ln(1+e^z)                                         hidden */
    CMLP_ACTIVATION_SOFTSIGN = 12,  /* z / (1+|z|)                                       hidden */
    CMLP_ACTIVATION_SIGNED = -1
};

/* The cost of a row; y is the target, a the output activation. Every call checks the targets that it reads, in the net's
 * type, and returns TARGET for one that is outside of the range given here. */
typedef int32_t cmlp_loss;
enum {
    CMLP_LOSS_LOG = 1,           /* softmax: -sum y ln a;  logistic: -sum (y ln a + (1-y) ln(1-a));  0 <= y <= 1 */
    CMLP_LOSS_SQUARED_ERROR = 2, /* sum (a-y)^2, with any output */
    CMLP_LOSS_POISSON = 3,       /* exp: sum (y ln(y/a) - y + a), half the Poisson deviance; y >= 0 */
    /* The next three with identity, logistic, tanh or exp outputs; d = a - y. */
    CMLP_LOSS_ABSOLUTE_ERROR = 4, /* sum |d| */
    CMLP_LOSS_HUBER = 5,    /* sum of d^2/2 where |d| <= p, else p (|d| - p/2); p = 1 by default (Huber 1964) */
    CMLP_LOSS_QUANTILE = 6, /* sum of (1-p) d where d > 0, else -p d; p < 1, 0.5 by default (Koenker & Bassett 1978).
                             * With cmlp_net_config.quantiles each output has a p of its own */
    CMLP_LOSS_GAMMA = 7,    /* exp: sum (y/a + ln a); y > 0 */
    CMLP_LOSS_FOCAL = 8,    /* softmax: -sum y (1-a)^p ln a;  logistic: -sum (y (1-a)^p ln a + (1-y) a^p ln(1-a));
                             * 0 <= y <= 1; p = 2 by default (Lin et al. 2017) */
    CMLP_LOSS_LABEL_SMOOTHING = 9, /* the log loss of targets (1-p) y + p/k, k = n_out for softmax and 2 for
                                    * logistic; 0 <= y <= 1; p < 1, 0.1 by default (Szegedy et al. 2016) */
    CMLP_LOSS_TWEEDIE = 10, /* exp: sum (a^r/r + y (y^q/r - a^q)/q) with q = 1-p and r = 2-p, half the Tweedie deviance of the
                             * power p; y >= 0; 1 < p < 2, 1.5 by default (Jorgensen 1987) */
    CMLP_LOSS_SIGNED = -1
};

typedef struct cmlp_net_config {
    size_t struct_size;
    const int64_t *sizes;       /* n_layers sizes from 1 to 2^31 - 1, input first */
    const cmlp_activation *activations; /* n_layers - 1 of them, the output's last */
    int32_t n_layers;
    cmlp_loss loss;
    cmlp_dtype dtype;           /* CMLP_FLOAT32 or CMLP_FLOAT64: of parameters and of all arithmetic */
    cmlp_isa_set isa_mask;      /* the allowed ones, or 0 for all; the fastest available one is used. Bits that the library
                                 * does not know are ignored; a negative number is refused (OPTION) */
    const double *activation_parameters; /* one per activation, or NULL: finite, > 0; 0: default */
    double loss_parameter;      /* finite, > 0; 0: default; cmlp_loss_info has its limits */
    const double *quantiles;    /* NULL, with n_quantiles 0. Or of CMLP_LOSS_QUANTILE: the parameter p of each output,
                                 * ascending, in (0, 1), of 2 to CMLP_MAX_QUANTILES outputs, with loss_parameter 0.
                                 * cmlp_forward, cmlp_model_predict and cmlp_forward_paths then sort the outputs of each row
                                 * (Chernozhukov, Fernandez-Val & Galichon 2010) */
    int64_t n_quantiles;
} cmlp_net_config;

/* Sets *bytes to the size of the net that the configuration describes.
 * Returns LAYERS, WIDTH, ACTIVATION, LOSS, DTYPE, OPTION, LEFT_OUT, as cmlp_net_init.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, ALIGNMENT, DTYPE, OPTION, LAYERS, WIDTH, ACTIVATION, LOSS, THREADS, LEFT_OUT. */
CMLP_CHECKED cmlp_status cmlp_net_size(const cmlp_net_config *config, size_t *bytes, cmlp_run *run);
/* No net is larger in any version of this CMLP_ABI: for static storage, as in  static char memory[CMLP_NET_SIZE(3)];  of a
 * net with quantiles, add 8 bytes for each. */
#define CMLP_NET_SIZE(n_layers) (512 + 128 * (n_layers))

/* Checks the description and makes a net in `memory` (memory_size bytes, at least those of cmlp_net_size). It keeps no
 * pointer to `config`. Functions of another version of the library, or of a build with or without training, float64, tables
 * or several rows where this one is not, return NET for this net, as MODEL for a model.
 * net: receives the net, whose address is inside `memory`.
 * Returns LAYERS, WIDTH, ACTIVATION, LOSS, DTYPE, OPTION (a parameter of an activation or of the loss, or quantiles), ISA,
 * OVERFLOW, BUFFER_SIZE, BUILD, LEFT_OUT (float64). After every failure *net is NULL, and `memory` is unchanged.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, LAYERS, WIDTH, ACTIVATION,
 * LOSS, THREADS, ISA, BUILD, LEFT_OUT. */
CMLP_CHECKED cmlp_status cmlp_net_init(void *memory, size_t memory_size, const cmlp_net_config *config,
                                       const cmlp_net **net, cmlp_run *run);

/* Number of elements of a parameter block: W1, b1, W2, b2, ... without padding; W is (n_in, n_out), row-major. 0 for an
 * invalid net. */
CMLP_API int64_t cmlp_net_n_params(const cmlp_net *net);

/* NumPy's legacy RandomState: MT19937 with integer seeding, 53-bit doubles and its shuffle. The generator is fixed for
 * ever, and so is its struct, which may be copied: it has no struct_size. Other distributions, if there ever are some, will
 * have no state beside this one. These three functions return no status: `random`
 * must point to a generator that cmlp_random_seed has seeded, and `values` to n_values elements; n_values below 2 changes
 * nothing. */
typedef struct cmlp_random {
    uint32_t key[624];
    int32_t position;
} cmlp_random;

/* Parts: TRAINING or EXPLAIN. */
CMLP_API void cmlp_random_seed(cmlp_random *random, uint32_t seed);
CMLP_API double cmlp_random_double(cmlp_random *random); /* in [0, 1) */
CMLP_API void cmlp_random_shuffle(cmlp_random *random, int64_t *values, int64_t n_values);

/* Fills `params` with random numbers, uniform in [-b, b) with b = sqrt(c / (n_in + n_out)) and c = init_factor of the
 * layer's activation: 2 for logistic, 6 for most others (Glorot & Bengio 2010, as scikit-learn). The output layer uses the
 * c of the last hidden layer, or 6 if there is none. Random numbers are used layer by layer, weights before biases.
 * There are no options: parameters are plain numbers, and a program can fill them from another distribution.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, ALIGNMENT, OPTION, NET, THREADS. Parts: TRAINING. */
CMLP_CHECKED cmlp_status cmlp_net_init_params(const cmlp_net *net, cmlp_random *random, void *params, int64_t n_params,
                                              cmlp_run *run);

typedef int32_t cmlp_targets_kind;
enum { CMLP_TARGETS_DENSE = 1, CMLP_TARGETS_CLASSES = 2, CMLP_TARGETS_KIND_SIGNED = -1 };

/* One target per row. `order` selects rows and targets alike, and n_rows must equal the n_rows of the rows.
 * - CMLP_TARGETS_CLASSES: one int32 class index per row, from 0 to n_out - 1, which means 1 at this output and 0
 *   at all others. row_stride is the distance between two indices in bytes, not 0 if there are several. dtype is 0 or
 *   CMLP_INT32; n_columns and column_stride are 0.
 * - CMLP_TARGETS_DENSE: n_columns values per row, which is the number of outputs; with strides as in cmlp_rows.
 *
 * Values are finite and in the range of the loss (cmlp_loss): GAMMA allows no class indices of several outputs, because it
 * needs positive targets. A loss of the program (cmlp_objective.loss) allows all finite values.
 *
 * The errors of targets: NULL, TARGETS, DTYPE, ALIGNMENT, CLASS; TARGET. */
typedef struct cmlp_targets {
    size_t struct_size;
    const void *data;
    int64_t n_rows, n_columns;
    int64_t row_stride, column_stride;
    cmlp_targets_kind kind;
    cmlp_dtype dtype; /* of data */
} cmlp_targets;

/* Contiguous dense targets, or one class index per row. */
static inline cmlp_targets cmlp_dense_targets(const void *data, cmlp_dtype dtype, int64_t n_rows, int64_t n_columns)
{
    cmlp_targets targets = CMLP_INIT(cmlp_targets);
    targets.kind = CMLP_TARGETS_DENSE;
    targets.dtype = dtype;
    targets.data = data;
    targets.n_rows = n_rows;
    targets.n_columns = n_columns;
    targets.column_stride = dtype == CMLP_UINT8 ? 1 : dtype == CMLP_FLOAT64 ? 8 : 4;
    targets.row_stride = (n_columns & 0xffffffffffff) * targets.column_stride;
    return targets;
}
static inline cmlp_targets cmlp_class_targets(const int32_t *class_indices, int64_t n_rows)
{
    cmlp_targets targets = cmlp_dense_targets(class_indices, CMLP_INT32, n_rows, 0);
    targets.kind = CMLP_TARGETS_CLASSES;
    targets.row_stride = sizeof *class_indices;
    targets.column_stride = 0;
    return targets;
}

/* Writes to the struct_size bytes of *targets what cmlp_dense_targets returns; if n_columns is 0, class indices of this dtype
 * (CMLP_INT32). Parts: TRAINING. */
CMLP_API void cmlp_targets_init(cmlp_targets *targets, size_t struct_size, const void *data, cmlp_dtype dtype,
                                int64_t n_rows, int64_t n_columns);

/* The rows for which a program computes a loss of its own (cmlp_objective.loss). The struct has the library's size: a field
 * exists if it ends within struct_size bytes. */
typedef struct cmlp_loss_call {
    size_t struct_size;
    const int64_t *rows; /* the position of each of the n_rows rows in the cmlp_rows, so that it can have data of its own */
    int64_t n_rows, n_out;
    const void *targets; /* (n_rows, n_out), of dtype; class indices as 1 and 0 */
    const void *outputs; /* (n_rows, n_out), of dtype: the output activations */
    double *costs;       /* output: the cost of each row */
    void *slopes;        /* output: the derivatives of this cost with respect to the row's outputs; as `outputs` */
    cmlp_dtype dtype;    /* of the net */
    int32_t reserved;    /* 0 */
    const void *sums;    /* (n_rows, n_out), of dtype: the weighted sums of which `outputs` are the activations */
    int32_t *of_sums;    /* output, 0 at first: nonzero if the slopes are derivatives with respect to the sums instead. So
                          * the cost of a probability that is rounded to 0 has an exact gradient: of softmax and the log
                          * loss, the slopes are outputs - targets */
} cmlp_loss_call;

/* The objective that training minimizes. w_i are the row weights (1 if NULL). Biases have no penalty:
 *   (loss_scale * sum of w_i cost_i + alpha/2 * sum of squared weights) / sum of w_i
 *
 * Dropout (Srivastava et al. 2014) sets a unit's activation to 0 with the rate of its layer, and otherwise divides it by
 * 1 - rate.
 *
 * The errors of an objective: OPTION, WEIGHT, and ALIGNMENT and LENGTH of an array. */
typedef struct cmlp_objective {
    size_t struct_size;
    const double *row_weights; /* one for each of the n_rows rows (not of `order`), or NULL. Those of the selected rows
                                * are 0 or normal numbers > 0 of the net's type with normal reciprocals, not all 0; so
                                * is their sum. A row of weight 0 must be finite, and its targets in the range of the
                                * loss, but its values change no result */
    int64_t n_row_weights;
    double alpha;              /* L2 penalty, >= 0 */
    double loss_scale;         /* > 0; 0: 1. 0.5 gives the halved squared error */
    double log_loss_clip;      /* of CMLP_LOSS_LOG, FOCAL and LABEL_SMOOTHING, below 0.5; 0: exact from the logits; else
                                * probabilities are clipped to [c, 1-c] in the reported cost, which is then finite; the
                                * gradient is always that of the exact cost */
    const double *alphas;      /* NULL, or instead of alpha (0) one for each layer with weights, >= 0 */
    int64_t n_alphas;
    const double *dropout_rates; /* NULL: no dropout, and the next fields are 0; or one for each hidden layer, in [0, 1) */
    int64_t n_dropout_rates;
    int64_t dropout_step;      /* seeds the choice of units; 0 for cmlp_train_epoch, which uses the state's n_steps */
    int64_t dropout_row;       /* added to the indices of the rows, if they are part of a larger set; from 0 to 2^48 - 1. The
                                * sum counts modulo 2^48 */
    uint32_t dropout_seed;
    int32_t reserved;          /* 0 */
    /* NULL, or a loss that is used instead of the net's. The calling thread, which then computes alone, calls it for all
     * selected rows of a batch, in their sequence. How they are divided into calls is not specified. A result other than 0
     * cancels the call. */
    int (*loss)(void *context, const cmlp_loss_call *call);
    void *loss_context;
} cmlp_objective;

typedef int32_t cmlp_solver;
enum {
    CMLP_SOLVER_SGD = 1,      /* w -= lr g                                       moments: none */
    CMLP_SOLVER_MOMENTUM = 2, /* v = mu v - lr g;  w += v                        moments: v */
    CMLP_SOLVER_NESTEROV = 3, /* v = mu v - lr g;  w += mu v - lr g              moments: v (Sutskever et al. 2013) */
    CMLP_SOLVER_ADAM = 4,     /* w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v)+eps)   moments: m, v (Kingma & Ba 2015) */
    CMLP_SOLVER_ADAMW = 5, /* w -= lr wd w (weights only), then as Adam        moments: m, v (Loshchilov & Hutter 2019) */
    CMLP_SOLVER_SIGNED = -1
};

/* The sign that a parameter keeps: after each step, it becomes 0 if its value is not allowed. */
typedef int8_t cmlp_sign;
enum {
    CMLP_SIGN_NEGATIVE = -1, /* at most 0 */
    CMLP_SIGN_FREE = 0,      /* any value */
    CMLP_SIGN_POSITIVE = 1,  /* at least 0 */
    CMLP_SIGN_ZERO = 2       /* always 0 */
};

/* The hyperparameters of an optimizer, and where its state is; no call changes this struct. Every solver reads
 * learning_rate and max_norm; momentum and nesterov read momentum; adam and adamw read beta_1, beta_2 and epsilon; adamw
 * reads weight_decay. Zero is a value of momentum, the betas and weight_decay, not a request for a default.
 *
 * The errors of an optimizer: OPTION, and NULL, BUFFER_SIZE, ALIGNMENT or OVERFLOW for the state. */
typedef struct cmlp_optimizer {
    size_t struct_size;
    void *state;            /* a cmlp_optimizer_state and the moments behind it, which calls that train change */
    size_t state_size;      /* at least the bytes of cmlp_optimizer_state_size */
    double learning_rate;   /* finite, > 0; may be 0 if each batch has a rate (cmlp_epoch.rates) */
    double momentum;        /* in [0, 1] */
    double beta_1, beta_2;  /* in [0, 1) */
    double epsilon;         /* > 0; 0: 1e-8 */
    double weight_decay;    /* wd of AdamW, >= 0 */
    double max_norm;        /* a gradient (penalty included) of larger norm is scaled to this norm; 0: off */
    const cmlp_sign *signs; /* for each parameter; NULL: all are free. Files do not have them */
    int64_t n_signs;        /* the number of parameters; 0 without signs */
    cmlp_solver solver;
    int32_t reserved;       /* 0 */
} cmlp_optimizer;

/* The beginning of the state, which holds all that training changes beside the parameters. The program zeroes the whole
 * state before the first step, and stores all its bytes to resume training; they have the byte order of the machine. The
 * moments are arrays of n_params elements of the net's type, which no call checks. The struct has this size for ever. */
typedef struct cmlp_optimizer_state {
    int64_t n_steps;                   /* steps taken, >= 0 */
    double beta_1_power, beta_2_power; /* of adam and adamw: beta^n_steps, a product that is rounded at every step. With
                                        * n_steps 0 they are not read and count as 1 */
    double pace;                       /* private: what cmlp_train_epoch leaves for the next one. It depends on time, and
                                        * changes how long epochs with several threads take, but no result. No value is an
                                        * error */
    int64_t reserved[4];               /* 0 */
} cmlp_optimizer_state;

/* An optimizer with the usual hyperparameters: learning rate 0.001 (sgd, momentum and nesterov: 0.1), momentum 0.9,
 * beta_1 0.9, beta_2 0.999, epsilon 1e-8, weight decay 0.01, no clipping. Set `state` and state_size afterwards, and the
 * fields that should differ. */
static inline cmlp_optimizer cmlp_default_optimizer(cmlp_solver solver)
{
    cmlp_optimizer optimizer = CMLP_INIT(cmlp_optimizer);
    optimizer.solver = solver;
    optimizer.learning_rate = solver == CMLP_SOLVER_ADAM || solver == CMLP_SOLVER_ADAMW ? 0.001 : 0.1;
    optimizer.momentum = optimizer.beta_1 = 0.9;
    optimizer.beta_2 = 0.999;
    optimizer.epsilon = 1e-8;
    optimizer.weight_decay = 0.01;
    return optimizer;
}

/* Writes what cmlp_default_optimizer returns to the struct_size bytes of *optimizer. Parts: TRAINING. */
CMLP_API void cmlp_optimizer_init(cmlp_optimizer *optimizer, size_t struct_size, cmlp_solver solver);

/* Computes the bytes of an optimizer's state: those of cmlp_optimizer_state and of 0 to 2 moments, each as large as the
 * parameters. Of `optimizer` the solver alone counts.
 * bytes: may be the optimizer's state_size.
 * Returns OPTION (an unknown solver), OVERFLOW.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OVERFLOW, OPTION, NET, THREADS. Parts: TRAINING. */
CMLP_CHECKED cmlp_status cmlp_optimizer_state_size(const cmlp_net *net, const cmlp_optimizer *optimizer, size_t *bytes,
                                                   cmlp_run *run);

/* What a call of cmlp_train_epoch has done. cost, penalty and gradient_norm are from before the steps of their batches. */
typedef struct cmlp_epoch_result {
    size_t struct_size;
    double cost;          /* mean of loss_scale * cost over the processed batches, weighted by their rows; NaN without
                           * a row */
    double penalty;       /* the same mean of alpha/2 * sum of squared weights / sum of row weights */
    double gradient_norm; /* norm of the gradient of this call's last batch; NaN if wants_norm is 0 or it was skipped */
    int64_t n_batches;    /* batches processed in this call */
    /* cost and penalty are these sums divided by rows_done. All these include the calls that this one continues. */
    double cost_sum, penalty_sum;
    int64_t rows_done;
    int64_t next_batch; /* the first_batch of a call that continues this one with the same rows; all batches before it are
                         * done or skipped */
} cmlp_epoch_result;

/* Options of an epoch.
 *
 * The errors of an epoch: BATCH, ALIGNMENT and LENGTH (rates), OPTION (rates, reserved), those of its workers. */
typedef struct cmlp_epoch {
    size_t struct_size;
    /* NULL, or the other processes that train with this one: cmlp_workers.h (experimental). */
    struct cmlp_workers *workers;
    int64_t batch_size;   /* rows per batch; the last one may be shorter. 0: all rows */
    int64_t first_batch;  /* number of batches to skip at the start (to resume an epoch); at most all of them */
    /* NULL, or the result of the call that this one continues: the sums of this call start with its cost_sum, penalty_sum
     * and rows_done, so that costs are those of the whole epoch. It may be the struct that receives the results. So a
     * program resumes an epoch, or trains it in several calls, each with other rows (and first_batch 0). This is the same
     * as one call if each but the last has a multiple of batch_size rows, which is not checked, and if
     * cmlp_objective.dropout_row is the index of its first row. */
    const cmlp_epoch_result *before;
    const double *rates;  /* one learning rate per batch, including skipped ones, finite, >= 0; or NULL */
    int64_t n_rates;
    int32_t wants_norm;    /* nonzero: compute gradient_norm */
    int32_t reserved;     /* 0 */
} cmlp_epoch;

/* Trains one epoch: uses the selected rows once, in batches, with one optimizer step per batch. It does not shuffle:
 * rows are taken in the sequence of `rows` or of `order`, which cmlp_random_shuffle can permute before each epoch. A
 * batch whose row weights are all zero is skipped.
 * params: the parameter block, updated in place, as the optimizer's state.
 * result: or NULL.
 * Returns ROWS if no row is selected; DIVERGED. After CMLP_CANCELLED, INPUT, TARGET and DIVERGED in a batch, parameters and
 * state are those after the last complete batch, and *result covers the complete batches. After DIVERGED the parameters
 * need not be finite: the last step may have made them NaN or infinite.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NET, ROWS,
 * TARGETS, BATCH, THREADS, WORKERS, INPUT, TARGET, DIVERGED, CLASS, WEIGHT, ORDER, SPARSE, MESSAGE.
 * Parts: TRAINING. */
CMLP_CHECKED cmlp_status cmlp_train_epoch(const cmlp_net *net, void *params, int64_t n_params, const cmlp_rows *rows,
                                          const cmlp_targets *targets, const cmlp_objective *objective,
                                          const cmlp_optimizer *optimizer, const cmlp_epoch *epoch,
                                          cmlp_epoch_result *result, cmlp_run *run);

/* ---------------------------------------------------------------------------------------- write a model file */

/* A string for other programs. The key is "user.", then at most 59 of a-z 0-9 _ and . */
typedef struct cmlp_model_string {
    const char *key;
    const char *value;   /* n_value bytes of printable ASCII */
    int64_t n_value;
    int64_t reserved[2]; /* 0 */
} cmlp_model_string;

/* An array for other programs: n_rows, or n_rows times n_columns elements if n_columns is not 0. The name follows the
 * rule for keys. */
typedef struct cmlp_model_array {
    const char *name;
    const void *data;
    int64_t n_rows, n_columns;
    cmlp_dtype dtype;
    int32_t padding;     /* 0 */
    int64_t reserved[4]; /* 0 */
} cmlp_model_array;

/* Training in batches with a constant learning rate, whose epochs each began with cmlp_random_shuffle of `order`.
 * Python continues it: `cmlp.load` gives an estimator whose fit(X, y, resume=True) is bit-identical to training that
 * never stopped. The costs are those of the network's loss, with loss_scale 0.5 for CMLP_LOSS_SQUARED_ERROR (Python
 * halves it), and without row weights, dropout, or an alpha for each layer.
 *
 * The errors of training: NULL (optimizer; one of random and order), ALIGNMENT, ROWS, BATCH, ORDER, OPTION (n_epochs,
 * alpha, random), OVERFLOW, VALUE (objectives); the errors of an optimizer. The file has default values of the
 * hyperparameters that the solver does not read. */
typedef struct cmlp_training {
    size_t struct_size;
    const cmlp_optimizer *optimizer; /* with the state after the last epoch */
    const cmlp_random *random;       /* NULL: rows are not shuffled */
    const int64_t *order;            /* n_rows indices; NULL if random is NULL */
    int64_t n_rows;                  /* from 1 to 2^31 - 1 */
    int64_t batch_size;              /* as in cmlp_epoch */
    int64_t n_epochs;
    const double *objectives;        /* cost + penalty of each epoch; NULL: unknown. They are those of Python if log_loss_clip
                                      * is the epsilon of the network's type */
    double alpha;                    /* as in cmlp_objective */
} cmlp_training;

/* How cells of text become numbers and categories (docs/guide/files.md). */
typedef struct cmlp_cell_format {
    size_t struct_size;
    const cmlp_value *missing; /* n_missing texts: further words for missing values; or NULL */
    int64_t n_missing;
    int32_t decimal;           /* '.' or ',' */
    int32_t thousands;         /* 0 for none, or a separator other than `decimal`: ',', '.', ' ' or '\'' */
    int32_t has_own_words;     /* 1: only empty cells and `missing` are missing values, not NA, null and the like */
    int32_t of_spreadsheets;   /* 1: a minus can be U+2212, and a cell such as ="007" is the text between the quotation marks */
} cmlp_cell_format;

/* What cmlp_model_write writes in addition to the network and its parameters. */
typedef struct cmlp_model_content {
    size_t struct_size;
    /* Takes the next n_bytes bytes of the file; a value other than 0 ends the call with CMLP_ERROR_WRITE. */
    int (*write)(void *context, const void *bytes, size_t n_bytes);
    void *write_context;
    const cmlp_value *labels;         /* NULL, or one for each output, or two for one logistic output. All of one kind, TEXT
                                       * to LARGE_INTEGER, ascending without repetition (texts by bytes). An ORDERED table
                                       * has one label more than logistic outputs (at most 256 labels), in their own order,
                                       * without repetition; output k, counted from 0, is the probability of all labels
                                       * behind label k. TEXT,
                                       * DOUBLE and LARGE_INTEGER need a text; INTEGER and BOOLEAN have that of Python, or
                                       * NULL. */
    int64_t n_labels;
    const cmlp_value *names;          /* NULL, or the names of a network's inputs: texts. The columns of a table have their
                                       * own */
    int64_t n_names;
    const cmlp_cell_format *cells;    /* NULL: a decimal point, no separator of thousands, no further words */
    const cmlp_model_string *strings; /* keys ascending by bytes */
    int64_t n_strings;
    const cmlp_model_array *arrays;   /* names ascending by bytes */
    int64_t n_arrays;
    const cmlp_training *training;    /* NULL, or the state that Python continues */
    const double *shifts, *factors;   /* of the inputs, instead of input_scale (0 or 1) as in cmlp_rows; or both NULL */
    double input_scale;               /* finite; 0: 1 */
    cmlp_model_kind kind;             /* one that fits the outputs, labels and loss (docs/model-file.md); labels of a
                                       * MULTILABEL model are the numbers of the outputs, from 0. 0, of a network: CLASSIFIER
                                       * with labels that fit, otherwise NETWORK. 0, of a table: REGRESSOR with `targets`;
                                       * ORDERED with one label more than outputs, if they are three or more or do not
                                       * ascend; otherwise CLASSIFIER */
    int32_t reserved;                 /* 0 */
} cmlp_model_content;

/* Writes a model file through content->write, in order and in blocks of any size. The same content gives the same bytes
 * on every platform with the same version. The example in the file has pseudo-random inputs, never a row of data.
 * run: its workspace has the bytes of cmlp_net_workspace_size without rows.
 * Returns OPTION (kind, input_scale, shifts, factors, a count, an array's shape or a reserved field), DTYPE, OVERFLOW;
 * NAME (a key, or the name of an array), TEXT (a string that is not printable ASCII, a label or a name that is not UTF-8),
 * VALUE (a label, a name, cells, a parameter that is not finite, or a shift or scale with which no input of the net's type is
 * finite). After these, nothing has been written. After WRITE, part of the file has. What is written without an
 * error can be read by cmlp_model_init.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, TEXT, NAME, VALUE, NET, ROWS,
 * BATCH, THREADS, ORDER, WRITE. Parts: TRAINING. */
CMLP_CHECKED cmlp_status cmlp_model_write(const cmlp_net *net, const void *params, int64_t n_params,
                                          const cmlp_model_content *content, cmlp_run *run);

/* ================================================================================================ 3. look inside */

typedef struct cmlp_layer_info {
    size_t struct_size;
    int64_t n_in, n_out;
    cmlp_activation activation;
    int32_t reserved; /* 0 */
    double parameter; /* of the activation; 0 if it has none */
    int64_t first_weight; /* index in the parameter block: (n_in, n_out), row-major */
    int64_t first_bias;   /* index in the parameter block: (n_out) */
} cmlp_layer_info;

/* Describes layer `index` of the n_layers - 1 layers with weights. Returns INDEX if there is no such layer.
 * Statuses: NULL, STRUCT_SIZE, ALIGNMENT, OPTION, INDEX, NET, THREADS. */
CMLP_CHECKED cmlp_status cmlp_net_describe_layer(const cmlp_net *net, int32_t index, cmlp_layer_info *layer, cmlp_run *run);

/* Properties of an activation. The structs are static, and of the library's size: a field exists if it ends within
 * struct_size bytes. */
typedef struct cmlp_activation_info {
    size_t struct_size;
    const char *name;    /* "leaky_relu" */
    double init_factor;  /* see cmlp_net_init_params */
    double parameter;    /* default value of its parameter; 0 if it has no parameter */
    int32_t allows_hidden; /* 1: allowed in hidden layers */
    int32_t allows_output; /* 1: allowed in the output layer */
} cmlp_activation_info;

/* The same of a loss. */
typedef struct cmlp_loss_info {
    size_t struct_size;
    const char *name; /* "huber" */
    double parameter; /* default value of its parameter; 0 if it has no parameter */
    double limit;     /* the parameter is below it; 0 if the loss has no parameter */
    double lower_limit; /* the parameter is above it */
} cmlp_loss_info;

/* Static tables. NULL for values outside the enumerations, which are numbered from 1 without gaps. */
CMLP_API const cmlp_activation_info *cmlp_activation_describe(cmlp_activation activation);
CMLP_API const cmlp_loss_info *cmlp_loss_describe(cmlp_loss loss);

/* 1 if a network with this output activation can have the loss; otherwise, and for values outside the enumerations, 0. */
CMLP_API int32_t cmlp_loss_allows(cmlp_loss loss, cmlp_activation output);

/* "generic", "avx2", "avx512", "neon": static. NULL for other values. */
CMLP_API const char *cmlp_isa_name(cmlp_isa isa);

/* "sgd", "momentum", "nesterov", "adam", "adamw": static. NULL for other values. Parts: TRAINING. */
CMLP_API const char *cmlp_solver_name(cmlp_solver solver);

CMLP_API cmlp_isa cmlp_net_isa(const cmlp_net *net); /* the one in use; 0 for an invalid net */
CMLP_API cmlp_isa_set cmlp_cpu_isa_mask(void); /* those that this build, processor and operating system support */

/* What cmlp_backpropagate computes. Arrays are of the net's type, and NULL with length 0 if they are not wanted.
 * The derivatives of a row include loss_scale and the row weight, but no average and no penalty.
 *
 * The errors of derivatives: LENGTH, ALIGNMENT. */
typedef struct cmlp_derivatives {
    size_t struct_size;
    double objective;     /* output: the objective's value */
    double plain_cost;    /* output: the weighted mean of the rows' costs without what training adds to them. loss_scale
                           * and the penalty do not count, and for CMLP_LOSS_FOCAL and CMLP_LOSS_LABEL_SMOOTHING it is
                           * the log loss of the targets, clipped if log_loss_clip is above 0 */
    void *gradient;       /* of the objective, in the layout of the parameters */
    int64_t n_gradient;
    void *input_gradient; /* (rows selected, n_in): the derivatives of each row's own cost with respect to its n_columns
                           * values in `rows`, before shift and scale */
    int64_t n_input_gradient;
    void *deltas;         /* layer after layer (rows selected, n_out of the layer): the derivatives of each row's own
                           * cost with respect to the layer's weighted sums */
    int64_t n_deltas;
} cmlp_derivatives;

/* Computes the objective's value at these parameters, and the derivatives that `derivatives` asks for, in one pass over all
 * selected rows.
 * Returns ROWS if no row is selected; DIVERGED if the objective, the plain cost or the cost of a row is not finite. It may
 * also be returned if a weighted sum is not.
 * Statuses: CANCELLED, NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, DTYPE, OPTION, NET, ROWS,
 * TARGETS, THREADS, INPUT, TARGET, DIVERGED, CLASS, WEIGHT, ORDER, SPARSE. Parts: TRAINING. */
CMLP_CHECKED cmlp_status cmlp_backpropagate(const cmlp_net *net, const void *params, int64_t n_params,
                                            const cmlp_rows *rows, const cmlp_targets *targets,
                                            const cmlp_objective *objective, cmlp_derivatives *derivatives, cmlp_run *run);

/* One optimizer step with `gradient` (in the layout of the parameters), in the calling thread. Updates `params` and the
 * optimizer's state. The new parameters are not checked: they are not finite if the gradient is not.
 * Statuses: NULL, STRUCT_SIZE, LENGTH, BUFFER_SIZE, ALIGNMENT, OVERFLOW, OPTION, NET, THREADS. Parts: TRAINING. */
CMLP_CHECKED cmlp_status cmlp_step(const cmlp_net *net, void *params, int64_t n_params, const void *gradient,
                                   int64_t n_gradient, const cmlp_optimizer *optimizer, cmlp_run *run);

#ifdef __cplusplus
}
#endif
#endif
