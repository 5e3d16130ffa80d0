//! Compiles the part of the C library that predicts, with the C compiler of the environment.
//!
//! The sources are the single file in `c/`, which `tools/make_crates.py` writes into a release, or those of the
//! repository. `CC_<target>`, `CC`, `AR_<target>`, `AR` and `CFLAGS` are used as by other build scripts.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prediction needs neither training nor threads.
const PARTS: [&str; 2] = ["BUILD_TRAINING=0", "BUILD_THREADS=0"];

fn main() {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let output = PathBuf::from(variable("OUT_DIR").expect("cargo sets it"));
    let repository = package.join("../../..");
    let (core, include) = if package.join("c").exists() {
        (package.join("c"), package.join("c"))
    } else {
        (repository.join("src/cmlp/core"), repository.join("include"))
    };
    println!("cargo:rerun-if-changed={}", core.display());
    println!("cargo:rerun-if-changed={}", include.display());

    let is_msvc = variable("CARGO_CFG_TARGET_ENV").as_deref() == Some("msvc");
    compile(is_msvc, &include, &sources(&core), &output);
    archive(is_msvc, &output);
    println!("cargo:rustc-link-search=native={}", output.display());
    println!("cargo:rustc-link-lib=static=cmlp");
    if variable("CARGO_CFG_TARGET_FAMILY").as_deref() == Some("unix") {
        println!("cargo:rustc-link-lib=m");
    }
}

fn variable(name: &str) -> Option<String> {
    println!("cargo:rerun-if-env-changed={}", name);
    env::var(name).ok()
}

/// Returns a tool: that of the target, that of the environment, or the usual one.
fn tool(name: &str, usual: &str) -> Vec<String> {
    let target = variable("TARGET").expect("cargo sets it");
    let own = variable(&format!("{}_{}", name, target.replace('-', "_")));
    let command = own.or_else(|| variable(name)).unwrap_or_else(|| usual.to_string());
    command.split_whitespace().map(str::to_string).collect()
}

/// Returns the usual prefix of a cross compiler, such as aarch64-linux-gnu-, or nothing.
fn prefix() -> String {
    let target = variable("TARGET").expect("cargo sets it");
    if variable("HOST").as_ref() == Some(&target) {
        return String::new();
    }
    target.replace("-unknown", "") + "-"
}

/// Returns all C files of a folder and its subfolders, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of C sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().map_or(false, |extension| extension == "c") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Compiles the sources to object files in the output folder.
fn compile(is_msvc: bool, include: &Path, sources: &[PathBuf], output: &Path) {
    let usual = if is_msvc { "cl".to_string() } else { prefix() + "cc" };
    let usual = usual.replace("-cc", "-gcc");
    let compiler = tool("CC", &usual);
    let options: &[&str] = if is_msvc {
        &["/nologo", "/O2", "/c"]
    } else {
        &["-O2", "-fPIC", "-fvisibility=hidden", "-c"]
    };
    let mut command = Command::new(&compiler[0]);
    command.args(&compiler[1..]).args(options);
    command.args(PARTS.iter().map(|part| format!("-DCMLP_{}", part)));
    command.arg(format!("-I{}", include.display()));
    command.args(variable("CFLAGS").unwrap_or_default().split_whitespace());
    run(command.args(sources).current_dir(output));
}

/// Makes the static library of all object files in the output folder.
fn archive(is_msvc: bool, output: &Path) {
    let mut objects = Vec::new();
    for entry in fs::read_dir(output).expect("the output folder").flatten() {
        let path = entry.path();
        if path.extension().map_or(false, |extension| extension == "o" || extension == "obj") {
            objects.push(path);
        }
    }
    objects.sort();
    let librarian = tool("AR", if is_msvc { "lib" } else { "ar" });
    let mut command = Command::new(&librarian[0]);
    command.args(&librarian[1..]);
    if is_msvc {
        command.args(["/nologo", "/out:cmlp.lib"]);
    } else {
        let _ = fs::remove_file(output.join("libcmlp.a"));
        command.args(["crs", "libcmlp.a"]);
    }
    run(command.args(&objects).current_dir(output));
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{:?} ended with {}", command, status),
        Err(error) => panic!("{:?} did not run: {}; CC names a C compiler", command, error),
    }
}
