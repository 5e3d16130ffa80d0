//! Predicts a row with a model file: cargo run --release MODEL CELL...

use std::process::ExitCode;

use cmlp::{Error, Model, Prediction};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, cells) = match arguments.split_first() {
        Some(found) => found,
        None => {
            eprintln!("usage: predict MODEL CELL...");
            return ExitCode::FAILURE;
        }
    };
    match predict(path, cells) {
        Ok(found) => {
            print!("{}", found.index.map_or(-1, |index| index as i64));
            for output in found.outputs {
                print!(" {}", output);
            }
            println!();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", error);
            ExitCode::FAILURE
        }
    }
}

fn predict(path: &str, cells: &[String]) -> Result<Prediction, Error> {
    Model::load(path)?.predictor().predict(cells)
}
