//! Loads model files of cmlp and predicts rows; predictions are bit-identical to those of Python.
//!
//! ```no_run
//! # fn main() -> Result<(), cmlp::Error> {
//! let digits = cmlp::Model::load("digits.cmlp")?;
//! let mut predictor = digits.predictor()?;
//! let pixels = [0u8; 784];
//! let mut outputs = [0f32; 10];
//! if let Some(class) = predictor.predict(&pixels, &mut outputs)? {
//!     println!("{} {}", digits.label(class)?, outputs[class]);
//! }
//!
//! let prices = cmlp::Model::load("prices.cmlp")?;
//! let row = prices.row_of_cells(&[("size", "1.5"), ("day", "2026-11-24")])?;
//! let mut price = [0f64];
//! prices.predictor()?.predict(&row, &mut price)?;
//! println!("{} {:?}", price[0], prices.interval(&price, 0, 0.9)?);
//! # Ok(())
//! # }
//! ```

mod error;
mod predict;
mod reasons;
mod table;

pub use error::{Error, Status};
pub use predict::{Number, Predictor};
pub use reasons::Reasons;
pub use table::Category;

use std::os::raw::{c_char, c_void};
use std::path::Path;
use std::sync::Arc;
use std::{fs, mem, ptr, slice};

use cmlp_sys as sys;

/// The type of the rows and outputs of a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dtype {
    Float32,
    /// Also of every table, whose row has one number for each column.
    Float64,
}

/// A trained model in memory: a network, or a table with its columns and networks.
pub struct Model {
    model: *const sys::cmlp_model, // points into `_memory` and `_file`
    info: sys::cmlp_model_info,
    _memory: Vec<u64>,
    _file: Vec<u64>,
}

// SAFETY: the C library never changes a model, and any number of threads may use it at the same time. The memory that it
// points to belongs to the Model, whose vectors are never changed, so that it stays where it is when a Model moves.
unsafe impl Send for Model {}
unsafe impl Sync for Model {}

impl Model {
    /// Reads a model file.
    pub fn load(path: impl AsRef<Path>) -> Result<Arc<Model>, Error> {
        Model::from_bytes(&fs::read(path)?)
    }

    /// Makes a model of the bytes of a model file, which are copied. They may come from anywhere: other bytes are an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Arc<Model>, Error> {
        // SAFETY: all fields of the struct are numbers.
        let mut info: sys::cmlp_model_info = unsafe { mem::zeroed() };
        info.struct_size = mem::size_of::<sys::cmlp_model_info>();
        // SAFETY: the library reads bytes.len() bytes of any alignment and writes struct_size bytes.
        check(unsafe { sys::cmlp_model_describe(bytes.as_ptr().cast(), bytes.len(), &mut info, ptr::null_mut()) })?;
        if (bytes.len() as u64) < info.file_size {
            // The sizes of the other blocks are those that the head promises: do not allocate them.
            check(sys::CMLP_ERROR_FILE_SHORT)?;
        }
        let mut file = block(bytes.len())?;
        // SAFETY: the block has at least bytes.len() bytes, and the two do not overlap.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), file.as_mut_ptr().cast(), bytes.len()) };
        let mut memory = block(info.model_size)?;
        let mut workspace = block(info.workspace_size)?;
        let mut model = ptr::null();
        let mut run = run_of(&mut workspace, info.workspace_size);
        // SAFETY: the blocks have the sizes that are passed, multiples of 8 as addresses, and do not overlap.
        check(unsafe {
            sys::cmlp_model_init(
                memory.as_mut_ptr().cast::<c_void>(),
                info.model_size,
                file.as_ptr().cast(),
                bytes.len(),
                ptr::null(),
                &mut model,
                &mut run,
            )
        })?;
        Ok(Arc::new(Model { model, info, _memory: memory, _file: file }))
    }

    /// The numbers of a row: of a table its columns.
    pub fn n_inputs(&self) -> usize {
        self.info.n_in as usize
    }

    /// The numbers that a prediction has.
    pub fn n_outputs(&self) -> usize {
        self.info.n_out as usize
    }

    /// The type of the rows and outputs.
    pub fn dtype(&self) -> Dtype {
        match self.info.dtype {
            sys::CMLP_FLOAT32 => Dtype::Float32,
            _ => Dtype::Float64,
        }
    }

    /// Whether the model is that of a table: cells of text become numbers by [`Model::row_of_cells`].
    pub fn is_table(&self) -> bool {
        self.info.n_nets > 0
    }

    /// Returns what predicts with this model, which it keeps alive. It has memory of its own; threads use one each.
    pub fn predictor(self: &Arc<Model>) -> Result<Predictor, Error> {
        Ok(Predictor::new(Arc::clone(self), block(self.info.workspace_size)?))
    }

    /// Returns the label of a class, numbers as Python prints them.
    pub fn label(&self, class: usize) -> Result<String, Error> {
        let class = i32::try_from(class).unwrap_or(i32::MAX);
        // SAFETY: all fields of the struct are numbers, or a pointer that may be null.
        let mut value: sys::cmlp_value = unsafe { mem::zeroed() };
        // SAFETY: the library writes one struct.
        check(unsafe { sys::cmlp_model_find_label(self.model, class, &mut value, ptr::null_mut()) })?;
        // SAFETY: a label has a text.
        Ok(unsafe { text_of(value.text, value.n_text) })
    }
}

/// Copies a text of a model's file.
///
/// # Safety
///
/// The pointer is that of n bytes, or null.
unsafe fn text_of(start: *const c_char, n: i64) -> String {
    if start.is_null() {
        return String::new();
    }
    // A text of Python can have half a surrogate pair, which no String can.
    String::from_utf8_lossy(slice::from_raw_parts(start.cast::<u8>(), n as usize)).into_owned()
}

/// Returns zeroed memory at an address that is a multiple of 8.
fn block(n_bytes: usize) -> Result<Vec<u64>, Error> {
    let n = n_bytes / 8 + 1;
    let mut memory = Vec::new();
    memory.try_reserve_exact(n).map_err(|_| Error::of(sys::CMLP_ERROR_MEMORY))?;
    memory.resize(n, 0);
    Ok(memory)
}

/// Returns a run of one thread with a workspace of `size` bytes, which must live as long.
fn run_of(workspace: &mut [u64], size: usize) -> sys::cmlp_run {
    // SAFETY: all fields of the struct are numbers, or pointers that may be null.
    let mut run: sys::cmlp_run = unsafe { mem::zeroed() };
    run.struct_size = mem::size_of::<sys::cmlp_run>();
    run.workspace = workspace.as_mut_ptr().cast::<c_void>();
    run.workspace_size = size;
    run.bad_row = -1;
    run.bad_element = -1;
    run.bad_column = -1;
    run
}

fn check(status: sys::cmlp_status) -> Result<(), Error> {
    if status == sys::CMLP_OK {
        return Ok(());
    }
    Err(Error::of(status))
}
