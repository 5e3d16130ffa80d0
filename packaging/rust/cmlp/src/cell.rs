use std::os::raw::c_char;
use std::slice;

use cmlp_sys as sys;

/// A cell of a row, or a category of a column: a text as in a CSV file, a value, or nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    Missing,
    Text(String),
    Number(f64),
    Integer(i64),
    Boolean(bool),
}

macro_rules! cells {
    ($($kind:ty: $cell:expr),*) => {
        $(impl From<$kind> for Cell {
            fn from(value: $kind) -> Cell {
                $cell(value)
            }
        })*
    };
}

cells! {
    &str: |text: &str| Cell::Text(text.to_owned()), String: Cell::Text, bool: Cell::Boolean, i64: Cell::Integer,
    i32: |number: i32| Cell::Integer(number.into()), u8: |number: u8| Cell::Integer(number.into()),
    f64: Cell::Number, f32: |number: f32| Cell::Number(number.into())
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Missing, T::into)
    }
}

impl Cell {
    /// Returns what the library reads, which points to the cell's text.
    pub(crate) fn value(&self) -> sys::cmlp_value {
        let mut value = sys::cmlp_value { kind: sys::CMLP_VALUE_MISSING, ..Default::default() };
        match self {
            Cell::Missing => {}
            Cell::Text(text) => {
                value.kind = sys::CMLP_VALUE_TEXT;
                value.text = text.as_ptr().cast();
                value.n_text = text.len() as i64;
            }
            Cell::Number(number) => {
                value.kind = sys::CMLP_VALUE_DOUBLE;
                value.number = *number;
            }
            Cell::Integer(number) => {
                value.kind = sys::CMLP_VALUE_INTEGER;
                value.integer = *number;
            }
            Cell::Boolean(truth) => {
                value.kind = sys::CMLP_VALUE_BOOLEAN;
                value.integer = i64::from(*truth);
            }
        }
        value
    }

    /// Returns a category: of a larger integer its text.
    ///
    /// # Safety
    ///
    /// The value is one that the library has found in a model's file.
    pub(crate) unsafe fn of(value: &sys::cmlp_value) -> Cell {
        match value.kind {
            sys::CMLP_VALUE_MISSING => Cell::Missing,
            sys::CMLP_VALUE_DOUBLE => Cell::Number(value.number),
            sys::CMLP_VALUE_INTEGER => Cell::Integer(value.integer),
            sys::CMLP_VALUE_BOOLEAN => Cell::Boolean(value.integer != 0),
            _ => Cell::Text(text_of(value.text, value.n_text)),
        }
    }
}

/// Copies a text of a model's file.
///
/// # Safety
///
/// The pointer is that of n bytes, or null.
pub(crate) unsafe fn text_of(start: *const c_char, n: i64) -> String {
    if start.is_null() {
        return String::new();
    }
    // A text of Python can have half a surrogate pair, which no String can.
    String::from_utf8_lossy(slice::from_raw_parts(start.cast(), n as usize)).into_owned()
}
