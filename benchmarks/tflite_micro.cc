// TFLite Micro for benchmarks/firmware.py: two functions that its C program calls.
#include <cstring>
#include <new>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

using Operators = tflite::MicroMutableOpResolver<1>;
alignas(16) static unsigned char arena[ARENA];
alignas(8) static unsigned char operators_memory[sizeof(Operators)];
alignas(8) static unsigned char interpreter_memory[sizeof(tflite::MicroInterpreter)];
static tflite::MicroInterpreter *interpreter;

// What the C++ library would define, which the linker of a C program does not search.
void operator delete(void *) noexcept {}
void operator delete(void *, std::size_t) noexcept {}
extern "C" void __cxa_pure_virtual(void)
{
    for (;;) continue;
}

// Returns 0, or 1 after an error, such as an arena that is too small.
extern "C" int tflite_start(const void *model)
{
    Operators *operators = new (operators_memory) Operators();
    operators->AddFullyConnected();
    interpreter = new (interpreter_memory) tflite::MicroInterpreter(tflite::GetModel(model), *operators, arena, ARENA);
    return interpreter->AllocateTensors() != kTfLiteOk;
}

// The memory of the next row.
extern "C" void *tflite_input(void) { return interpreter->input(0)->data.raw; }

// Returns the memory of the outputs, or a null pointer after an error.
extern "C" const void *tflite_outputs(void)
{
    return interpreter->Invoke() == kTfLiteOk ? interpreter->output(0)->data.raw : nullptr;
}
