/* A network on a Cortex-M4: the model file is in flash, used in place, and all memory is static. The program classifies
 * the rows of ROWS (bytes), and prints the classes and what it needs, through the debugger (semihosting). board.ld is
 * for the board mps2-an386 of QEMU; replace it, and `print`, by those of your board.
 *
 *   arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=gnu11 -Os -ffunction-sections \
 *       -DCMLP_NO_THREADS -DCMLP_INFERENCE_ONLY -DCMLP_NO_FLOAT64 -DCMLP_NO_TABLES -DMODEL='"model.cmlp"' \
 *       -DROWS='"rows.bin"' main.c cmlp.c --specs=nano.specs -nostartfiles -Wl,--gc-sections -T board.ld -o firmware.elf
 *   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel firmware.elf */
#include <cmlp.h>

#include <string.h>

/* The two files become part of the program. A model file starts at a multiple of 8 bytes. */
#define EMBED(name, file)                                                                                            \
    __asm__(".section .rodata\n.balign 8\n.global " #name "\n.global " #name "_end\n" #name ":\n.incbin \"" file      \
            "\"\n" #name "_end:\n.balign 8\n.text\n");                                                               \
    extern const unsigned char name[], name##_end[]
EMBED(model_file, MODEL);
EMBED(rows, ROWS);

enum { MODEL_SIZE = 4096, SCRATCH_SIZE = 2048, MOST_OUTPUTS = 16 };
static unsigned char model_memory[MODEL_SIZE], scratch[SCRATCH_SIZE];
static float output[MOST_OUTPUTS];

/* From board.ld. */
extern unsigned char flash_end[], data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

static uint32_t semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *text) { semihosting(4, text); }

static void print_number(uint32_t value, const char *after)
{
    char digits[11], *at = digits + sizeof digits - 1;
    *at = 0;
    do *--at = (char)('0' + value % 10);
    while (value /= 10);
    print(at);
    print(after);
}

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
    cmlp_model *const model = (cmlp_model *)model_memory;
    const size_t n = (size_t)(model_file_end - model_file);
    cmlp_model_info info = CMLP_INIT(cmlp_model_info);
    cmlp_status status = cmlp_model_size(model_file, n, &info);
    if (!status && info.n_outputs > MOST_OUTPUTS) status = CMLP_ERROR_BUFFER_SIZE;
    if (!status) status = cmlp_model_init(model, sizeof model_memory, model_file, n, 1, scratch, sizeof scratch);
    for (const unsigned char *row = rows; !status && row < rows_end; row += info.n_inputs) {
        int32_t answer = -1;
        status = cmlp_model_predict_u8(model, row, &answer, output, scratch, sizeof scratch);
        if (status || answer < 0) break;
        print("class ");
        print_number((uint32_t)answer, ":");
        for (int i = 0; i < info.n_outputs; i++) print_bits(output[i]);
        print("\n");
    }
    print("RAM: model ");
    print_number((uint32_t)info.model_size, ", scratch ");
    print_number((uint32_t)info.scratch_size, ", ");
    return status;
}

/* The part of the stack that has been used no longer holds its first value. */
enum { UNUSED = 0xa5 };

static uint32_t stack_used(void)
{
    const unsigned char *lowest = bss_end;
    while (lowest < stack_top && *lowest == UNUSED) lowest++;
    return (uint32_t)(stack_top - lowest);
}

static cmlp_status report(void)
{
    const cmlp_status status = classify_rows();
    print("stack ");
    print_number(stack_used(), " bytes\nflash: code and constants ");
    print_number((uint32_t)(flash_end - (unsigned char *)0) - (uint32_t)(model_file_end - model_file) -
                     (uint32_t)(rows_end - rows), ", model file ");
    print_number((uint32_t)(model_file_end - model_file), " bytes\n");
    print(cmlp_status_name(status));
    print("\n");
    return status;
}

/* The processor starts here: switches the floating-point unit on, and initializes the memory. */
__attribute__((noreturn)) void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= UINT32_C(0xf) << 20;
    __asm__ volatile("dsb\nisb");
    for (unsigned char *p = data_start, *from = data_load; p < data_end; p++) *p = *from++;
    for (unsigned char *p = bss_start; p < bss_end; p++) *p = 0;
    for (volatile unsigned char *p = bss_end; p < (unsigned char *)__builtin_frame_address(0) - 64; p++) *p = UNUSED;
    report();
    semihosting(0x18, (const void *)0x20026); /* the end of the program */
    for (;;) {}
}

static void fault(void)
{
    print("fault\n");
    semihosting(0x18, (const void *)0x20023);
}

/* The first two words that the processor reads, and the handlers of the first five exceptions. */
__attribute__((section(".vectors"), used)) static const struct vectors {
    const void *stack;
    void (*reset)(void), (*faults[5])(void), (*rest[9])(void);
} vectors = {stack_top, reset, {fault, fault, fault, fault, fault}, {0}};
