//! `waxseal openapi`: the description of the API for apps, made from the code.

use super::{Stop, out};
use clap::Args;

/// Print the OpenAPI description of the API for apps
#[derive(Args, Debug)]
pub(super) struct Openapi {}

impl Openapi {
    pub(super) fn run(self) -> Result<(), Stop> {
        out::say(api::openapi().trim_end());
        Ok(())
    }
}
