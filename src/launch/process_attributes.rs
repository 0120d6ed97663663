//! Umask, niceness and resource limits of an earlier run, taken on by the process that becomes the command: nobody else
//! can set them for it.

use rustix::fs::Mode;
use rustix::process::{
    Resource, Rlimit, geteuid, getpriority_process, getrlimit, setpriority_process, setrlimit, umask,
};

use crate::data::Text;
use crate::data::run::{ProcessAttributes, ResourceLimit};

/// Names of getrlimit(2), in small letters.
const RESOURCES: &[(&str, Resource)] = &[
    ("cpu", Resource::Cpu),
    ("fsize", Resource::Fsize),
    ("data", Resource::Data),
    ("stack", Resource::Stack),
    ("core", Resource::Core),
    ("rss", Resource::Rss),
    ("nproc", Resource::Nproc),
    ("nofile", Resource::Nofile),
    ("memlock", Resource::Memlock),
    ("as", Resource::As),
    ("locks", Resource::Locks),
    ("sigpending", Resource::Sigpending),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
];

/// A manner as far as this process can take it on, and what is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliedAttributes {
    /// What is to be set.
    pub attributes: ProcessAttributes,
    /// What stays as it was.
    pub kept: Vec<Text>,
    /// What can't be had here.
    pub lost: Vec<Text>,
}

/// What of a manner this process may take on. Only what differs from its own is set.
pub fn within_reach(theirs: &ProcessAttributes) -> AppliedAttributes {
    let mut within = AppliedAttributes::default();
    let privileged = geteuid().is_root();
    if let Some(mask) = theirs.umask {
        within.attributes.umask = Some(mask);
        within.kept.push(Text::from(format!("umask {mask:04o}")));
    }
    let ours = getpriority_process(None).unwrap_or(0);
    match theirs.nice {
        Some(nice) if nice < ours && !privileged => {
            within.lost.push(Text::from(format!("its niceness {nice}: only root may lower tftop's {ours}")));
        }
        Some(nice) if nice != ours => {
            within.attributes.nice = Some(nice);
            within.kept.push(Text::from(format!("niceness {nice}")));
        }
        _ => {}
    }
    for limit in &theirs.limits {
        within.limit(limit, privileged);
    }
    within
}

impl AppliedAttributes {
    fn limit(&mut self, limit: &ResourceLimit, privileged: bool) {
        let Some(resource) = resource(&limit.name) else { return };
        let ours = getrlimit(resource);
        if (ours.current, ours.maximum) == (limit.soft, limit.hard) {
            return;
        }
        let above = |value: Option<u64>| match (value, ours.maximum) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(value), Some(most)) => value > most,
        };
        let shown = |value: Option<u64>| value.map_or_else(|| "unlimited".to_owned(), |value| value.to_string());
        if !privileged && above(limit.soft) {
            self.lost.push(Text::from(format!(
                "its limit {} of {}: only root may go beyond {}",
                limit.name,
                shown(limit.soft),
                shown(ours.maximum)
            )));
            return;
        }
        // Below it lies the soft limit, which is what counts.
        let hard = if !privileged && above(limit.hard) { ours.maximum } else { limit.hard };
        self.attributes.limits.push(ResourceLimit { hard, ..limit.clone() });
        self.kept.push(Text::from(format!("limit {} {}", limit.name, shown(limit.soft))));
    }
}

/// The limits this process has now, before it changes any for itself: watching raises that of descriptors.
pub fn own_limits() -> ProcessAttributes {
    let limit = |(name, resource): &(&str, Resource)| {
        let Rlimit { current, maximum } = getrlimit(*resource);
        ResourceLimit { name: (*name).to_owned(), soft: current, hard: maximum }
    };
    let nofile = RESOURCES.iter().filter(|(_, resource)| *resource == Resource::Nofile);
    ProcessAttributes { limits: nofile.map(limit).collect(), ..ProcessAttributes::default() }
}

/// Sets it all for this process; in words what could not be set.
pub fn take_on(attributes: &ProcessAttributes) -> Vec<String> {
    let mut failures = Vec::new();
    if let Some(mask) = attributes.umask {
        umask(Mode::from_raw_mode(mask));
    }
    if let Some(nice) = attributes.nice
        && let Err(error) = setpriority_process(None, nice)
    {
        failures.push(format!("niceness {nice} can't be set: {error}"));
    }
    for limit in &attributes.limits {
        let value = Rlimit { current: limit.soft, maximum: limit.hard };
        if let Some(Err(error)) = resource(&limit.name).map(|resource| setrlimit(resource, value)) {
            failures.push(format!("limit {} can't be set: {error}", limit.name));
        }
    }
    failures
}

fn resource(name: &str) -> Option<Resource> {
    RESOURCES.iter().find(|(known, _)| *known == name).map(|(_, resource)| *resource)
}

/// As one word of a command line: `umask=022,nice=5,nofile=1024:-`; none where there is nothing to set.
pub fn word(attributes: &ProcessAttributes) -> Option<String> {
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let limits = attributes.limits.iter().map(|l| format!("{}={}:{}", l.name, number(l.soft), number(l.hard)));
    let umask = attributes.umask.map(|mask| format!("umask={mask:o}"));
    // The limit of that name is another thing.
    let nice = attributes.nice.map(|nice| format!("niceness={nice}"));
    let parts: Vec<String> = umask.into_iter().chain(nice).chain(limits).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

/// Reads [`word`] again.
pub fn parse(word: &str) -> Result<ProcessAttributes, String> {
    let bad = || format!("{word:?} is not a set of process attributes");
    let number = |text: &str| if text == "-" { Ok(None) } else { text.parse().map(Some).map_err(|_| bad()) };
    let mut attributes = ProcessAttributes::default();
    for part in word.split(',') {
        match part.split_once('=').ok_or_else(bad)? {
            ("umask", mask) => attributes.umask = Some(u32::from_str_radix(mask, 8).map_err(|_| bad())?),
            ("niceness", nice) => attributes.nice = Some(nice.parse().map_err(|_| bad())?),
            (name, value) => {
                let (soft, hard) = value.split_once(':').ok_or_else(bad)?;
                attributes.limits.push(ResourceLimit {
                    name: name.to_owned(),
                    soft: number(soft)?,
                    hard: number(hard)?,
                });
            }
        }
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manner_comes_back_from_its_word() {
        let limit = |name: &str, soft, hard| ResourceLimit { name: name.to_owned(), soft, hard };
        let limits = vec![limit("nofile", Some(256), Some(512)), limit("nice", Some(0), None)];
        let attributes = ProcessAttributes { umask: Some(0o27), nice: Some(-5), limits };
        assert_eq!(word(&attributes).as_deref(), Some("umask=27,niceness=-5,nofile=256:512,nice=0:-"));
        assert_eq!(parse("umask=27,niceness=-5,nofile=256:512,nice=0:-"), Ok(attributes));
        assert_eq!(word(&ProcessAttributes::default()), None);
        for bad in ["", "umask", "umask=9", "nofile=1", "nofile=a:b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_as_here_needs_no_setting() {
        let own = own_limits();
        assert_eq!(own.limits.len(), 1);
        assert_eq!(within_reach(&own), AppliedAttributes::default());
        let lower = ResourceLimit { soft: Some(64), ..own.limits[0].clone() };
        let within = within_reach(&ProcessAttributes { limits: vec![lower.clone()], ..ProcessAttributes::default() });
        assert_eq!((within.attributes.limits, within.kept.len()), (vec![lower], 1));
    }
}
