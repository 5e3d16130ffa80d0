/* @SPDX@ */
/* Predicts a row every second, and prints the answer. */
#include <stdio.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <@NAME@.h>

/* A row, as predict() takes it in Python: replace its values. */
static @ROW@ row[@NAME@_inputs]@VALUES@;

void app_main(void)
{
@FILL@@CHECK@    for (;;) {
@ANSWER@        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
