use std::ffi::CStr;
use std::{fmt, io};

use cmlp_sys as sys;

use crate::Cell;

/// Why a model cannot be loaded, or a row not be predicted.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Error {
    /// The status of the C library, such as CMLP_ERROR_CELL; empty if the file cannot be read.
    pub code: &'static str,
    /// The place of the row in `predict_many`; None if the error is not about one.
    pub row: Option<usize>,
    /// The name of a column, or its place where columns have no names; empty if the error is not about one.
    pub column: String,
    /// What the column cannot hold, as it came.
    pub cell: Option<Cell>,
    pub message: String,
    pub(crate) source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(code: &'static str, message: String) -> Error {
        Error { code, message, ..Error::default() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error { message: error.to_string(), source: Some(error), ..Error::default() }
    }
}

pub(crate) fn name_of(status: sys::cmlp_status) -> &'static str {
    // SAFETY: the library returns a constant text for every number.
    text(unsafe { CStr::from_ptr(sys::cmlp_status_name(status)) })
}

pub(crate) fn check(status: sys::cmlp_status) -> Result<(), Error> {
    if status == sys::CMLP_OK {
        return Ok(());
    }
    // SAFETY: the library returns a constant text for every number.
    let sentence = text(unsafe { CStr::from_ptr(sys::cmlp_status_string(status)) });
    Err(Error::new(name_of(status), sentence.to_owned()))
}

fn text(words: &'static CStr) -> &'static str {
    words.to_str().unwrap_or("unknown status") // all texts are ASCII
}
