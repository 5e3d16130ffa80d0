/* @SPDX@ */
/* Predicts a row every second, and prints the answer. */
#include <stdio.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <@NAME@.h>

/* Replace the zeros by the values of a row, as predict() takes them in Python. */
static @ROW@ row[@NAME@_inputs];

void app_main(void)
{
@CHECK@    for (;;) {
@ANSWER@        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
