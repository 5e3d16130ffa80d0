use std::ffi::CStr;
use std::{fmt, io};

use cmlp_sys as sys;

/// Why a model cannot be loaded, or a row not be predicted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    Io(io::Error),
    /// The bytes are no model file, or are damaged.
    File(Status),
    /// An argument does not fit the model: a type, a length, a column.
    Argument(Status),
    /// A row contains infinity, or NaN that the model does not take; a cell cannot be read. The places are those of the row
    /// in the call and of the column, if the error is about them.
    Data { status: Status, row: Option<usize>, column: Option<usize> },
    /// The cells of a row are not those of the model's columns: one is missing, unknown or there twice, or their number
    /// is another.
    Columns(String),
    /// The column of a table cannot hold a cell.
    Cell { column: String, cell: String, error: Box<Error> },
    /// The model has no rows to compare with, or too few evaluations are allowed.
    Explanation { status: Status, message: String },
    /// This build, this processor or the memory does not suffice.
    System(Status),
}

/// A status of the C library: an error with a name and a sentence.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Status(sys::cmlp_status);

impl Status {
    pub(crate) fn of(status: sys::cmlp_status) -> Status {
        Status(status)
    }

    /// The number of the status in cmlp.h.
    pub fn number(self) -> i32 {
        self.0
    }

    /// The name of the status in cmlp.h, such as CMLP_ERROR_FILE_SHORT.
    pub fn name(self) -> &'static str {
        // SAFETY: the library returns a constant text for every number.
        text(unsafe { CStr::from_ptr(sys::cmlp_status_name(self.0)) })
    }
}

fn text(words: &'static CStr) -> &'static str {
    words.to_str().unwrap_or("unknown status") // all texts are ASCII
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the library returns a constant text for every number.
        formatter.write_str(text(unsafe { CStr::from_ptr(sys::cmlp_status_string(self.0)) }))
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Error {
    /// The ranges are those of cmlp.h.
    pub(crate) fn of(status: sys::cmlp_status) -> Error {
        match status {
            64..=79 => Error::Data { status: Status(status), row: None, column: None },
            80..=95 => Error::System(Status(status)),
            96..=127 => Error::File(Status(status)),
            _ => Error::Argument(Status(status)),
        }
    }

    /// Adds the places that the run of the call reports: -1 if there is none.
    pub(crate) fn at(self, run: &sys::cmlp_run) -> Error {
        let place = |position: i64| usize::try_from(position).ok();
        match self {
            Error::Data { status, .. } => Error::Data { status, row: place(run.bad_row), column: place(run.bad_column) },
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(formatter),
            Error::Columns(message) | Error::Explanation { message, .. } => formatter.write_str(message),
            Error::Cell { column, cell, error } => write!(formatter, "column {:?} cannot hold {:?}: {}", column, cell, error),
            Error::Data { status, row, column } => {
                status.fmt(formatter)?;
                match (row, column) {
                    (Some(row), Some(column)) => write!(formatter, " (row {}, column {})", row, column),
                    (Some(row), None) => write!(formatter, " (row {})", row),
                    (None, Some(column)) => write!(formatter, " (column {})", column),
                    (None, None) => Ok(()),
                }
            }
            Error::File(status) | Error::Argument(status) | Error::System(status) => status.fmt(formatter),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}
