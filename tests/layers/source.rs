//! The files of `src` as modules: what each defines, and which items of other files it names. Reads source text only;
//! what stands under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};

/// A module's path from the crate's root: `["model", "rules"]`.
pub type ModulePath = Vec<String>;

/// A type that a file defines.
#[derive(Debug)]
pub struct Type {
    pub name: String,
    /// Whether another file can name it.
    pub visible: bool,
}

/// One file of `src`.
#[derive(Debug, Default)]
pub struct Module {
    pub file: PathBuf,
    pub lines: usize,
    pub text: String,
    pub types: Vec<Type>,
    children: BTreeSet<String>,
    items: BTreeSet<String>,
    /// Names that `use` brings in, and what they stand for.
    imports: BTreeMap<String, Vec<String>>,
    /// The same for `pub use`: names that others may reach through this module.
    exports: BTreeMap<String, Vec<String>>,
    /// Every path that stands in the code, imports included.
    paths: Vec<Vec<String>>,
}

/// All files of `src` but `main.rs`, by their module's path.
#[derive(Debug)]
pub struct Source {
    pub modules: BTreeMap<ModulePath, Module>,
}

impl Source {
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut modules = BTreeMap::new();
        for file in rust_files(&root) {
            let path = module_path(file.strip_prefix(&root).unwrap());
            modules.insert(path, Module::read(&file, &root));
        }
        Self { modules }
    }

    /// A source made of these texts, for tests of the test.
    pub fn of(texts: &[(&str, &str)]) -> Self {
        let split = |path: &str| path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { modules: texts.iter().map(|(path, text)| (split(path), Module::parse(text))).collect() }
    }

    /// Each file, and the files that define what it names.
    pub fn imports(&self) -> BTreeMap<&ModulePath, BTreeSet<&ModulePath>> {
        self.modules.iter().map(|(path, module)| (path, self.imports_of(path, module))).collect()
    }

    fn imports_of<'a>(&'a self, path: &'a ModulePath, module: &'a Module) -> BTreeSet<&'a ModulePath> {
        let absolute = module.paths.iter().filter_map(|written| self.absolute(path, written, 0));
        let defining = absolute.filter_map(|absolute| self.defining(&absolute, 0));
        defining.filter(|found| *found != path).collect()
    }

    /// A path as written in a module, from the crate's root; none for what is not of this crate.
    fn absolute(&self, of: &[String], written: &[String], depth: usize) -> Option<ModulePath> {
        let (head, rest) = written.split_first()?;
        let module = self.modules.get(of)?;
        match head.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([of, rest].concat()),
            "super" => {
                let up = written.iter().take_while(|part| *part == "super").count();
                Some([&of[..of.len().checked_sub(up)?], &written[up..]].concat())
            }
            name if module.children.contains(name) || module.items.contains(name) => Some([of, written].concat()),
            name => {
                let imported = module.imports.get(name).filter(|imported| depth < 8 && *imported != written)?;
                Some([self.absolute(of, imported, depth + 1)?, rest.to_vec()].concat())
            }
        }
    }

    /// The file that defines what a path from the root names; re-exports are followed. None for a module as such.
    fn defining<'a>(&'a self, absolute: &[String], depth: usize) -> Option<&'a ModulePath> {
        let longest = (0..=absolute.len()).rev().find(|&length| self.modules.contains_key(&absolute[..length]))?;
        let (path, module) = self.modules.get_key_value(&absolute[..longest])?;
        let name = absolute.get(longest)?;
        if let Some(exported) = module.exports.get(name).filter(|_| depth < 8 && !module.items.contains(name)) {
            let further = self.absolute(path, exported, 0)?;
            return self.defining(&[&further, &absolute[longest + 1..]].concat(), depth + 1);
        }
        Some(path)
    }
}

impl Module {
    fn read(file: &Path, root: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let shown = file.strip_prefix(root.parent().unwrap()).unwrap().to_owned();
        Self { file: shown, ..Self::parse(&text) }
    }

    fn parse(text: &str) -> Self {
        let syntax = syn::parse_file(text).unwrap_or_else(|why| panic!("{why} in {text}"));
        let mut module = Self { lines: text.lines().count(), text: text.to_owned(), ..Self::default() };
        for item in syntax.items.iter().filter(|item| !is_test(attributes(item))) {
            module.define(item);
            module.visit_item(item);
        }
        module
    }

    fn define(&mut self, item: &Item) {
        let named = match item {
            Item::Mod(item) if item.content.is_none() => {
                self.children.insert(item.ident.to_string());
                return;
            }
            Item::Struct(item) => Some((&item.ident, Some(&item.vis))),
            Item::Enum(item) => Some((&item.ident, Some(&item.vis))),
            Item::Trait(item) => Some((&item.ident, Some(&item.vis))),
            Item::Type(item) => Some((&item.ident, Some(&item.vis))),
            Item::Fn(item) => Some((&item.sig.ident, None)),
            Item::Const(item) => Some((&item.ident, None)),
            Item::Static(item) => Some((&item.ident, None)),
            Item::Mod(item) => Some((&item.ident, None)),
            _ => None,
        };
        let Some((name, visibility)) = named else { return };
        self.items.insert(name.to_string());
        if let Some(visibility) = visibility {
            let visible = !matches!(visibility, Visibility::Inherited);
            self.types.push(Type { name: name.to_string(), visible });
        }
    }

    fn import(&mut self, tree: &UseTree, before: &[String], public: bool) {
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &joined(before, &path.ident), public),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before, public)),
            UseTree::Name(name) if name.ident == "self" => self.bring(before.last().cloned(), before.to_vec(), public),
            UseTree::Name(name) => self.bring(Some(name.ident.to_string()), joined(before, &name.ident), public),
            UseTree::Rename(rename) => {
                self.bring(Some(rename.rename.to_string()), joined(before, &rename.ident), public);
            }
            UseTree::Glob(_) => self.paths.push(before.to_vec()),
        }
    }

    fn bring(&mut self, name: Option<String>, path: Vec<String>, public: bool) {
        let Some(name) = name else { return };
        if public {
            self.exports.insert(name.clone(), path.clone());
        } else {
            self.paths.push(path.clone());
        }
        self.imports.insert(name, path);
    }

    /// Paths in the text that a macro is given: `head::tail`, each as long as it goes.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.paths.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.paths.push(std::mem::take(&mut path));
                    colons = 0;
                    self.scan(group.stream());
                }
                _ => {
                    self.paths.push(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            return;
        }
        if let Item::Use(item) = item {
            self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.scan(call.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn joined(before: &[String], ident: &proc_macro2::Ident) -> Vec<String> {
    [before, &[ident.to_string()]].concat()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether something is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    let cfg_test = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    };
    attributes.iter().any(|attribute| attribute.path().is_ident("test") || cfg_test(attribute))
}

/// `model/rules/mod.rs` is `model::rules`, `model/rules/spinning.rs` is `model::rules::spinning`, `lib.rs` the root.
fn module_path(file: &Path) -> ModulePath {
    let mut parts: Vec<String> = file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// Every file of the product's own code: files of unit tests and `main.rs` are none.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "main.rs" {
            files.push(path);
        }
    }
    files.sort();
    files
}
