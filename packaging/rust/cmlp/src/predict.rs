use std::os::raw::c_void;

use cmlp_sys as sys;

use crate::{check, Error, Model};

/// Predicts rows with a model.
pub struct Predictor<'m> {
    model: &'m Model,
    workspace: Vec<u64>,
}

impl<'m> Predictor<'m> {
    pub(crate) fn new(model: &'m Model, workspace: Vec<u64>) -> Predictor<'m> {
        Predictor { model, workspace }
    }

    /// Predicts a row: writes its outputs, and returns the index of its class, or None for a model without classes or with
    /// several labels for a row. Nothing is allocated.
    ///
    /// The elements of a row are of the model's type, or bytes for a network of `f32`. A row of a table has one number for
    /// each column: NaN where it is missing, or what [`Model::number_of_cell`] returns.
    pub fn predict<T: Number>(&mut self, row: &[T], outputs: &mut [T::Output]) -> Result<Option<usize>, Error> {
        let mut label = -1;
        // SAFETY: the pointers are those of slices, with their lengths. The workspace has the size that the model has asked
        // for, and nobody else uses it, because `self` is borrowed exclusively.
        check(unsafe {
            T::FUNCTION(
                self.model.model,
                row.as_ptr(),
                row.len() as i64,
                &mut label,
                outputs.as_mut_ptr(),
                outputs.len() as i64,
                self.workspace.as_mut_ptr().cast(),
                self.model.info.workspace_size,
            )
        })?;
        Ok(usize::try_from(label).ok())
    }
}

/// A type of the elements of rows: `f32`, `f64` or `u8`.
pub trait Number: private::Function {}

impl Number for f32 {}
impl Number for f64 {}
impl Number for u8 {}

mod private {
    use super::{c_void, sys};

    type Predict<T, Output> = unsafe extern "C" fn(
        *const sys::cmlp_model,
        *const T,
        i64,
        *mut i32,
        *mut Output,
        i64,
        *mut c_void,
        usize,
    ) -> sys::cmlp_status;

    /// The function of the C library for rows of a type, and the type of its outputs.
    pub trait Function: Sized {
        type Output;
        const FUNCTION: Predict<Self, Self::Output>;
    }

    impl Function for f32 {
        type Output = f32;
        const FUNCTION: Predict<f32, f32> = sys::cmlp_model_predict_f32;
    }

    impl Function for f64 {
        type Output = f64;
        const FUNCTION: Predict<f64, f64> = sys::cmlp_model_predict_f64;
    }

    impl Function for u8 {
        type Output = f32;
        const FUNCTION: Predict<u8, f32> = sys::cmlp_model_predict_u8;
    }
}
