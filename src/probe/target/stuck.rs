//! A look that the kernel holds up: why, in words, and whether it is still out. Looks at nothing itself.

use std::sync::mpsc::TryRecvError;

use crate::linux::patience::HeldUp;
use crate::probe::reading::Reading;

/// A look that does not come back: of whatever it asks.
pub struct StuckLook(Box<dyn Fn() -> bool + Send>);

impl StuckLook {
    /// Whether it is still out.
    pub fn is_out(&self) -> bool {
        (self.0)()
    }
}

impl std::fmt::Debug for StuckLook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StuckLook").field(&self.is_out()).finish()
    }
}

/// Why a look came to nothing, in words, and the look where it may still come back.
pub fn why_held_up<T: Send + 'static>(held_up: HeldUp<T>, reading: &Reading) -> (String, Option<StuckLook>) {
    match held_up {
        HeldUp::Waits(back, waited) => {
            let what = reading.words().unwrap_or_else(|| "it".to_owned());
            let why = format!("does not answer: reading {what} for {:.1} s", waited.as_secs_f64());
            (why, Some(StuckLook(Box::new(move || matches!(back.try_recv(), Err(TryRecvError::Empty))))))
        }
        HeldUp::NotTried => ("not looked at: too many others do not answer".to_owned(), None),
        HeldUp::Failed => ("not looked at: the thread that looks ended".to_owned(), None),
    }
}
