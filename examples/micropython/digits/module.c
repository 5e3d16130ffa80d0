/* A model as a module of MicroPython: digits.predict(row, output) and digits.classify(row).
 *
 * digits.h beside this file is a header of to_c, of any network of floats: model.to_c("digits.h"). For another name,
 * replace every "digits". A row and its output are array.array("f"), so that no bit is lost on boards whose floats have
 * 30 bits, and no memory is allocated. */
#include "py/runtime.h"

#include "digits.h"

/* Returns the elements of an array("f") of this length, or raises TypeError or ValueError. */
static float *floats(mp_obj_t object, size_t n, mp_uint_t access)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, access);
    if (buffer.typecode != 'f') mp_raise_TypeError(MP_ERROR_TEXT("expected array('f')"));
    if (buffer.len != n * sizeof(float)) mp_raise_ValueError(MP_ERROR_TEXT("array has the wrong length"));
    return buffer.buf;
}

/* Writes the probabilities of the classes, or the predictions of a regressor. */
static mp_obj_t predict(mp_obj_t row, mp_obj_t output)
{
    const float *x = floats(row, digits_inputs, MP_BUFFER_READ);
    float *results = floats(output, digits_outputs, MP_BUFFER_WRITE);
    if (!digits_predict_checked(x, results)) mp_raise_ValueError(MP_ERROR_TEXT("row has NaN or infinity"));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(predict_obj, predict);

/* Returns the label of the predicted class. A row with NaN or infinity has a label without meaning. */
static mp_obj_t classify(mp_obj_t row)
{
    const char *label = digits_label(digits_classify(floats(row, digits_inputs, MP_BUFFER_READ)));
    return mp_obj_new_str(label, strlen(label));
}
static MP_DEFINE_CONST_FUN_OBJ_1(classify_obj, classify);

/* Returns whether this compiler and processor compute with Python's bits. */
static mp_obj_t check(void) { return mp_obj_new_bool(digits_check()); }
static MP_DEFINE_CONST_FUN_OBJ_0(check_obj, check);

static const mp_rom_map_elem_t names[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_digits)},
    {MP_ROM_QSTR(MP_QSTR_predict), MP_ROM_PTR(&predict_obj)},
    {MP_ROM_QSTR(MP_QSTR_classify), MP_ROM_PTR(&classify_obj)},
    {MP_ROM_QSTR(MP_QSTR_check), MP_ROM_PTR(&check_obj)},
    {MP_ROM_QSTR(MP_QSTR_n_inputs), MP_ROM_INT(digits_inputs)},
    {MP_ROM_QSTR(MP_QSTR_n_outputs), MP_ROM_INT(digits_outputs)},
};
static MP_DEFINE_CONST_DICT(globals, names);

const mp_obj_module_t digits_module = {.base = {&mp_type_module}, .globals = (mp_obj_dict_t *)&globals};
MP_REGISTER_MODULE(MP_QSTR_digits, digits_module);
