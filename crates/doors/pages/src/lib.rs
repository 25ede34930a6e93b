//! The pages door: what a person sees in a browser.
//!
//! Invariant: every page works without script, and what people wrote reaches HTML only through `view`'s guarded types.

pub mod assets;
pub mod page;
mod shown_text;
pub mod view;
mod when;

#[cfg(test)]
mod samples;
