//! Floor 2: a Scene as a screen, events as effects. Reads nothing of the target itself.
