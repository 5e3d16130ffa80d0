/* Maps a model file into memory and shares the model between threads; each has a workspace of its own. */
#define _POSIX_C_SOURCE 200809L
#include "journey.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct job {
    const cmlp_model *model;
    const cmlp_model_info *info;
    float outputs[100][16];
} job;

static void *work(void *context)
{
    job *const j = (job *)context;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace_size = j->info->workspace_size;
    run.workspace = malloc(run.workspace_size);
    CHECK(run.workspace);
    for (int i = 0; i < 100; i++) {
        float row[16] = {0};
        row[i % j->info->n_in] = (float)i / 8;
        OK(predict_one(j->model, row, CMLP_FLOAT32, j->info->n_in, NULL, j->outputs[i], 16, &run));
    }
    free(run.workspace);
    return NULL;
}

int main(int argc, char **argv)
{
    struct stat found;
    CHECK(argc == 2);
    const int descriptor = open(argv[1], O_RDONLY);
    CHECK(descriptor >= 0 && !fstat(descriptor, &found));
    const size_t n = (size_t)found.st_size;
    void *const bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, descriptor, 0);
    CHECK(bytes != MAP_FAILED);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    OK(cmlp_model_describe(bytes, n, &info, NULL));
    CHECK(info.n_in <= 16 && info.n_out <= 16 && info.dtype == CMLP_FLOAT32);
    char *const memory = (char *)malloc(info.model_size + 1); /* any alignment will do */
    CHECK(memory);
    const cmlp_model *model = NULL;
    cmlp_model_options options = CMLP_INIT(cmlp_model_options);
    options.is_trusted = 1;
    OK(cmlp_model_init(memory + 1, info.model_size, bytes, n, &options, &model, NULL));
    static job jobs[4];
    pthread_t threads[4];
    for (int t = 0; t < 4; t++) {
        jobs[t].model = model;
        jobs[t].info = &info;
        CHECK(!pthread_create(&threads[t], NULL, work, &jobs[t]));
    }
    for (int t = 0; t < 4; t++) CHECK(!pthread_join(threads[t], NULL));
    for (int t = 1; t < 4; t++) CHECK(!memcmp(jobs[t].outputs, jobs[0].outputs, sizeof jobs[0].outputs));
    free(memory);
    munmap(bytes, n);
    close(descriptor);
    return 0;
}
