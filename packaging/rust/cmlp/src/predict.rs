use std::sync::Arc;
use std::{mem, ptr};

use cmlp_sys as sys;

use crate::{block, check, run_of, Error, Model};

/// Predicts rows with a model, which it owns together with others.
pub struct Predictor {
    pub(crate) model: Arc<Model>,
    pub(crate) workspace: Vec<u64>,
}

impl Predictor {
    pub(crate) fn new(model: Arc<Model>, workspace: Vec<u64>) -> Predictor {
        Predictor { model, workspace }
    }

    /// The model, whose labels and columns a worker needs beside its predictions.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Predicts a row: writes its outputs, and returns the index of its class, or None for a model without classes or with
    /// several labels for a row. Nothing is allocated.
    ///
    /// The elements of a row are of the model's type, or bytes for a network of `f32`. A row of a table has one number for
    /// each column: NaN where it is missing, also of a category, or what [`Model::row_of_cells`] returns.
    pub fn predict<T: Number>(&mut self, row: &[T], outputs: &mut [T::Output]) -> Result<Option<usize>, Error> {
        let mut class = [-1];
        self.run(row, 1, row.len(), outputs, &mut class)?;
        Ok(usize::try_from(class[0]).ok())
    }

    /// Predicts the rows that follow one another in `rows`, which takes less time for each: writes the outputs of all, and
    /// returns the index of each class, as [`Predictor::predict`] does. The workspace grows once.
    pub fn predict_many<T: Number>(
        &mut self,
        rows: &[T],
        outputs: &mut [T::Output],
    ) -> Result<Vec<Option<usize>>, Error> {
        let width = self.model.n_inputs();
        let n_rows = rows.len() / width;
        if n_rows * width != rows.len() {
            check(sys::CMLP_ERROR_ROWS)?;
        }
        let mut classes = vec![-1; n_rows];
        self.run(rows, n_rows, width, outputs, &mut classes)?;
        Ok(classes.into_iter().map(|class| usize::try_from(class).ok()).collect())
    }

    fn run<T: Number>(
        &mut self,
        data: &[T],
        n_rows: usize,
        n_columns: usize,
        outputs: &mut [T::Output],
        classes: &mut [i32],
    ) -> Result<(), Error> {
        if self.model.info.dtype != T::OUTPUT_DTYPE {
            check(sys::CMLP_ERROR_DTYPE)?;
        }
        // SAFETY: all fields of the structs are numbers, or pointers that may be null.
        let mut rows: sys::cmlp_rows = unsafe { mem::zeroed() };
        rows.struct_size = mem::size_of::<sys::cmlp_rows>();
        rows.kind = sys::CMLP_ROWS_DENSE;
        rows.dtype = T::DTYPE;
        rows.data = data.as_ptr().cast();
        rows.n_rows = n_rows as i64;
        rows.n_columns = n_columns as i64;
        rows.row_stride = (mem::size_of::<T>() * n_columns) as i64;
        rows.column_stride = mem::size_of::<T>() as i64;
        let mut size = self.model.info.workspace_size;
        if n_rows > 1 {
            // SAFETY: the library reads the struct, and writes one number.
            check(unsafe {
                sys::cmlp_model_workspace_size(self.model.model, &rows, &mut size, ptr::null_mut())
            })?;
            if size > mem::size_of_val(&self.workspace[..]) {
                self.workspace = block(size)?;
            }
        }
        let prediction = sys::cmlp_prediction {
            struct_size: mem::size_of::<sys::cmlp_prediction>(),
            outputs: outputs.as_mut_ptr().cast(),
            n_outputs: outputs.len() as i64,
            class_indices: classes.as_mut_ptr(),
            n_class_indices: classes.len() as i64,
            activations: ptr::null_mut(),
            n_activations: 0,
            sums: ptr::null_mut(),
            n_sums: 0,
        };
        let mut run = run_of(&mut self.workspace, size);
        // SAFETY: the pointers are those of slices, with their lengths. The workspace has the size that the model has asked
        // for, and nobody else uses it, because `self` is borrowed exclusively.
        let status = unsafe { sys::cmlp_model_predict(self.model.model, &rows, &prediction, &mut run) };
        check(status).map_err(|error| error.at(&run))
    }
}

/// A type of the elements of rows: `f32`, `f64` or `u8`.
pub trait Number: private::Types {}

impl Number for f32 {}
impl Number for f64 {}
impl Number for u8 {}

mod private {
    use super::sys;

    /// The type of rows in the C library, and that of their outputs.
    pub trait Types: Sized {
        type Output;
        const DTYPE: sys::cmlp_dtype;
        const OUTPUT_DTYPE: sys::cmlp_dtype;
    }

    impl Types for f32 {
        type Output = f32;
        const DTYPE: sys::cmlp_dtype = sys::CMLP_FLOAT32;
        const OUTPUT_DTYPE: sys::cmlp_dtype = sys::CMLP_FLOAT32;
    }

    impl Types for f64 {
        type Output = f64;
        const DTYPE: sys::cmlp_dtype = sys::CMLP_FLOAT64;
        const OUTPUT_DTYPE: sys::cmlp_dtype = sys::CMLP_FLOAT64;
    }

    impl Types for u8 {
        type Output = f32;
        const DTYPE: sys::cmlp_dtype = sys::CMLP_UINT8;
        const OUTPUT_DTYPE: sys::cmlp_dtype = sys::CMLP_FLOAT32;
    }
}
