/* @SPDX@ */
/* Predicts a row every second, and prints the answer. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <@NAME@.h>

/* A row, as predict() takes it in Python: replace its values. */
static @ROW@ row[@NAME@_inputs]@VALUES@;

int main(void)
{
@FILL@@CHECK@    for (;;) {
@ANSWER@        k_msleep(1000);
    }
    return 0;
}
