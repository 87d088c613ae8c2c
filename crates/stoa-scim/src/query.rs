//! What a list is asked for: the parameters of an address, or the body of `.search` (RFC 7644 §3.4.2, §3.4.3).

use serde_json::Value;

use crate::filter::Filter;
use crate::json;
use crate::list::Paging;
use crate::profile::check_schemas;
use crate::projection::Projection;
use crate::refusal::Refusal;
use crate::schema::{ResourceType, SEARCH_URN};
use crate::sort::Sort;

/// What a list, or one resource, is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Which resources.
    pub filter: Option<Filter>,
    /// In which order; without one the caller has a stable one of its own.
    pub sort: Option<Sort>,
    /// Which part of them.
    pub paging: Paging,
    /// Which attributes of each.
    pub projection: Projection,
}

#[derive(Default)]
struct Texts<'a> {
    filter: Option<&'a str>,
    sort_by: Option<&'a str>,
    sort_order: Option<&'a str>,
    start_index: Option<&'a str>,
    count: Option<&'a str>,
    attributes: Option<&'a str>,
    excluded_attributes: Option<&'a str>,
}

impl Query {
    /// From the decoded parameters of an address. A parameter that is not SCIM's is left alone (a tenant's address may
    /// end with `?aadOptscim062020`); one that stands there twice is refused, since it says two things.
    pub fn from_parameters<'a>(
        resource: ResourceType,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Refusal> {
        let mut texts = Texts::default();
        for (name, value) in parameters {
            let Some((name, slot)) = texts.slot(name) else { continue };
            if slot.replace(value).is_some() {
                return Err(Refusal::Parameter { name });
            }
        }
        let paging = Paging::from_texts(texts.start_index, texts.count)?;
        let split = |names: Option<&'a str>| -> Vec<&'a str> {
            names.into_iter().flat_map(|names| names.split(',')).filter(|name| !name.trim().is_empty()).collect()
        };
        let projection = Projection::new(resource, &split(texts.attributes), &split(texts.excluded_attributes))?;
        Ok(Self { paging, projection, ..Self::of(resource, texts.filter, texts.sort_by, texts.sort_order)? })
    }

    /// From the body of `.search`.
    pub fn from_search(resource: ResourceType, body: &[u8]) -> Result<Self, Refusal> {
        let map = json::object(body)?;
        check_schemas(&map, SEARCH_URN)?;
        let given = |name| json::member(&map, name).filter(|value| !value.is_null());
        let text =
            |name: &'static str| given(name).map(|value| value.as_str().ok_or(Refusal::Parameter { name })).transpose();
        let number =
            |name: &'static str| given(name).map(|value| value.as_i64().ok_or(Refusal::Parameter { name })).transpose();
        let names = |name: &'static str| {
            let wrong = Refusal::Parameter { name };
            match given(name) {
                None => Ok(Vec::new()),
                Some(Value::Array(names)) => names.iter().map(Value::as_str).collect::<Option<Vec<_>>>().ok_or(wrong),
                Some(_) => Err(wrong),
            }
        };
        let paging = Paging::new(number("startIndex")?, number("count")?);
        let projection = Projection::new(resource, &names("attributes")?, &names("excludedAttributes")?)?;
        Ok(Self { paging, projection, ..Self::of(resource, text("filter")?, text("sortBy")?, text("sortOrder")?)? })
    }

    fn of(
        resource: ResourceType,
        filter: Option<&str>,
        sort_by: Option<&str>,
        sort_order: Option<&str>,
    ) -> Result<Self, Refusal> {
        let filter = filter.map(|text| Filter::parse(resource, text)).transpose()?;
        let sort = sort_by.map(|by| Sort::new(resource, by, sort_order)).transpose()?;
        Ok(Self { filter, sort, ..Self::default() })
    }
}

impl<'a> Texts<'a> {
    fn slot(&mut self, name: &str) -> Option<(&'static str, &mut Option<&'a str>)> {
        let slots = [
            ("filter", &mut self.filter),
            ("sortBy", &mut self.sort_by),
            ("sortOrder", &mut self.sort_order),
            ("startIndex", &mut self.start_index),
            ("count", &mut self.count),
            ("attributes", &mut self.attributes),
            ("excludedAttributes", &mut self.excluded_attributes),
        ];
        slots.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name))
    }
}
