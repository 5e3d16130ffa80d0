//! Bindings of the functions of the C library cmlp that load a model file, predict and explain.
//!
//! The headers `cmlp.h`, `cmlp_table.h` and `cmlp_explain.h` document them. The crate `cmlp` is a safe wrapper.
#![no_std]
#![allow(non_camel_case_types)]

extern crate std; // the bindings name the types of std::os::raw

include!("bindings.rs");
