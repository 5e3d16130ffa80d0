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

// Returns the class of a row of texts, and its outputs. Memory of C has what the structs point to.
func predict(file *C.cmlp_file, row []string) (C.int32_t, []C.double) {
	n, width := len(row), int(file.info.n_out)
	cells := (*C.cmlp_value)(C.calloc(C.size_t(n), C.sizeof_cmlp_value))
	outputs := (*C.double)(C.calloc(C.size_t(width), C.sizeof_double))
	class := (*C.int32_t)(C.calloc(1, C.sizeof_int32_t))
	for _, memory := range []unsafe.Pointer{unsafe.Pointer(cells), unsafe.Pointer(outputs), unsafe.Pointer(class)} {
		defer C.free(memory)
	}
	for i, cell := range row {
		text := C.CString(cell)
		defer C.free(unsafe.Pointer(text))
		unsafe.Slice(cells, n)[i] = C.cmlp_text(text, C.int64_t(len(cell)))
	}
	rows := C.cmlp_cell_rows(cells, 1, C.int64_t(n), nil)
	answer := C.cmlp_answer{struct_size: C.sizeof_cmlp_answer, class_indices: class, n_class_indices: 1}
	answer.outputs, answer.n_outputs = outputs, file.info.n_out
	check(C.cmlp_model_answer(file.model, &rows, &answer, &file.run))
	return *class, append([]C.double{}, unsafe.Slice(outputs, width)...)
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: predict MODEL CELL...")
	}
	path := C.CString(os.Args[1])
	defer C.free(unsafe.Pointer(path))
	var file C.cmlp_file
	check(C.cmlp_file_load(&file, path, nil))
	defer C.cmlp_file_free(&file)

	class, outputs := predict(&file, os.Args[2:])
	fmt.Print(class)
	for _, output := range outputs {
		fmt.Print(" ", strconv.FormatFloat(float64(output), 'g', -1, 64))
	}
	fmt.Println()
}
