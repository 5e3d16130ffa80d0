/* Classifies images with a model file, which Python has written with model.save("digits.cmlp").
 *
 *   cc -O2 classify.c cmlp.c -pthread -o classify
 *   ./classify digits.cmlp t10k-images-idx3-ubyte 5
 *
 * prints the answers for the first five images, one per line. */
#include <cmlp.h>

#include "idx.h"

static void *allocated(size_t n)
{
    void *memory = malloc(n);
    if (!memory) exit(1);
    return memory;
}

/* Ends the program if a call failed. */
static void check(int status, const char *what)
{
    if (status == CMLP_OK) return;
    fprintf(stderr, "%s: %s\n", what, cmlp_status_string(status));
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: classify MODEL IMAGES COUNT\n");
        return 2;
    }
    size_t n;
    unsigned char *file = read_file(argv[1], &n);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    check(cmlp_model_size(file, n, &info), argv[1]);
    cmlp_model *model = allocated(info.model_size);
    void *scratch = allocated(info.scratch_size);
    check(cmlp_model_init(model, info.model_size, file, n, 1, scratch, info.scratch_size), argv[1]);

    const idx images = read_idx(argv[2], 3);
    if (images.size != info.n_inputs) {
        fprintf(stderr, "the model has %d inputs, an image has %d pixels\n", (int)info.n_inputs, (int)images.size);
        return 1;
    }
    for (int64_t i = 0; i < images.n && i < atoi(argv[3]); i++) {
        const int32_t answer =
            cmlp_model_predict_u8(model, images.data + i * images.size, NULL, scratch, info.scratch_size);
        if (answer < 0) check(-answer, argv[2]);
        printf("%d\n", (int)answer);
    }
    free(images.file);
    free(scratch);
    free(model);
    free(file);
    return 0;
}
