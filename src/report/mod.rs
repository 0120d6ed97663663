//! Floor 2: a Scene as text or JSON. Pure; knows no terminal.
