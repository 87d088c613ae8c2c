//! What an operation does to a list of values: `emails`, `phoneNumbers`, `roles`, …

use serde_json::{Map, Value};

use super::op::Op;
use crate::filter::Filter;
use crate::ignored::Ignored;
use crate::refusal::Refusal;
use crate::schema::Attribute;
use crate::shape::{bounded, elements, is_primary, one_primary, says_something, shaped};
use crate::text::is_same_text;

/// A list, the values of it that are meant, the part of each that is meant.
type Target<'a> = (&'static Attribute, Option<&'a Filter>, Option<&'static Attribute>);

/// The list afterwards.
pub(super) fn changed(
    list: Vec<Value>,
    ignored: &mut Ignored,
    op: Op,
    (attribute, selection, sub): Target<'_>,
    value: Value,
) -> Result<Vec<Value>, Refusal> {
    let mut list = list;
    let primary = list.iter().find(|element| is_primary(element)).cloned();
    match (selection, sub) {
        (None, None) => list = whole(list, ignored, op, attribute, value)?,
        (Some(selection), None) => some(&mut list, ignored, op, (attribute, selection), value)?,
        (_, Some(sub)) => {
            let mut selected = selected(&list, attribute, selection)?;
            if selected.is_empty() && op != Op::Remove {
                selected.push(list.len());
                list.push(Value::Object(asserted(attribute, selection)?));
            }
            let value = if op == Op::Remove { None } else { shaped(sub, value, ignored)? };
            if op == Op::Add && value.is_none() {
                list.retain(says_something);
                return Ok(list);
            }
            for index in selected {
                set_part(&mut list[index], sub, value.clone());
            }
        }
    }
    list.retain(says_something);
    bounded(attribute, list.len())?;
    if let Some(primary) = primary {
        give_up_primary(&mut list, attribute, &primary);
    }
    one_primary(attribute, &list)?;
    Ok(list)
}

/// The list as a whole: added to, replaced, emptied, or rid of the values that are named.
fn whole(
    mut list: Vec<Value>,
    ignored: &mut Ignored,
    op: Op,
    attribute: &'static Attribute,
    value: Value,
) -> Result<Vec<Value>, Refusal> {
    match op {
        Op::Replace => {
            let new = elements(attribute, value, ignored)?;
            one_primary(attribute, &new)?;
            Ok(new)
        }
        Op::Add => {
            for new in elements(attribute, value, ignored)? {
                add(&mut list, attribute, new);
            }
            Ok(list)
        }
        Op::Remove if value.is_null() => Ok(Vec::new()),
        Op::Remove => {
            let names_none = || Refusal::NamesNone { attribute: attribute.name.to_owned() };
            let is_empty = value.as_array().is_some_and(Vec::is_empty);
            let named = elements(attribute, value, ignored)?;
            if named.is_empty() && !is_empty {
                return Err(names_none());
            }
            list.retain(|own| !named.iter().any(|named| includes(attribute, own, named)));
            Ok(list)
        }
    }
}

/// The values that a filter selects. Where none is there, one is made from what the filter says: Entra replaces
/// `emails[type eq "work"].value` of a person without addresses, and expects one.
fn some(
    list: &mut Vec<Value>,
    ignored: &mut Ignored,
    op: Op,
    (attribute, selection): (&'static Attribute, &Filter),
    value: Value,
) -> Result<(), Refusal> {
    if op == Op::Remove {
        list.retain(|element| !is_selected(element, selection));
        return Ok(());
    }
    let mut new = elements(attribute, value, ignored)?;
    if new.len() > 1 {
        return Err(Refusal::WrongType { attribute: attribute.name.to_owned(), wanted: "one object" });
    }
    let new = match new.pop() {
        Some(Value::Object(map)) => map,
        Some(_) | None => Map::new(),
    };
    if op == Op::Add && new.is_empty() {
        return Ok(());
    }
    let selected = selected(list, attribute, Some(selection))?;
    if selected.is_empty() {
        let mut element = asserted(attribute, Some(selection))?;
        element.extend(new);
        list.push(element.into());
        return Ok(());
    }
    for index in selected {
        let kept = match op {
            Op::Add => list[index].as_object().cloned().unwrap_or_default(),
            Op::Replace | Op::Remove => selection.assertion().unwrap_or_default(),
        };
        let mut element = if new.is_empty() { Map::new() } else { kept };
        element.extend(new.clone());
        list[index] = element.into();
    }
    Ok(())
}

/// Adds a value, or adds to the one that is there already: a client that repeats itself doubles nothing.
fn add(list: &mut Vec<Value>, attribute: &Attribute, new: Value) {
    match list.iter_mut().find(|own| is_same(attribute, own, &new)) {
        Some(Value::Object(own)) => {
            if let Value::Object(new) = new {
                own.extend(new);
            }
        }
        Some(_) => {}
        None => list.push(new),
    }
}

/// Which values are meant. Without a filter it is the primary one, or the only one: a part of several at once would
/// make them alike.
fn selected(list: &[Value], attribute: &Attribute, selection: Option<&Filter>) -> Result<Vec<usize>, Refusal> {
    let is_meant: &dyn Fn(&Value) -> bool = match selection {
        Some(filter) => &|element| is_selected(element, filter),
        None if list.len() <= 1 => &|_| true,
        None => &is_primary,
    };
    let meant: Vec<usize> = (0..list.len()).filter(|index| is_meant(&list[*index])).collect();
    match meant.is_empty() && selection.is_none() && !list.is_empty() {
        true => Err(Refusal::NoTarget { attribute: attribute.name.to_owned() }),
        false => Ok(meant),
    }
}

fn is_selected(element: &Value, filter: &Filter) -> bool {
    element.as_object().is_some_and(|map| filter.matches(map))
}

/// What a value is that is not there yet.
fn asserted(attribute: &Attribute, selection: Option<&Filter>) -> Result<Map<String, Value>, Refusal> {
    match selection {
        None => Ok(Map::new()),
        Some(filter) => filter.assertion().ok_or(Refusal::NoTarget { attribute: attribute.name.to_owned() }),
    }
}

fn set_part(element: &mut Value, sub: &Attribute, value: Option<Value>) {
    if let Value::Object(map) = element {
        map.remove(sub.name);
        map.extend(value.map(|value| (sub.name.to_owned(), value)));
    }
}

/// The value that becomes the primary one takes it from the one that was (RFC 7644 §3.5.2).
fn give_up_primary(list: &mut [Value], attribute: &Attribute, was: &Value) {
    if list.iter().filter(|element| is_primary(element)).count() > 1 {
        for element in list.iter_mut().filter(|element| is_primary(element) && is_same(attribute, element, was)) {
            element["primary"] = false.into();
        }
    }
}

/// Whether two values are one: the same `value` for the same purpose, or the same in everything where there is none.
fn is_same(attribute: &Attribute, own: &Value, other: &Value) -> bool {
    match (text(own, "value"), text(other, "value")) {
        (Some(_), Some(_)) => includes(attribute, own, other) && is_same_kind(text(own, "type"), text(other, "type")),
        (None, None) => without_primary(own) == without_primary(other),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a value is the one that is named, by its `value` and by its `type` where that is named.
fn includes(attribute: &Attribute, own: &Value, named: &Value) -> bool {
    let is_case_exact = attribute.value().is_some_and(|value| value.is_case_exact);
    let is_equal = |own: &str, named: &str| if is_case_exact { own == named } else { is_same_text(own, named) };
    match (text(own, "value"), text(named, "value")) {
        (Some(own_value), Some(value)) => {
            let kind = text(named, "type");
            is_equal(own_value, value) && (kind.is_none() || is_same_kind(text(own, "type"), kind))
        }
        (_, Some(_)) => false,
        (_, None) => {
            let (Some(own), Some(named)) = (own.as_object(), named.as_object()) else { return false };
            named.iter().all(|(name, value)| own.get(name) == Some(value))
        }
    }
}

fn is_same_kind(own: Option<&str>, other: Option<&str>) -> bool {
    match (own, other) {
        (Some(own), Some(other)) => is_same_text(own, other),
        (own, other) => own == other,
    }
}

fn without_primary(element: &Value) -> Vec<(&String, &Value)> {
    element.as_object().into_iter().flatten().filter(|(name, _)| *name != "primary").collect()
}

fn text<'a>(element: &'a Value, name: &str) -> Option<&'a str> {
    element.get(name).and_then(Value::as_str)
}
