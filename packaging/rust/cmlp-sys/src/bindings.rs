// The functions of the headers that load a model and answer about rows, by packaging/rust/bindgen.sh.

pub type cmlp_status = i32;
pub const CMLP_OK: _bindgen_ty_1 = 0;
pub const CMLP_CANCELLED: _bindgen_ty_1 = 1;
pub const CMLP_ERROR_NULL: _bindgen_ty_1 = 16;
pub const CMLP_ERROR_STRUCT_SIZE: _bindgen_ty_1 = 17;
pub const CMLP_ERROR_LENGTH: _bindgen_ty_1 = 18;
pub const CMLP_ERROR_BUFFER_SIZE: _bindgen_ty_1 = 19;
pub const CMLP_ERROR_ALIGNMENT: _bindgen_ty_1 = 20;
pub const CMLP_ERROR_OVERFLOW: _bindgen_ty_1 = 21;
pub const CMLP_ERROR_DTYPE: _bindgen_ty_1 = 22;
pub const CMLP_ERROR_OPTION: _bindgen_ty_1 = 23;
pub const CMLP_ERROR_INDEX: _bindgen_ty_1 = 24;
pub const CMLP_ERROR_NOT_FOUND: _bindgen_ty_1 = 25;
pub const CMLP_ERROR_TEXT: _bindgen_ty_1 = 26;
pub const CMLP_ERROR_NAME: _bindgen_ty_1 = 27;
pub const CMLP_ERROR_VALUE: _bindgen_ty_1 = 28;
pub const CMLP_ERROR_NET: _bindgen_ty_1 = 29;
pub const CMLP_ERROR_MODEL: _bindgen_ty_1 = 30;
pub const CMLP_ERROR_LAYERS: _bindgen_ty_1 = 31;
pub const CMLP_ERROR_WIDTH: _bindgen_ty_1 = 32;
pub const CMLP_ERROR_ACTIVATION: _bindgen_ty_1 = 33;
pub const CMLP_ERROR_LOSS: _bindgen_ty_1 = 34;
pub const CMLP_ERROR_ROWS: _bindgen_ty_1 = 35;
pub const CMLP_ERROR_TARGETS: _bindgen_ty_1 = 36;
pub const CMLP_ERROR_BATCH: _bindgen_ty_1 = 37;
pub const CMLP_ERROR_THREADS: _bindgen_ty_1 = 38;
pub const CMLP_ERROR_WORKERS: _bindgen_ty_1 = 39;
pub const CMLP_ERROR_MODEL_KIND: _bindgen_ty_1 = 40;
pub const CMLP_ERROR_INPUT: _bindgen_ty_1 = 64;
pub const CMLP_ERROR_TARGET: _bindgen_ty_1 = 65;
pub const CMLP_ERROR_DIVERGED: _bindgen_ty_1 = 66;
pub const CMLP_ERROR_CLASS: _bindgen_ty_1 = 67;
pub const CMLP_ERROR_WEIGHT: _bindgen_ty_1 = 68;
pub const CMLP_ERROR_ORDER: _bindgen_ty_1 = 69;
pub const CMLP_ERROR_SPARSE: _bindgen_ty_1 = 70;
pub const CMLP_ERROR_CELL: _bindgen_ty_1 = 71;
pub const CMLP_ERROR_COLUMNS: _bindgen_ty_1 = 72;
pub const CMLP_ERROR_ISA: _bindgen_ty_1 = 80;
pub const CMLP_ERROR_BUILD: _bindgen_ty_1 = 81;
pub const CMLP_ERROR_LEFT_OUT: _bindgen_ty_1 = 82;
pub const CMLP_ERROR_MEMORY: _bindgen_ty_1 = 83;
pub const CMLP_ERROR_READ: _bindgen_ty_1 = 84;
pub const CMLP_ERROR_WRITE: _bindgen_ty_1 = 85;
pub const CMLP_ERROR_MESSAGE: _bindgen_ty_1 = 86;
pub const CMLP_ERROR_FILE_SHORT: _bindgen_ty_1 = 96;
pub const CMLP_ERROR_FILE_LONG: _bindgen_ty_1 = 97;
pub const CMLP_ERROR_FILE_MAGIC: _bindgen_ty_1 = 98;
pub const CMLP_ERROR_FILE_VERSION: _bindgen_ty_1 = 99;
pub const CMLP_ERROR_FILE_HEAD_CRC: _bindgen_ty_1 = 100;
pub const CMLP_ERROR_FILE_DATA_CRC: _bindgen_ty_1 = 101;
pub const CMLP_ERROR_FILE_SYNTAX: _bindgen_ty_1 = 102;
pub const CMLP_ERROR_FILE_NAME: _bindgen_ty_1 = 103;
pub const CMLP_ERROR_FILE_TENSOR: _bindgen_ty_1 = 104;
pub const CMLP_ERROR_FILE_VALUE: _bindgen_ty_1 = 105;
pub const CMLP_ERROR_FILE_NONFINITE: _bindgen_ty_1 = 106;
pub const CMLP_ERROR_FILE_EXAMPLE: _bindgen_ty_1 = 107;
pub const CMLP_STATUS_SIGNED: _bindgen_ty_1 = -1;
pub type _bindgen_ty_1 = ::std::os::raw::c_int;
extern "C" {
    pub fn cmlp_status_name(status: cmlp_status) -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn cmlp_status_string(status: cmlp_status) -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn cmlp_version() -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn cmlp_version_number() -> i32;
}
#[repr(C)]
pub struct cmlp_run {
    pub struct_size: usize,
    pub workspace: *mut ::std::os::raw::c_void,
    pub workspace_size: usize,
    pub poll: ::std::option::Option<
        unsafe extern "C" fn(context: *mut ::std::os::raw::c_void) -> ::std::os::raw::c_int,
    >,
    pub poll_context: *mut ::std::os::raw::c_void,
    pub refused: *const ::std::os::raw::c_char,
    pub bad_row: i64,
    pub bad_element: i64,
    pub bad_column: i64,
    pub n_threads: i32,
    pub reserved: i32,
}
impl Default for cmlp_run {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub type cmlp_dtype = i32;
pub type cmlp_isa_set = i32;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct cmlp_model {
    _unused: [u8; 0],
}
pub type cmlp_model_kind = i32;
pub const CMLP_MODEL_NETWORK: _bindgen_ty_4 = 1;
pub const CMLP_MODEL_REGRESSOR: _bindgen_ty_4 = 2;
pub const CMLP_MODEL_CLASSIFIER: _bindgen_ty_4 = 3;
pub const CMLP_MODEL_MULTILABEL: _bindgen_ty_4 = 4;
pub const CMLP_MODEL_ORDERED: _bindgen_ty_4 = 5;
pub const CMLP_MODEL_KIND_SIGNED: _bindgen_ty_4 = -1;
pub type _bindgen_ty_4 = ::std::os::raw::c_int;
#[repr(C)]
pub struct cmlp_model_info {
    pub struct_size: usize,
    pub model_size: usize,
    pub workspace_size: usize,
    pub answer_size: usize,
    pub head_size: u64,
    pub file_size: u64,
    pub error_at: u64,
    pub n_in: i64,
    pub n_out: i64,
    pub n_labels: i64,
    pub n_nets: i64,
    pub dtype: cmlp_dtype,
    pub kind: cmlp_model_kind,
    pub n_targets: i64,
    pub n_ends: i64,
    pub n_set: i64,
}
impl Default for cmlp_model_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cmlp_model_describe(
        start: *const ::std::os::raw::c_void,
        start_size: usize,
        info: *mut cmlp_model_info,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
#[repr(C)]
pub struct cmlp_model_options {
    pub struct_size: usize,
    pub is_trusted: i32,
    pub isa_mask: cmlp_isa_set,
}
impl Default for cmlp_model_options {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cmlp_model_init(
        memory: *mut ::std::os::raw::c_void,
        memory_size: usize,
        file: *const ::std::os::raw::c_void,
        file_size: usize,
        options: *const cmlp_model_options,
        model: *mut *const cmlp_model,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
pub type cmlp_rows_kind = i32;
pub const CMLP_ROWS_DENSE: _bindgen_ty_5 = 1;
pub const CMLP_ROWS_CSR: _bindgen_ty_5 = 2;
pub const CMLP_ROWS_CELLS: _bindgen_ty_5 = 3;
pub const CMLP_ROWS_KIND_SIGNED: _bindgen_ty_5 = -1;
pub type _bindgen_ty_5 = ::std::os::raw::c_int;
#[repr(C)]
pub struct cmlp_rows {
    pub struct_size: usize,
    pub data: *const ::std::os::raw::c_void,
    pub n_rows: i64,
    pub n_columns: i64,
    pub row_stride: i64,
    pub column_stride: i64,
    pub scale: f64,
    pub order: *const i64,
    pub n_order: i64,
    pub indptr: *const ::std::os::raw::c_void,
    pub indices: *const ::std::os::raw::c_void,
    pub n_values: i64,
    pub kind: cmlp_rows_kind,
    pub dtype: cmlp_dtype,
    pub index_dtype: cmlp_dtype,
    pub reserved: i32,
    pub shifts: *const f64,
    pub factors: *const f64,
    pub names: *const cmlp_value,
    pub n_names: i64,
}
impl Default for cmlp_rows {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub type cmlp_value_kind = i32;
pub const CMLP_VALUE_MISSING: _bindgen_ty_6 = 0;
pub const CMLP_VALUE_TEXT: _bindgen_ty_6 = 1;
pub const CMLP_VALUE_DOUBLE: _bindgen_ty_6 = 2;
pub const CMLP_VALUE_INTEGER: _bindgen_ty_6 = 3;
pub const CMLP_VALUE_BOOLEAN: _bindgen_ty_6 = 4;
pub const CMLP_VALUE_LARGE_INTEGER: _bindgen_ty_6 = 5;
pub const CMLP_VALUE_KIND_SIGNED: _bindgen_ty_6 = -1;
pub type _bindgen_ty_6 = ::std::os::raw::c_int;
#[repr(C)]
pub struct cmlp_value {
    pub text: *const ::std::os::raw::c_char,
    pub n_text: i64,
    pub number: f64,
    pub integer: i64,
    pub kind: cmlp_value_kind,
    pub padding: i32,
    pub reserved: i64,
}
impl Default for cmlp_value {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cmlp_model_find_label(
        model: *const cmlp_model,
        class_index: i32,
        value: *mut cmlp_value,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
pub type cmlp_table_column_kind = i32;
pub type cmlp_table_role = i32;
#[repr(C)]
pub struct cmlp_table_column_info {
    pub struct_size: usize,
    pub name: *const ::std::os::raw::c_char,
    pub n_name: i64,
    pub unit: *const ::std::os::raw::c_char,
    pub n_unit: i64,
    pub format: *const ::std::os::raw::c_char,
    pub n_format: i64,
    pub n_categories: i64,
    pub unknown_code: f64,
    pub kind: cmlp_table_column_kind,
    pub role: cmlp_table_role,
}
impl Default for cmlp_table_column_info {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cmlp_model_describe_column(
        model: *const cmlp_model,
        column: i64,
        info: *mut cmlp_table_column_info,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
extern "C" {
    pub fn cmlp_model_find_category(
        model: *const cmlp_model,
        column: i64,
        code: i64,
        value: *mut cmlp_value,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
pub type cmlp_cell_state = i32;
#[repr(C)]
pub struct cmlp_answer {
    pub struct_size: usize,
    pub labels: *mut cmlp_value,
    pub n_labels: i64,
    pub class_indices: *mut i32,
    pub n_class_indices: i64,
    pub outputs: *mut f64,
    pub n_outputs: i64,
    pub coverage: f64,
    pub intervals: *mut f64,
    pub n_intervals: i64,
    pub sets: *mut i32,
    pub n_sets: i64,
    pub outside: *mut f64,
    pub n_outside: i64,
    pub states: *mut cmlp_cell_state,
    pub n_states: i64,
    pub numbers: *mut f64,
    pub n_numbers: i64,
    pub reasons: *mut f64,
    pub n_reasons: i64,
    pub reason_errors: *mut f64,
    pub n_reason_errors: i64,
    pub base_values: *mut f64,
    pub n_base_values: i64,
    pub background: *const cmlp_rows,
    pub n_evaluations: i64,
    pub seed: u32,
    pub is_exact: i32,
    pub by_class: i32,
    pub reserved: i32,
}
impl Default for cmlp_answer {
    fn default() -> Self {
        let mut s = ::std::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::std::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
extern "C" {
    pub fn cmlp_model_answer(
        model: *const cmlp_model,
        rows: *const cmlp_rows,
        answer: *const cmlp_answer,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
extern "C" {
    pub fn cmlp_model_answer_size(
        model: *const cmlp_model,
        rows: *const cmlp_rows,
        answer: *const cmlp_answer,
        bytes: *mut usize,
        run: *mut cmlp_run,
    ) -> cmlp_status;
}
extern "C" {
    pub fn cmlp_model_say(
        model: *const cmlp_model,
        rows: *const cmlp_rows,
        answer: *const cmlp_answer,
        status: cmlp_status,
        run: *const cmlp_run,
        text: *mut ::std::os::raw::c_char,
        n_text: i64,
    ) -> i64;
}
