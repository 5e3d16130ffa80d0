//! Predicts a row with a model file: cargo run --release MODEL CELL...

use std::error::Error;
use std::process::ExitCode;

use cmlp::{Dtype, Model};

fn main() -> ExitCode {
    match predict() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error);
            ExitCode::FAILURE
        }
    }
}

fn predict() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, cells) = arguments.split_first().ok_or("usage: predict MODEL CELL...")?;
    let model = Model::load(path)?;
    let mut row = Vec::new();
    for (column, cell) in cells.iter().enumerate() {
        let number = if model.is_table() { model.number_of_cell(column, cell)? } else { cell.parse()? };
        row.push(number);
    }
    let mut predictor = model.predictor()?;
    let mut outputs = vec![0.0; model.n_outputs()];
    let class = match model.dtype() {
        Dtype::Float64 => predictor.predict(&row, &mut outputs)?,
        Dtype::Float32 => {
            let narrow: Vec<f32> = row.iter().map(|number| *number as f32).collect();
            let mut floats = vec![0f32; outputs.len()];
            let class = predictor.predict(&narrow, &mut floats)?;
            outputs = floats.into_iter().map(f64::from).collect();
            class
        }
    };
    print!("{}", class.map_or(-1, |class| class as i64));
    for output in outputs {
        print!(" {}", output);
    }
    println!();
    Ok(())
}
