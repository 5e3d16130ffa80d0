// Package cmlp loads models of multilayer perceptrons and data frames that cmlp has trained in Python, and predicts with the
// same bits.
//
// A Model is immutable, and any number of goroutines share it and what predicts with it.
package cmlp

// #cgo LDFLAGS: -lcmlp
// #include <stdlib.h>
// #include <cmlp_table.h>
import "C"

import (
	"os"
	"runtime"
	"unsafe"
)

// Error says why a model cannot be loaded, or a row not be predicted.
type Error struct {
	Code    string // the status of the C library, such as CMLP_ERROR_CELL
	Row     int    // its place in PredictMany, otherwise 0
	Column  string // the name of a column, or its place where columns have no names; empty if the error is not about one
	Cell    any    // what the column cannot hold, as it came
	Message string
}

func (e *Error) Error() string { return "cmlp: " + e.Message }

// Column is a column of a table.
type Column struct {
	Name       string // empty if the file has no names of columns
	Unit       string // "days since 1970-01-01", "days", "0 or 1" or empty
	Categories []any  // texts, numbers, bools and, for a missing value, nil; none for a column of numbers
}

// Model is a trained model in memory.
type Model struct {
	file, memory unsafe.Pointer
	model        *C.cmlp_model
	info         C.cmlp_model_info
	columns      []Column
	labels       []string
}

// Load reads a model file.
func Load(path string) (*Model, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return FromBytes(content)
}

// FromBytes makes a model of a copy of the bytes of a model file. They may come from anywhere: other bytes are an error.
func FromBytes(content []byte) (*Model, error) {
	m := &Model{}
	runtime.SetFinalizer(m, func(m *Model) { C.free(m.file); C.free(m.memory) })
	size := C.size_t(len(content))
	m.file = C.CBytes(append(content[:len(content):len(content)], 0)) // no block of 0 bytes
	m.info.struct_size = C.sizeof_cmlp_model_info
	if err := check(C.cmlp_model_describe(m.file, size, &m.info, nil)); err != nil {
		return nil, err
	}
	// The head promises the other sizes: do not allocate them for a file that is cut off.
	if C.uint64_t(size) < m.info.file_size {
		return nil, check(C.CMLP_ERROR_FILE_SHORT)
	}
	workspace := C.malloc(m.info.workspace_size + 1)
	defer C.free(workspace)
	m.memory = C.malloc(m.info.model_size)
	run := C.cmlp_run{struct_size: C.sizeof_cmlp_run, workspace: workspace, workspace_size: m.info.workspace_size}
	if err := check(C.cmlp_model_init(m.memory, m.info.model_size, m.file, size, nil, &m.model, &run)); err != nil {
		return nil, err
	}
	return m, m.describe()
}

// Columns returns the columns of a table; none for a network.
func (m *Model) Columns() []Column { return append([]Column(nil), m.columns...) }

// Labels returns the labels of a classifier, numbers as Python prints them; none for other models.
func (m *Model) Labels() []string { return append([]string(nil), m.labels...) }

// IsTable says whether the model is that of a table.
func (m *Model) IsTable() bool { return m.info.n_nets > 0 }

// NumInputs is the number of cells of a row.
func (m *Model) NumInputs() int { return int(m.info.n_in) }

// NumOutputs is the number of outputs of a prediction.
func (m *Model) NumOutputs() int { return int(m.info.n_out) }

func (m *Model) describe() error {
	for i := 0; i < int(m.info.n_labels); i++ {
		var value C.cmlp_value
		if err := check(C.cmlp_model_find_label(m.model, C.int32_t(i), &value, nil)); err != nil {
			return err
		}
		m.labels = append(m.labels, text(value.text, value.n_text))
	}
	for i := 0; m.IsTable() && i < m.NumInputs(); i++ {
		info := C.cmlp_table_column_info{struct_size: C.sizeof_cmlp_table_column_info}
		if err := check(C.cmlp_model_describe_column(m.model, C.int64_t(i), &info, nil)); err != nil {
			return err
		}
		column := Column{Name: text(info.name, info.n_name), Unit: text(info.unit, info.n_unit)}
		for code := C.int64_t(0); code < info.n_categories; code++ {
			var value C.cmlp_value
			if err := check(C.cmlp_model_find_category(m.model, C.int64_t(i), code, &value, nil)); err != nil {
				return err
			}
			column.Categories = append(column.Categories, valueOf(&value))
		}
		m.columns = append(m.columns, column)
	}
	return nil
}

// valueOf returns nil, a text, a float64, a bool or an int64, and of a larger integer its text.
func valueOf(value *C.cmlp_value) any {
	switch value.kind {
	case C.CMLP_VALUE_MISSING:
		return nil
	case C.CMLP_VALUE_DOUBLE:
		return float64(value.number)
	case C.CMLP_VALUE_INTEGER:
		return int64(value.integer)
	case C.CMLP_VALUE_BOOLEAN:
		return value.integer != 0
	}
	return text(value.text, value.n_text)
}

func text(start *C.char, n C.int64_t) string {
	if start == nil {
		return ""
	}
	return C.GoStringN(start, C.int(n))
}

func check(status C.cmlp_status) error {
	if status == C.CMLP_OK {
		return nil
	}
	return &Error{Code: C.GoString(C.cmlp_status_name(status)), Message: C.GoString(C.cmlp_status_string(status))}
}
