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

type line struct {
	name, label, set, byClass string
	outputs, ends, outside    []float64
	cells                     []string
}

func cases(t *testing.T) []line {
	content, err := os.ReadFile(filepath.Join(folder, "cases.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var found []line
	for _, text := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		fields := strings.Split(text, "\t")
		one := line{name: fields[0], label: fields[1], set: fields[4], byClass: fields[5], cells: fields[7:]}
		one.outputs, one.ends, one.outside = numbers(t, fields[2]), numbers(t, fields[3]), numbers(t, fields[6])
		found = append(found, one)
	}
	return found
}

// casesOf returns the cases of a model, and their rows.
func casesOf(t *testing.T, name string) (own []line, rows [][]string) {
	for _, one := range cases(t) {
		if one.name == name {
			own, rows = append(own, one), append(rows, one.cells)
		}
	}
	return own, rows
}

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

func checkCase(t *testing.T, model *Model, found Prediction, err error, one line) {
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
	for _, one := range cases(t) {
		model := load(t, one.name)
		predictor := model.NewPredictor()
		if model.IsTable() {
			predictor.Coverage = 0.8
			named := map[string]string{"colour": one.cells[2], "size": one.cells[1], "day": one.cells[0]}
			found, err := predictor.PredictNamed(named)
			checkCase(t, model, found, err, one)
			if row, _ := model.numbers(one.cells); one.cells[2] == "" { // the colour is missing
				row[2] = math.NaN()
				found, err = predictor.PredictNumbers(row)
				checkCase(t, model, found, err, one)
			}
		} else {
			found, err := predictor.PredictNumbers(numbers(t, strings.Join(one.cells, " ")))
			checkCase(t, model, found, err, one)
		}
		if one.byClass != "" {
			other := one
			other.set = one.byClass
			predictor.ByClass = true
			found, err := predictor.Predict(one.cells)
			checkCase(t, model, found, err, other)
			predictor.ByClass = false
		}
		own, rows := casesOf(t, one.name)
		many, err := predictor.PredictMany(rows)
		if err != nil {
			t.Fatal(err)
		}
		for i, found := range many {
			checkCase(t, model, found, nil, own[i])
		}
		if err := predictor.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReasonsHavePythonsBitsAndAddUp(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(folder, "reasons.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		fields := strings.Split(text, "\t")
		cells := fields[6:]
		predictor := load(t, fields[0]).NewPredictor()
		predictor.Evaluations, _ = strconv.ParseInt(fields[1], 10, 64)
		seed, _ := strconv.ParseUint(fields[2], 10, 32)
		predictor.Seed = uint32(seed)
		found, err := predictor.ReasonsNamed(map[string]string{"colour": cells[2], "size": cells[1], "day": cells[0]})
		if err != nil {
			t.Fatal(err)
		}
		values, errors := []float64{}, []float64{}
		for k := range found.Base {
			values, errors = append(values, found.Values[k]...), append(errors, found.Errors[k]...)
		}
		for i, each := range [][]float64{found.Base, values, errors} {
			if bits(each) != bits(numbers(t, fields[3+i])) {
				t.Error(text, each)
			}
		}
		row, _ := predictor.model.numbers(cells)
		if again, err := predictor.ReasonsNumbers(row); err != nil || !reflect.DeepEqual(again, found) {
			t.Error(again, err)
		}
		predicted, err := predictor.Predict(cells)
		if err != nil || found.Output != predicted.Index && (found.Output != 0 || predicted.Label != "") {
			t.Error(found, predicted, err)
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
	own, _ := casesOf(t, "regressor.cmlp")
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
					one, err := each.Predict(own[j%len(own)].cells)
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
			checkCase(t, model, one, nil, own[k/2%len(own)])
		}
	}
}

func TestErrorsNameTheColumnAndTheCell(t *testing.T) {
	predictor := load(t, "classifier.cmlp").NewPredictor()
	good := []string{"1990-01-11", "0.0", "red"}
	named := func(pairs ...string) error {
		row := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			row[pairs[i]] = pairs[i+1]
		}
		_, err := predictor.PredictNamed(row)
		return err
	}
	_, count := predictor.Predict([]string{"1"})
	_, numbers := predictor.PredictNumbers([]float64{1, 2, 3, 4})
	_, infinite := predictor.PredictNumbers([]float64{1, math.Inf(1), 3})
	_, many := predictor.PredictMany([][]string{good, good, {"", "large", ""}})
	predictor.Coverage = 1.5
	_, coverage := predictor.Predict(good)
	predictor.Coverage = 0
	predictor.Evaluations = 5
	_, evaluations := predictor.Reasons(good)
	_, noCell := predictor.Reasons([]string{"", "large", ""})
	_, noColumn := predictor.ReasonsNamed(map[string]string{"day": "", "size": "1"})
	_, noRows := load(t, "targets.cmlp").NewPredictor().Reasons(good)
	network := load(t, "float32.cmlp").NewPredictor()
	_, noReasons := network.ReasonsNumbers([]float64{1, 2, 3, 4})
	_, noNames := network.PredictNamed(map[string]string{"a": "1"})
	_, missing := network.Predict([]string{"1", "", "3", "4"})
	network.Coverage = 0.8
	_, noTable := network.Predict([]string{"1", "2", "3", "4"})
	for i, one := range []struct {
		err                        error
		code, column, cell, starts string
		row                        int
	}{
		{named("day", "", "size", "1"), "", "colour", "", `the row has no column "colour"`, 0},
		{named("day", "", "size", "1", "colour", "", "shape", "1"), "", "shape", "", `the model has no column "shape"`, 0},
		{named("day", "", "size", "large", "colour", ""), "CMLP_ERROR_CELL", "size", "large", `column "size" cannot hold "large": `, 0},
		{count, "", "", "", "a row has 3 cells, got 1", 0},
		{numbers, "", "", "", "a row has 3 cells, got 4", 0},
		{infinite, "CMLP_ERROR_INPUT", "size", "+Inf", `column "size" cannot hold "+Inf": `, 0},
		{many, "CMLP_ERROR_CELL", "size", "large", `column "size" cannot hold "large": `, 2},
		{coverage, "CMLP_ERROR_OPTION", "", "", "", 0},
		{noNames, "", "", "", "the model has no names of columns", 0},
		{missing, "", "1", "", `column "1" cannot hold ""`, 0},
		{noTable, "CMLP_ERROR_MODEL_KIND", "", "", "", 0},
		{evaluations, "CMLP_ERROR_OPTION", "", "", "Evaluations must be 0 or at least 6, got 5", 0},
		{noCell, "CMLP_ERROR_CELL", "size", "large", `column "size" cannot hold "large": `, 0},
		{noColumn, "", "colour", "", `the row has no column "colour"`, 0},
		{noRows, "CMLP_ERROR_NOT_FOUND", "", "", "the model has no rows to compare with: keep_background", 0},
		{noReasons, "CMLP_ERROR_MODEL_KIND", "", "", "", 0},
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
	categories := strings.Join(model.Columns()[2].Categories, ",") + ","
	for _, category := range []string{"red", "grün", "1", ""} {
		if !strings.Contains(categories, category+",") {
			t.Error(categories)
		}
	}
}

func TestRowsWithSeveralLabelsHaveThoseThatAreProbable(t *testing.T) {
	model := load(t, "multilabel.cmlp")
	counts := map[int]int{}
	for _, one := range cases(t) {
		if one.name != "multilabel.cmlp" {
			continue
		}
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
	found, err := predictor.Predict([]string{"1990-01-11", "-2.5", "blue"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(found)
	end := `,"Set":null,"Sets":null,"Intervals":[[null,null]],"Outside":[0,-2.5,null]}`
	if err != nil || !strings.HasPrefix(string(text), `{"Label":"","Labels":null,"Index":-1,"Outputs":[`) || !strings.HasSuffix(string(text), end) {
		t.Error(string(text), err)
	}
}

func TestReasonsAreJSON(t *testing.T) {
	predictor := load(t, "regressor.cmlp").NewPredictor()
	predictor.Evaluations = 6 // one pair of permutations, whose errors are unknown
	found, err := predictor.Reasons([]string{"1990-01-11", "0.0", "red"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(found)
	end := `]],"Errors":[[null,null,null]]}`
	if err != nil || !strings.HasPrefix(string(text), `{"Output":0,"Base":[`) || !strings.HasSuffix(string(text), end) {
		t.Error(string(text), err)
	}
}

func TestClosedPredictorRefusesEveryCall(t *testing.T) {
	model := load(t, "regressor.cmlp")
	predictor := model.NewPredictor()
	if err := predictor.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := predictor.Predict([]string{"", "", ""})
	_, reasons := predictor.Reasons([]string{"", "", ""})
	for _, err := range []error{err, reasons, predictor.Close()} {
		if err != ErrClosed {
			t.Error(err)
		}
	}
	if _, err := model.NewPredictor().Predict([]string{"", "", ""}); err != nil {
		t.Error(err)
	}
}

func TestDamagedFilesAreErrors(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(folder, "regressor.cmlp"))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 7, 100, len(content) - 1} {
		var found *Error
		if _, err := FromBytes(content[:size]); !errors.As(err, &found) || found.Code != "CMLP_ERROR_FILE_SHORT" {
			t.Error(size, err)
		}
	}
	for i := 0; i < len(content); i += 97 {
		content[i] ^= 0x41
		var found *Error
		if _, err := FromBytes(content); !errors.As(err, &found) || !strings.HasPrefix(found.Code, "CMLP_ERROR_FILE_") {
			t.Error(i, err)
		}
		content[i] ^= 0x41
	}
	if _, err := Load("no such file"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
