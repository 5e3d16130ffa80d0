/* What the programs for QEMU's board mps2-an386 share: the start, the output through the debugger (semihosting), and how
 * much of the stack is used. Replace it and board.ld by those of your board. A program defines report(). */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* A file becomes part of the program, at a multiple of 8 bytes, as model files need it. */
#define EMBED(name, file)                                                                                            \
    __asm__(".section .rodata\n.balign 8\n.global " #name "\n.global " #name "_end\n" #name ":\n.incbin \"" file      \
            "\"\n" #name "_end:\n.balign 8\n.text\n");                                                               \
    extern const unsigned char name[], name##_end[]
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

/* The part of the stack that has been used no longer holds its first value. */
enum { UNUSED = 0xa5 };

static uint32_t stack_used(void)
{
    const unsigned char *lowest = bss_end;
    while (lowest < stack_top && *lowest == UNUSED) lowest++;
    return (uint32_t)(stack_top - lowest);
}

static void report(void);

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

#endif
