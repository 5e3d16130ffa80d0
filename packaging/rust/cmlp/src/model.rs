use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::{fs, ptr};

use cmlp_sys as sys;

use crate::cell::text_of;
use crate::error::check;
use crate::{Cell, Error, Predictor};

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Empty if the file has no names of columns.
    pub name: String,
    /// "days since 1970-01-01", "days", "0 or 1" or empty.
    pub unit: String,
    /// None for a column of numbers.
    pub categories: Vec<Cell>,
}

/// A trained model in memory, which never changes: a network, or a table with its columns and networks.
pub struct Model {
    pub(crate) model: *const sys::cmlp_model, // points into `_memory` and into the bytes of the file
    pub(crate) info: sys::cmlp_model_info,
    columns: Vec<Column>,
    labels: Vec<String>,
    _memory: Vec<u64>,
    _file: Cow<'static, [u8]>,
    _aligned: Vec<u64>,
}

// SAFETY: the C library never changes a model, and any number of threads may use it at the same time. The memory that it
// points to belongs to the Model, whose vectors are never changed, so that it stays where it is when a Model moves.
unsafe impl Send for Model {}
unsafe impl Sync for Model {}

impl Model {
    /// Reads a model file.
    pub fn load(path: impl AsRef<Path>) -> Result<Arc<Model>, Error> {
        Model::from_bytes(fs::read(path)?)
    }

    /// Makes a model of the bytes of a model file, which it keeps: a vector, or what a program contains. They are copied only if
    /// their address is no multiple of 8. They may come from anywhere: other bytes are an error.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Arc<Model>, Error> {
        let file = bytes.into();
        let mut info = sized!(cmlp_model_info);
        // SAFETY: the library reads file.len() bytes of any alignment and writes struct_size bytes.
        check(unsafe { sys::cmlp_model_describe(file.as_ptr().cast(), file.len(), &mut info, ptr::null_mut()) })?;
        if (file.len() as u64) < info.file_size {
            // The sizes of the other blocks are those that the head promises: do not allocate them.
            check(sys::CMLP_ERROR_FILE_SHORT)?;
        }
        let (mut aligned, mut start) = (Vec::new(), file.as_ptr());
        if start as usize % 8 != 0 {
            aligned = block(file.len())?;
            // SAFETY: the block has at least file.len() bytes, and the two do not overlap.
            unsafe { ptr::copy_nonoverlapping(start, aligned.as_mut_ptr().cast(), file.len()) };
            start = aligned.as_ptr().cast();
        }
        let (mut memory, mut workspace) = (block(info.model_size)?, block(info.workspace_size)?);
        let mut run = sized!(cmlp_run);
        (run.workspace, run.workspace_size) = (workspace.as_mut_ptr().cast(), info.workspace_size);
        let mut model = ptr::null();
        // SAFETY: the blocks have the sizes that are passed, multiples of 8 as addresses, and do not overlap.
        check(unsafe {
            sys::cmlp_model_init(
                memory.as_mut_ptr().cast(),
                info.model_size,
                start.cast(),
                file.len(),
                ptr::null(),
                &mut model,
                &mut run,
            )
        })?;
        let (columns, labels) = (Vec::new(), Vec::new());
        let mut made = Model { model, info, columns, labels, _memory: memory, _file: file, _aligned: aligned };
        made.labels = (0..made.info.n_labels).map(|class| made.read_label(class as i32)).collect::<Result<_, _>>()?;
        let n_columns = if made.is_table() { made.info.n_in } else { 0 };
        made.columns = (0..n_columns).map(|column| made.read_column(column)).collect::<Result<_, _>>()?;
        Ok(Arc::new(made))
    }

    /// The columns of a table; none for a network.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The labels of a classifier, numbers as Python prints them; none for other models.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Whether the model is that of a table.
    pub fn is_table(&self) -> bool {
        self.info.n_nets > 0
    }

    /// The number of cells of a row.
    pub fn n_inputs(&self) -> usize {
        self.info.n_in as usize
    }

    /// The number of outputs of a prediction.
    pub fn n_outputs(&self) -> usize {
        self.info.n_out as usize
    }

    /// Returns what predicts with this model, which it keeps alive.
    pub fn predictor(self: &Arc<Model>) -> Predictor {
        Predictor::new(Arc::clone(self))
    }

    fn read_label(&self, class: i32) -> Result<String, Error> {
        let mut value = sys::cmlp_value::default();
        // SAFETY: the library writes one struct, whose text is part of the file.
        unsafe {
            check(sys::cmlp_model_find_label(self.model, class, &mut value, ptr::null_mut()))?;
            Ok(text_of(value.text, value.n_text))
        }
    }

    fn read_column(&self, column: i64) -> Result<Column, Error> {
        let mut info = sized!(cmlp_table_column_info);
        // SAFETY: the library writes struct_size bytes, and the texts are part of the file.
        unsafe {
            check(sys::cmlp_model_describe_column(self.model, column, &mut info, ptr::null_mut()))?;
            let category = |code| {
                let mut value = sys::cmlp_value::default();
                check(sys::cmlp_model_find_category(self.model, column, code, &mut value, ptr::null_mut()))?;
                Ok(Cell::of(&value))
            };
            Ok(Column {
                name: text_of(info.name, info.n_name),
                unit: text_of(info.unit, info.n_unit),
                categories: (0..info.n_categories).map(category).collect::<Result<_, Error>>()?,
            })
        }
    }
}

/// Returns zeroed memory at an address that is a multiple of 8.
pub(crate) fn block(n_bytes: usize) -> Result<Vec<u64>, Error> {
    let n = n_bytes / 8 + 1;
    let mut memory = Vec::new();
    if memory.try_reserve_exact(n).is_err() {
        check(sys::CMLP_ERROR_MEMORY)?;
    }
    memory.resize(n, 0);
    Ok(memory)
}
