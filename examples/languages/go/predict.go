// Predicts a row with a model file: predict MODEL CELL...
// Build, beside a go.mod (go mod init predict), where LIB is the folder of libcmlp.so:
// CGO_CFLAGS=-I<include folder> CGO_LDFLAGS="-L$LIB -Wl,-rpath,$LIB" go build
package main

// #cgo LDFLAGS: -lcmlp
// #include <cmlp_file.h>
// #include <cmlp_table.h>
import "C"

import (
	"fmt"
	"os"
	"strconv"
	"unsafe"
)

func check(status C.cmlp_status) {
	if status != C.CMLP_OK {
		fail(C.GoString(C.cmlp_status_string(status)))
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}

// A number, the days of a date or the code of a category of a table.
func numberOfCell(file *C.cmlp_file, column int, cell string) float64 {
	text := C.CString(cell)
	defer C.free(unsafe.Pointer(text))
	var number C.double
	check(C.cmlp_model_read_cell(file.model, C.int64_t(column), text, C.int64_t(len(cell)), &number, nil))
	return float64(number)
}

// Returns the class of a row, and its outputs. The structs point to memory of C, which has the numbers, the outputs and the
// class, each in 8 bytes.
func predict(file *C.cmlp_file, row []float64) (C.int32_t, []float64) {
	n, width := len(row), int(file.info.n_out)
	numbers := C.calloc(C.size_t(n+width+1), 8)
	defer C.free(numbers)
	outputs := unsafe.Add(numbers, 8*n)
	class := (*C.int32_t)(unsafe.Add(outputs, 8*width))
	isDouble := file.info.dtype == C.CMLP_FLOAT64
	for i, number := range row {
		if isDouble {
			unsafe.Slice((*float64)(numbers), n)[i] = number
		} else {
			unsafe.Slice((*float32)(numbers), n)[i] = float32(number)
		}
	}
	var rows C.cmlp_rows
	C.cmlp_rows_init(&rows, C.sizeof_cmlp_rows, numbers, file.info.dtype, 1, C.int64_t(n))
	prediction := C.cmlp_prediction{struct_size: C.sizeof_cmlp_prediction, n_class_indices: 1, class_indices: class}
	prediction.outputs, prediction.n_outputs = outputs, file.info.n_out
	check(C.cmlp_model_predict(file.model, &rows, &prediction, &file.run))
	found := make([]float64, width)
	for i := range found {
		if isDouble {
			found[i] = unsafe.Slice((*float64)(outputs), width)[i]
		} else {
			found[i] = float64(unsafe.Slice((*float32)(outputs), width)[i])
		}
	}
	return *class, found
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: predict MODEL CELL...")
	}
	path, cells := C.CString(os.Args[1]), os.Args[2:]
	defer C.free(unsafe.Pointer(path))
	var file C.cmlp_file
	check(C.cmlp_file_load(&file, path, nil))
	defer C.cmlp_file_free(&file)

	row := make([]float64, len(cells))
	for column, cell := range cells {
		if file.info.n_nets > 0 {
			row[column] = numberOfCell(&file, column, cell)
		} else if number, err := strconv.ParseFloat(cell, 64); err == nil {
			row[column] = number
		} else {
			fail(err.Error())
		}
	}
	class, outputs := predict(&file, row)
	fmt.Print(class)
	for _, output := range outputs {
		fmt.Print(" ", strconv.FormatFloat(output, 'g', -1, 64))
	}
	fmt.Println()
}
