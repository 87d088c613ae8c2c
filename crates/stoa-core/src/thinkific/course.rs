//! Courses of a school, as its Admin API lists them.
//!
//! Source: Thinkific's Admin API description, "Courses". Courses of the new course builder are not in the list, although
//! people can be enrolled in them.

use serde::{Deserialize, Serialize};

use super::admin::{ApiAnswer, ApiMethod, ApiRequest, Page};
use crate::failure::Failure;

/// Courses on a page. The API's most.
const PAGE_COURSES: usize = 250;

/// A course of a school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// Thinkific's id.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// Asks for the school's courses: a page of them, counted from 1.
pub fn find_courses(page: u32) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/courses?limit={PAGE_COURSES}&page={page}"), body: None }
}

impl ApiAnswer {
    /// The answer to [`find_courses`].
    pub fn courses(&self) -> Result<Page<Course>, Failure> {
        self.page(PAGE_COURSES)
    }
}
