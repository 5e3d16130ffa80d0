// Predicts a row with a model file: predict MODEL CELL...
// Build, beside a go.mod (go mod init predict): CGO_CFLAGS=-I<include folder> CGO_LDFLAGS=-L<folder of libcmlp.so> go build
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
	check(C.cmlp_table_code_of_cell(file.model, C.int64_t(column), text, C.int64_t(len(cell)), &number))
	return float64(number)
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: predict MODEL CELL...")
	}
	path, cells := C.CString(os.Args[1]), os.Args[2:]
	defer C.free(unsafe.Pointer(path))
	var file C.cmlp_file
	check(C.cmlp_file_load(&file, path))
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
	var label C.int32_t
	n, width := C.int64_t(len(row)), file.info.n_outputs
	outputs := make([]float64, width)
	if file.info.dtype == C.CMLP_FLOAT64 {
		check(C.cmlp_model_predict_f64(file.model, (*C.double)(&row[0]), n, &label, (*C.double)(&outputs[0]), width,
			file.workspace, file.info.workspace_size))
	} else {
		narrow, floats := make([]C.float, len(row)), make([]C.float, width)
		for i, number := range row {
			narrow[i] = C.float(number)
		}
		check(C.cmlp_model_predict_f32(file.model, &narrow[0], n, &label, &floats[0], width,
			file.workspace, file.info.workspace_size))
		for i, number := range floats {
			outputs[i] = float64(number)
		}
	}
	fmt.Print(label)
	for _, output := range outputs {
		fmt.Print(" ", strconv.FormatFloat(output, 'g', -1, 64))
	}
	fmt.Println()
}
