use std::{mem, ptr};

use cmlp_sys as sys;

use crate::{block, check, run_of, Error, Model, Predictor, Status};

/// Shapley values, those of `explain` in Python: for each output, the values of all columns add up to the output minus its
/// base, to rounding.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reasons {
    /// The index of the output for the row's label; 0 for a model without classes or with several labels for a row.
    pub output: usize,
    /// The mean of each output over the rows that the model has kept.
    pub base: Vec<f64>,
    /// For each output, how far each column moves it.
    pub values: Vec<Vec<f64>>,
    /// Their standard errors: 0 if all sets of columns were tried, NaN if they are unknown.
    pub errors: Vec<Vec<f64>>,
}

impl Predictor {
    /// Says how far each column of a table's row moves the outputs away from their means over some rows of training, which
    /// only the file of a model has that was trained with `keep_background`. The workspace grows once.
    ///
    /// `evaluations` is the largest number of predictions, at least twice the number of columns, or 0 for the library's
    /// choice; `seed` is that of the permutations of columns, where there are too many to try all.
    pub fn reasons(&mut self, row: &[f64], evaluations: u64, seed: u32) -> Result<Reasons, Error> {
        let (n_in, n_out) = (self.model.n_inputs(), self.model.n_outputs());
        let class = self.predict(row, &mut vec![0.0; n_out])?;
        // SAFETY: all fields of the struct are numbers, or pointers that may be null.
        let mut explanation: sys::cmlp_explanation = unsafe { mem::zeroed() };
        explanation.struct_size = mem::size_of::<sys::cmlp_explanation>();
        explanation.n_evaluations = i64::try_from(evaluations).unwrap_or(i64::MAX);
        explanation.seed = seed;
        let mut size = 0;
        // SAFETY: the library reads the struct, and writes one number.
        let status = unsafe {
            sys::cmlp_model_explain_workspace_size(self.model.model, &explanation, &mut size, ptr::null_mut())
        };
        check_explained(status, &self.model, evaluations)?;
        if size > mem::size_of_val(&self.workspace[..]) {
            self.workspace = block(size)?;
        }
        let (mut base, mut values) = (vec![0.0; n_out], vec![0.0; n_in * n_out]);
        let mut errors = values.clone();
        explanation.base_values = base.as_mut_ptr();
        explanation.n_base_values = base.len() as i64;
        explanation.values = values.as_mut_ptr();
        explanation.n_values = values.len() as i64;
        explanation.errors = errors.as_mut_ptr();
        explanation.n_errors = errors.len() as i64;
        let mut run = run_of(&mut self.workspace, size);
        // SAFETY: the pointers are those of slices, with their lengths. The workspace has the size that the model has asked
        // for, and nobody else uses it, because `self` is borrowed exclusively.
        let status = unsafe {
            sys::cmlp_model_explain(self.model.model, row.as_ptr(), row.len() as i64, &explanation, &mut run)
        };
        check(status).map_err(|error| error.at(&run))?;
        let of_outputs = |matrix: &[f64]| -> Vec<Vec<f64>> {
            (0..n_out).map(|output| matrix.iter().skip(output).step_by(n_out).copied().collect()).collect()
        };
        let (values, errors) = (of_outputs(&values), of_outputs(&errors));
        Ok(Reasons { output: class.unwrap_or(0), base, values, errors })
    }
}

/// Adds to the error of a model or its options what to change.
fn check_explained(status: sys::cmlp_status, model: &Model, evaluations: u64) -> Result<(), Error> {
    let message = match status {
        sys::CMLP_ERROR_NOT_FOUND => {
            "the model has no rows to compare with: keep_background in Python keeps some of training".to_string()
        }
        sys::CMLP_ERROR_OPTION => {
            format!("evaluations must be 0 or at least {}, got {}", 2 * model.n_inputs(), evaluations)
        }
        _ => return check(status),
    };
    Err(Error::Explanation { status: Status::of(status), message })
}
