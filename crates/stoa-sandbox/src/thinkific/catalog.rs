//! What the school teaches.

use serde::Serialize;

/// A course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Course {
    /// Thinkific's id.
    pub id: u64,
    /// The last part of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether whoever is signed in may take it, without an enrollment.
    pub is_free: bool,
    /// Whether it was made in the new course builder, whose courses the Admin API's lists leave out.
    pub in_new_builder: bool,
}

impl Course {
    /// Courses to begin with: two that are free to whoever is signed in, two that need an enrollment, and one of those
    /// that the Admin API does not list.
    pub fn samples() -> Vec<Self> {
        [
            ("welcome", "Welcome"),
            ("safety-basics", "Safety basics"),
            ("data-protection", "Data protection"),
            ("leading-teams", "Leading teams"),
            ("new-builder", "Made in the new course builder"),
        ]
        .into_iter()
        .zip(1..)
        .map(|((slug, name), id)| Self {
            id,
            slug: slug.to_owned(),
            name: name.to_owned(),
            is_free: id <= 2,
            in_new_builder: id == 5,
        })
        .collect()
    }

    /// The product that it is sold as.
    pub fn product_id(&self) -> u64 {
        100 + self.id
    }
}

/// Courses that are sold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bundle {
    /// Thinkific's id.
    pub id: u64,
    /// The last part of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The courses in it.
    pub course_ids: Vec<u64>,
}

impl Bundle {
    /// One bundle to begin with.
    pub fn samples() -> Vec<Self> {
        let (slug, name) = ("onboarding".to_owned(), "Onboarding".to_owned());
        vec![Self { id: 51, slug, name, course_ids: vec![3, 4] }]
    }

    /// The product that it is sold as.
    pub fn product_id(&self) -> u64 {
        100 + self.id
    }
}

/// A field that a school adds to its people's profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    /// What it is called.
    pub label: String,
    /// Whether nobody may be made without it, unless the call says `skip_custom_fields_validation`.
    pub is_required: bool,
}
