//! Model files of the repository: predictions, and files that are cut off or damaged.

use std::path::PathBuf;
use std::sync::{mpsc, Arc};
use std::{fs, thread};

use cmlp::{Dtype, Error, Model, Predictor};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/files/data").join(name)
}

#[test]
fn network_predicts_a_row() {
    let model = Model::load(path("v1_classifier_rows.cmlp")).unwrap();
    assert_eq!((model.n_inputs(), model.n_outputs(), model.dtype()), (5, 3, Dtype::Float64));
    assert!(!model.is_table());
    let mut outputs = [0f64; 3];
    let class = model.predictor().unwrap().predict(&[1.0, 2.0, 3.0, 4.0, 5.0], &mut outputs).unwrap();
    assert_eq!(class, Some(2));
    assert_eq!(outputs, [0.21921130790639634, 0.0843241737080059, 0.6964645183855978]);
    assert_eq!(model.label(2).unwrap(), "2");
}

#[test]
fn table_predicts_cells() {
    let model = Model::load(path("v1_table_classifier.cmlp")).unwrap();
    assert!(model.is_table());
    let cells = ["0.25", "3", "é", "7"];
    let row: Vec<f64> = cells.iter().enumerate().map(|(i, cell)| model.number_of_cell(i, cell).unwrap()).collect();
    let mut outputs = vec![0.0; model.n_outputs()];
    let class = model.predictor().unwrap().predict(&row, &mut outputs).unwrap();
    assert_eq!(class, Some(1));
    assert_eq!(model.label(1).unwrap(), "yy");
    assert_eq!(outputs, [0.12136646980408144, 0.4697409377725783, 0.40889259242334025]);
}

#[test]
fn regressor_has_no_class() {
    let model = Model::load(path("v1_table_dates.cmlp")).unwrap();
    let row = [model.number_of_cell(0, "1999-05-06 12:30").unwrap(), 7.0];
    let mut outputs = [0.0];
    assert_eq!(model.predictor().unwrap().predict(&row, &mut outputs).unwrap(), None);
    assert_eq!(outputs, [4.988267444042159]);
}

#[test]
fn threads_share_a_model() {
    let model = Model::load(path("v1_network_f32.cmlp")).unwrap();
    let row = vec![0.5f32; model.n_inputs()];
    let predicted = || {
        let mut outputs = vec![0f32; model.n_outputs()];
        model.predictor().unwrap().predict(&row, &mut outputs).unwrap();
        outputs
    };
    let expected = predicted();
    thread::scope(|scope| {
        for handle in [(); 4].map(|_| scope.spawn(predicted)) {
            assert_eq!(handle.join().unwrap(), expected);
        }
    });
}

/// What a service has for each thread: it owns all that a request needs.
struct Worker {
    predictor: Predictor,
    outputs: Vec<f64>,
}

#[test]
fn workers_own_their_predictor_and_live_longer_than_the_first_handle() {
    let model = Model::load(path("v1_table_classifier.cmlp")).unwrap();
    let (answers, found) = mpsc::channel();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let mut worker = Worker { predictor: model.predictor().unwrap(), outputs: vec![0.0; model.n_outputs()] };
            let answers = answers.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    let model = Arc::clone(worker.predictor.model());
                    let row: Vec<f64> = ["0.25", "3", "é", "7"]
                        .iter()
                        .enumerate()
                        .map(|(i, cell)| model.number_of_cell(i, cell).unwrap())
                        .collect();
                    let class = worker.predictor.predict(&row, &mut worker.outputs).unwrap().unwrap();
                    answers.send((model.label(class).unwrap(), worker.outputs.clone())).unwrap();
                }
            })
        })
        .collect();
    drop((model, answers));
    for worker in workers {
        worker.join().unwrap();
    }
    let found: Vec<_> = found.iter().collect();
    assert_eq!(found.len(), 800);
    assert!(found.iter().all(|answer| *answer == found[0]) && found[0].0 == "yy");
}

#[test]
fn errors_have_kinds_and_sentences() {
    let model = Model::load(path("v1_classifier_rows.cmlp")).unwrap();
    let mut predictor = model.predictor().unwrap();
    let mut outputs = [0f64; 3];
    let short = predictor.predict(&[1.0, 2.0], &mut outputs).unwrap_err();
    assert!(matches!(short, Error::Argument(status) if status.name() == "CMLP_ERROR_ROWS"), "{}", short);
    let missing = predictor.predict(&[f64::NAN; 5], &mut outputs).unwrap_err();
    assert!(matches!(missing, Error::Data(_)), "{}", missing);
    let other = predictor.predict(&[1f32; 5], &mut [0f32; 3]).unwrap_err();
    assert!(matches!(other, Error::Argument(status) if status.name() == "CMLP_ERROR_DTYPE"), "{}", other);
    assert!(matches!(predictor.predict(&[1.0; 5], &mut [0f64; 2]), Err(Error::Argument(_))));
    assert!(matches!(model.label(usize::MAX), Err(Error::Argument(status)) if status.name() == "CMLP_ERROR_INDEX"));
    assert!(matches!(model.number_of_cell(0, "1"), Err(Error::Argument(_))));
    assert!(matches!(Model::load("no such file"), Err(Error::Io(_))));
    assert_eq!(Model::from_bytes(b"").err().unwrap().to_string(), "the file is truncated");
}

#[test]
fn damaged_files_are_errors() {
    for name in ["v1_network_f32.cmlp", "v1_classifier_text.cmlp", "v1_table_threshold.cmlp", "v1_table_dates.cmlp"] {
        let bytes = fs::read(path(name)).unwrap();
        for n in 0..bytes.len() {
            assert!(Model::from_bytes(&bytes[..n]).is_err(), "{} cut off after {} bytes", name, n);
        }
        let mut damaged = bytes;
        for i in 0..damaged.len() {
            damaged[i] ^= 0x41;
            assert!(matches!(Model::from_bytes(&damaged), Err(Error::File(_))), "{} with another byte {}", name, i);
            damaged[i] ^= 0x41;
        }
    }
}
