/* Classifies images with a model file, which Python has written with model.save("digits.cmlp").
 *
 *   cc -O2 classify.c cmlp.c -pthread -o classify
 *   ./classify digits.cmlp t10k-images-idx3-ubyte 5
 *
 * prints the answers for the first five images, one per line. */
#include <cmlp.h>
#include <cmlp_file.h>

#include "idx.h"

/* Ends the program if a call failed. */
static void check(cmlp_status status, const char *what)
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
    cmlp_file digits;
    check(cmlp_file_load(&digits, argv[1], NULL), argv[1]);

    const idx images = read_idx(argv[2], 3);
    if (images.size != digits.info.n_in) {
        fprintf(stderr, "the model has %d inputs, an image has %d pixels\n", (int)digits.info.n_in, (int)images.size);
        return 1;
    }
    for (int64_t i = 0; i < images.n && i < atoi(argv[3]); i++) {
        int32_t answer;
        cmlp_value label;
        const cmlp_rows image = cmlp_dense_rows(images.data + i * images.size, CMLP_UINT8, 1, images.size);
        const cmlp_prediction prediction = {.struct_size = sizeof prediction, .class_indices = &answer, .n_class_indices = 1};
        check(cmlp_model_predict(digits.model, &image, &prediction, &digits.run), argv[2]);
        if (cmlp_model_find_label(digits.model, answer, &label, NULL) == CMLP_OK)
            printf("%.*s\n", (int)label.n_text, label.text); /* a file from C may have no labels */
        else
            printf("%d\n", (int)answer);
    }
    free(images.file);
    cmlp_file_free(&digits);
    return 0;
}
