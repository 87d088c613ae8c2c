//! One parser of filters (RFC 7644 §3.4.2.2) and of PATCH paths (§3.5.2).
//!
//! By hand, in one pass, with a bound on everything: docs/decisions/0026-scim-by-hand.md has what was tried instead.

use crate::filter::{Filter, Operand, Operator, Term, Test};
use crate::limits::{FILTER_BYTES, FILTER_DEPTH, FILTER_TERMS, PATH_BYTES, PATH_TERMS};
use crate::name::{self, AttributePath, Name};
use crate::refusal::Refusal;
use crate::schema::{Attribute, AttributeType, ResourceType};
use crate::text::quoted;

/// Names of no schema that clients compare in filters, and what they mean: PingOne's own example has `email Co "x"`.
const ALIASES: &[(&str, &str)] = &[("email", "emails.value"), ("mail", "emails.value")];

/// What a PATCH path means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Path {
    /// An attribute, perhaps only some of its values, perhaps only a part of each.
    Attribute { path: AttributePath, selection: Option<Filter> },
    /// An extension as a whole.
    Extension(&'static crate::schema::Schema),
    /// An extension that is not known here, or an attribute of one.
    Opaque(String),
    /// No attribute of ours.
    Unknown,
}

impl Filter {
    /// Reads a filter over resources of a type. What cannot be read is refused, and never a filter that yields all or
    /// nothing; so is a name that is no attribute.
    pub fn parse(resource: ResourceType, text: &str) -> Result<Self, Refusal> {
        if text.len() > FILTER_BYTES {
            return Err(Refusal::FilterBound { what: "bytes", limit: FILTER_BYTES });
        }
        let mut parser = Parser::new(text, Scope::Resource(resource), FILTER_TERMS);
        let filter = parser.any_of()?;
        parser.skip_blanks();
        match parser.rest().is_empty() {
            true => Ok(filter),
            false => Err(parser.missing("\"and\", \"or\" or the end")),
        }
    }
}

/// Parses a PATCH path.
pub(crate) fn path(resource: ResourceType, text: &str) -> Result<Path, Refusal> {
    let text = text.trim();
    if text.len() > PATH_BYTES {
        return Err(Refusal::PathSyntax { at: PATH_BYTES });
    }
    let mut parser = Parser::new(text, Scope::Resource(resource), PATH_TERMS);
    let name = parser.word();
    if !name::is_name(name) {
        return Err(Refusal::PathSyntax { at: parser.position() });
    }
    let is_whole = parser.rest().is_empty();
    if !is_whole && !parser.rest().starts_with('[') {
        return Err(Refusal::PathSyntax { at: parser.position() });
    }
    let path = match name::resolve(resource, name) {
        Name::Attribute(path) => path,
        Name::Extension(schema) if is_whole => return Ok(Path::Extension(schema)),
        Name::Opaque(urn) if is_whole => return Ok(Path::Opaque(urn)),
        Name::Extension(_) | Name::Opaque(_) | Name::Unknown => return Ok(Path::Unknown),
    };
    if is_whole {
        return Ok(Path::Attribute { path, selection: None });
    }
    if path.sub.is_some() || !path.attribute.is_multi || path.attribute.sub.is_empty() {
        return Err(Refusal::PathSyntax { at: parser.position() });
    }
    let selection = Some(parser.brackets(path.attribute)?);
    let sub = parser.sub_name()?;
    if !parser.rest().is_empty() {
        return Err(Refusal::PathSyntax { at: parser.position() });
    }
    let Some(sub) = sub else { return Ok(Path::Attribute { path, selection }) };
    Ok(match path.attribute.sub(sub) {
        Some(sub) => Path::Attribute { path: AttributePath { sub: Some(sub), ..path }, selection },
        None => Path::Unknown,
    })
}

/// Where names are looked up.
#[derive(Clone, Copy)]
enum Scope {
    Resource(ResourceType),
    /// Within brackets: the sub-attributes of this one.
    Within(&'static Attribute),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    scope: Scope,
    depth: usize,
    terms: usize,
    max_terms: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, scope: Scope, max_terms: usize) -> Self {
        Self { text, at: 0, scope, depth: 0, terms: 0, max_terms }
    }

    /// Terms between `or`.
    fn any_of(&mut self) -> Result<Filter, Refusal> {
        let mut terms = vec![self.all_of()?];
        while self.takes_keyword("or") {
            terms.push(self.all_of()?);
        }
        Ok(single_or(terms, Filter::Or))
    }

    /// Terms between `and`, which binds more than `or`.
    fn all_of(&mut self) -> Result<Filter, Refusal> {
        let mut terms = vec![self.factor()?];
        while self.takes_keyword("and") {
            terms.push(self.factor()?);
        }
        Ok(single_or(terms, Filter::And))
    }

    fn factor(&mut self) -> Result<Filter, Refusal> {
        self.skip_blanks();
        if self.rest().starts_with('(') {
            return self.parentheses();
        }
        let start = self.at;
        if self.word().eq_ignore_ascii_case("not") {
            self.skip_blanks();
            if self.rest().starts_with('(') {
                return Ok(Filter::Not(Box::new(self.parentheses()?)));
            }
        }
        self.at = start;
        self.comparison()
    }

    fn parentheses(&mut self) -> Result<Filter, Refusal> {
        self.open()?;
        let filter = self.any_of()?;
        self.close(')', "\")\"")?;
        Ok(filter)
    }

    /// `[…]` behind a multi-valued attribute.
    fn brackets(&mut self, attribute: &'static Attribute) -> Result<Filter, Refusal> {
        if !self.rest().starts_with('[') {
            return Err(self.missing("\"[\""));
        }
        self.open()?;
        let outer = std::mem::replace(&mut self.scope, Scope::Within(attribute));
        let filter = self.any_of()?;
        self.scope = outer;
        self.close(']', "\"]\"")?;
        Ok(filter)
    }

    fn open(&mut self) -> Result<(), Refusal> {
        self.at += 1;
        self.depth += 1;
        match self.depth > FILTER_DEPTH {
            true => Err(Refusal::FilterBound { what: "parentheses inside each other", limit: FILTER_DEPTH }),
            false => Ok(()),
        }
    }

    fn close(&mut self, sign: char, wanted: &'static str) -> Result<(), Refusal> {
        self.skip_blanks();
        if !self.rest().starts_with(sign) {
            return Err(self.missing(wanted));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// `path pr`, `path eq "x"`, `path[…]`, `path[…].sub eq "x"`.
    fn comparison(&mut self) -> Result<Filter, Refusal> {
        let path = self.attribute()?;
        if !self.rest().starts_with('[') {
            return Ok(Filter::Term(self.test(path)?));
        }
        let is_list = path.sub.is_none() && path.attribute.is_multi && !path.attribute.sub.is_empty();
        if !is_list || matches!(self.scope, Scope::Within(_)) {
            return Err(self.missing("a comparison"));
        }
        let filter = Box::new(self.brackets(path.attribute)?);
        // Not in the RFC's grammar, and in Entra's matching query: emails[type eq "work"].value eq "…".
        let then = match self.sub_name()? {
            Some(sub) => {
                let unknown = || Refusal::FilterAttribute { name: quoted(sub) };
                let sub = path.attribute.sub(sub).ok_or_else(unknown)?;
                Some(self.test(AttributePath::of(sub))?)
            }
            None => None,
        };
        Ok(Filter::Within { path, filter, then })
    }

    fn attribute(&mut self) -> Result<AttributePath, Refusal> {
        self.skip_blanks();
        let start = self.at;
        let name = self.word();
        if !name::is_name(name) {
            self.at = start;
            return Err(self.missing("the name of an attribute"));
        }
        let resolved = match self.scope {
            Scope::Within(attribute) => name::resolve_within(attribute, name),
            Scope::Resource(resource) => {
                let meant = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
                match name::resolve(resource, meant.map_or(name, |(_, meant)| meant)) {
                    Name::Attribute(path) => Some(path),
                    Name::Extension(_) | Name::Opaque(_) | Name::Unknown => None,
                }
            }
        };
        resolved.ok_or_else(|| Refusal::FilterAttribute { name: quoted(name) })
    }

    /// `.sub` behind a bracket.
    fn sub_name(&mut self) -> Result<Option<&'a str>, Refusal> {
        if !self.rest().starts_with('.') {
            return Ok(None);
        }
        self.at += 1;
        let name = self.word();
        match name::is_name(name) {
            true => Ok(Some(name)),
            false => Err(self.missing("the name of an attribute")),
        }
    }

    /// The operator and what it compares with.
    fn test(&mut self, path: AttributePath) -> Result<Term, Refusal> {
        self.terms += 1;
        if self.terms > self.max_terms {
            return Err(Refusal::FilterBound { what: "comparisons", limit: self.max_terms });
        }
        self.skip_blanks();
        let start = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Term { path, test: Test::Present });
        }
        let Some(operator) = Operator::parse(word) else {
            self.at = start;
            return Err(self.missing("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)"));
        };
        let path = compared(path, operator)?;
        let operand = self.operand(&path, operator)?;
        Ok(Term { path, test: Test::Compare(operator, operand) })
    }

    /// A text in quotation marks, or a word without: `true`, `null`, and the values that Entra's own example and
    /// authentik send bare.
    fn operand(&mut self, path: &AttributePath, operator: Operator) -> Result<Operand, Refusal> {
        self.skip_blanks();
        let is_quoted = self.rest().starts_with('"');
        let text = match is_quoted {
            true => self.quoted_text()?,
            false => self.word().to_owned(),
        };
        if !is_quoted && text.is_empty() {
            return Err(self.missing("a value"));
        }
        let is_null = !is_quoted && text.eq_ignore_ascii_case("null");
        if is_null && matches!(operator, Operator::Eq | Operator::Ne) {
            return Ok(Operand::Null);
        }
        let leaf = path.leaf();
        let wrong = || Refusal::FilterValue { attribute: path.to_string(), wanted: leaf.kind.wanted() };
        match leaf.kind {
            AttributeType::Boolean => boolean(&text).map(Operand::Boolean).ok_or_else(wrong),
            AttributeType::DateTime => text.parse().map(Operand::Instant).map_err(|_| wrong()),
            AttributeType::Text | AttributeType::Reference | AttributeType::Binary | AttributeType::Complex => {
                Ok(Operand::Text(text))
            }
        }
    }

    /// A JSON string.
    fn quoted_text(&mut self) -> Result<String, Refusal> {
        let mut is_escaped = false;
        let end = self.rest().char_indices().skip(1).find(|(_, c)| {
            let is_end = *c == '"' && !is_escaped;
            is_escaped = *c == '\\' && !is_escaped;
            is_end
        });
        let Some((end, _)) = end else { return Err(self.missing("a closing quotation mark")) };
        let read = serde_json::from_str(&self.rest()[..=end]);
        let text = read.map_err(|_| self.missing("a JSON string"))?;
        self.at += end + 1;
        Ok(text)
    }

    fn takes_keyword(&mut self, keyword: &str) -> bool {
        let start = self.at;
        self.skip_blanks();
        let is_apart = self.at > start || self.text[..start].ends_with([')', ']', '"']);
        if is_apart && self.word().eq_ignore_ascii_case(keyword) {
            return true;
        }
        self.at = start;
        false
    }

    /// Up to a blank, a parenthesis, a bracket or a quotation mark.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Where it stands, in characters from 1.
    fn position(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    fn missing(&self, wanted: &'static str) -> Refusal {
        Refusal::FilterSyntax { at: self.position(), wanted }
    }
}

/// What an operator compares: of a complex attribute its `value`. Truth values are equal or not, and nothing else.
fn compared(path: AttributePath, operator: Operator) -> Result<AttributePath, Refusal> {
    let refused = || Refusal::FilterOperator { attribute: path.to_string(), operator: operator.as_str() };
    let path = match path.leaf().kind {
        AttributeType::Complex => AttributePath { sub: Some(path.leaf().value().ok_or_else(refused)?), ..path },
        AttributeType::Text
        | AttributeType::Boolean
        | AttributeType::DateTime
        | AttributeType::Reference
        | AttributeType::Binary => path,
    };
    let is_lawful = match path.leaf().kind {
        AttributeType::Boolean | AttributeType::Binary => matches!(operator, Operator::Eq | Operator::Ne),
        AttributeType::DateTime => !matches!(operator, Operator::Co | Operator::Sw | Operator::Ew),
        AttributeType::Text | AttributeType::Reference | AttributeType::Complex => true,
    };
    if is_lawful { Ok(path) } else { Err(refused()) }
}

/// `true` and `false`, also with capitals.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match () {
        () if text.eq_ignore_ascii_case("true") => Some(true),
        () if text.eq_ignore_ascii_case("false") => Some(false),
        () => None,
    }
}

fn single_or(mut terms: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match terms.len() {
        1 => terms.remove(0),
        _ => many(terms),
    }
}
