//! What an operation does to attributes.

use serde_json::{Map, Value};

use super::op::Op;
use super::{Draft, list};
use crate::filter::Filter;
use crate::ignored::Ignored;
use crate::name::AttributePath;
use crate::profile::{is_exact, kept_as_it_came};
use crate::refusal::Refusal;
use crate::schema::{Attribute, Schema};
use crate::shape::shaped;

/// What an operation names: an attribute, and of a list perhaps only some values.
type Target<'a> = (&'a AttributePath, Option<&'a Filter>);

/// Changes an attribute of the core or of the extension.
pub(super) fn change(draft: &mut Draft, op: Op, target: Target<'_>, value: Option<&Value>) -> Result<(), Refusal> {
    let (path, selection) = target;
    let attributes = &mut draft.profile.attributes;
    match path.extension {
        None => change_in(attributes, &mut draft.ignored, op, (path, selection), value)?,
        Some(schema) => {
            let mut extension = match attributes.remove(schema.id) {
                Some(Value::Object(map)) => map,
                Some(_) | None => Map::new(),
            };
            change_in(&mut extension, &mut draft.ignored, op, (path, selection), value)?;
            if !extension.is_empty() {
                attributes.insert(schema.id.to_owned(), extension.into());
            }
        }
    }
    Ok(())
}

/// Changes an extension as a whole: a removal takes it away, anything else changes the attributes that the value has.
pub(super) fn change_extension(
    draft: &mut Draft,
    op: Op,
    schema: &'static Schema,
    value: Option<&Value>,
) -> Result<(), Refusal> {
    if op == Op::Remove || value == Some(&Value::Null) {
        draft.profile.attributes.remove(schema.id);
        return Ok(());
    }
    let wrong = || Refusal::WrongType { attribute: schema.name.to_owned(), wanted: "an object" };
    for (name, value) in value.and_then(Value::as_object).ok_or_else(wrong)? {
        match schema.attribute(name) {
            Some(attribute) => {
                let path = AttributePath { extension: Some(schema), attribute, sub: None };
                change(draft, op, (&path, None), Some(value))?;
            }
            None => draft.ignored.note_within(schema.name, name),
        }
    }
    Ok(())
}

/// Changes an extension that is not known here, or an attribute of one: the last colon of the name divides the two,
/// unless the whole is an extension that there is or the value is an object.
pub(super) fn change_opaque(draft: &mut Draft, op: Op, urn: &str, value: Option<&Value>) {
    let Draft { profile, ignored, .. } = draft;
    let attributes = &mut profile.attributes;
    let own = |attributes: &Map<String, Value>, wanted: &str| {
        attributes.keys().find(|name| name.eq_ignore_ascii_case(wanted)).cloned()
    };
    let value = value.filter(|value| op != Op::Remove && !value.is_null());
    if let Some(Value::Object(map)) = value {
        let mut kept = kept_as_it_came(urn, map.clone(), ignored);
        let name = own(attributes, urn).unwrap_or_else(|| urn.to_owned());
        if let Some(Value::Object(before)) = attributes.remove(&name) {
            let is_named_again = |own: &str| kept.keys().any(|name| name.eq_ignore_ascii_case(own));
            let others: Vec<_> = before.into_iter().filter(|(own, _)| !is_named_again(own)).collect();
            kept.extend(others);
        }
        if !kept.is_empty() {
            attributes.insert(name, kept.into());
        }
        return;
    }
    if value.is_some_and(|value| !is_exact(value)) {
        ignored.note(urn);
        return;
    }
    if let Some(whole) = own(attributes, urn) {
        attributes.remove(&whole);
        return;
    }
    // What is before the colon has to be the name of an extension itself.
    let Some((prefix, name)) = urn.rsplit_once(':').filter(|(prefix, _)| prefix.matches(':').count() > 1) else {
        return;
    };
    let extension = own(attributes, prefix).unwrap_or_else(|| prefix.to_owned());
    let mut kept = match attributes.remove(&extension) {
        Some(Value::Object(map)) => map,
        Some(_) | None => Map::new(),
    };
    kept.retain(|own, _| !own.eq_ignore_ascii_case(name));
    kept.extend(value.map(|value| (name.to_owned(), value.clone())));
    if !kept.is_empty() {
        attributes.insert(extension, kept.into());
    }
}

fn change_in(
    container: &mut Map<String, Value>,
    ignored: &mut Ignored,
    op: Op,
    (path, selection): Target<'_>,
    value: Option<&Value>,
) -> Result<(), Refusal> {
    let attribute = path.attribute;
    let value = value.cloned().unwrap_or(Value::Null);
    if attribute.is_multi {
        let elements = match container.remove(attribute.name) {
            Some(Value::Array(elements)) => elements,
            Some(_) | None => Vec::new(),
        };
        let changed = list::changed(elements, ignored, op, (attribute, selection, path.sub), value)?;
        if !changed.is_empty() {
            container.insert(attribute.name.to_owned(), changed.into());
        }
        return Ok(());
    }
    match path.sub {
        None => change_single(container, ignored, op, attribute, value),
        Some(sub) => {
            let mut inner = match container.remove(attribute.name) {
                Some(Value::Object(map)) => map,
                Some(_) | None => Map::new(),
            };
            change_single(&mut inner, ignored, op, sub, value)?;
            if !inner.is_empty() {
                container.insert(attribute.name.to_owned(), inner.into());
            }
            Ok(())
        }
    }
}

/// Sets or takes away one value. Of a complex one, what is not named stays (RFC 7644 §3.5.2.3), unless it is a whole
/// by its `value`: another manager has another name.
fn change_single(
    container: &mut Map<String, Value>,
    ignored: &mut Ignored,
    op: Op,
    attribute: &'static Attribute,
    value: Value,
) -> Result<(), Refusal> {
    let shaped = match op {
        Op::Remove => None,
        Op::Add | Op::Replace => shaped(attribute, value, ignored)?,
    };
    let is_switched_off = attribute.name == "active" && container.get("active") == Some(&Value::Bool(false));
    match (shaped, container.get_mut(attribute.name)) {
        (None, _) if attribute.is_required => Err(Refusal::Required { attribute: attribute.name.to_owned() }),
        (None, _) if is_switched_off => Err(Refusal::SwitchedOff),
        (None, _) if op == Op::Add => Ok(()),
        (None, _) => {
            container.remove(attribute.name);
            Ok(())
        }
        (Some(Value::Object(new)), Some(Value::Object(old))) if attribute.value().is_none() => {
            old.extend(new);
            Ok(())
        }
        (Some(new), _) => {
            container.insert(attribute.name.to_owned(), new);
            Ok(())
        }
    }
}
