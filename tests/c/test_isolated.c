/* Prediction needs nothing from the system: threads that share one model predict in seccomp's strict mode, in which the
 * kernel kills a thread at any system call except read, write and exit, and with an allocator and locks that abort. */
#define _GNU_SOURCE
#include "../../include/cmlp_table.h"
#include "model_file.h"
#include "support.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { N_IN = 300, N_HIDDEN = 40, N_OUT = 10, ROWS = 50, THREADS = 4, ROUNDS = 20 };

/* ------------------------------------------------------------------------ an allocator and locks that can fail */

static atomic_int armed;
static _Alignas(64) unsigned char arena[1 << 22];
static atomic_size_t used;

static void forbidden(const char *what)
{
    static const char text[] = " was called during a prediction\n";
    if (!atomic_load(&armed)) return;
    if (write(2, what, strlen(what)) < 0 || write(2, text, sizeof text - 1) < 0) abort();
    syscall(SYS_exit, 1);
}

void *malloc(size_t n)
{
    forbidden("malloc");
    return arena + atomic_fetch_add(&used, (n + 63) / 64 * 64);
}
void *calloc(size_t n, size_t size)
{
    forbidden("calloc");
    return malloc(n * size); /* the arena is never reused, so it is zero */
}
void *realloc(void *p, size_t n)
{
    forbidden("realloc");
    void *moved = malloc(n);
    if (p) memcpy(moved, p, n);
    return moved;
}
void *aligned_alloc(size_t alignment, size_t n)
{
    (void)alignment;
    return malloc(n);
}
int posix_memalign(void **p, size_t alignment, size_t n)
{
    *p = aligned_alloc(alignment, n);
    return 0;
}
void free(void *p)
{
    (void)p;
    forbidden("free");
}
int pthread_mutex_lock(pthread_mutex_t *lock)
{
    (void)lock;
    forbidden("pthread_mutex_lock");
    return 0;
}
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    (void)condition;
    (void)lock;
    forbidden("pthread_cond_wait");
    return 0;
}

/* ------------------------------------------------------------------------------------------------ a model file */

static model_file file;
static _Alignas(64) unsigned char model_memory[8192], scratch[THREADS + 1][1 << 18];
static float rows[ROWS][N_IN], expected[ROWS][N_OUT];
static uint8_t bytes[ROWS][N_IN];
static int32_t labels[ROWS], byte_labels[ROWS];

static void write_model(void)
{
    static _Alignas(64) unsigned char memory[CMLP_NET_SIZE(CMLP_MAX_LAYERS)];
    static float params[N_IN * N_HIDDEN + N_HIDDEN + N_HIDDEN * N_OUT + N_OUT];
    const int64_t sizes[] = {N_IN, N_HIDDEN, N_OUT};
    const int32_t activations[] = {CMLP_ACTIVATION_TANH, CMLP_ACTIVATION_SOFTMAX};
    const cmlp_net *net;
    cmlp_net_config config = CMLP_INIT(cmlp_net_config);
    config.n_layers = 3;
    config.sizes = sizes;
    config.activations = activations;
    config.loss = CMLP_LOSS_LOG;
    config.dtype = CMLP_FLOAT32;
    CHECK(cmlp_net_init(memory, sizeof memory, &config, &net, NULL) == CMLP_OK);
    cmlp_random random;
    cmlp_random_seed(&random, 1);
    CHECK(cmlp_net_init_params(net, &random, params, cmlp_net_n_params(net), NULL) == CMLP_OK);
    cmlp_model_content content = CMLP_INIT(cmlp_model_content);
    content.write = model_file_append;
    content.write_context = &file;
    content.input_scale = 1 / 255.0;
    CHECK(cmlp_model_write(net, params, cmlp_net_n_params(net), &content, SPACE(scratch, sizeof scratch)) == CMLP_OK);
}

static const cmlp_model *load_model(void)
{
    uint64_t state = 5;
    const cmlp_model *model = NULL;
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    CHECK(cmlp_model_describe(file.bytes, file.size, &info, NULL) == CMLP_OK);
    CHECK(info.model_size <= sizeof model_memory && info.workspace_size <= sizeof scratch[0]);
    CHECK(cmlp_model_init(model_memory, sizeof model_memory, file.bytes, file.size, NULL, &model,
                          SPACE(scratch, sizeof scratch)) == CMLP_OK);
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < N_IN; k++) {
            bytes[i][k] = (uint8_t)random_below(&state, 256);
            rows[i][k] = (float)random_below(&state, 256);
        }
        CHECK(predict_row(model, rows[i], N_IN, &labels[i], expected[i], scratch, sizeof scratch) == CMLP_OK);
        CHECK(predict_values(CMLP_UINT8, model, bytes[i], N_IN, &byte_labels[i], NULL, 0, scratch, sizeof scratch) == CMLP_OK);
    }
    return model;
}

/* ------------------------------------------------------------------------------------------------- predictions */

static atomic_int right, finished;

/* 1 if all predictions of single rows, and those of all rows in one call, are the expected ones. */
static int predicts(const cmlp_model *model, void *own, size_t size)
{
    float output[ROWS][N_OUT];
    int same = 1;
    for (int i = 0; i < ROWS; i++) {
        int32_t label, byte_label;
        same &= predict_row(model, rows[i], N_IN, &label, output[0], own, size) == CMLP_OK && label == labels[i];
        same &= !memcmp(output[0], expected[i], sizeof output[0]);
        same &= predict_values(CMLP_UINT8, model, bytes[i], N_IN, &byte_label, NULL, 0, own, size) == CMLP_OK &&
                byte_label == byte_labels[i];
    }
    cmlp_rows all = cmlp_dense_rows(rows, CMLP_FLOAT32, ROWS, N_IN);
    same &= cmlp_model_prepare_rows(model, &all, NULL) == CMLP_OK; /* the scale */
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = own;
    run.workspace_size = size;
    same &= call_forward(cmlp_model_net(model), cmlp_model_params(model), &all, output, &run) == CMLP_OK;
    return same && !memcmp(output, expected, sizeof output);
}

/* 0: strict mode is possible; 2: the process, in a container, has a filter already; -1: the kernel has no seccomp. */
static int seccomp_mode;

/* Forbids the calling thread all system calls except read, write and exit. Returns 0 on success. A process that has a
 * filter cannot enter strict mode, and gets a second filter instead. */
static int isolate(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (seccomp_mode == 0) return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void *thread(void *argument)
{
    static atomic_int next = 1;
    unsigned char *own = scratch[atomic_fetch_add(&next, 1)];
    int same = 1;
    while (!atomic_load(&armed)) {} /* all threads start at once */
    if (isolate()) syscall(SYS_exit, 1);
    for (int i = 0; i < ROUNDS; i++) same &= predicts(argument, own, sizeof scratch[0]);
    atomic_fetch_add(&right, same);
    atomic_fetch_add(&finished, 1);
    syscall(SYS_exit, 0); /* of this thread; returning would make other system calls */
    return NULL;
}

static void report(int good)
{
    const char *text = good ? "1 passed, 0 failed\n" : "0 passed, 1 failed\n";
    const ssize_t written = write(1, text, strlen(text));
    syscall(SYS_exit, !good || written < 0);
}

int main(void)
{
    pthread_t threads[THREADS];
    write_model();
    const cmlp_model *model = load_model();
    CHECK(predicts(model, scratch, sizeof scratch[0]));
    seccomp_mode = prctl(PR_GET_SECCOMP);
    if (seccomp_mode < 0) return finish();
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, thread, (void *)(uintptr_t)model));
    alarm(60); /* ends the program if the kernel kills a thread, for which the loop below would wait */
    atomic_store(&armed, 1);
    if (isolate()) report(0);
    int same = predicts(model, scratch, sizeof scratch[0]);
    while (atomic_load(&finished) < THREADS) {} /* waiting would be a system call */
    report(same && atomic_load(&right) == THREADS);
    return 1;
}
