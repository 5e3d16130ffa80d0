/* Many threads predict with one shared model. The model is constant; each thread has a workspace of its own. Linux,
 * macOS and other systems with POSIX threads.
 *
 *   cc -O2 many_threads.c cmlp.c -pthread -o many_threads
 *   ./many_threads digits.cmlp t10k-images-idx3-ubyte 4 */
#include <cmlp.h>
#include <cmlp_file.h>

#include <pthread.h>

#include "idx.h"

typedef struct worker {
    pthread_t thread;
    const cmlp_model *model;
    const idx *images;
    int32_t *answers; /* one per image */
    int64_t first, step;
    cmlp_run run; /* with its workspace */
    cmlp_status status;
} worker;

/* Classifies the images first, first + step, first + 2 step, ... */
static void *work(void *argument)
{
    worker *w = argument;
    for (int64_t i = w->first; i < w->images->n; i += w->step) {
        const uint8_t *first = w->images->data + i * w->images->size;
        const cmlp_rows image = cmlp_dense_rows(first, CMLP_UINT8, 1, w->images->size);
        const cmlp_prediction prediction = {.struct_size = sizeof prediction, .class_indices = &w->answers[i], .n_class_indices = 1};
        w->status = cmlp_model_predict(w->model, &image, &prediction, &w->run);
        if (w->status) break;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: many_threads MODEL IMAGES THREADS\n");
        return 2;
    }
    cmlp_file digits;
    cmlp_status status = cmlp_file_load(&digits, argv[1], NULL);
    if (status) {
        fprintf(stderr, "%s: %s\n", argv[1], cmlp_status_string(status));
        return 1;
    }
    const idx images = read_idx(argv[2], 3);
    const int64_t threads = atoi(argv[3]);
    const size_t size = digits.info.workspace_size;
    int32_t *answers = malloc((size_t)images.n * sizeof *answers);
    worker *workers = threads < 1 ? NULL : calloc((size_t)threads, sizeof *workers);
    if (images.size != digits.info.n_in || !answers || !workers) return 1;
    for (int64_t t = 0; t < threads; t++) {
        workers[t] = (worker){.model = digits.model, .images = &images, .answers = answers, .first = t,
                              .step = threads,
                              .run = {.struct_size = sizeof(cmlp_run), .workspace = malloc(size), .workspace_size = size}};
        if (!workers[t].run.workspace || pthread_create(&workers[t].thread, NULL, work, &workers[t])) return 1;
    }
    int64_t counts[10] = {0};
    for (int64_t t = 0; t < threads; t++) {
        pthread_join(workers[t].thread, NULL);
        if (workers[t].status) status = workers[t].status;
        free(workers[t].run.workspace);
    }
    if (status) {
        fprintf(stderr, "%s\n", cmlp_status_string(status));
        return 1;
    }
    for (int64_t i = 0; i < images.n; i++)
        if (answers[i] >= 0 && answers[i] < 10) counts[answers[i]]++;
    for (int digit = 0; digit < 10; digit++) printf("digit %d: %d images\n", digit, (int)counts[digit]);
    free(workers);
    free(answers);
    free(images.file);
    cmlp_file_free(&digits);
    return 0;
}
