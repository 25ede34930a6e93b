//! Walks through the door as a browser without script takes them, on a real vault.

mod browser;
mod consent;
mod signing;
mod steering;
mod talking;
