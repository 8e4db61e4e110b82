//! Settings in layers: what is built in, a file over it, the environment over that, and arguments on top.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::settings_error::{Origin, SettingsError};
use super::toml_source::assignments;

/// How much of a value an error shows, in characters.
const SHOWN_MAX: usize = 60;

/// Settings of the form `T` as they are put together. What `T` writes when it is built in tells which settings there are:
/// members of structs inside structs, named `outer.inner`.
///
/// Each layer is checked when it is laid: an error names the setting, and the line or the variable that is at fault.
#[derive(Clone, Debug)]
pub struct Layers<T> {
    /// What is built in.
    base: Json,
    /// What holds.
    tree: Json,
    /// Where what is not built in comes from, by key.
    origins: BTreeMap<String, Origin>,
    form: PhantomData<fn() -> T>,
}

/// A setting as it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value; of a URL, without the password.
    pub value: Json,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T: Default + Serialize + DeserializeOwned> Default for Layers<T> {
    fn default() -> Self {
        Self::over(&T::default())
    }
}

impl<T: Serialize + DeserializeOwned> Layers<T> {
    /// The settings of a program, over which others are laid.
    ///
    /// # Panics
    /// When `T` cannot be written as JSON with text for keys: that is a mistake in the program.
    #[must_use]
    pub fn over(built_in: &T) -> Self {
        let base = serde_json::to_value(built_in).expect("settings are structs of plain values");
        Self {
            tree: base.clone(),
            base,
            origins: BTreeMap::new(),
            form: PhantomData,
        }
    }

    /// Lays a file over what is there.
    ///
    /// # Errors
    /// [`SettingsError`]; nothing of the file is laid then.
    pub fn file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::File {
            path: path.to_owned(),
            source,
        })?;
        self.toml(&path.display().to_string(), &text)
    }

    /// Lays a text in TOML over what is there; `name` is what errors call it.
    ///
    /// # Errors
    /// [`SettingsError`]; nothing of the text is laid then.
    pub fn toml(&mut self, name: &str, text: &str) -> Result<(), SettingsError> {
        let mut laid = self.copy();
        for assignment in assignments(name, text)? {
            let origin = Origin::File {
                name: name.to_owned(),
                line: assignment.line,
            };
            laid.lay(&assignment.path, assignment.value, &origin)?;
        }
        *self = laid;
        Ok(())
    }

    /// Lays variables of an environment over what is there: `outer.inner_name` is `PREFIX_OUTER_INNER_NAME`. Variables that
    /// begin otherwise are passed over, and so are those that name no section of the settings: other programs may use the
    /// prefix too.
    ///
    /// # Errors
    /// [`SettingsError`] when a variable names a section and no setting of it, or its value cannot be had; nothing is laid
    /// then.
    pub fn variables(
        &mut self,
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), SettingsError> {
        let mut names = BTreeMap::new();
        paths(&self.base, &mut Vec::new(), &mut |path, value| {
            let name = format!("{prefix}_{}", path.join("_")).to_uppercase();
            names.insert(name, (path.to_vec(), value.clone()));
        });
        let sections: Vec<_> = self.base.as_object().into_iter().flatten().collect();
        let mut laid = self.copy();
        for (name, text) in variables {
            let origin = Origin::Variable(name.clone());
            if let Some((path, built_in)) = names.get(&name) {
                laid.lay(path, reading(built_in, &text), &origin)?;
                continue;
            }
            let section = sections.iter().find(|(section, value)| {
                let begin = format!("{prefix}_{section}_").to_uppercase();
                value.is_object() && name.starts_with(&begin)
            });
            if let Some((section, _)) = section {
                let begin = format!("{prefix}_{section}_").to_uppercase();
                let of_section = names.keys().filter(|name| name.starts_with(&begin));
                return Err(SettingsError::UnknownKey {
                    origin,
                    key: name,
                    known: of_section.cloned().collect::<Vec<_>>().join(", "),
                });
            }
        }
        *self = laid;
        Ok(())
    }

    /// Lays one value on top; `argument` is what errors call it.
    ///
    /// # Errors
    /// [`SettingsError`] when there is no such setting, or it cannot have this value.
    pub fn argument(
        &mut self,
        argument: &str,
        key: &str,
        value: impl Into<Json>,
    ) -> Result<(), SettingsError> {
        let path: Vec<_> = key.split('.').map(ToOwned::to_owned).collect();
        self.lay(&path, value.into(), &Origin::Argument(argument.to_owned()))
    }

    /// What holds.
    ///
    /// # Panics
    /// When `T` cannot be read as it is written: that is a mistake in the program.
    #[must_use]
    pub fn settings(&self) -> T {
        serde_json::from_value(self.tree.clone()).expect("each layer was read when it was laid")
    }

    /// All settings with where they come from, by key.
    #[must_use]
    pub fn list(&self) -> Vec<Setting> {
        let mut list = Vec::new();
        paths(&self.tree, &mut Vec::new(), &mut |path, value| {
            if value.as_object().is_some_and(|members| !members.is_empty()) {
                return;
            }
            let key = path.join(".");
            let origin = self.origins.get(&key).cloned().unwrap_or(Origin::BuiltIn);
            list.push(Setting {
                value: without_password(value),
                key,
                origin,
            });
        });
        list
    }

    fn copy(&self) -> Self {
        Self {
            base: self.base.clone(),
            tree: self.tree.clone(),
            origins: self.origins.clone(),
            form: PhantomData,
        }
    }

    fn lay(&mut self, path: &[String], value: Json, origin: &Origin) -> Result<(), SettingsError> {
        let key = path.join(".");
        let mut place = &self.base;
        for (depth, name) in path.iter().enumerate() {
            let Some(inner) = place.get(name) else {
                let beside = place.as_object().into_iter().flatten();
                let known: Vec<_> = beside.map(|(name, _)| format!("`{name}`")).collect();
                return Err(SettingsError::UnknownKey {
                    origin: origin.clone(),
                    key: path[..=depth].join("."),
                    known: if known.is_empty() {
                        "none under that name".to_owned()
                    } else {
                        known.join(", ")
                    },
                });
            };
            place = inner;
        }
        let mut changed = self.tree.clone();
        let mut target = &mut changed;
        for name in path {
            if !target.is_object() {
                *target = Json::Object(Map::new());
            }
            target = &mut target[name.as_str()];
        }
        let shown = value.to_string();
        *target = value;
        serde_json::from_value::<T>(changed.clone()).map_err(|error| SettingsError::WrongValue {
            origin: origin.clone(),
            key: key.clone(),
            value: if shown.chars().count() > SHOWN_MAX {
                shown.chars().take(SHOWN_MAX).chain(['…']).collect()
            } else {
                shown
            },
            reason: error.to_string(),
        })?;
        self.tree = changed;
        self.origins.insert(key, origin.clone());
        Ok(())
    }
}

/// Gives every place of a tree beneath its root, outer ones first.
fn paths(tree: &Json, path: &mut Vec<String>, give: &mut impl FnMut(&[String], &Json)) {
    for (name, value) in tree.as_object().into_iter().flatten() {
        path.push(name.clone());
        give(path, value);
        paths(value, path, give);
        path.pop();
    }
}

/// A text of the environment as a value of the kind that is built in; as text, where it is none of that kind, so that the
/// error shows what was written.
fn reading(built_in: &Json, text: &str) -> Json {
    match built_in {
        Json::String(_) => text.into(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// A value as it may be shown: without the password of a URL.
fn without_password(value: &Json) -> Json {
    let Some(text) = value.as_str() else {
        return value.clone();
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        let words = text.split(' ').map(|word| match word.split_once('=') {
            Some(("password", _)) => "password=…",
            _ => word,
        });
        return words.collect::<Vec<_>>().join(" ").into();
    };
    match rest.rsplit_once('@') {
        Some((person, place)) => {
            let name = person.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}@{place}").into()
        }
        None => value.clone(),
    }
}
