package cmlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// CMLP_CASES is a folder of language_programs.py --write: models, and what Python predicts.
var folder = os.Getenv("CMLP_CASES")

// lines returns the fields of each line of a table.
func lines(t *testing.T, name string) (found [][]string) {
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		found = append(found, strings.Split(text, "\t"))
	}
	return found
}

type line struct {
	label, set, byClass    string
	outputs, ends, outside []float64
	cells                  []any
}

// cases returns those of each model.
func cases(t *testing.T) map[string][]line {
	found := map[string][]line{}
	for _, fields := range lines(t, "cases.tsv") {
		one := line{label: fields[1], set: fields[4], byClass: fields[5], cells: cellsOf(fields[7:])}
		one.outputs, one.ends, one.outside = numbers(t, fields[2]), numbers(t, fields[3]), numbers(t, fields[6])
		found[fields[0]] = append(found[fields[0]], one)
	}
	return found
}

func cellsOf(texts []string) (found []any) {
	for _, text := range texts {
		found = append(found, text)
	}
	return found
}

func named(names []string, cells []any) map[string]any {
	row := map[string]any{}
	for i, name := range names {
		row[name] = cells[i]
	}
	return row
}

var names = []string{"day", "size", "colour"}

func numbers(t *testing.T, text string) (found []float64) {
	for _, field := range strings.Fields(text) {
		number, err := strconv.ParseFloat(field, 64)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, number)
	}
	return found
}

func load(t *testing.T, name string) *Model {
	model, err := Load(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func bits(numbers []float64) string {
	text := ""
	for _, number := range numbers {
		text += fmt.Sprintf("%016x ", math.Float64bits(number))
	}
	return text
}

func checkCase(t *testing.T, found Prediction, err error, one line) {
	t.Helper()
	ends := []float64{}
	for _, interval := range found.Intervals {
		ends = append(ends, interval[0], interval[1])
	}
	set := append([]string{}, found.Set...)
	for _, outcomes := range found.Sets {
		set = append(set, strings.Trim(strings.ReplaceAll(fmt.Sprint(outcomes), " ", ""), "[]"))
	}
	if err != nil || found.Label != one.label || bits(found.Outputs) != bits(one.outputs) ||
		bits(ends) != bits(one.ends) || strings.Join(set, " ") != one.set || fmt.Sprint(found.Outside) != fmt.Sprint(one.outside) { // NaN has other bits
		t.Fatal(one, found, err)
	}
}

func TestRowsHavePythonsBits(t *testing.T) {
	for name, own := range cases(t) {
		model := load(t, name)
		predictor := model.NewPredictor()
		if model.IsTable() {
			predictor.Coverage = 0.8
		}
		rows := [][]any{}
		for _, one := range own {
			rows = append(rows, one.cells)
		}
		many, err := predictor.PredictMany(rows)
		for i, one := range own {
			checkCase(t, many[i], err, one)
			found, err := predictor.Predict(one.cells)
			checkCase(t, found, err, one)
			if model.IsTable() {
				found, err := predictor.PredictNamed(named(names, one.cells))
				checkCase(t, found, err, one)
			}
			if one.byClass != "" {
				one.set, predictor.ByClass = one.byClass, true
				found, err := predictor.Predict(one.cells)
				checkCase(t, found, err, one)
				predictor.ByClass = false
			}
		}
	}
}

func TestValuesAreCellsAndNilAndNaNAreMissing(t *testing.T) {
	predictor := load(t, "classifier.cmlp").NewPredictor()
	for _, pair := range [][2][]any{
		{{"1990-01-11", 0.5, 1}, {"1990-01-11", "0.5", "1"}},
		{{7315, uint8(1), true}, {"1990-01-11", "1", "1"}},
		{{7315.0, nil, nil}, {"1990-01-11", "", ""}},
		{{7315.0, math.NaN(), math.NaN()}, {"1990-01-11", "", ""}},
	} {
		values, err := predictor.Predict(pair[0])
		texts, other := predictor.Predict(pair[1])
		if err != nil || other != nil || bits(values.Outputs) != bits(texts.Outputs) {
			t.Error(pair, values, texts, err, other)
		}
	}
	var found *Error
	_, err := predictor.Predict([]any{"", []int{1}, ""})
	if !errors.As(err, &found) || found.Message != "a cell is a text, a number, a bool or nil, got []int" {
		t.Error(err)
	}
}

func TestReasonsHavePythonsBitsAndAddUp(t *testing.T) {
	for _, fields := range lines(t, "reasons.tsv") {
		predictor := load(t, fields[0]).NewPredictor()
		predictor.Reasons = true
		predictor.Evaluations, _ = strconv.ParseInt(fields[1], 10, 64)
		seed, _ := strconv.ParseUint(fields[2], 10, 32)
		predictor.Seed = uint32(seed)
		predicted, err := predictor.PredictNamed(named(names, cellsOf(fields[6:])))
		if err != nil {
			t.Fatal(err)
		}
		found, values, errors := predicted.Reasons, []float64{}, []float64{}
		for k := range found.Base {
			values, errors = append(values, found.Values[k]...), append(errors, found.Errors[k]...)
		}
		for i, each := range [][]float64{found.Base, values, errors} {
			if bits(each) != bits(numbers(t, fields[3+i])) {
				t.Error(fields, each)
			}
		}
		if found.Output != predicted.Index && (found.Output != 0 || predicted.Label != "") {
			t.Error(found, predicted)
		}
		for k, output := range predicted.Outputs {
			sum := found.Base[k]
			for _, value := range found.Values[k] {
				sum += value
			}
			if math.Abs(sum-output) > 1e-12*math.Max(1, math.Abs(output)) {
				t.Error(sum, output)
			}
		}
	}
}

func TestEightGoroutinesShareAModelAndAPredictor(t *testing.T) {
	own := cases(t)["regressor.cmlp"]
	model := load(t, "regressor.cmlp")
	shared := model.NewPredictor()
	shared.Coverage = 0.8
	var group sync.WaitGroup
	var found [8][]Prediction
	for i := range found {
		group.Add(1)
		go func(i int) { // without fmt, whose pool would order what the predictor must order
			defer group.Done()
			predictor := model.NewPredictor()
			predictor.Coverage = 0.8
			for j := 0; j < 50; j++ {
				for _, each := range []*Predictor{shared, predictor} {
					one, err := each.Predict(own[j].cells)
					if err != nil {
						t.Error(err)
					}
					found[i] = append(found[i], one)
				}
			}
		}(i)
	}
	group.Wait()
	for _, some := range found {
		for k, one := range some {
			checkCase(t, one, nil, own[k/2])
		}
	}
}

func TestErrorsNameTheColumnAndTheCell(t *testing.T) {
	for _, fields := range lines(t, "refused.tsv") {
		predictor := load(t, fields[0]).NewPredictor()
		option := strings.Fields(fields[1])
		if len(option) > 0 && option[0] == "coverage" {
			predictor.Coverage = numbers(t, option[1])[0]
		} else if len(option) > 0 {
			predictor.Reasons, predictor.Evaluations = true, int64(numbers(t, option[1])[0])
		}
		cells := cellsOf(fields[7:])
		_, err := predictor.Predict(cells)
		if fields[2] != "" {
			_, err = predictor.PredictNamed(named(strings.Fields(fields[2]), cells))
		}
		var found *Error
		if !errors.As(err, &found) || found.Code != fields[3] || found.Column != fields[4] ||
			fields[3] == "CMLP_ERROR_CELL" && found.Cell != fields[5] || !strings.HasPrefix(found.Error(), "cmlp: "+fields[6]) {
			t.Errorf("%q: %#v", fields, err)
		}
	}
	predictor := load(t, "classifier.cmlp").NewPredictor()
	good := []any{"1990-01-11", "0.0", "red"}
	_, infinite := predictor.Predict([]any{1, math.Inf(1), 3})
	_, many := predictor.PredictMany([][]any{good, good, {"", "large", ""}})
	_, ragged := predictor.PredictMany([][]any{good, good[:2]})
	for i, one := range []struct {
		err          error
		code, starts string
		column       string
		cell         any
		row          int
	}{
		{infinite, "CMLP_ERROR_INPUT", `column "size" cannot hold infinity: `, "size", math.Inf(1), 0},
		{many, "CMLP_ERROR_CELL", `row 2: column "size" cannot hold "large": `, "size", "large", 2},
		{ragged, "CMLP_ERROR_ROWS", "row 1 has 2 cells, row 0 has 3", "", nil, 1},
	} {
		var found *Error
		if !errors.As(one.err, &found) || found.Code != one.code || found.Column != one.column || found.Cell != one.cell ||
			found.Row != one.row || !strings.HasPrefix(found.Error(), "cmlp: "+one.starts) {
			t.Errorf("%d: %#v", i, one.err)
		}
	}
	if found, err := predictor.Predict(good); err != nil || found.Label == "" {
		t.Error(found, err)
	}
}

func TestNamesLabelsAndCategories(t *testing.T) {
	model := load(t, "classifier.cmlp")
	names := []string{}
	for _, column := range model.Columns() {
		names = append(names, column.Name)
	}
	if !reflect.DeepEqual(names, []string{"day", "size", "colour"}) {
		t.Error(names)
	}
	if !reflect.DeepEqual(model.Labels(), []string{"maybe", "no", "yes"}) {
		t.Error(model.Labels())
	}
	categories := model.Columns()[2].Categories
	for _, category := range []any{"red", "grün", int64(1), nil} {
		found := false
		for _, one := range categories {
			found = found || one == category
		}
		if !found || len(categories) != 4 {
			t.Error(category, categories)
		}
	}
}

func TestRowsWithSeveralLabelsHaveThoseThatAreProbable(t *testing.T) {
	model := load(t, "multilabel.cmlp")
	counts := map[int]int{}
	for _, one := range cases(t)["multilabel.cmlp"] {
		found, err := model.NewPredictor().Predict(one.cells)
		expected := []string{}
		for j, label := range model.Labels() {
			if one.outputs[j] > 0.5 {
				expected = append(expected, label)
			}
		}
		counts[len(expected)]++
		if err != nil || strings.Join(found.Labels, " ") != strings.Join(expected, " ") {
			t.Error(one, found.Labels, err)
		}
	}
	if len(counts) < 2 {
		t.Error("all rows have as many labels: ", counts)
	}
}

func TestPredictionIsJSON(t *testing.T) {
	predictor := load(t, "regressor.cmlp").NewPredictor()
	predictor.Coverage = 0.999 // more than the calibration has rows for
	found, err := predictor.Predict([]any{"1990-01-11", "-2.5", "blue"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(found)
	end := `,"Intervals":[[null,null]],"Set":null,"Sets":null,"Outside":[0,-2.5,null]}`
	if err != nil || !strings.HasPrefix(string(text), `{"Label":"","Labels":null,"Index":-1,"Outputs":[`) || !strings.HasSuffix(string(text), end) {
		t.Error(string(text), err)
	}
}

func TestReasonsAreJSON(t *testing.T) {
	predictor := load(t, "regressor.cmlp").NewPredictor()
	predictor.Reasons, predictor.Evaluations = true, 6 // one pair of permutations, whose errors are unknown
	found, err := predictor.Predict([]any{"1990-01-11", "0.0", "red"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(found.Reasons)
	end := `]],"Errors":[[null,null,null]]}`
	if err != nil || !strings.HasPrefix(string(text), `{"Output":0,"Base":[`) || !strings.HasSuffix(string(text), end) {
		t.Error(string(text), err)
	}
}

func TestDamagedFilesAreErrors(t *testing.T) {
	for _, fields := range lines(t, "damaged.tsv") {
		content, err := os.ReadFile(filepath.Join(folder, fields[0]))
		if err != nil {
			t.Fatal(err)
		}
		size, _ := strconv.Atoi(fields[1])
		if place, _ := strconv.Atoi(fields[2]); place >= 0 {
			content[place] ^= 0xff
		}
		var found *Error
		if _, err := FromBytes(content[:size]); !errors.As(err, &found) || !strings.HasPrefix(found.Code, fields[3]) {
			t.Error(fields, err)
		}
	}
	if _, err := Load("no such file"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
