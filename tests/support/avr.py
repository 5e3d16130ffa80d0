"""Builds programs for AVR processors with avr-gcc, and runs them under simavr."""

import re
import subprocess

from c_export import Target

COMPILER = Target("AVR", ("avr-gcc",))
SIMULATOR = Target("AVR", ("avr-g++",), ("simavr",))
UNO = "atmega328p"
MEGA = "atmega2560"  # with 256 KB of flash
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
# What a program prints with `print_number` goes to the serial port, which simavr shows.
PRINTING = """\
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdlib.h>
static void print_number(int32_t value)
{
    char text[12];
    ltoa(value, text, 10);
    for (const char *p = text; *p; p++) UDR0 = (uint8_t)*p;
    UDR0 = ' ';
}
static void finish(void)
{
    UDR0 = '\\n';
    cli();
    sleep_mode();
}
"""


def compile_for(chip, folder, source, *options, compiler="avr-gcc"):
    """Compile and link C text; return the finished process."""
    (folder / "main.c").write_text(source, encoding="ascii")
    language = ["-x", "c++", "-std=gnu++11"] if compiler == "avr-g++" else ["-std=gnu99"]
    command = [compiler, f"-mmcu={chip}", *language, *WARNINGS, *options, "main.c"]
    return subprocess.run(
        [*command, "-o", "main.elf"], cwd=folder, capture_output=True, text=True, check=False
    )


def static_memory(folder):
    """Return the bytes of flash and of static RAM of the program that was compiled."""
    printed = subprocess.run(
        ["avr-size", folder / "main.elf"], capture_output=True, text=True, check=True
    )
    text, data, bss = map(int, printed.stdout.splitlines()[1].split()[:3])
    return text + data, data + bss


def numbers_of(chip, folder):
    """Run the program that was compiled; return the numbers that it prints."""
    done = subprocess.run(
        ["simavr", "-m", chip, "-f", "16000000", folder / "main.elf"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    printed = done.stdout + done.stderr
    lines = re.findall(r"^(?:-?\d+ )+", re.sub(r"\x1b\[\d*m", "", printed), re.MULTILINE)
    assert lines, printed
    return [int(number) for number in lines[-1].split()]
