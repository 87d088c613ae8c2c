//! A person (RFC 7643 §4.1). `password` is not among the attributes: it is left out of what arrives, unread.

use super::attribute::{Attribute, binary, boolean, complex, reference, text};

const PRIMARY: Attribute = boolean("primary", "Whether it is the first to use; true for one value at most");
const DISPLAY: Attribute = text("display", "As it is shown");

macro_rules! labelled {
    ($($name:ident = $value:expr, $types:expr;)+) => {
        $(static $name: &[Attribute] = &[$value, DISPLAY, text("type", "What it is for").canonical($types), PRIMARY];)+
    };
}

labelled! {
    EMAIL = text("value", "The address"), &["work", "home", "other"];
    PHONE = text("value", "The number"), &["work", "home", "mobile", "fax", "pager", "other"];
    IM = text("value", "The address"), &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"];
    PHOTO = reference("value", "Where the picture is"), &["photo", "thumbnail"];
    LABEL = text("value", "The value"), &[];
    CERTIFICATE = binary("value", "The certificate, DER in base64"), &[];
}

static NAME: &[Attribute] = &[
    text("formatted", "The whole name as it is shown"),
    text("familyName", "Last name"),
    text("givenName", "First name"),
    text("middleName", "Middle names"),
    text("honorificPrefix", "What stands before the name"),
    text("honorificSuffix", "What stands after the name"),
];

static ADDRESS: &[Attribute] = &[
    text("formatted", "The whole address as it is shown"),
    text("streetAddress", "Street and number"),
    text("locality", "Town"),
    text("region", "State or region"),
    text("postalCode", "Postal code"),
    text("country", "Country, ISO 3166-1 alpha-2"),
    text("type", "What it is for").canonical(&["work", "home", "other"]),
    PRIMARY,
];

static GROUPS: &[Attribute] = &[
    text("value", "The group's id").exact().read_only(),
    reference("$ref", "The group's address").to(&["Group"]).read_only(),
    text("display", "The group's name").read_only(),
    text("type", "How they belong to it").canonical(&["direct"]).read_only(),
];

pub(super) static ATTRIBUTES: &[Attribute] = &[
    text("userName", "What they are known by at the client; need not be an address").required().unique(),
    complex("name", "Their name", NAME),
    text("displayName", "Their name as it is shown"),
    text("nickName", "What they are called"),
    reference("profileUrl", "Their own page"),
    text("title", "Their position"),
    text("userType", "How they belong to the company"),
    text("preferredLanguage", "The language they read, RFC 7231 §5.3.5"),
    text("locale", "Where they are, for formats"),
    text("timezone", "Their time zone, by its IANA name"),
    boolean("active", "Whether they may sign in"),
    complex("emails", "Their addresses", EMAIL).multi(),
    complex("phoneNumbers", "Their numbers", PHONE).multi(),
    complex("ims", "Their instant messengers", IM).multi(),
    complex("photos", "Pictures of them", PHOTO).multi(),
    complex("addresses", "Where they work or live", ADDRESS).multi(),
    complex("groups", "The groups they belong to; written through the groups", GROUPS).multi().read_only(),
    complex("entitlements", "What they have a right to", LABEL).multi(),
    complex("roles", "Their roles", LABEL).multi(),
    complex("x509Certificates", "Their certificates", CERTIFICATE).multi(),
];
