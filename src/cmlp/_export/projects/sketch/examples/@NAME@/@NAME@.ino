// @SPDX@
// Predicts a row every second, and prints the answer on the serial port.
#include <@NAME@.h>

// Replace the zeros by the values of a row, as predict() takes them in Python.
static @ROW@ row[@NAME@_inputs];

void setup() {
    Serial.begin(115200);
@CHECK@}

void loop() {
@ANSWER@    delay(1000);
}
