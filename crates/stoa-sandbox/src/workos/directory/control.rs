//! The part of `/sandbox` by which a directory changes, as its identity provider would change it.

use axum::extract::State;
use axum::response::Redirect;
use axum::routing::post;
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::{DIRECTORY, Directories, NewDirectoryUser, Shared};
use crate::control;

pub(in super::super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sandbox/directory/user", post(user))
        .route("/sandbox/directory/group", post(group))
        .route("/sandbox/directory/member", post(member))
}

#[derive(Debug, Deserialize)]
struct UserForm {
    /// WorkOS's id; empty: somebody new.
    #[serde(default)]
    user: String,
    #[serde(default)]
    email: String,
    /// `add`, `activate`, `deactivate` or `remove`.
    does: String,
}

async fn user(State(shared): State<Shared>, Form(form): Form<UserForm>) -> Redirect {
    let now = shared.config.clock.now();
    let state = |state: &str| {
        let state = state.to_owned();
        shared.change_user(DIRECTORY, &form.user, now, |user| user.state = state);
    };
    match form.does.as_str() {
        "add" => drop(shared.add_user(DIRECTORY, &NewDirectoryUser::sample(&form.email, &form.email), now)),
        "activate" => state("active"),
        "deactivate" => state("inactive"),
        "remove" => shared.remove_user(DIRECTORY, &form.user, now),
        _ => {}
    }
    control::back()
}

#[derive(Debug, Deserialize)]
struct GroupForm {
    name: String,
}

async fn group(State(shared): State<Shared>, Form(form): Form<GroupForm>) -> Redirect {
    shared.add_group(DIRECTORY, &form.name, shared.config.clock.now());
    control::back()
}

#[derive(Debug, Deserialize)]
struct MemberForm {
    group: String,
    user: String,
    /// `add` or `remove`.
    does: String,
}

async fn member(State(shared): State<Shared>, Form(form): Form<MemberForm>) -> Redirect {
    shared.member(DIRECTORY, (&form.group, &form.user), form.does == "add", shared.config.clock.now());
    control::back()
}

/// People, groups, and what was sent.
pub(in super::super) fn page(all: &Directories) -> Markup {
    html! {
        @for directory in &all.directories {
            h2 { "Directory " (directory.id) }
            form method="post" action="/sandbox/directory/user" {
                label { "Email" input name="email" type="email" required; }
                button name="does" value="add" { "Add person" }
            }
            form method="post" action="/sandbox/directory/group" {
                label { "Name" input name="name" required; }
                button { "Add group" }
            }
            @for user in &directory.users {
                form method="post" action="/sandbox/directory/user" {
                    input type="hidden" name="user" value=(user.id);
                    (user.email.as_deref().unwrap_or("–")) " (" (user.state) ") "
                    @if user.state == "active" {
                        button name="does" value="deactivate" { "Deactivate" }
                    } @else {
                        button name="does" value="activate" { "Activate" }
                    }
                    button name="does" value="remove" { "Remove" }
                }
            }
            @if !directory.users.is_empty() && !directory.groups.is_empty() {
                form method="post" action="/sandbox/directory/member" {
                    select name="user" { @for user in &directory.users {
                        option value=(user.id) { (user.email.as_deref().unwrap_or(&user.id)) }
                    } }
                    select name="group" { @for group in &directory.groups { option value=(group.id) { (group.name) } } }
                    button name="does" value="add" { "Add to group" }
                    button name="does" value="remove" { "Remove from group" }
                }
            }
        }
        h2 { "Events sent" }
        ul { @for delivery in all.deliveries.iter().rev().take(20) {
            li { (delivery.kind) " " (delivery.tries.last().map_or(0, |tried| tried.status)) }
        } }
    }
}
