package cmlp

// #include <stdlib.h>
// #include <cmlp_table.h>
import "C"

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"unsafe"
)

// Numbers are, in JSON, numbers, and null for NaN and infinity, which JSON does not have.
type Numbers []float64

// MarshalJSON writes null as JavaScript does.
func (n Numbers) MarshalJSON() ([]byte, error) {
	found := make([]any, len(n))
	for i, number := range n {
		if !math.IsNaN(number) && !math.IsInf(number, 0) {
			found[i] = number
		}
	}
	return json.Marshal(found)
}

// Prediction is what a model says about a row.
type Prediction struct {
	Label     string    // of the class; empty if there is none
	Labels    []string  // those with a probability above 0.5, where a row can have several labels
	Index     int       // of the class; -1 if there is none
	Outputs   []float64 // the probability of each label, or all numbers that the model predicts
	Intervals []Numbers // of a regressor with a coverage: the two ends for each target
	Set       []string  // of a classifier with a coverage: the labels
	Sets      [][]int   // where a row can have several labels, in place of Set: of each the outcomes, 0 for no and 1 for yes
	// Outside is, of a table, how far each column is outside of what it had in training: 0, or by how much a number is above
	// or, negative, below; NaN for a category or a missing value that training did not have.
	Outside Numbers
	Reasons *Reasons `json:",omitempty"` // if the predictor has Reasons
}

// Reasons are Shapley values, those of explain in Python: for each output, the values of all columns add up to the output
// minus its base, to rounding.
type Reasons struct {
	Output int       // the index of the output for the row's label; 0 if there is none
	Base   []float64 // the mean of each output over the rows that the model has kept
	Values []Numbers // for each output, how far each column moves it
	Errors []Numbers // their standard errors: 0 if all sets of columns were tried, NaN if they are unknown
}

// Predictor predicts rows with a model, which it keeps alive.
type Predictor struct {
	// Coverage, if it is not 0, asks for intervals and sets that contain the truth as often: above 0 and below 1.
	Coverage float64
	// ByClass: sets contain the truth as often for the rows of each class, instead of for all rows together.
	ByClass bool
	// Reasons asks for those of each row, which only a model has that was trained with keep_background.
	Reasons bool
	// Evaluations is the largest number of predictions for the reasons of a row, at least twice the number of columns; 0 for
	// the library's choice. Seed is that of the permutations of columns, where there are too many to try all.
	Evaluations int64
	Seed        uint32

	model *Model
}

// NewPredictor returns what predicts with the model. Goroutines may share it while they only predict.
func (m *Model) NewPredictor() *Predictor { return &Predictor{model: m} }

// Predict predicts a row of cells in the order of the columns. A cell is a text as in a CSV file, a number, a bool or nil; nil,
// NaN and an empty text are missing, and a number is a category by its value.
func (p *Predictor) Predict(cells []any) (Prediction, error) {
	return first(p.ask(nil, [][]any{cells}))
}

// PredictNamed predicts a row of cells by the names of their columns.
func (p *Predictor) PredictNamed(row map[string]any) (Prediction, error) {
	names, cells := make([]any, 0, len(row)), make([]any, len(row))
	for name := range row {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return names[i].(string) < names[j].(string) })
	for i, name := range names {
		cells[i] = row[name.(string)]
	}
	return first(p.ask(names, [][]any{cells}))
}

// PredictMany predicts rows of cells in one call, which takes less time for each. An error has the place of the row.
func (p *Predictor) PredictMany(rows [][]any) ([]Prediction, error) { return p.ask(nil, rows) }

func first(found []Prediction, err error) (Prediction, error) {
	if err != nil {
		return Prediction{}, err
	}
	return found[0], nil
}

// memory is a block of C, in which the arrays of a call stand one after the other.
type memory struct {
	start unsafe.Pointer
	used  int
}

// take returns the next n elements, and what C gets for them: a pointer, nil for none, and n.
func take[T, U any](m *memory, n int) ([]T, *U, C.int64_t) {
	if n == 0 {
		return nil, nil, 0
	}
	start := unsafe.Add(m.start, m.used)
	m.used += rounded(n * int(unsafe.Sizeof(*new(T))))
	return unsafe.Slice((*T)(start), n), (*U)(start), C.int64_t(n)
}

func rounded(n int) int { return (n + 7) / 8 * 8 }

// write makes a value of a cell, whose text is copied; false if it is none.
func (m *memory) write(to *C.cmlp_value, cell reflect.Value) bool {
	*to = C.cmlp_value{kind: C.CMLP_VALUE_MISSING}
	switch {
	case cell.Kind() == reflect.String:
		var text []byte
		text, to.text, to.n_text = take[byte, C.char](m, cell.Len())
		copy(text, cell.String())
		to.kind = C.CMLP_VALUE_TEXT
	case cell.Kind() == reflect.Bool:
		to.kind, to.integer = C.CMLP_VALUE_BOOLEAN, map[bool]C.int64_t{true: 1}[cell.Bool()]
	case cell.CanInt():
		to.kind, to.integer = C.CMLP_VALUE_INTEGER, C.int64_t(cell.Int())
	case cell.CanUint():
		to.kind, to.number = C.CMLP_VALUE_DOUBLE, C.double(cell.Uint())
	case cell.CanFloat():
		to.kind, to.number = C.CMLP_VALUE_DOUBLE, C.double(cell.Float())
	default:
		return !cell.IsValid() // nil
	}
	return true
}

// ask calls the library; names are nil for rows in order.
func (p *Predictor) ask(names []any, rows [][]any) ([]Prediction, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	m, n, width, cells, size := p.model, len(rows), len(rows[0]), []any{}, 0
	defer runtime.KeepAlive(m)
	for i, row := range rows {
		if len(row) != width {
			message := fmt.Sprintf("row %d has %d cells, row 0 has %d", i, len(row), width)
			return nil, &Error{Code: "CMLP_ERROR_ROWS", Row: i, Message: message}
		}
		cells = append(cells, row...)
	}
	cells = append(cells, names...)
	for _, cell := range cells {
		if value := reflect.ValueOf(cell); value.Kind() == reflect.String {
			size += rounded(value.Len())
		}
	}
	nIn, nOut, nEnds, nSet := m.NumInputs(), m.NumOutputs(), int(m.info.n_ends), int(m.info.n_set)
	size += len(cells)*C.sizeof_cmlp_value + 8*n*(1+nIn+nOut+nEnds+nSet+2*nIn*nOut) + 8*nOut
	block := &memory{start: C.malloc(C.size_t(size))}
	defer C.free(block.start)
	values, start, _ := take[C.cmlp_value, C.cmlp_value](block, len(cells))
	for i, cell := range cells {
		if !block.write(&values[i], reflect.ValueOf(cell)) {
			message := fmt.Sprintf("a cell is a text, a number, a bool or nil, got %T", cell)
			return nil, &Error{Code: "CMLP_ERROR_CELL", Row: i / width, Cell: cell, Message: message}
		}
	}
	input := C.cmlp_cell_rows(start, C.int64_t(n), C.int64_t(width), nil)
	if len(names) > 0 {
		input.names, input.n_names = &values[n*width], C.int64_t(width)
	}
	a := C.cmlp_answer{struct_size: C.sizeof_cmlp_answer, coverage: C.double(p.Coverage)}
	var classes, set []int32
	var outputs, ends, outside, moves, spread, base []float64
	classes, a.class_indices, a.n_class_indices = take[int32, C.int32_t](block, n)
	outputs, a.outputs, a.n_outputs = take[float64, C.double](block, n*nOut)
	if m.IsTable() {
		outside, a.outside, a.n_outside = take[float64, C.double](block, n*nIn)
	}
	if p.Coverage != 0 && !m.IsTable() {
		a.n_sets = 1 // the library says that a network has none
	} else if p.Coverage != 0 {
		ends, a.intervals, a.n_intervals = take[float64, C.double](block, n*nEnds)
		set, a.sets, a.n_sets = take[int32, C.int32_t](block, n*nSet)
		a.by_class = map[bool]C.int32_t{true: 1}[p.ByClass]
	}
	if p.Reasons {
		moves, a.reasons, a.n_reasons = take[float64, C.double](block, n*nIn*nOut)
		spread, a.reason_errors, a.n_reason_errors = take[float64, C.double](block, n*nIn*nOut)
		base, a.base_values, a.n_base_values = take[float64, C.double](block, nOut)
		a.n_evaluations, a.seed = C.int64_t(p.Evaluations), C.uint32_t(p.Seed)
	}
	run := C.cmlp_run{struct_size: C.sizeof_cmlp_run}
	status := C.cmlp_model_answer_size(m.model, &input, &a, &run.workspace_size, &run)
	if status == C.CMLP_OK {
		run.workspace = C.malloc(run.workspace_size + 1)
		defer C.free(run.workspace)
		status = C.cmlp_model_answer(m.model, &input, &a, &run)
	}
	if status != C.CMLP_OK {
		var text [1000]C.char
		C.cmlp_model_say(m.model, &input, &a, status, &run, &text[0], C.int64_t(len(text)))
		return nil, m.refused(names, rows, &Error{Code: C.GoString(C.cmlp_status_name(status)), Message: C.GoString(&text[0])}, &run)
	}
	found := make([]Prediction, n)
	for i := range found {
		found[i] = Prediction{Index: int(classes[i]), Outputs: row(outputs, i, nOut), Outside: row(outside, i, nIn)}
		for pair := row(ends, i, nEnds); len(pair) > 0; pair = pair[2:] {
			found[i].Intervals = append(found[i].Intervals, pair[:2:2])
		}
		m.name(&found[i], row(set, i, nSet))
		if p.Reasons {
			values, errors := row(moves, i, nIn*nOut), row(spread, i, nIn*nOut)
			found[i].Reasons = &Reasons{Base: row(base, 0, nOut), Values: columns(values, nOut), Errors: columns(errors, nOut)}
			if found[i].Index > 0 {
				found[i].Reasons.Output = found[i].Index
			}
		}
	}
	return found, nil
}

// row returns a copy of a row of a matrix, which is nil if it was not asked for.
func row[T any](matrix []T, i, width int) []T {
	if matrix == nil {
		return nil
	}
	return append([]T(nil), matrix[i*width:(i+1)*width]...)
}

// columns returns the columns of a matrix that has n of them.
func columns(matrix []float64, n int) []Numbers {
	found := make([]Numbers, n)
	for i, number := range matrix {
		found[i%n] = append(found[i%n], number)
	}
	return found
}

// name adds the labels of a row, and those in its set.
func (m *Model) name(one *Prediction, set []int32) {
	if one.Index >= 0 && one.Index < len(m.labels) {
		one.Label = m.labels[one.Index]
	}
	several := m.info.kind == C.CMLP_MODEL_MULTILABEL
	for j, label := range m.labels {
		if several && one.Outputs[j] > 0.5 {
			one.Labels = append(one.Labels, label)
		}
		if !several && set != nil && set[j] != 0 {
			one.Set = append(one.Set, label)
		}
	}
	for ; several && len(set) > 0; set = set[2:] {
		one.Sets = append(one.Sets, [][]int{{}, {0}, {1}, {0, 1}}[set[0]+2*set[1]])
	}
}

// refused adds to an error what it is about.
func (m *Model) refused(names []any, rows [][]any, found *Error, run *C.cmlp_run) *Error {
	i, column, place := int(run.bad_row), int(run.bad_column), int(run.bad_element)
	if column >= 0 && column < len(m.columns) && m.columns[column].Name != "" {
		found.Column = m.columns[column].Name
	} else if column >= 0 {
		found.Column = strconv.Itoa(column)
	} else if found.Code == "CMLP_ERROR_COLUMNS" {
		found.Column = names[place].(string)
	}
	if i >= 0 && place >= 0 {
		found.Row, found.Cell = i, rows[i][place]
	}
	return found
}
