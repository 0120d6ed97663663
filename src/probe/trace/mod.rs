//! A trace of when the target's threads run, for as long as somebody asks for one. Never on by itself, and off by itself where
//! it costs too much.

pub(crate) mod reader;
pub(crate) mod refusal;
pub(crate) mod tracer;
