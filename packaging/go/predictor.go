package cmlp

// #include <stdlib.h>
// #include <cmlp_explain.h>
// #include <cmlp_table.h>
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"unsafe"
)

// ErrClosed is the error of every call of a closed predictor, also of a second Close.
var ErrClosed = errors.New("cmlp: the predictor is closed")

// Prediction is what a model says about a row.
type Prediction struct {
	Label     string       // of the class; empty if there is none
	Labels    []string     // those with a probability above 0.5, where a row can have several labels
	Index     int          // of the class; -1 if there is none
	Outputs   []float64    // the probability of each label, or all numbers that the model predicts
	Intervals [][2]float64 // of a regressor with a coverage: the ends for each target
	Set       []string     // of a classifier with a coverage: the labels
	// Sets has, where a row can have several labels, with a coverage, the set of each label in place of Set: the outcomes, 0
	// for no and 1 for yes.
	Sets [][]int
	// Outside is, of a table, how far each column is outside of what it had in training: 0, or by how much a number is above
	// or, negative, below; NaN for a category or a missing value that training did not have.
	Outside []float64
}

// MarshalJSON writes null for the numbers that JSON does not have, as JavaScript does: NaN of Outside and infinite Intervals.
func (p Prediction) MarshalJSON() ([]byte, error) {
	type plain Prediction
	found := struct {
		plain
		Intervals [][2]jsonNumber
		Outside   []jsonNumber
	}{plain: plain(p)}
	for _, interval := range p.Intervals {
		found.Intervals = append(found.Intervals, [2]jsonNumber{jsonNumber(interval[0]), jsonNumber(interval[1])})
	}
	found.Outside = jsonNumbers(p.Outside)
	return json.Marshal(found)
}

func jsonNumbers(numbers []float64) (found []jsonNumber) {
	for _, number := range numbers {
		found = append(found, jsonNumber(number))
	}
	return found
}

type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if number := float64(n); !math.IsNaN(number) && !math.IsInf(number, 0) {
		return json.Marshal(number)
	}
	return []byte("null"), nil
}

// Reasons are Shapley values, those of explain in Python: for each output, the values of all columns add up to the output
// minus its base, to rounding.
type Reasons struct {
	Output int         // the index of the output for the row's label; 0 if there is none
	Base   []float64   // the mean of each output over the rows that the model has kept
	Values [][]float64 // for each output, how far each column moves it
	Errors [][]float64 // their standard errors: 0 if all sets of columns were tried, NaN if they are unknown
}

// MarshalJSON writes null for Errors that are unknown.
func (r Reasons) MarshalJSON() ([]byte, error) {
	type plain Reasons
	found := struct {
		plain
		Errors [][]jsonNumber
	}{plain: plain(r)}
	for _, errors := range r.Errors {
		found.Errors = append(found.Errors, jsonNumbers(errors))
	}
	return json.Marshal(found)
}

// Predictor predicts rows with a model, which it keeps alive.
type Predictor struct {
	// Coverage, if it is not 0, asks for intervals and sets that contain the truth as often: above 0 and below 1.
	Coverage float64
	// ByClass: sets contain the truth as often for the rows of each class, instead of for all rows together.
	ByClass bool
	// Evaluations is the largest number of predictions for Reasons, at least twice the number of columns; 0 for the library's
	// choice. Seed is that of the permutations of columns, where there are too many to try all.
	Evaluations int64
	Seed        uint32

	mutex  sync.Mutex
	model  *Model
	block  unsafe.Pointer // rows, results and workspace of a call; it grows
	size   int
	closed bool
}

// NewPredictor returns what predicts with the model, in memory of its own.
func (m *Model) NewPredictor() *Predictor {
	p := &Predictor{model: m}
	runtime.SetFinalizer(p, func(p *Predictor) { C.free(p.block) })
	return p
}

// Close releases the memory.
func (p *Predictor) Close() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return ErrClosed
	}
	C.free(p.block)
	p.block, p.closed = nil, true
	return nil
}

// Predict predicts a row of texts in the order of the columns, as in a CSV file. Of a table an empty text is missing.
func (p *Predictor) Predict(cells []string) (Prediction, error) {
	return first(p.PredictMany([][]string{cells}))
}

// PredictNamed predicts a row of texts by the names of their columns.
func (p *Predictor) PredictNamed(row map[string]string) (Prediction, error) {
	cells, err := p.model.inOrder(row)
	if err != nil {
		return Prediction{}, err
	}
	return p.Predict(cells)
}

// inOrder returns the cells of a row in the order of the columns.
func (m *Model) inOrder(row map[string]string) ([]string, error) {
	if len(m.places) < m.NumInputs() {
		return nil, &Error{Message: "the model has no names of columns: pass a row in order"}
	}
	cells := make([]string, m.NumInputs())
	for i, column := range m.columns {
		cell, found := row[column.Name]
		if !found {
			return nil, &Error{Column: column.Name, Message: fmt.Sprintf("the row has no column %q", column.Name)}
		}
		cells[i] = cell
	}
	extra := []string{}
	for name := range row {
		if _, found := m.places[name]; !found {
			extra = append(extra, name)
		}
	}
	if sort.Strings(extra); len(extra) > 0 {
		return nil, &Error{Column: extra[0], Message: fmt.Sprintf("the model has no column %q", extra[0])}
	}
	return cells, nil
}

// PredictNumbers predicts a row of numbers: of a table a category has its code, and NaN is missing, in every column.
func (p *Predictor) PredictNumbers(row []float64) (Prediction, error) {
	if err := p.model.counted(len(row)); err != nil {
		return Prediction{}, err
	}
	return first(p.predict(row, 1))
}

// PredictMany predicts rows of texts in one call, which takes less time for each. An error has the place of the row.
func (p *Predictor) PredictMany(rows [][]string) ([]Prediction, error) {
	numbers := make([]float64, 0, p.model.NumInputs()*len(rows))
	for i, row := range rows {
		some, err := p.model.numbers(row)
		if err != nil {
			err.Row = i
			return nil, err
		}
		numbers = append(numbers, some...)
	}
	return p.predict(numbers, len(rows))
}

// Reasons says how far each column of a row of texts moves the outputs away from their means over some rows of training,
// which only the file of a model has that was trained with keep_background.
func (p *Predictor) Reasons(cells []string) (Reasons, error) {
	numbers, err := p.model.numbers(cells)
	if err != nil {
		return Reasons{}, err
	}
	return p.reasons(numbers)
}

// ReasonsNamed does so for a row of texts by the names of their columns.
func (p *Predictor) ReasonsNamed(row map[string]string) (Reasons, error) {
	cells, err := p.model.inOrder(row)
	if err != nil {
		return Reasons{}, err
	}
	return p.Reasons(cells)
}

// ReasonsNumbers does so for a row of numbers, as PredictNumbers takes it.
func (p *Predictor) ReasonsNumbers(row []float64) (Reasons, error) {
	if err := p.model.counted(len(row)); err != nil {
		return Reasons{}, err
	}
	return p.reasons(row)
}

// numbers reads the cells of a row.
func (m *Model) numbers(row []string) ([]float64, *Error) {
	if err := m.counted(len(row)); err != nil {
		return nil, err
	}
	numbers := make([]float64, len(row))
	for j, cell := range row {
		var err *Error
		if numbers[j], err = m.cell(j, cell); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func first(found []Prediction, err error) (Prediction, error) {
	if err != nil {
		return Prediction{}, err
	}
	return found[0], nil
}

func (m *Model) counted(n int) *Error {
	if n == m.NumInputs() {
		return nil
	}
	return &Error{Message: fmt.Sprintf("a row has %d cells, got %d", m.NumInputs(), n)}
}

func (m *Model) nameOf(column int) string {
	if column < len(m.columns) && m.columns[column].Name != "" {
		return m.columns[column].Name
	}
	return strconv.Itoa(column)
}

// cell returns the number of a text.
func (m *Model) cell(column int, cell string) (float64, *Error) {
	defer runtime.KeepAlive(m)
	refused := &Error{Column: m.nameOf(column), Cell: cell}
	var number float64
	var err error
	if m.IsTable() {
		number, err = m.number(column, cell)
	} else if number, err = strconv.ParseFloat(cell, 64); err == nil && math.IsNaN(number) {
		err = errors.New("a network has no missing values")
	}
	if err == nil {
		return number, nil
	}
	reason := err.Error()
	var status *Error
	if errors.As(err, &status) {
		refused.Code, reason = status.Code, status.Message
	}
	refused.Message = fmt.Sprintf("column %q cannot hold %q: %s", refused.Column, cell, reason)
	return 0, refused
}

func (p *Predictor) predict(numbers []float64, n int) ([]Prediction, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.run(numbers, n, p.Coverage)
}

func (p *Predictor) reasons(row []float64) (Reasons, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	m := p.model
	defer runtime.KeepAlive(m)
	predicted, err := first(p.run(row, 1, 0))
	if err != nil {
		return Reasons{}, err
	}
	explanation := C.cmlp_explanation{struct_size: C.sizeof_cmlp_explanation, seed: C.uint32_t(p.Seed)}
	explanation.n_evaluations = C.int64_t(p.Evaluations)
	var workspace C.size_t
	if err := check(C.cmlp_model_explain_workspace_size(m.model, &explanation, &workspace, nil)); err != nil {
		return Reasons{}, m.notExplained(err.(*Error), p.Evaluations)
	}
	nIn, nOut := len(row), m.NumOutputs()
	n := nIn * nOut
	size := nIn + nOut + 2*n
	block := p.reserve(8*size + int(workspace))
	numbers := unsafe.Slice((*float64)(block), size)
	copy(numbers, row)
	base, values, errors := numbers[nIn:nIn+nOut], numbers[nIn+nOut:size-n], numbers[size-n:]
	explanation.base_values, explanation.n_base_values = (*C.double)(&base[0]), C.int64_t(nOut)
	explanation.values, explanation.n_values = (*C.double)(&values[0]), C.int64_t(n)
	explanation.errors, explanation.n_errors = (*C.double)(&errors[0]), C.int64_t(n)
	run := C.cmlp_run{struct_size: C.sizeof_cmlp_run, workspace_size: workspace}
	run.workspace = unsafe.Add(block, 8*size)
	if err := check(C.cmlp_model_explain(m.model, (*C.double)(block), C.int64_t(nIn), &explanation, &run)); err != nil {
		return Reasons{}, err
	}
	found := Reasons{Base: append([]float64(nil), base...), Values: columnsOf(values, nOut), Errors: columnsOf(errors, nOut)}
	if predicted.Index > 0 {
		found.Output = predicted.Index
	}
	return found, nil
}

// notExplained adds to the error of a model or its options what to change.
func (m *Model) notExplained(refused *Error, evaluations int64) error {
	switch refused.Code {
	case "CMLP_ERROR_NOT_FOUND":
		refused.Message = "the model has no rows to compare with: keep_background in Python keeps some of training"
	case "CMLP_ERROR_OPTION":
		refused.Message = fmt.Sprintf("Evaluations must be 0 or at least %d, got %d", 2*m.NumInputs(), evaluations)
	}
	return refused
}

// columnsOf returns the columns of a matrix that has n of them.
func columnsOf(matrix []float64, n int) [][]float64 {
	found := make([][]float64, n)
	for i, number := range matrix {
		found[i%n] = append(found[i%n], number)
	}
	return found
}

// run predicts with the lock held.
func (p *Predictor) run(numbers []float64, n int, coverage float64) ([]Prediction, error) {
	if p.closed {
		return nil, ErrClosed
	}
	if n == 0 {
		return nil, nil
	}
	m := p.model
	defer runtime.KeepAlive(m)
	width, nOutputs := m.NumInputs(), m.NumOutputs()
	rows := C.cmlp_rows{struct_size: C.sizeof_cmlp_rows, kind: C.CMLP_ROWS_DENSE, dtype: m.info.dtype}
	size := 4
	if m.info.dtype == C.CMLP_FLOAT64 {
		size = 8
	}
	rows.n_rows, rows.n_columns = C.int64_t(n), C.int64_t(width)
	rows.row_stride, rows.column_stride = C.int64_t(size*width), C.int64_t(size)
	workspace := m.info.workspace_size
	data := p.reserve(8 * len(numbers))
	rows.data = data
	if n > 1 {
		if err := check(C.cmlp_model_workspace_size(m.model, &rows, &workspace, nil)); err != nil {
			return nil, err
		}
	}
	data = p.reserve(8*(len(numbers)+n*nOutputs+n) + int(workspace))
	outputs := unsafe.Add(data, 8*len(numbers))
	classes := unsafe.Add(outputs, 8*n*nOutputs)
	for i, number := range numbers {
		if size == 8 {
			unsafe.Slice((*float64)(data), len(numbers))[i] = number
		} else {
			unsafe.Slice((*float32)(data), len(numbers))[i] = float32(number)
		}
	}
	rows.data = data
	prediction := C.cmlp_prediction{struct_size: C.sizeof_cmlp_prediction, n_class_indices: C.int64_t(n)}
	prediction.outputs, prediction.n_outputs = outputs, C.int64_t(n*nOutputs)
	prediction.class_indices = (*C.int32_t)(classes)
	run := C.cmlp_run{struct_size: C.sizeof_cmlp_run, workspace_size: workspace}
	run.workspace = unsafe.Add(classes, 8*n)
	if err := check(C.cmlp_model_predict(m.model, &rows, &prediction, &run)); err != nil {
		refused := err.(*Error)
		if run.bad_row >= 0 && run.bad_column >= 0 {
			refused.Row, refused.Column = int(run.bad_row), m.nameOf(int(run.bad_column))
			refused.Cell = fmt.Sprint(numbers[int(run.bad_row)*width+int(run.bad_column)])
			refused.Message = fmt.Sprintf("column %q cannot hold %q: %s", refused.Column, refused.Cell, refused.Message)
		}
		return nil, refused
	}
	found := make([]Prediction, n)
	for i := range found {
		one := &found[i]
		one.Index = int(unsafe.Slice((*int32)(classes), n)[i])
		if one.Index >= 0 && one.Index < len(m.labels) {
			one.Label = m.labels[one.Index]
		}
		one.Outputs = make([]float64, nOutputs)
		for j := range one.Outputs {
			if size == 8 {
				one.Outputs[j] = unsafe.Slice((*float64)(outputs), n*nOutputs)[i*nOutputs+j]
			} else {
				one.Outputs[j] = float64(unsafe.Slice((*float32)(outputs), n*nOutputs)[i*nOutputs+j])
			}
		}
		if m.info.kind == C.CMLP_MODEL_MULTILABEL {
			for j, label := range m.labels {
				if one.Outputs[j] > 0.5 {
					one.Labels = append(one.Labels, label)
				}
			}
		}
		if m.IsTable() {
			one.Outside = make([]float64, width)
			row := (*C.double)(unsafe.Add(data, 8*i*width)) // a table's rows are of float64
			distances := (*C.double)(&one.Outside[0])
			if err := check(C.cmlp_model_outside(m.model, row, rows.n_columns, distances, rows.n_columns, nil)); err != nil {
				return nil, err
			}
		}
		if coverage != 0 {
			query := C.cmlp_table_query{struct_size: C.sizeof_cmlp_table_query, n_outputs: m.info.n_out}
			query.outputs, query.coverage = (*C.double)(unsafe.Add(outputs, size*i*nOutputs)), C.double(coverage)
			if p.ByClass {
				query.by_class = 1
			}
			if err := m.measure(one, query); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// reserve returns the block with at least n bytes.
func (p *Predictor) reserve(n int) unsafe.Pointer {
	if n > p.size {
		C.free(p.block)
		p.block, p.size = C.malloc(C.size_t(n)), n
	}
	return p.block
}

// measure adds the intervals, the set or the sets of a row whose outputs are in memory of C.
func (m *Model) measure(one *Prediction, query C.cmlp_table_query) error {
	switch m.info.kind {
	case C.CMLP_MODEL_CLASSIFIER, C.CMLP_MODEL_ORDERED:
		members, err := m.members(&query, len(one.Outputs))
		for _, class := range members {
			if class < len(m.labels) {
				one.Set = append(one.Set, m.labels[class])
			}
		}
		return err
	case C.CMLP_MODEL_MULTILABEL:
		for ; query.target < m.info.n_out; query.target++ {
			outcomes, err := m.members(&query, 2)
			if err != nil {
				return err
			}
			one.Sets = append(one.Sets, outcomes)
		}
		return nil
	}
	var low, high C.double
	for ; query.target == 0 || query.target < m.info.n_targets; query.target++ {
		if err := check(C.cmlp_model_interval(m.model, &query, &low, &high, nil)); err != nil {
			return err
		}
		one.Intervals = append(one.Intervals, [2]float64{float64(low), float64(high)})
	}
	return nil
}

// members returns which of n classes or outcomes are in the set.
func (m *Model) members(query *C.cmlp_table_query, n int) (found []int, err error) {
	isInSet := make([]C.int32_t, n)
	err = check(C.cmlp_model_find_set(m.model, query, &isInSet[0], C.int64_t(n), nil))
	for i, isIn := range isInSet {
		if isIn != 0 {
			found = append(found, i)
		}
	}
	return found, err
}
