/* Many threads predict with one shared model. The model is constant; each thread has scratch memory of its own. Linux,
 * macOS and other systems with POSIX threads.
 *
 *   cc -O2 many_threads.c cmlp.c -pthread -o many_threads
 *   ./many_threads digits.cmlp t10k-images-idx3-ubyte 4 */
#include <cmlp.h>

#include <pthread.h>

#include "idx.h"

typedef struct worker {
    pthread_t thread;
    const cmlp_model *model;
    const idx *images;
    int32_t *answers; /* one per image */
    int64_t first, step;
    void *scratch;
    size_t scratch_size;
    int status;
} worker;

/* Classifies the images first, first + step, first + 2 step, ... */
static void *work(void *argument)
{
    worker *w = argument;
    for (int64_t i = w->first; i < w->images->n; i += w->step) {
        const uint8_t *image = w->images->data + i * w->images->size;
        w->answers[i] = cmlp_model_predict_u8(w->model, image, NULL, w->scratch, w->scratch_size);
        if (w->answers[i] < 0) w->status = -w->answers[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: many_threads MODEL IMAGES THREADS\n");
        return 2;
    }
    size_t n;
    unsigned char *file = read_file(argv[1], &n);
    const idx images = read_idx(argv[2], 3);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    int status = cmlp_model_size(file, n, &info);
    const int64_t threads = atoi(argv[3]);
    if (status || images.size != info.n_inputs || threads < 1) return 1;
    cmlp_model *model = malloc(info.model_size);
    int32_t *answers = malloc((size_t)images.n * sizeof *answers);
    worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!model || !answers || !workers) return 1;
    status = cmlp_model_init(model, info.model_size, file, n, 0, NULL, 0);
    for (int64_t t = 0; t < threads && !status; t++) {
        workers[t] = (worker){.model = model, .images = &images, .answers = answers, .first = t, .step = threads,
                              .scratch = malloc(info.scratch_size), .scratch_size = info.scratch_size};
        if (!workers[t].scratch || pthread_create(&workers[t].thread, NULL, work, &workers[t])) return 1;
    }
    int64_t counts[10] = {0};
    for (int64_t t = 0; t < threads && !status; t++) {
        pthread_join(workers[t].thread, NULL);
        status = workers[t].status;
        free(workers[t].scratch);
    }
    if (status) {
        fprintf(stderr, "%s\n", cmlp_status_string(status));
        return 1;
    }
    for (int64_t i = 0; i < images.n; i++)
        if (answers[i] < 10) counts[answers[i]]++;
    for (int digit = 0; digit < 10; digit++) printf("digit %d: %d images\n", digit, (int)counts[digit]);
    free(workers);
    free(answers);
    free(model);
    free(images.file);
    free(file);
    return 0;
}
