//! Bindings of the functions of the C library cmlp that load a model file and answer about rows.
//!
//! The headers `cmlp.h` and `cmlp_table.h` document them. The crate `cmlp` is a safe wrapper.
#![no_std]
#![allow(non_camel_case_types)]

extern crate std; // the bindings name the types of std::os::raw

include!("bindings.rs");
