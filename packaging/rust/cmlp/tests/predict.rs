//! Model files of the repository: predictions, and files that are cut off or damaged.

use std::path::PathBuf;
use std::sync::{mpsc, Arc};
use std::{fs, thread};

use cmlp::{Category, Dtype, Error, Model, Predictor};

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

/// A model and the rows that Python has predicted with it. CMLP_CASES is a folder of language_programs.py --write.
struct Case {
    name: String,
    label: String,
    outputs: Vec<f64>,
    ends: Vec<f64>,
    members: String,
    by_class: String,
    outside: Vec<f64>,
    cells: Vec<String>,
}

/// Returns the folder and its cases; none without CMLP_CASES.
fn cases() -> (PathBuf, Vec<Case>) {
    let folder = match std::env::var_os("CMLP_CASES") {
        Some(folder) => PathBuf::from(folder),
        None => return (PathBuf::new(), Vec::new()),
    };
    let numbers = |text: &str| text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let lines = fs::read_to_string(folder.join("cases.tsv")).unwrap();
    let case = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        Case {
            name: fields[0].into(),
            label: fields[1].into(),
            outputs: numbers(fields[2]),
            ends: numbers(fields[3]),
            members: fields[4].into(),
            by_class: fields[5].into(),
            outside: numbers(fields[6]),
            cells: fields[7..].iter().map(|cell| cell.to_string()).collect(),
        }
    };
    (folder, lines.lines().map(case).collect())
}

#[test]
fn tables_of_python_have_its_bits_intervals_and_sets() {
    let (folder, cases) = cases();
    for case in cases.iter().filter(|case| !case.name.starts_with("float")) {
        let model = Model::load(folder.join(&case.name)).unwrap();
        let mut predictor = model.predictor().unwrap();
        let texts: Vec<&str> = case.cells.iter().map(String::as_str).collect();
        let named = [("colour", texts[2]), ("day", texts[0]), ("size", texts[1])];
        let row = model.row_of_cells(&named).unwrap();
        let bits = |row: &[f64]| row.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&row), bits(&model.row_of_texts(&texts).unwrap()));
        let mut outputs = vec![0.0; model.n_outputs()];
        let class = predictor.predict(&row, &mut outputs).unwrap();
        assert_eq!(bits(&outputs), bits(&case.outputs));
        let label = class.map_or(String::new(), |class| model.label(class).unwrap());
        assert_eq!(label, case.label);
        let mut many = vec![0.0; 600 * outputs.len()];
        assert_eq!(predictor.predict_many(&row.repeat(600), &mut many).unwrap(), vec![class; 600]);
        assert_eq!(bits(&many), bits(&outputs.repeat(600)));
        assert_eq!(format!("{:?}", model.outside(&row).unwrap()), format!("{:?}", case.outside)); // NaN too
        assert!(model.outside(&row[1..]).is_err());
        if texts[2].is_empty() {
            let missing = [row[0], row[1], f64::NAN];
            let mut same = vec![0.0; outputs.len()];
            assert_eq!(predictor.predict(&missing, &mut same).unwrap(), class);
            assert_eq!(bits(&same), bits(&outputs));
            assert_eq!(format!("{:?}", model.outside(&missing).unwrap()), format!("{:?}", case.outside));
        }
        if class.is_some() {
            for (members, expected) in [
                (model.set(&outputs, 0, 0.8).unwrap(), &case.members),
                (model.set_by_class(&outputs, 0, 0.8).unwrap(), &case.by_class),
            ] {
                let labels: Vec<String> = members.iter().map(|member| model.label(*member).unwrap()).collect();
                assert_eq!(&labels.join(" "), expected);
            }
            assert!(model.interval(&outputs, 0, 0.8).is_err());
        } else if case.ends.is_empty() {
            let joined = |members: Vec<usize>| members.iter().map(usize::to_string).collect::<String>();
            let set = |label| joined(model.set(&outputs, label, 0.8).unwrap());
            let set_by_class = |label| joined(model.set_by_class(&outputs, label, 0.8).unwrap());
            assert_eq!((0..outputs.len()).map(set).collect::<Vec<_>>().join(" "), case.members);
            assert_eq!((0..outputs.len()).map(set_by_class).collect::<Vec<_>>().join(" "), case.by_class);
        } else {
            for (target, ends) in case.ends.chunks(2).enumerate() {
                let (low, high) = model.interval(&outputs, target, 0.8).unwrap();
                assert_eq!(bits(&[low, high]), bits(ends));
            }
            assert!(model.set(&outputs, 0, 0.8).is_err() && model.set_by_class(&outputs, 0, 0.8).is_err());
            assert!(model.interval(&outputs, 9, 0.8).is_err() && model.interval(&outputs, 0, 1.0).is_err());
        }
    }
}

#[test]
fn reasons_of_python_have_its_bits_and_add_up() {
    let (folder, cases) = cases();
    if cases.is_empty() {
        return;
    }
    let numbers = |text: &str| -> Vec<u64> {
        text.split(' ').map(|number| number.parse::<f64>().unwrap().to_bits()).collect()
    };
    let bits = |parts: &[Vec<f64>]| parts.concat().iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    for line in fs::read_to_string(folder.join("reasons.tsv")).unwrap().lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let model = Model::load(folder.join(fields[0])).unwrap();
        let mut predictor = model.predictor().unwrap();
        let row = model.row_of_texts(&fields[6..]).unwrap();
        let found = predictor.reasons(&row, fields[1].parse().unwrap(), fields[2].parse().unwrap()).unwrap();
        assert_eq!(bits(&[found.base.clone()]), numbers(fields[3]));
        assert_eq!((bits(&found.values), bits(&found.errors)), (numbers(fields[4]), numbers(fields[5])));
        let mut outputs = vec![0.0; model.n_outputs()];
        assert_eq!(found.output, predictor.predict(&row, &mut outputs).unwrap().unwrap_or(0));
        for (k, output) in outputs.iter().enumerate() {
            let sum = found.base[k] + found.values[k].iter().sum::<f64>();
            assert!((sum - output).abs() <= 1e-12 * output.abs().max(1.0), "{} {}", sum, output);
        }
        let few = predictor.reasons(&row, 5, 0).unwrap_err();
        assert_eq!(few.to_string(), "evaluations must be 0 or at least 6, got 5");
        assert!(predictor.reasons(&row[1..], 0, 0).is_err() && predictor.reasons(&[f64::INFINITY; 3], 0, 0).is_err());
    }
    let without = Model::load(folder.join("targets.cmlp")).unwrap().predictor().unwrap().reasons(&[0.0; 3], 0, 0);
    let error = without.unwrap_err();
    assert!(matches!(&error, Error::Explanation { status, .. } if status.name() == "CMLP_ERROR_NOT_FOUND"));
    assert!(error.to_string().contains("keep_background"), "{}", error);
    let network = Model::load(folder.join("float64.cmlp")).unwrap().predictor().unwrap().reasons(&[0.0; 4], 0, 0);
    assert!(matches!(network, Err(Error::Argument(status)) if status.name() == "CMLP_ERROR_MODEL_KIND"));
}

#[test]
fn cells_by_name_have_errors_with_column_and_text() {
    let (folder, cases) = cases();
    if cases.is_empty() {
        return;
    }
    let model = Model::load(folder.join("classifier.cmlp")).unwrap();
    let good = [("day", "1990-01-11"), ("size", "0.0"), ("colour", "red")];
    let message = |cells: &[(&str, &str)]| model.row_of_cells(cells).unwrap_err().to_string();
    assert_eq!(message(&good[..2]), "the row has no column \"colour\"");
    assert_eq!(message(&[&good[..], &good[..1]].concat()), "the row has the column \"day\" twice");
    assert_eq!(message(&[&good[..], &[("shape", "1")]].concat()), "the model has no column \"shape\"");
    assert!(message(&[good[0], ("size", "large"), good[2]]).starts_with("column \"size\" cannot hold \"large\": "));
    let error = model.row_of_texts(&["", "large", ""]).unwrap_err();
    assert!(matches!(error, Error::Cell { column, cell, .. } if column == "size" && cell == "large"));
    assert_eq!(model.row_of_texts(&["1"]).unwrap_err().to_string(), "a row has 3 cells, got 1");
    let categories = model.categories(2).unwrap();
    assert_eq!(categories.len(), 4);
    for category in [Category::Missing, Category::Text("grün".into()), Category::Integer(1)] {
        assert!(categories.contains(&category), "{:?} of {:?}", category, categories);
    }
    assert!(model.categories(1).unwrap().is_empty() && model.categories(3).is_err());
    let mut outputs = vec![0.0; 3];
    model.predictor().unwrap().predict(&model.row_of_cells(&good).unwrap(), &mut outputs).unwrap();
    let cells = good.map(|(_, cell)| cell);
    let first = cases.iter().find(|case| case.name == "classifier.cmlp" && case.cells == cells).unwrap();
    assert_eq!(outputs, first.outputs);
}

#[test]
fn many_rows_of_a_network() {
    let model = Model::load(path("v1_classifier_rows.cmlp")).unwrap();
    let mut predictor = model.predictor().unwrap();
    let rows: Vec<f64> = (0..1500).map(|i| f64::from(i % 17) / 4.0).collect();
    let mut outputs = vec![0.0; 900];
    let classes = predictor.predict_many(&rows, &mut outputs).unwrap();
    for (i, row) in rows.chunks(5).enumerate() {
        let mut one = [0.0; 3];
        assert_eq!(predictor.predict(row, &mut one).unwrap(), classes[i]);
        assert_eq!(one, outputs[3 * i..3 * i + 3]);
    }
    assert!(predictor.predict_many(&rows[1..], &mut outputs).is_err());
    assert!(predictor.predict_many(&rows, &mut outputs[1..]).is_err());
    assert!(predictor.predict_many::<f64>(&[], &mut []).unwrap().is_empty());
    assert!(model.row_of_cells(&[("a", "1")]).is_err() && model.column_name(5).is_err());
    assert_eq!(model.column_name(0).unwrap(), "");
}

#[test]
fn errors_have_kinds_and_sentences() {
    let model = Model::load(path("v1_classifier_rows.cmlp")).unwrap();
    let mut predictor = model.predictor().unwrap();
    let mut outputs = [0f64; 3];
    let short = predictor.predict(&[1.0, 2.0], &mut outputs).unwrap_err();
    assert!(matches!(short, Error::Argument(status) if status.name() == "CMLP_ERROR_ROWS"), "{}", short);
    let missing = predictor.predict(&[f64::NAN; 5], &mut outputs).unwrap_err();
    assert!(matches!(missing, Error::Data { row: Some(0), column: Some(0), .. }), "{}", missing);
    assert!(missing.to_string().ends_with(" (row 0, column 0)"), "{}", missing);
    let mut many = [1.0; 10];
    many[8] = f64::INFINITY;
    let second = predictor.predict_many(&many, &mut [0f64; 6]).unwrap_err();
    assert!(matches!(second, Error::Data { row: Some(1), column: Some(3), .. }), "{}", second);
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
