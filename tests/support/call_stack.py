"""Measures how much stack a call of an exported header needs on processors of 32 bits, and of AVR.

The stack is painted below the caller, the function is called, and what is no longer painted was used.
"""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from c_export import Target

BOARD = Path(__file__).parents[2] / "examples/microcontroller"
ARM_FLAGS = (
    "-mthumb",
    "-nostartfiles",
    "--specs=nano.specs",
    f"-I{BOARD}",
    "-T",
    str(BOARD / "board.ld"),
)
ARM_BOARD = ("qemu-system-arm", "-M", "mps2-an386", "-nographic", "-semihosting", "-kernel")
RISCV_FLAGS = (
    "-nostartfiles",
    "--specs=picolibc.specs",
    "-mcmodel=medany",
    "-Wl,--defsym=__ram_size=1M,--defsym=__flash_size=4M",
)
SIMAVR = ("simavr", "-m", "atmega2560", "-f", "16000000")


class Processor(NamedTuple):
    """A compiler with its options, the command that runs a program, and how C gets there."""

    name: str
    compiler: tuple[str, ...]
    emulator: tuple[str, ...]
    start: str  # text that defines print_number(number), READ_SP(sp), and calls report()

    @property
    def target(self):
        return Target(self.name, self.compiler, self.emulator)


ARM_START = """\
#include "board.h"
#define PRINT(number) print_number(number, " ")
#define READ_SP(sp) __asm__ volatile("mov %0, sp" : "=r"(sp))
"""
RISCV_START = """\
#include <stdint.h>
#define READ_SP(sp) __asm__ volatile("mv %0, sp" : "=r"(sp))
static void report(void);
unsigned char stack[32768] __attribute__((aligned(16)));
__asm__(".globl _start\\n_start: la sp, stack + 32768\\ncall run\\n");
static long linux_call(long number, long first, long second, long third)
{
    register long a7 __asm__("a7") = number, a0 __asm__("a0") = first, a1 __asm__("a1") = second;
    register long a2 __asm__("a2") = third;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}
static void PRINT(uint32_t value)
{
    char digits[11], *at = digits + 11;
    *--at = ' ';
    do *--at = (char)('0' + value % 10);
    while (value /= 10);
    linux_call(64, 1, (long)at, digits + 11 - at);
}
__attribute__((used)) void run(void)
{
    report();
    linux_call(93, 0, 0, 0);
}
"""
AVR_START = """\
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdint.h>
#include <stdlib.h>
#define READ_SP(sp) ((sp) = SP)
static void PRINT(uint32_t value)
{
    char text[12];
    ultoa(value, text, 10);
    for (const char *p = text; *p; p++) UDR0 = (uint8_t)*p;
    UDR0 = ' ';
}
static void report(void);
int main(void)
{
    UCSR0B = 1 << TXEN0;
    report();
    UDR0 = '\\n';
    cli();
    sleep_mode();
}
"""
M4F = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", *ARM_FLAGS)
M0 = ("arm-none-eabi-gcc", "-mcpu=cortex-m0", *ARM_FLAGS)
RV32 = ("riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", *RISCV_FLAGS)
RV64 = ("riscv64-unknown-elf-gcc", "-march=rv64imafdc", "-mabi=lp64d", *RISCV_FLAGS)
PROCESSORS = [
    Processor("Cortex-M4F", M4F, ARM_BOARD, ARM_START),
    Processor("Cortex-M0", M0, ARM_BOARD, ARM_START),
    Processor("RISC-V of 32 bits", RV32, ("qemu-riscv32-static",), RISCV_START),
    Processor("RISC-V of 64 bits", RV64, ("qemu-riscv64-static",), RISCV_START),
]
AVR = Processor("ATmega2560", ("avr-gcc", "-mmcu=atmega2560"), SIMAVR, AVR_START)
_MEASURE = """
enum { AREA = %d, PAINT = 0xa5 };
static uintptr_t base;
__attribute__((noinline)) static void paint(void)
{
    uintptr_t sp;
    READ_SP(sp);
    for (volatile unsigned char *p = (unsigned char *)sp - AREA; p < (unsigned char *)sp - 16; p++) *p = PAINT;
}
static uint32_t used(void)
{
    const volatile unsigned char *p = (unsigned char *)base - AREA + 256;
    while (*p == PAINT) p++;
    return (uint32_t)(base - (uintptr_t)p);
}
%s
static void report(void)
{
    READ_SP(base);
%s}
"""


def bytes_of_stack(folder, name, processor, optimization):
    """Return what each function of a header needs, and the number that the header states for it."""
    text = (folder / f"{name}.h").read_text(encoding="ascii").replace("\n * ", " ")
    stated = re.findall(
        rf"at most (\d+) bytes of stack\. \*/\n{name}_API (\w+) {name}_(\w+)\((.*)\);", text
    )
    assert stated
    functions, calls = "", ""
    for i, (_, returned, function, parameters) in enumerate(stated):
        arguments = ""
        arrays = ""
        for parameter in parameters.split(", "):
            if parameter != "void":
                ctype, array, size = re.fullmatch(
                    r"(?:const )?(\w+) (\w+)((?:\[\d+\])?)", parameter
                ).groups()
                # A coverage is between 0 and 1, and no target is above 0 if there is one.
                value = "" if size or ctype == "int" else " = 0.5"
                storage = "static" if size else "static volatile"
                arrays += f"{storage} {ctype} {function}_{array}{size}{value};\n"
                arguments += f", {function}_{array}"
        result = "" if returned == "void" else "result = "
        functions += (
            f"{arrays}__attribute__((noinline)) static void call{i}(void)\n{{\n"
            f"    {result}{name}_{function}({arguments[2:]});\n}}\n"
        )
        calls += f"    paint();\n    call{i}();\n    PRINT(used());\n"
    is_avr = processor is AVR
    area = 5000 if is_avr else 16000
    source = f'{processor.start}static volatile int result;\n#include "{name}.h"\n' + _MEASURE % (
        area,
        functions,
        calls,
    )
    path = folder / "stack.c"
    path.write_text(source, encoding="ascii")
    program = folder / "stack.elf"
    command = [*processor.compiler, "-std=gnu99", optimization, "-I", folder, path, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [*processor.emulator, program], capture_output=True, text=True, check=False, timeout=300
    )
    text = re.sub(r"\x1b\[\d*m|^Loaded.*", "", done.stdout + done.stderr, flags=re.MULTILINE)
    printed = re.search(r"(?:\d+ )+", text)
    assert printed, text
    found = [int(number) for number in printed[0].split()]
    assert len(found) == len(stated)
    return {
        function: (used, int(bound))
        for used, (bound, _, function, _) in zip(found, stated, strict=True)
    }
