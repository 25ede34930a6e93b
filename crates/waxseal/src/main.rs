//! The program `waxseal`: everything it does is in the library beside it, so that the wire tests run the same code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    waxseal::cli::main()
}
