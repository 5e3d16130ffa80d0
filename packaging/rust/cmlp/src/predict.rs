use std::os::raw::c_char;
use std::sync::Arc;
use std::{mem, ptr};

use cmlp_sys as sys;

use crate::error::name_of;
use crate::model::block;
use crate::{Cell, Error, Model};

/// What a model says about a row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// That of the class.
    pub label: Option<String>,
    /// Those with a probability above 0.5, where a row can have several labels.
    pub labels: Vec<String>,
    /// That of the class.
    pub index: Option<usize>,
    /// The probability of each label, or all numbers that the model predicts.
    pub outputs: Vec<f64>,
    /// Of a regressor with a coverage: the two ends for each target.
    pub intervals: Vec<(f64, f64)>,
    /// Of a classifier with a coverage: the labels.
    pub set: Vec<String>,
    /// Where a row can have several labels, in place of `set`: of each the outcomes, 0 for no and 1 for yes.
    pub sets: Vec<Vec<usize>>,
    /// Of a table, how far each column is outside of what it had in training: 0, or by how much a number is above or, negative,
    /// below; NaN for a category or a missing value that training did not have.
    pub outside: Vec<f64>,
    /// If the predictor has `reasons`.
    pub reasons: Option<Reasons>,
}

/// Shapley values, those of `explain` in Python: for each output, the values of all columns add up to the output minus its base,
/// to rounding.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reasons {
    /// The index of the output for the row's label; 0 if there is none.
    pub output: usize,
    /// The mean of each output over the rows that the model has kept.
    pub base: Vec<f64>,
    /// For each output, how far each column moves it.
    pub values: Vec<Vec<f64>>,
    /// Their standard errors: 0 if all sets of columns were tried, NaN if they are unknown.
    pub errors: Vec<Vec<f64>>,
}

/// Predicts rows with a model, which it keeps alive. Threads may share it.
#[derive(Clone)]
pub struct Predictor {
    /// If it is not 0, asks for intervals and sets that contain the truth as often: above 0 and below 1.
    pub coverage: f64,
    /// Sets contain the truth as often for the rows of each class, instead of for all rows together.
    pub by_class: bool,
    /// Asks for those of each row, which only a model has that was trained with keep_background.
    pub reasons: bool,
    /// The largest number of predictions for the reasons of a row, at least twice the number of columns; 0 for the library's
    /// choice.
    pub evaluations: i64,
    /// That of the permutations of columns, where there are too many to try all.
    pub seed: u32,
    model: Arc<Model>,
}

impl Predictor {
    pub(crate) fn new(model: Arc<Model>) -> Predictor {
        Predictor { coverage: 0.0, by_class: false, reasons: false, evaluations: 0, seed: 0, model }
    }

    /// Predicts a row of cells in the order of the columns: texts as in a CSV file, numbers and bools. `Cell::Missing`, NaN and
    /// an empty text are missing, and a number is a category by its value.
    pub fn predict<C: Into<Cell> + Clone>(&self, cells: &[C]) -> Result<Prediction, Error> {
        Ok(self.predict_many(&[cells])?.remove(0))
    }

    /// Predicts a row of cells by the names of their columns.
    pub fn predict_named<C: Into<Cell> + Clone>(&self, row: &[(&str, C)]) -> Result<Prediction, Error> {
        let (names, cells) = row.iter().cloned().map(|(name, cell)| (Cell::from(name), cell.into())).unzip();
        Ok(self.ask(Some(names), &[cells])?.remove(0))
    }

    /// Predicts rows of cells in one call, which takes less time for each. An error has the place of the row.
    pub fn predict_many<C: Into<Cell> + Clone>(&self, rows: &[impl AsRef<[C]>]) -> Result<Vec<Prediction>, Error> {
        let rows: Vec<_> = rows.iter().map(|row| row.as_ref().iter().cloned().map(C::into).collect()).collect();
        self.ask(None, &rows)
    }

    fn ask(&self, names: Option<Vec<Cell>>, rows: &[Vec<Cell>]) -> Result<Vec<Prediction>, Error> {
        let width = rows.first().map_or(0, Vec::len);
        if let Some(i) = rows.iter().position(|row| row.len() != width) {
            let message = format!("row {} has {} cells, row 0 has {}", i, rows[i].len(), width);
            return Err(Error { row: Some(i), ..Error::new("CMLP_ERROR_ROWS", message) });
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (model, n, is_table) = (&self.model, rows.len(), self.model.is_table());
        let mut cells: Vec<_> = rows.iter().flatten().map(Cell::value).collect();
        let mut named: Vec<_> = names.iter().flatten().map(Cell::value).collect();
        let mut input = sized!(cmlp_rows);
        input.kind = sys::CMLP_ROWS_CELLS;
        (input.n_rows, input.n_columns) = (n as i64, width as i64);
        input.column_stride = mem::size_of::<sys::cmlp_value>() as i64;
        input.row_stride = input.column_stride * width as i64;
        input.data = cells.as_mut_ptr().cast();
        let (first_name, n_names) = array(&mut named);
        (input.names, input.n_names) = (first_name, n_names);

        let (n_in, n_out) = (model.n_inputs(), model.n_outputs());
        let (n_ends, n_set) = (model.info.n_ends as usize, model.info.n_set as usize);
        let wants_set = self.coverage != 0.0 && is_table;
        let size = |is_wanted: bool, width: usize| if is_wanted { n * width } else { 0 };
        let (mut classes, mut outputs) = (vec![0; n], vec![0.0; n * n_out]);
        let (mut outside, mut ends) = (vec![0.0; size(is_table, n_in)], vec![0.0; size(wants_set, n_ends)]);
        let mut set = vec![0; size(wants_set, n_set)];
        let mut moves = vec![0.0; size(self.reasons, n_in * n_out)];
        let (mut spread, mut base) = (moves.clone(), vec![0.0; if self.reasons { n_out } else { 0 }]);
        let mut answer = sized!(cmlp_answer);
        answer.coverage = self.coverage;
        (answer.class_indices, answer.n_class_indices) = array(&mut classes);
        (answer.outputs, answer.n_outputs) = array(&mut outputs);
        (answer.outside, answer.n_outside) = array(&mut outside);
        (answer.intervals, answer.n_intervals) = array(&mut ends);
        (answer.sets, answer.n_sets) = array(&mut set);
        if wants_set {
            answer.by_class = i32::from(self.by_class);
        } else if self.coverage != 0.0 {
            answer.n_sets = 1; // the library says that a network has none
        }
        if self.reasons {
            (answer.reasons, answer.n_reasons) = array(&mut moves);
            (answer.reason_errors, answer.n_reason_errors) = array(&mut spread);
            (answer.base_values, answer.n_base_values) = array(&mut base);
            (answer.n_evaluations, answer.seed) = (self.evaluations, self.seed);
        }
        let mut run = sized!(cmlp_run);
        let mut bytes = 0;
        // SAFETY: each pointer is that of a vector, with its length, or null with 0, and the vectors outlive the calls.
        let status = unsafe {
            let status = sys::cmlp_model_answer_size(model.model, &input, &answer, &mut bytes, &mut run);
            if status == sys::CMLP_OK {
                let mut workspace = block(bytes)?;
                (run.workspace, run.workspace_size) = (workspace.as_mut_ptr().cast(), bytes);
                sys::cmlp_model_answer(model.model, &input, &answer, &mut run)
            } else {
                status
            }
        };
        if status != sys::CMLP_OK {
            let mut text = [0u8; 1000];
            let n_text = text.len() as i64;
            let start = text.as_mut_ptr().cast::<c_char>();
            // SAFETY: the arguments are those of the call, and the library writes at most n_text bytes.
            let whole = unsafe { sys::cmlp_model_say(model.model, &input, &answer, status, &run, start, n_text) };
            let message = String::from_utf8_lossy(&text[..(whole as usize).min(text.len() - 1)]).into_owned();
            return Err(self.refused(names.as_deref(), rows, Error::new(name_of(status), message), &run));
        }
        let prediction = |i: usize| {
            let (outputs, set) = (row(&outputs, i, n_out), row(&set, i, n_set));
            let index = usize::try_from(classes[i]).ok();
            let mut found = Prediction {
                label: index.and_then(|index| model.labels().get(index).cloned()),
                labels: Vec::new(),
                index,
                outputs: outputs.to_vec(),
                intervals: row(&ends, i, n_ends).chunks(2).map(|pair| (pair[0], pair[1])).collect(),
                set: Vec::new(),
                sets: Vec::new(),
                outside: row(&outside, i, n_in).to_vec(),
                reasons: None,
            };
            let labels = model.labels().iter().cloned().enumerate();
            if model.info.kind == sys::CMLP_MODEL_MULTILABEL {
                found.labels = labels.filter(|(j, _)| outputs[*j] > 0.5).map(|(_, label)| label).collect();
                let outcomes = |pair: &[i32]| (0..2).filter(|outcome| pair[*outcome] != 0).collect();
                found.sets = set.chunks(2).map(outcomes).collect();
            } else {
                let is_in = |j: usize| set.get(j).map_or(false, |is_in| *is_in != 0);
                found.set = labels.filter(|(j, _)| is_in(*j)).map(|(_, label)| label).collect();
            }
            if self.reasons {
                found.reasons = Some(Reasons {
                    output: index.unwrap_or(0),
                    base: base.clone(),
                    values: columns(row(&moves, i, n_in * n_out), n_out),
                    errors: columns(row(&spread, i, n_in * n_out), n_out),
                });
            }
            found
        };
        Ok((0..n).map(prediction).collect())
    }

    /// Adds to an error what it is about.
    fn refused(&self, names: Option<&[Cell]>, rows: &[Vec<Cell>], mut found: Error, run: &sys::cmlp_run) -> Error {
        let place = |position: i64| usize::try_from(position).ok();
        let element = place(run.bad_element);
        if let Some(column) = place(run.bad_column) {
            let name = self.model.columns().get(column).map_or("", |column| &column.name);
            found.column = if name.is_empty() { column.to_string() } else { name.to_owned() };
        } else if let (Some(names), Some(i), "CMLP_ERROR_COLUMNS") = (names, element, found.code) {
            if let Cell::Text(name) = &names[i] {
                found.column = name.clone();
            }
        }
        if let (Some(i), Some(j)) = (place(run.bad_row), element) {
            (found.row, found.cell) = (Some(i), Some(rows[i][j].clone()));
        }
        found
    }
}

/// Returns the pointer and the length of an array; null for an empty one.
fn array<T>(values: &mut [T]) -> (*mut T, i64) {
    (if values.is_empty() { ptr::null_mut() } else { values.as_mut_ptr() }, values.len() as i64)
}

/// Returns a row of a matrix; an empty one if the matrix was not asked for.
fn row<T>(matrix: &[T], i: usize, width: usize) -> &[T] {
    if matrix.is_empty() {
        return &[];
    }
    &matrix[i * width..(i + 1) * width]
}

/// Returns the columns of a matrix that has n of them.
fn columns(matrix: &[f64], n: usize) -> Vec<Vec<f64>> {
    (0..n).map(|j| matrix.iter().skip(j).step_by(n).copied().collect()).collect()
}
