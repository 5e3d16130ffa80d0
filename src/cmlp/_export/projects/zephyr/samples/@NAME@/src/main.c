/* @SPDX@ */
/* Predicts a row every second, and prints the answer. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <@NAME@.h>

/* Replace the zeros by the values of a row, as predict() takes them in Python. */
static @ROW@ row[@NAME@_inputs];

int main(void)
{
@CHECK@    for (;;) {
@ANSWER@        k_msleep(1000);
    }
    return 0;
}
