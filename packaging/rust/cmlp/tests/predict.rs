//! Models that Python has written, and what it predicts. CMLP_CASES is a folder of language_programs.py --write.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs, thread};

use cmlp::{Cell, Error, Model, Prediction};

const NAMES: [&str; 3] = ["day", "size", "colour"];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env::var_os("CMLP_CASES").expect("CMLP_CASES names a folder")).join(name)
}

fn load(name: &str) -> std::sync::Arc<Model> {
    Model::load(path(name)).unwrap()
}

/// Returns the fields of each line of a table.
fn lines(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path(name)).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

fn texts(fields: &[String]) -> Vec<&str> {
    fields.iter().map(String::as_str).collect()
}

fn named<'a>(names: &[&'a str], cells: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    names.iter().copied().zip(cells.iter().copied()).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Compares a prediction with a line of cases.tsv; `set` is the field of its set.
fn check(found: &Prediction, line: &[String], set: usize) {
    assert_eq!(found.label.as_deref().unwrap_or(""), line[1], "{:?}", line);
    assert_eq!(bits(&found.outputs), bits(&numbers(&line[2])), "{:?}", line);
    let ends: Vec<f64> = found.intervals.iter().flat_map(|pair| [pair.0, pair.1]).collect();
    assert_eq!(bits(&ends), bits(&numbers(&line[3])), "{:?}", line);
    let outcomes = found.sets.iter().map(|set| set.iter().map(usize::to_string).collect::<String>());
    let members: Vec<String> = found.set.iter().cloned().chain(outcomes).collect();
    assert_eq!(members.join(" "), line[set], "{:?}", line);
    assert_eq!(format!("{:?}", found.outside), format!("{:?}", numbers(&line[6])), "{:?}", line); // NaN has other bits
}

#[test]
fn rows_have_pythons_bits() {
    let lines = lines("cases.tsv");
    let models: BTreeSet<_> = lines.iter().map(|line| line[0].clone()).collect();
    for name in models {
        let model = load(&name);
        let mut predictor = model.predictor();
        predictor.coverage = if model.is_table() { 0.8 } else { 0.0 };
        let own: Vec<_> = lines.iter().filter(|line| line[0] == name).collect();
        let rows: Vec<_> = own.iter().map(|line| texts(&line[7..])).collect();
        let many = predictor.predict_many(&rows).unwrap();
        for ((line, cells), found) in own.iter().zip(&rows).zip(&many) {
            check(found, line, 4);
            check(&predictor.predict(cells).unwrap(), line, 4);
            if model.is_table() {
                let mut row = named(&NAMES, cells);
                row.reverse();
                check(&predictor.predict_named(&row).unwrap(), line, 4);
            }
            if !line[5].is_empty() {
                let mut by_class = predictor.clone();
                by_class.by_class = true;
                check(&by_class.predict(cells).unwrap(), line, 5);
            }
        }
        assert!(predictor.predict_many::<&str>(&[[]; 0]).unwrap().is_empty());
    }
}

#[test]
fn values_are_cells_and_missing_is_nan() {
    let predictor = load("classifier.cmlp").predictor();
    let day = "1990-01-11";
    for (values, texts) in [
        ([Cell::from(day), 0.5.into(), 1.into()], [day, "0.5", "1"]),
        ([7315i64.into(), 1u8.into(), true.into()], [day, "1", "1"]),
        ([7315.0.into(), Cell::Missing, None::<f64>.into()], [day, "", ""]),
        ([7315f32.into(), f64::NAN.into(), f64::NAN.into()], [day, "", ""]),
    ] {
        let found = predictor.predict(&values).unwrap();
        assert_eq!(bits(&found.outputs), bits(&predictor.predict(&texts).unwrap().outputs), "{:?}", values);
    }
}

#[test]
fn reasons_have_pythons_bits_and_add_up() {
    for line in lines("reasons.tsv") {
        let mut predictor = load(&line[0]).predictor();
        predictor.reasons = true;
        (predictor.evaluations, predictor.seed) = (line[1].parse().unwrap(), line[2].parse().unwrap());
        let predicted = predictor.predict_named(&named(&NAMES, &texts(&line[6..]))).unwrap();
        let found = predicted.reasons.unwrap();
        assert_eq!(bits(&found.base), bits(&numbers(&line[3])));
        assert_eq!(bits(&found.values.concat()), bits(&numbers(&line[4])));
        assert_eq!(bits(&found.errors.concat()), bits(&numbers(&line[5])));
        assert_eq!(found.output, predicted.index.unwrap_or(0));
        for (k, output) in predicted.outputs.iter().enumerate() {
            let sum = found.base[k] + found.values[k].iter().sum::<f64>();
            assert!((sum - output).abs() <= 1e-12 * output.abs().max(1.0), "{} {}", sum, output);
        }
    }
}

#[test]
fn threads_share_a_model_and_a_predictor() {
    let lines = lines("cases.tsv");
    let own: Vec<_> = lines.iter().filter(|line| line[0] == "regressor.cmlp").take(50).collect();
    let model = load("regressor.cmlp");
    let mut shared = model.predictor();
    shared.coverage = 0.8;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut predictor = model.predictor();
                predictor.coverage = 0.8;
                for line in &own {
                    check(&shared.predict(&texts(&line[7..])).unwrap(), line, 4);
                    check(&predictor.predict(&texts(&line[7..])).unwrap(), line, 4);
                }
            });
        }
    });
}

#[test]
fn errors_name_the_column_and_the_cell() {
    for line in lines("refused.tsv") {
        let mut predictor = load(&line[0]).predictor();
        match line[1].split_once(' ') {
            Some(("coverage", number)) => predictor.coverage = number.parse().unwrap(),
            Some((_, number)) => (predictor.reasons, predictor.evaluations) = (true, number.parse().unwrap()),
            None => {}
        }
        let cells = texts(&line[7..]);
        let names: Vec<_> = line[2].split_whitespace().collect();
        let found =
            if names.is_empty() { predictor.predict(&cells) } else { predictor.predict_named(&named(&names, &cells)) };
        let error = found.unwrap_err();
        assert_eq!((error.code, &error.column), (line[3].as_str(), &line[4]), "{:?}", line);
        assert!(error.to_string().starts_with(&line[6]), "{:?} {}", line, error);
        assert!(line[3] != "CMLP_ERROR_CELL" || error.cell == Some(line[5].as_str().into()), "{:?}", error);
    }
    let predictor = load("classifier.cmlp").predictor();
    let good = ["1990-01-11", "0.0", "red"];
    let refused = |error: Error| (error.code, error.row, error.column, error.cell, error.message);
    let infinite = predictor.predict(&[1.0, f64::INFINITY, 3.0]).unwrap_err();
    assert!(infinite.message.starts_with("column \"size\" cannot hold infinity: "), "{}", infinite);
    let many = predictor.predict_many(&[good, good, ["", "large", ""]]).unwrap_err();
    assert!(many.message.starts_with("row 2: column \"size\" cannot hold \"large\": "), "{}", many);
    assert_eq!(refused(many).1, Some(2));
    let ragged = refused(predictor.predict_many(&[&good[..], &good[..2]]).unwrap_err());
    let message = "row 1 has 2 cells, row 0 has 3".to_owned();
    assert_eq!(ragged, ("CMLP_ERROR_ROWS", Some(1), String::new(), None, message));
    assert!(predictor.predict::<f64>(&[]).is_err());
    assert!(predictor.predict(&good).unwrap().label.is_some());
}

#[test]
fn names_labels_and_categories() {
    let model = load("classifier.cmlp");
    assert_eq!(model.columns().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), NAMES);
    assert_eq!(model.labels(), ["maybe", "no", "yes"]);
    assert_eq!(model.columns()[0].unit, "days since 1970-01-01");
    let categories = &model.columns()[2].categories;
    assert_eq!(categories.len(), 4);
    for category in [Cell::Missing, "red".into(), "grün".into(), 1.into()] {
        assert!(categories.contains(&category), "{:?} of {:?}", category, categories);
    }
    assert!(load("float64.cmlp").columns().is_empty());
    let (model, mut counts) = (load("multilabel.cmlp"), BTreeSet::new());
    for line in lines("cases.tsv").iter().filter(|line| line[0] == "multilabel.cmlp") {
        let labels = model.predictor().predict(&texts(&line[7..])).unwrap().labels;
        let outputs = numbers(&line[2]);
        let expected = model.labels().iter().zip(outputs).filter(|(_, output)| *output > 0.5);
        assert_eq!(labels, expected.map(|(label, _)| label.clone()).collect::<Vec<_>>());
        counts.insert(labels.len());
    }
    assert!(counts.len() > 1, "all rows have as many labels: {:?}", counts);
}

#[test]
fn damaged_files_are_errors() {
    for line in lines("damaged.tsv") {
        let mut content = fs::read(path(&line[0])).unwrap();
        if let Ok(place) = line[2].parse::<usize>() {
            content[place] ^= 0xff;
        }
        content.truncate(line[1].parse().unwrap());
        let error = Model::from_bytes(content).err().unwrap();
        assert!(error.code.starts_with(&line[3]), "{:?} {:?}", line, error);
    }
    let error = Model::load("no such file").err().unwrap();
    assert!(error.code.is_empty() && std::error::Error::source(&error).is_some(), "{:?}", error);
}

#[test]
fn bytes_at_any_address_are_a_model() {
    let content = fs::read(path("regressor.cmlp")).unwrap();
    let shifted: &'static [u8] = Box::leak([&[0u8], &content[..]].concat().into_boxed_slice());
    let model = Model::from_bytes(&shifted[1..]).unwrap();
    let row = ["1990-01-11", "0.0", "red"];
    assert_eq!(model.predictor().predict(&row).unwrap().outputs, load("regressor.cmlp").predictor().predict(&row).unwrap().outputs);
}
