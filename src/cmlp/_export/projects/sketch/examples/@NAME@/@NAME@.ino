// @SPDX@
// Predicts a row every second, and prints the answer on the serial port.
#include <@NAME@.h>

// A row, as predict() takes it in Python: replace its values.
static @ROW@ row[@NAME@_inputs]@VALUES@;

void setup() {
    Serial.begin(115200);
@FILL@@CHECK@}

void loop() {
@ANSWER@    delay(1000);
}
