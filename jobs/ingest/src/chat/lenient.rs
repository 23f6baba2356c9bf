//! Values of any type: a field of an unexpected type is one message's problem with a reason, not a parser's error.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value where text, a number or a flag is expected.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Scalar<'text> {
    /// Missing or null.
    #[default]
    Absent,
    /// A string.
    Text(Cow<'text, str>),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// A list or an object.
    Other,
}

/// A value where an object is expected.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Object<T> {
    /// Missing or null.
    #[default]
    Absent,
    /// An object.
    Is(T),
    /// Something else.
    Other,
}

/// No list in a message is longer. An empty object is two bytes in a file and hundreds in memory.
pub(super) const MOST_ITEMS: usize = 10_000;

/// A value where a list of objects is expected.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum List<T> {
    /// Missing or null.
    #[default]
    Absent,
    /// A list.
    Is(Vec<Object<T>>),
    /// Something else, or a list of more than [`MOST_ITEMS`].
    Other,
}

fn drain<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_map<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
    while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de: 'text, 'text> Deserialize<'de> for Scalar<'text> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'text>(PhantomData<Scalar<'text>>);
        impl<'de: 'text, 'text> Visitor<'de> for Any<'text> {
            type Value = Scalar<'text>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Absent)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Flag(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Integer(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Integer))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Float(value))
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(value.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                drain(items).map(|()| Scalar::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
                drain_map(entries).map(|()| Scalar::Other)
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

/// The visits of values that are neither absent nor what is wanted.
macro_rules! others {
    ($value:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Object<T>;
            others!(Object::Other);
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Object::Absent)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                drain(items).map(|()| Object::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(entries)).map(Object::Is)
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = List<T>;
            others!(List::Other);
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List::Absent)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some(item) = items.next_element()? {
                    if found.len() == MOST_ITEMS {
                        return drain(items).map(|()| List::Other);
                    }
                    found.push(item);
                }
                Ok(List::Is(found))
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
                drain_map(entries).map(|()| List::Other)
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

/// A value that lists plain values in one of three ways.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Members<'text> {
    /// Missing or null.
    #[default]
    Absent,
    /// A text that holds them all.
    Text(Cow<'text, str>),
    /// A list.
    List(Vec<Scalar<'text>>),
    /// An object.
    Map(BTreeMap<String, Scalar<'text>>),
    /// Something else, or more than [`MOST_ITEMS`].
    Other,
}

impl<'de: 'text, 'text> Deserialize<'de> for Members<'text> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'text>(PhantomData<Members<'text>>);
        impl<'de: 'text, 'text> Visitor<'de> for Any<'text> {
            type Value = Members<'text>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Members::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Members::Other)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Members::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Members::Other)
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Members::Absent)
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Members::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Members::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some(item) = items.next_element()? {
                    if found.len() == MOST_ITEMS {
                        return drain(items).map(|()| Members::Other);
                    }
                    found.push(item);
                }
                Ok(Members::List(found))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut found = BTreeMap::new();
                while let Some((name, value)) = entries.next_entry()? {
                    if found.len() == MOST_ITEMS {
                        return drain_map(entries).map(|()| Members::Other);
                    }
                    found.insert(name, value);
                }
                Ok(Members::Map(found))
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

/// Texts where a list of them, or one alone, is expected; everything else is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Texts<'text>(pub(super) Vec<Cow<'text, str>>);

impl<'de: 'text, 'text> Deserialize<'de> for Texts<'text> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'text>(PhantomData<Texts<'text>>);
        impl<'de: 'text, 'text> Visitor<'de> for Any<'text> {
            type Value = Texts<'text>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Texts(vec![Cow::Borrowed(text)]))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Texts(vec![Cow::Owned(text.to_owned())]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some(item) = items.next_element()? {
                    if let Scalar::Text(text) = item {
                        found.push(text);
                    }
                }
                Ok(Texts(found))
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
                drain_map(entries).map(|()| Texts::default())
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}
