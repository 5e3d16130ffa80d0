use std::{mem, ptr};

use cmlp_sys as sys;

use crate::{check, text_of, Error, Model};

/// A category of a column: texts and numbers are different ones.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Category {
    Missing,
    Text(String),
    Double(f64),
    Integer(i64),
    Boolean(bool),
    /// Digits of a number outside i64.
    LargeInteger(String),
}

/// Tables: their columns, cells and intervals. For a network, each of these functions is an error.
impl Model {
    /// Returns the name of a table's column; an empty text if the columns have no names.
    pub fn column_name(&self, column: usize) -> Result<String, Error> {
        let info = self.column(column)?;
        // SAFETY: a name has n_name bytes, which are part of the file, or is null.
        Ok(unsafe { text_of(info.name, info.n_name) })
    }

    /// Returns the categories of a table's column, by their codes; none for a column of numbers.
    pub fn categories(&self, column: usize) -> Result<Vec<Category>, Error> {
        (0..self.column(column)?.n_categories).map(|code| self.category(column, code)).collect()
    }

    /// Reads a cell of a table's column, as in a CSV file: a number, the days of a date or the code of a category. An empty
    /// text is missing.
    pub fn number_of_cell(&self, column: usize, text: &str) -> Result<f64, Error> {
        let mut number = 0.0;
        // SAFETY: the library reads text.len() bytes and writes one number.
        check(unsafe {
            sys::cmlp_model_read_cell(
                self.model,
                column as i64,
                text.as_ptr().cast(),
                text.len() as i64,
                &mut number,
                ptr::null_mut(),
            )
        })?;
        Ok(number)
    }

    /// Reads the cells of a row in the order of the columns. An error names the column and the cell.
    pub fn row_of_texts(&self, cells: &[&str]) -> Result<Vec<f64>, Error> {
        if cells.len() != self.n_inputs() {
            return Err(Error::Columns(format!("a row has {} cells, got {}", self.n_inputs(), cells.len())));
        }
        cells.iter().enumerate().map(|(column, cell)| self.named_number(column, cell)).collect()
    }

    /// Reads the cells of a row by the names of their columns, in any order; every column must be there once. An error
    /// names the column and the cell.
    pub fn row_of_cells(&self, cells: &[(&str, &str)]) -> Result<Vec<f64>, Error> {
        let names = (0..self.n_inputs()).map(|column| self.column_name(column)).collect::<Result<Vec<_>, _>>()?;
        if let Some((unknown, _)) = cells.iter().find(|(key, _)| !names.iter().any(|name| name == key)) {
            return Err(Error::Columns(format!("the model has no column {:?}", unknown)));
        }
        let mut row = Vec::with_capacity(names.len());
        for (column, name) in names.iter().enumerate() {
            let mut found = cells.iter().filter(|(key, _)| key == name);
            let missing = || Error::Columns(format!("the row has no column {:?}", name));
            let (_, cell) = found.next().ok_or_else(missing)?;
            if found.next().is_some() {
                return Err(Error::Columns(format!("the row has the column {:?} twice", name)));
            }
            row.push(self.named_number(column, cell)?);
        }
        Ok(row)
    }

    /// Of a regressor: returns the ends of the interval that contains a target of the row with these outputs as often as
    /// `coverage` says, which is above 0 and below 1.
    pub fn interval(&self, outputs: &[f64], target: usize, coverage: f64) -> Result<(f64, f64), Error> {
        let query = query(outputs, target, coverage);
        let (mut low, mut high) = (0.0, 0.0);
        // SAFETY: the pointer is that of a slice, with its length, and the library writes two numbers.
        check(unsafe { sys::cmlp_model_interval(self.model, &query, &mut low, &mut high, ptr::null_mut()) })?;
        Ok((low, high))
    }

    /// Of a classifier with one label for a row: returns the classes of the set that contains the right one as often as
    /// `coverage` says. `outputs` and `class` are those of the row's prediction.
    pub fn set(&self, outputs: &[f64], class: usize, coverage: f64) -> Result<Vec<usize>, Error> {
        let is_ordered = match self.info.kind {
            sys::CMLP_MODEL_CLASSIFIER => false,
            sys::CMLP_MODEL_ORDERED => true,
            _ => return Err(Error::of(sys::CMLP_ERROR_MODEL_KIND)),
        };
        if class >= outputs.len() {
            return Err(Error::of(sys::CMLP_ERROR_INDEX));
        }
        let query = query(outputs, 0, coverage);
        let (mut margin, mut above) = (0.0, 0.0);
        // SAFETY: as of `interval`.
        check(unsafe { sys::cmlp_model_margin(self.model, &query, &mut margin, &mut above, ptr::null_mut()) })?;
        // A threshold can choose another class than the most probable one, which the set has.
        let first_largest = (1..outputs.len()).fold(0, |best, i| if outputs[i] > outputs[best] { i } else { best });
        let always = if is_ordered { class } else { first_largest };
        let members = (0..outputs.len()).filter(|i| *i == always || 1.0 - outputs[*i] <= margin).collect::<Vec<_>>();
        if is_ordered {
            return Ok((members[0]..=members[members.len() - 1]).collect());
        }
        Ok(members)
    }

    fn named_number(&self, column: usize, cell: &str) -> Result<f64, Error> {
        self.number_of_cell(column, cell).or_else(|error| {
            let name = self.column_name(column)?;
            let column = if name.is_empty() { column.to_string() } else { name };
            Err(Error::Cell { column, cell: cell.to_owned(), error: Box::new(error) })
        })
    }

    fn column(&self, column: usize) -> Result<sys::cmlp_table_column_info, Error> {
        // SAFETY: all fields of the struct are numbers, or pointers that may be null.
        let mut info: sys::cmlp_table_column_info = unsafe { mem::zeroed() };
        info.struct_size = mem::size_of::<sys::cmlp_table_column_info>();
        let column = i64::try_from(column).unwrap_or(i64::MAX);
        // SAFETY: the library writes struct_size bytes.
        check(unsafe { sys::cmlp_model_describe_column(self.model, column, &mut info, ptr::null_mut()) })?;
        Ok(info)
    }

    fn category(&self, column: usize, code: i64) -> Result<Category, Error> {
        // SAFETY: all fields of the struct are numbers, or a pointer that may be null.
        let mut value: sys::cmlp_value = unsafe { mem::zeroed() };
        // SAFETY: the library writes one struct.
        check(unsafe { sys::cmlp_model_find_category(self.model, column as i64, code, &mut value, ptr::null_mut()) })?;
        // SAFETY: a value's text has n_text bytes, which are part of the file, or is null.
        let text = unsafe { text_of(value.text, value.n_text) };
        Ok(match value.kind {
            sys::CMLP_VALUE_TEXT => Category::Text(text),
            sys::CMLP_VALUE_DOUBLE => Category::Double(value.number),
            sys::CMLP_VALUE_INTEGER => Category::Integer(value.integer),
            sys::CMLP_VALUE_BOOLEAN => Category::Boolean(value.integer != 0),
            sys::CMLP_VALUE_LARGE_INTEGER => Category::LargeInteger(text),
            _ => Category::Missing,
        })
    }
}

fn query(outputs: &[f64], target: usize, coverage: f64) -> sys::cmlp_table_query {
    sys::cmlp_table_query {
        struct_size: mem::size_of::<sys::cmlp_table_query>(),
        outputs: outputs.as_ptr(),
        n_outputs: outputs.len() as i64,
        target: i64::try_from(target).unwrap_or(i64::MAX),
        coverage,
    }
}
