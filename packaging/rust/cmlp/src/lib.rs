//! Loads models of multilayer perceptrons and data frames that cmlp has trained in Python, and predicts with the same bits.
//!
//! ```no_run
//! # fn main() -> Result<(), cmlp::Error> {
//! let prices = cmlp::Model::load("prices.cmlp")?; // an Arc: threads share it
//! let mut predictor = prices.predictor();
//! predictor.coverage = 0.9;
//! let found = predictor.predict_named(&[("size", "1.5"), ("day", "2026-11-24")])?;
//! println!("{} {:?}", found.outputs[0], found.intervals[0]);
//!
//! let digits = cmlp::Model::load("digits.cmlp")?;
//! println!("{:?}", digits.predictor().predict(&[0u8; 784])?.label);
//! # Ok(())
//! # }
//! ```

/// A struct of the library with its size, whose other fields are 0.
macro_rules! sized {
    ($name:ident) => {
        cmlp_sys::$name { struct_size: std::mem::size_of::<cmlp_sys::$name>(), ..Default::default() }
    };
}

mod cell;
mod error;
mod model;
mod predict;

pub use cell::Cell;
pub use error::Error;
pub use model::{Column, Model};
pub use predict::{Prediction, Predictor, Reasons};
