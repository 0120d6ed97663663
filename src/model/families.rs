//! The registry of thread families: which evidence means which origin. Data (`assets/families.toml`), not code.

/// Thread families in order of precedence.
#[derive(Clone, Debug, Default)]
pub struct Families {}

impl Families {
    /// Provisional.
    pub fn builtin() -> Self {
        Self {}
    }

    /// Provisional.
    pub fn with_user_file(_text: &str) -> Result<Self, String> {
        Ok(Self {})
    }
}
