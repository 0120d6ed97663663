//! Python objects read from outside: from recorded images of every known CPython, from damaged ones, and from live
//! processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod image;
mod live;
mod program;
mod recorded;
mod tensorflow;
mod torn;
