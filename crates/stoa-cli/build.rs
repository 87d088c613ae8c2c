//! The runbook is compiled in; a page that is added must be noticed.

#![allow(clippy::print_stdout, reason = "it is how a build script speaks")]

fn main() {
    println!("cargo::rerun-if-changed=../../docs/runbook");
}
