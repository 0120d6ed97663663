//! Caps under a name. Every value goes through the parser of the option of its name; a profile with a wrong one is none.

use std::ffi::OsString;

use toml_edit::{Item, TableLike};

use crate::commands::args::caps::{names, threads, variable};
use crate::commands::settings::item::{as_written, inner, unknown, word};
use crate::data::limits::{CapKind, Caps};
use crate::data::sample::{Pin, Quota};
use crate::launch::caps::plan::CpuRequest;
use crate::launch::caps::preset::Preset;
use crate::launch::caps::quota;
use crate::launch::pin;

/// Caps under a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct SavedProfile {
    pub(crate) pools: Caps,
    pub(crate) cpus: Option<CpuRequest>,
    pub(crate) quota: Option<Quota>,
    pub(crate) preset: Option<Preset>,
    pub(crate) pins: Vec<Pin>,
    pub(crate) variables: Vec<(String, OsString)>,
}

/// The profile of a table, or what is wrong with it.
pub(super) fn profile(place: &str, table: &dyn TableLike) -> Result<SavedProfile, String> {
    let mut profile = SavedProfile::default();
    for (key, value) in table.iter() {
        set(&mut profile, place, key, value)?;
    }
    Ok(profile)
}

fn set(profile: &mut SavedProfile, place: &str, key: &str, value: &Item) -> Result<(), String> {
    let bad = |why: String| format!("{place}.{key} = {}: {why}", as_written(value));
    if let Some(kind) = CapKind::named(key) {
        *profile.pools.get_mut(kind) = Some(threads(&word(value)).map_err(bad)?);
        return Ok(());
    }
    match key {
        "cpus" => profile.cpus = Some(word(value).parse().map_err(bad)?),
        "quota" => profile.quota = Some(quota::parse(&word(value)).map_err(bad)?),
        "preset" => profile.preset = Some(word(value).parse().map_err(bad)?),
        "pin" => {
            let list = value.as_array().ok_or_else(|| bad("write a list: [\"tf-data=0-1\"]".to_owned()))?;
            let pins = list.iter().map(|pin| pin::parse(&word(&Item::Value(pin.clone()))).map_err(bad));
            profile.pins = pins.collect::<Result<_, _>>()?;
        }
        "env" => {
            for (name, value) in inner(&format!("{place}.env"), value)?.iter() {
                let (name, value): (String, OsString) = variable(&format!("{name}={}", word(value))).map_err(bad)?;
                profile.variables.push((name, value));
            }
        }
        _ => {
            let known = format!("{}, cpus, quota, preset, pin and env", names().collect::<Vec<_>>().join(", "));
            return Err(unknown(&format!("{place}.{key}"), &known));
        }
    }
    Ok(())
}
