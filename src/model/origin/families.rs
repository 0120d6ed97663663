//! The registry of thread families: which evidence means which origin. Data (`assets/families.toml`), not code; the
//! file says in its head what an entry may hold.

use std::sync::Arc;

use regex_lite::Regex;

use crate::data::Text;
use crate::model::origin::family_file::{Copies, FamilyEntry, FamilyError, FamilyFile, MatchRule};
use crate::model::origin::library_copy::{library_name, package_name};

const BUILTIN: &str = include_str!("../../../assets/families.toml");

/// Thread families, and the evidence for them in order of precedence.
#[derive(Clone, Debug, Default)]
pub struct Families {
    families: Vec<Family>,
    /// The user's first, if there are any; then those that come with tftop.
    books: Vec<FamilyList>,
}

/// One family.
#[derive(Clone, Debug)]
pub struct Family {
    /// The origin's id.
    pub id: Arc<str>,
    /// Name for people.
    pub label: String,
    /// What these threads do, in one sentence.
    pub about: String,
    copies: Option<Copies>,
}

/// The entries of one file.
#[derive(Clone, Debug)]
struct FamilyList {
    rules: Vec<MatchRule>,
    /// Whether a kernel name counts although it is known where the thread started: only a user can know that it does.
    trusts_comm: bool,
}

/// What is known of a thread that can tell its family.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OriginEvidence<'a> {
    pub tf_name: Option<&'a str>,
    pub symbol: Option<&'a str>,
    pub library: Option<&'a str>,
    pub owner: Option<&'a str>,
    pub python_name: Option<&'a str>,
    pub comm: Option<&'a str>,
    /// Names of its process's threads that [`Families::is_companion`] says matter.
    pub companions: &'a [Text],
}

/// Kinds of evidence, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvidenceStrength {
    TensorFlowName,
    Symbol,
    Library,
    Owner,
    PythonName,
    KernelName,
}

impl EvidenceStrength {
    const ALL: [Self; 6] =
        [Self::TensorFlowName, Self::Symbol, Self::Library, Self::Owner, Self::PythonName, Self::KernelName];
}

/// A family found by evidence.
#[derive(Clone, Debug)]
pub(crate) struct FamilyMatch {
    pub origin: Arc<str>,
    pub copy: Option<Arc<str>>,
    pub strength: EvidenceStrength,
    /// Whether the kernel's name was needed beside stronger evidence.
    pub with_comm: bool,
    /// Why even that evidence is not the last word.
    pub note: Option<Arc<str>>,
    /// Whether the thread is a pool's worker.
    pub pool: bool,
}

impl Families {
    /// The families that come with tftop.
    pub fn builtin() -> Self {
        // The file is part of the program: a test proves that it reads.
        Self::default().with_table(BUILTIN, false).unwrap_or_default()
    }

    /// The families that come with tftop, and before them those of a user's file in the same form.
    pub fn with_user_file(text: &str) -> Result<Self, FamilyError> {
        let mut families = Self::builtin().with_table(text, true)?;
        families.books.rotate_right(1);
        Ok(families)
    }

    /// A family by its origin's id.
    pub fn get(&self, id: &str) -> Option<&Family> {
        self.families.iter().find(|family| &*family.id == id)
    }

    /// Every family, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Family> {
        self.families.iter()
    }

    /// Whether TensorFlow's name of one thread changes what is thought of others in its process.
    pub(crate) fn is_companion(&self, tf_name: &str) -> bool {
        let rules = self.books.iter().flat_map(|book| &book.rules);
        rules.filter_map(|rule| rule.beside.as_ref()).any(|beside| beside.is_match(tf_name))
    }

    /// The family the strongest evidence speaks for.
    pub(crate) fn find(&self, evidence: &OriginEvidence) -> Option<FamilyMatch> {
        let start_known = evidence.library.is_some() || evidence.symbol.is_some();
        self.books.iter().find_map(|book| {
            let levels = EvidenceStrength::ALL.into_iter();
            levels.filter(|&level| level != EvidenceStrength::KernelName || book.trusts_comm || !start_known).find_map(
                |level| {
                    let rule = book.rules.iter().find(|rule| rule.counts_at(level) && rule.fits(evidence, level))?;
                    Some(self.found(rule, evidence, level))
                },
            )
        })
    }

    fn found(&self, rule: &MatchRule, evidence: &OriginEvidence, strength: EvidenceStrength) -> FamilyMatch {
        let family = &self.families[rule.family];
        let home = match strength {
            EvidenceStrength::Library => evidence.library,
            _ => evidence.owner.or(evidence.library),
        };
        let copy = rule.copy.clone().or_else(|| family.copy(home?));
        let with_comm = rule.comm.is_some() && strength != EvidenceStrength::KernelName;
        FamilyMatch { origin: family.id.clone(), copy, strength, with_comm, note: rule.note.clone(), pool: rule.pool }
    }

    fn with_table(mut self, text: &str, trusts_comm: bool) -> Result<Self, FamilyError> {
        let mut rules = Vec::new();
        for entry in FamilyFile::read(text)?.family {
            let family = self.place(&entry);
            for matched in &entry.matches {
                rules.push(matched.rule(family, &entry.id)?);
            }
        }
        self.books.push(FamilyList { rules, trusts_comm });
        Ok(self)
    }

    /// The family's index: a new one, or the one that already has this id, with what the entry says anew.
    fn place(&mut self, entry: &FamilyEntry) -> usize {
        if let Some(index) = self.families.iter().position(|family| *family.id == *entry.id) {
            let family = &mut self.families[index];
            family.label = entry.label.clone().unwrap_or_else(|| family.label.clone());
            family.about = entry.about.clone().unwrap_or_else(|| family.about.clone());
            family.copies = entry.copies.or(family.copies);
            return index;
        }
        self.families.push(Family {
            id: entry.id.as_str().into(),
            label: entry.label.clone().unwrap_or_else(|| entry.id.clone()),
            about: entry.about.clone().unwrap_or_default(),
            copies: entry.copies,
        });
        self.families.len() - 1
    }
}

impl Family {
    /// The short name of the copy at this path, where copies of this family make groups of their own.
    pub(crate) fn copy(&self, path: &str) -> Option<Arc<str>> {
        Some(match self.copies? {
            Copies::Package => package_name(path).into(),
            Copies::Library => library_name(path).into(),
        })
    }
}

impl MatchRule {
    /// An entry is as strong as the strongest evidence it names; a library counts as the start routine's and as the owner's.
    fn counts_at(&self, level: EvidenceStrength) -> bool {
        if self.tf_name.is_some() {
            return level == EvidenceStrength::TensorFlowName;
        }
        if self.symbol.is_some() {
            return level == EvidenceStrength::Symbol;
        }
        if self.library.is_some() {
            return level == EvidenceStrength::Library || level == EvidenceStrength::Owner;
        }
        if self.python_name.is_some() {
            return level == EvidenceStrength::PythonName;
        }
        level == EvidenceStrength::KernelName
    }

    fn fits(&self, evidence: &OriginEvidence, level: EvidenceStrength) -> bool {
        let library = match level {
            EvidenceStrength::Library => fits(&self.library, evidence.library),
            EvidenceStrength::Owner => fits(&self.library, evidence.owner),
            _ => fits(&self.library, evidence.library) || fits(&self.library, evidence.owner),
        };
        library
            && fits(&self.tf_name, evidence.tf_name)
            && fits(&self.symbol, evidence.symbol)
            && fits(&self.python_name, evidence.python_name)
            && fits(&self.comm, evidence.comm)
            && self.beside.as_ref().is_none_or(|beside| evidence.companions.iter().any(|name| beside.is_match(name)))
    }
}

/// No pattern fits everything; a pattern never fits what is not known.
fn fits(pattern: &Option<Regex>, text: Option<&str>) -> bool {
    pattern.as_ref().is_none_or(|pattern| text.is_some_and(|text| pattern.is_match(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::CapKind;
    use crate::data::origin;

    #[test]
    fn the_builtin_file_reads_and_speaks_to_people() {
        let families = Families::default().with_table(BUILTIN, false).unwrap();
        for family in families.iter() {
            assert!(family.about.ends_with('.') && family.about.len() > 20, "{}: {:?}", family.id, family.about);
        }
        let caps = CapKind::all().map(|kind| kind.row().origin);
        let named = [
            origin::MAIN,
            origin::XLA,
            origin::TF_DISTRIBUTED,
            origin::GPU,
            origin::PYTHON,
            origin::PROGRAM,
            origin::LIBRARY,
            origin::UNKNOWN,
        ];
        for id in named.into_iter().chain(caps) {
            assert!(families.get(id).is_some(), "{id}");
        }
        assert_eq!(Families::builtin().iter().count(), families.iter().count());
    }

    #[test]
    fn an_error_names_the_family_and_the_pattern() {
        let error = Families::with_user_file("[[family]]\nid = 'mine'\nmatch = [{ comm = '(' }]").unwrap_err();
        assert!(error.to_string().starts_with("family mine: pattern \"(\": "), "{error}");
        let error = Families::with_user_file("[[family]]\nid = 'mine'\nmatch = [{ copy = 'x' }]").unwrap_err();
        assert_eq!(error, FamilyError::NoEvidence { family: "mine".to_owned() });
        let error = Families::with_user_file("[[family]]\nid = 'Mine'").unwrap_err();
        assert_eq!(error, FamilyError::Id("Mine".to_owned()));
        let error = Families::with_user_file("[[family]]\nid = 'mine'\ncolour = 1").unwrap_err();
        assert!(error.to_string().contains("colour"), "{error}");
    }

    #[test]
    fn a_users_family_comes_first_even_with_weaker_evidence() {
        let text = "[[family]]\nid = 'ray'\nmatch = [{ comm = '^ray' }]";
        let evidence =
            OriginEvidence { symbol: Some("pythread_wrapper"), comm: Some("ray.worker"), ..OriginEvidence::default() };
        let origin = |families: Families| families.find(&evidence).unwrap().origin;
        assert_eq!(&*origin(Families::with_user_file(text).unwrap()), "ray");
        assert_eq!(&*origin(Families::builtin()), "python");
    }

    #[test]
    fn a_known_id_in_a_users_file_is_extended_not_replaced() {
        let text = "[[family]]\nid = 'tf-data'\nlabel = 'input'\nmatch = [{ tf_name = '^mine$' }]";
        let families = Families::with_user_file(text).unwrap();
        for name in ["mine", "tf_data_private_threadpool"] {
            let evidence = OriginEvidence { tf_name: Some(name), ..OriginEvidence::default() };
            assert_eq!(&*families.find(&evidence).unwrap().origin, "tf-data", "{name}");
        }
        assert_eq!(families.get("tf-data").unwrap().label, "input");
        assert!(!families.get("tf-data").unwrap().about.is_empty());
    }

    #[test]
    fn a_kernel_name_counts_for_nothing_where_the_start_is_known() {
        let inherited =
            OriginEvidence { comm: Some("tf_Compute"), library: Some("/x/libother.so"), ..OriginEvidence::default() };
        assert!(Families::builtin().find(&inherited).is_none());
        let alone = OriginEvidence { comm: Some("tf_Compute"), ..OriginEvidence::default() };
        assert_eq!(&*Families::builtin().find(&alone).unwrap().origin, "tf-inter-op");
    }
}
