/* A network on a Cortex-M4: the model file is in flash, used in place, and all memory is static. The program classifies
 * the rows of ROWS (bytes), and prints the classes and what it needs, through the debugger (semihosting). board.h and
 * board.ld are for the board mps2-an386 of QEMU; replace them by those of your board.
 *
 *   arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=gnu11 -Os -I. \
 *       -DCMLP_PARTS=0 -DCMLP_BUILD_ROWS=1 -DMODEL='"model.cmlp"' -DROWS='"rows.bin"' main.c cmlp.c \
 *       --specs=nano.specs -ffunction-sections -fdata-sections -nostartfiles -Wl,--gc-sections -T board.ld -o firmware.elf
 *   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel firmware.elf */
#include <cmlp.h>

#include <string.h>

#include "board.h"

EMBED(model_file, MODEL);
EMBED(rows, ROWS);

enum { MODEL_SIZE = 4096, WORKSPACE_SIZE = 2048, MOST_OUTPUTS = 16 };
static unsigned char model_memory[MODEL_SIZE], workspace[WORKSPACE_SIZE];
static float output[MOST_OUTPUTS];

static void print_bits(float value)
{
    uint32_t bits;
    char text[] = " 00000000";
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++) text[1 + i] = "0123456789abcdef"[bits >> (28 - 4 * i) & 15];
    print(text);
}

static cmlp_status classify_rows(void)
{
    const cmlp_model *model;
    const size_t n = (size_t)(model_file_end - model_file);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    cmlp_run run = {.struct_size = sizeof run, .workspace = workspace, .workspace_size = sizeof workspace};
    cmlp_prediction prediction = {.struct_size = sizeof prediction, .outputs = output, .n_outputs = MOST_OUTPUTS,
                                  .n_class_indices = 1};
    cmlp_status status = cmlp_model_describe(model_file, n, &info, NULL);
    if (!status && info.n_out > MOST_OUTPUTS) status = CMLP_ERROR_BUFFER_SIZE;
    if (!status) status = cmlp_model_init(model_memory, sizeof model_memory, model_file, n, NULL, &model, &run);
    for (const unsigned char *row = rows; !status && row < rows_end; row += info.n_in) {
        int32_t answer = -1;
        const cmlp_rows one = cmlp_dense_rows(row, CMLP_UINT8, 1, info.n_in);
        prediction.class_indices = &answer;
        status = cmlp_model_predict(model, &one, &prediction, &run);
        if (status || answer < 0) break;
        print("class ");
        print_number((uint32_t)answer, ":");
        for (int i = 0; i < info.n_out; i++) print_bits(output[i]);
        print("\n");
    }
    print("RAM: model ");
    print_number((uint32_t)info.model_size, ", workspace ");
    print_number((uint32_t)info.workspace_size, ", ");
    return status;
}

static void report(void)
{
    const cmlp_status status = classify_rows();
    print("stack ");
    print_number(stack_used(), " bytes\nflash: code and constants ");
    print_number((uint32_t)(flash_end - (unsigned char *)0) - (uint32_t)(model_file_end - model_file) -
                     (uint32_t)(rows_end - rows), ", model file ");
    print_number((uint32_t)(model_file_end - model_file), " bytes\n");
    print(cmlp_status_name(status));
    print("\n");
}
