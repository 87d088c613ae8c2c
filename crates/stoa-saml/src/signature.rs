//! XML Signature, in the one shape that SAML core §5.4 leaves: enveloped, one Reference, two transforms.
//!
//! [`verify_enveloped`] **returns** the element that was signed. Nothing else makes a [`SignedElement`], so what
//! takes one can be sure of the bytes it reads.

use aws_lc_rs::digest::Digest;
use roxmltree::{Node, NodeId};

use crate::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use crate::base64_text::decode_element;
use crate::c14n::{Subset, canonical_digest};
use crate::certificate::Certificate;
use crate::refusal::{Refusal, RefusalCode};
use crate::trust::Candidates;
use crate::xml::{self, is, ns};

pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Exclusive c14n that keeps comments (Exc-C14N §4): of what has none it is the same octets.
const WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
/// More than any identity provider lists, and a bound on the work of canonicalization.
const MAX_PREFIXES: usize = 32;
/// Of all listed prefixes, in bytes: each is compared with those in scope.
const MAX_PREFIX_LIST: usize = 512;

/// What the canonical form is written into at first; most are shorter.
const BUFFER: usize = 80 * 1024;

/// An element whose canonical form, without the signature inside, a pinned key has signed.
#[derive(Clone, Copy)]
pub(crate) struct SignedElement<'a, 'i> {
    element: Node<'a, 'i>,
    key: &'a Certificate,
}

impl<'a, 'i> SignedElement<'a, 'i> {
    pub(crate) fn element(&self) -> Node<'a, 'i> {
        self.element
    }

    pub(crate) fn fingerprint(&self) -> &'a str {
        self.key.fingerprint()
    }
}

/// Verifies `signature`, a child of `element`, over `element` (XML Signature 1.1 §3.2).
///
/// The signature over SignedInfo comes first: what it says about digest and transforms is believed only then.
pub(crate) fn verify_enveloped<'a, 'i>(
    element: Node<'a, 'i>,
    signature: Node<'a, 'i>,
    keys: Candidates<'a>,
) -> Result<SignedElement<'a, 'i>, Refusal> {
    let shape = Shape::read(element, signature)?;
    let mut buffer = Vec::with_capacity(element.range().len().min(BUFFER));
    let signed_info = Subset { apex: shape.signed_info, without: None, inclusive: &shape.signed_info_prefixes };
    let signed_info = canonical_digest(signed_info, shape.algorithm.digest(), &mut buffer);
    let key = signer(&shape, &signed_info, keys)?;

    let subset = Subset { apex: element, without: Some(shape.signature), inclusive: &shape.prefixes };
    if canonical_digest(subset, shape.digest_algorithm, &mut buffer).as_ref() != shape.digest {
        return Err(RefusalCode::DigestMismatch.into());
    }
    Ok(SignedElement { element, key })
}

/// The pinned key that made the signature. `KeyInfo` is no source of keys, nor a hint.
fn signer<'a>(shape: &Shape<'_, '_>, signed_info: &Digest, keys: Candidates<'a>) -> Result<&'a Certificate, Refusal> {
    let mut fits = false;
    for (index, certificate) in keys.in_order() {
        if let Some(key) = certificate.verification_key().for_algorithm(shape.algorithm) {
            fits = true;
            if key.verify_digest_sig(signed_info, &shape.value).is_ok() {
                keys.remember(index);
                return Ok(certificate);
            }
        }
    }
    let code = if fits { RefusalCode::SignatureMismatch } else { RefusalCode::KeyTypeMismatch };
    // Enough of each to tell them apart; it is for people to read.
    let trusted: Vec<_> = keys.all().iter().map(|key| format!("{:.16}…", key.fingerprint())).collect();
    Err(Refusal::from(code).wanted(&trusted.join(", ")).got(shape.algorithm.uri()))
}

/// A signature that has the one accepted shape.
struct Shape<'a, 'i> {
    signature: NodeId,
    signed_info: Node<'a, 'i>,
    signed_info_prefixes: Vec<&'a str>,
    algorithm: SignatureAlgorithm,
    prefixes: Vec<&'a str>,
    digest_algorithm: DigestAlgorithm,
    digest: Vec<u8>,
    value: Vec<u8>,
}

impl<'a, 'i> Shape<'a, 'i> {
    fn read(element: Node<'a, 'i>, signature: Node<'a, 'i>) -> Result<Self, Refusal> {
        let mut children = xml::elements(signature).map_err(malformed)?;
        let signed_info = next(&mut children, "SignedInfo")?;
        let value = next(&mut children, "SignatureValue")?;
        if children.next().is_some_and(|last| !is(last, ns::DSIG, "KeyInfo")) || children.next().is_some() {
            return Err(RefusalCode::SignatureMalformed.into());
        }

        let mut children = xml::elements(signed_info).map_err(malformed)?;
        let canonicalization = next(&mut children, "CanonicalizationMethod")?;
        let method = next(&mut children, "SignatureMethod")?;
        let reference = next(&mut children, "Reference").map_err(|_| RefusalCode::ReferenceCount)?;
        if children.next().is_some() {
            return Err(RefusalCode::ReferenceCount.into());
        }
        let (prefixes, digest_algorithm, digest) = read_reference(element, signature, reference)?;
        Ok(Self {
            signature: signature.id(),
            signed_info,
            signed_info_prefixes: exclusive_c14n(canonicalization, signed_info, None)?,
            algorithm: signature_algorithm(method)?,
            prefixes,
            digest_algorithm,
            digest,
            value: octets(value)?,
        })
    }
}

type Reference<'a> = (Vec<&'a str>, DigestAlgorithm, Vec<u8>);

/// XML Signature 1.1 §4.4.3, with SAML core §5.4.2: the reference is to the element that holds the signature.
fn read_reference<'a, 'i>(
    element: Node<'a, 'i>,
    signature: Node<'a, 'i>,
    reference: Node<'a, 'i>,
) -> Result<Reference<'a>, Refusal> {
    let id = element.attribute("ID").unwrap_or_default();
    let uri = reference.attribute("URI").unwrap_or_default();
    if id.is_empty() || uri.strip_prefix('#') != Some(id) {
        return Err(Refusal::from(RefusalCode::ReferenceUri).wanted(&format!("#{id}")).got(uri));
    }
    let mut children = xml::elements(reference).map_err(malformed)?;
    let transforms = next(&mut children, "Transforms")?;
    let method = next(&mut children, "DigestMethod")?;
    let value = next(&mut children, "DigestValue")?;
    if children.next().is_some() {
        return Err(RefusalCode::SignatureMalformed.into());
    }
    let canonical = read_transforms(transforms)?;
    let prefixes = exclusive_c14n(canonical, element, Some(signature))?;
    Ok((prefixes, digest_algorithm(method)?, octets(value)?))
}

/// SAML core §5.4.4: enveloped-signature, then a canonicalization, which is returned, and nothing else.
fn read_transforms<'a, 'i>(transforms: Node<'a, 'i>) -> Result<Node<'a, 'i>, Refusal> {
    let mut children = xml::elements(transforms).map_err(malformed)?;
    let refused = || Refusal::from(RefusalCode::TransformRefused);
    let enveloped = next(&mut children, "Transform").map_err(|_| refused())?;
    let algorithm = enveloped.attribute("Algorithm").unwrap_or_default();
    if algorithm != ENVELOPED || !xml::is_bare(enveloped) {
        return Err(refused().wanted(ENVELOPED).got(algorithm));
    }
    let canonical = next(&mut children, "Transform").map_err(|_| refused())?;
    if children.next().is_some() { Err(refused()) } else { Ok(canonical) }
}

/// The prefixes of `InclusiveNamespaces` (Exc-C14N §4) by which `of` is canonicalized, but for `without` in it. An
/// algorithm other than exclusive c14n is refused, and so is the one with comments where there are any.
fn exclusive_c14n<'a>(
    method: Node<'a, '_>,
    of: Node<'_, '_>,
    without: Option<Node<'_, '_>>,
) -> Result<Vec<&'a str>, Refusal> {
    let algorithm = method.attribute("Algorithm").unwrap_or_default();
    let is_taken = algorithm == ns::EXC_C14N || (algorithm == WITH_COMMENTS && !has_comments(of, without));
    if !is_taken {
        return Err(Refusal::from(RefusalCode::CanonicalizationRefused).wanted(ns::EXC_C14N).got(algorithm));
    }
    let mut children = xml::elements(method).map_err(malformed)?;
    let Some(list) = children.next() else { return Ok(Vec::new()) };
    if !is(list, ns::EXC_C14N, "InclusiveNamespaces") || !xml::is_bare(list) || children.next().is_some() {
        return Err(RefusalCode::CanonicalizationRefused.into());
    }
    let list = list.attribute("PrefixList").unwrap_or_default();
    if list.len() > MAX_PREFIX_LIST {
        return Err(RefusalCode::PrefixListRefused.into());
    }
    let prefixes: Vec<&str> = list
        .split(xml::SPACE)
        .filter(|prefix| !prefix.is_empty())
        .map(|prefix| if prefix == "#default" { "" } else { prefix })
        .take(MAX_PREFIXES + 1)
        .collect();
    if prefixes.len() > MAX_PREFIXES { Err(RefusalCode::PrefixListRefused.into()) } else { Ok(prefixes) }
}

/// The signature is an element, whose range has no part in what stands beside it.
fn has_comments(element: Node<'_, '_>, without: Option<Node<'_, '_>>) -> bool {
    let left_out = without.map(|node| node.range()).unwrap_or_default();
    element.descendants().any(|node| node.is_comment() && !left_out.contains(&node.range().start))
}

fn signature_algorithm(method: Node<'_, '_>) -> Result<SignatureAlgorithm, Refusal> {
    let uri = method.attribute("Algorithm").unwrap_or_default();
    SignatureAlgorithm::from_uri(uri)
        .filter(|_| xml::is_bare(method))
        .ok_or_else(|| Refusal::from(RefusalCode::SignatureAlgorithmRefused).got(uri))
}

fn digest_algorithm(method: Node<'_, '_>) -> Result<DigestAlgorithm, Refusal> {
    let uri = method.attribute("Algorithm").unwrap_or_default();
    DigestAlgorithm::from_uri(uri)
        .filter(|_| xml::is_bare(method))
        .ok_or_else(|| Refusal::from(RefusalCode::DigestAlgorithmRefused).got(uri))
}

fn octets(value: Node<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let text = xml::text(value).map_err(malformed)?;
    decode_element(text).ok_or_else(|| RefusalCode::SignatureMalformed.into())
}

fn next<'a, 'i>(children: &mut impl Iterator<Item = Node<'a, 'i>>, name: &str) -> Result<Node<'a, 'i>, Refusal> {
    let malformed = || Refusal::from(RefusalCode::SignatureMalformed).wanted(name);
    children.next().filter(|&child| is(child, ns::DSIG, name)).ok_or_else(malformed)
}

fn malformed(_: Refusal) -> Refusal {
    RefusalCode::SignatureMalformed.into()
}
