/* Without malloc: the file, the model and the workspace are static arrays, as on a microcontroller. */
#include "journey.h"

static uint64_t file[1 << 12]; /* an address that is a multiple of 8 */
static unsigned char memory[1 << 15], workspace[1 << 12];

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    FILE *const stream = fopen(argv[1], "rb");
    CHECK(stream);
    const size_t n = fread(file, 1, sizeof file, stream);
    CHECK(n > 0 && feof(stream));
    fclose(stream);

    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    const cmlp_model *model = NULL;
    float row[16] = {1}, output[16];
    int32_t label = -1;
    cmlp_run run = CMLP_INIT(cmlp_run);
    run.workspace = workspace;
    run.workspace_size = sizeof workspace;
    OK(cmlp_model_describe(file, n, &info, NULL));
    CHECK(info.model_size <= sizeof memory && info.workspace_size <= sizeof workspace && info.n_in <= 16);
    OK(cmlp_model_init(memory, sizeof memory, file, n, NULL, &model, &run));
    OK(predict_one(model, row, CMLP_FLOAT32, info.n_in, &label, output, 16, &run));
    CHECK(label >= 0 && label < info.n_out);

    /* A damaged file, and memory that is too small, are refused. */
    CHECK(cmlp_model_init(memory, info.model_size - 1, file, n, NULL, &model, &run) ==
          CMLP_ERROR_BUFFER_SIZE);
    ((unsigned char *)file)[n - 1] ^= 1;
    CHECK(cmlp_model_init(memory, sizeof memory, file, n, NULL, &model, &run) ==
          CMLP_ERROR_FILE_DATA_CRC);
    return 0;
}
