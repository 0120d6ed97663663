//! How numbers and texts are written, for every output.

pub(crate) mod framework;
pub(crate) mod number;
pub mod page;
pub(crate) mod text;

pub(crate) use framework::{framework, frameworks};
pub use number::{
    MISSING, count, cpus, cpus_in_words, duration, interval, mean, per_second, percent, rate, step_time, steps_per_s,
    whole_cpus,
};
pub(crate) use number::{
    MISSING_ASCII, age, bytes, cpus_or_dash, instant, milliseconds, percent_or_dash, rounded, three_digits,
};
pub use text::command_of_many;
pub(crate) use text::{clean, middle};
pub use text::{command, contains, fit, width, wrap};
