use std::{mem, ptr};

use cmlp_sys as sys;

use crate::{check, run_of, text_of, Error, Model};

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

/// Tables: their columns, cells and intervals. For a network, each of these functions but the names is an error.
impl Model {
    /// Returns the name of a table's column or of a network's input; an empty text if they have no names.
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
        let (mut number, mut run) = (0.0, run_of(&mut [], 0));
        // SAFETY: the library reads text.len() bytes and writes one number; reading a cell needs no workspace.
        let status = unsafe {
            sys::cmlp_model_read_cell(
                self.model,
                column as i64,
                text.as_ptr().cast(),
                text.len() as i64,
                &mut number,
                &mut run,
            )
        };
        check(status).map_err(|error| error.at(&run))?;
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

    /// Of a classifier: returns the classes of the set that contains the right one as often as `coverage` says. If a row can
    /// have several labels, these are the outcomes, 0 for no and 1 for yes, of the label `target`; otherwise `target` is 0.
    pub fn set(&self, outputs: &[f64], target: usize, coverage: f64) -> Result<Vec<usize>, Error> {
        self.find_set(&query(outputs, target, coverage), outputs.len())
    }

    /// Returns such a set, which contains the right class as often for the rows of each class.
    pub fn set_by_class(&self, outputs: &[f64], target: usize, coverage: f64) -> Result<Vec<usize>, Error> {
        let query = sys::cmlp_table_query { by_class: 1, ..query(outputs, target, coverage) };
        self.find_set(&query, outputs.len())
    }

    fn find_set(&self, query: &sys::cmlp_table_query, n_outputs: usize) -> Result<Vec<usize>, Error> {
        let mut is_in_set = vec![0; n_outputs.max(2)];
        // SAFETY: the query's pointer is that of a slice of the caller, and the other one is that of a vector, with their
        // lengths.
        check(unsafe {
            sys::cmlp_model_find_set(
                self.model,
                query,
                is_in_set.as_mut_ptr(),
                is_in_set.len() as i64,
                ptr::null_mut(),
            )
        })?;
        Ok((0..is_in_set.len()).filter(|i| is_in_set[*i] != 0).collect())
    }

    /// Returns how far each value of a row is outside of what its column had in training: 0, or by how much a number is
    /// above or, negative, below; NaN for a category or a missing value that training did not have.
    pub fn outside(&self, row: &[f64]) -> Result<Vec<f64>, Error> {
        let mut distances = vec![0.0; row.len().max(self.n_inputs())];
        // SAFETY: the pointers are those of slices, with their lengths.
        check(unsafe {
            sys::cmlp_model_outside(
                self.model,
                row.as_ptr(),
                row.len() as i64,
                distances.as_mut_ptr(),
                distances.len() as i64,
                ptr::null_mut(),
            )
        })?;
        Ok(distances)
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
        by_class: 0,
        reserved: 0,
    }
}
