//! Names that are written in the source of a program, and checked when it is compiled.

/// Makes such a type: a text with a `const` constructor, and a fallible one for texts from outside.
macro_rules! declared_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            /// The name of that text. In a constant it is checked by the compiler.
            ///
            /// # Panics
            /// When it is empty, longer than 200 bytes, or holds a control character.
            #[must_use]
            pub const fn new(text: &'static str) -> Self {
                assert!(
                    $crate::name::is_name(text, $crate::limits::DECLARED_NAME_BYTES_MAX),
                    concat!("a ", $kind, " is not empty, not too long, and holds no control character")
                );
                Self(std::borrow::Cow::Borrowed(text))
            }

            /// Checks a text from outside and makes it a name.
            ///
            /// # Errors
            /// [`NameError`](crate::name::NameError) when it is empty, too long, or holds a control character.
            pub fn read(text: impl Into<String>) -> Result<Self, $crate::name::NameError> {
                let text = text.into();
                $crate::name::check($kind, &text, $crate::limits::DECLARED_NAME_BYTES_MAX)?;
                Ok(Self(std::borrow::Cow::Owned(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(out, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::name::NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::read(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into_owned()
            }
        }
    };
}
pub(crate) use declared_name;
