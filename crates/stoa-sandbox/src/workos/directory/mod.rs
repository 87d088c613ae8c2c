//! Directory Sync of the environment: a customer's people and groups, what is told of them, and what the API answers
//! (WorkOS API reference, "Directory Sync", "Events"; documentation, "Webhooks").

mod api;
mod control;
mod delivery;
mod records;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

pub use self::delivery::{Endpoint, EventDelivery, EventTry};
pub use self::records::{DirectoryGroup, DirectoryUser, NewDirectoryUser};

pub(super) use self::api::router;
pub(super) use self::control::{page, router as control};

use self::records::Directory;
use super::{ORGANIZATION, Shared, WorkOs};

/// The directory of the sandbox's own customer.
pub const DIRECTORY: &str = "directory_01UMBRELLA";
/// How long the Events API keeps an event.
const RETENTION: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);
/// How long the Events API hides an event from those who read on, as its readers have found.
const HIDDEN: jiff::SignedDuration = jiff::SignedDuration::from_secs(3);

/// What happened.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) organization: String,
    pub(super) at: Timestamp,
    pub(super) document: Value,
}

/// What becomes of a directory while somebody reads it.
#[derive(Clone, Debug)]
enum Later {
    /// It stands so.
    State(String),
    /// Nobody and nothing is in it.
    Empty,
}

/// The directories of the environment, and what was told of them.
#[derive(Debug, Default)]
pub(super) struct Directories {
    directories: Vec<Directory>,
    pub(super) events: Vec<Event>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) deliveries: Vec<EventDelivery>,
    /// When `directory_users` was asked for, for the limit of calls.
    pub(super) asked: Vec<std::time::Instant>,
    /// What the API answers after so many calls, whatever it is asked.
    pub(super) other_answers: Vec<(usize, u16, String)>,
    /// What becomes of the sandbox's own customer's directory after so many calls.
    later: Vec<(usize, Later)>,
    /// Whether lists of people have an entry that describes nobody.
    pub(super) is_strange: bool,
    is_held: bool,
    number: u64,
}

impl Directories {
    /// With the sandbox's own customer's, which is empty.
    pub(super) fn sample() -> Self {
        let own = Directory::new(DIRECTORY, ORGANIZATION, "Umbrella's directory");
        Self { directories: vec![own], ..Self::default() }
    }

    fn id(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("{kind}_01SANDBOX{:06}", self.number)
    }

    /// What this call is answered with, whatever it asks; before that, what is due by now happens.
    pub(super) fn other_answer(&mut self) -> Option<(u16, String)> {
        let (due, later) = std::mem::take(&mut self.later).into_iter().partition(|(calls, _)| *calls == 0);
        self.later = later;
        for (calls, _) in &mut self.later {
            *calls -= 1;
        }
        let due: Vec<(usize, Later)> = due;
        for directory in self.directories.iter_mut().filter(|directory| directory.id == DIRECTORY) {
            due.iter().for_each(|(_, later)| directory.becomes(later));
        }
        let due = self.other_answers.iter().position(|(calls, ..)| *calls == 0);
        let due = due.map(|at| self.other_answers.remove(at));
        for (calls, ..) in &mut self.other_answers {
            *calls = calls.saturating_sub(1);
        }
        due.map(|(_, status, body)| (status, body))
    }

    /// Something happened: an event, and a delivery of it to each endpoint.
    fn tell(&mut self, kind: &'static str, organization: &str, data: Value, now: Timestamp) {
        let id = self.id("event");
        let at = format!("{now:.3}");
        let document = json!({"id": id, "event": kind, "data": data, "created_at": at, "context": {}});
        let event = Event { id, kind, organization: organization.to_owned(), at: now, document };
        let targets: Vec<Endpoint> = self.endpoints.clone();
        self.deliveries.extend(targets.into_iter().map(|target| EventDelivery::new(target.url, &event, now)));
        self.events.push(event);
    }
}

impl WorkOs {
    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Directories, usize, Timestamp) -> T) -> Option<T> {
        let now = self.clock().now();
        let mut state = self.shared.state();
        let at = state.directories.directories.iter().position(|directory| directory.id == id)?;
        Some(change(&mut state.directories, at, now))
    }

    /// The identity provider tells WorkOS of a person; WorkOS's id of them.
    pub fn add_directory_user(&self, new: &NewDirectoryUser) -> String {
        self.shared.add_user(DIRECTORY, new, self.clock().now()).unwrap_or_default()
    }

    /// The identity provider tells WorkOS of a change of a person.
    pub fn change_directory_user(&self, user: &str, change: impl FnOnce(&mut DirectoryUser)) {
        self.shared.change_user(DIRECTORY, user, self.clock().now(), change);
    }

    /// A person is gone at the identity provider.
    pub fn remove_directory_user(&self, user: &str) {
        self.shared.remove_user(DIRECTORY, user, self.clock().now());
    }

    /// The identity provider tells WorkOS of a group; WorkOS's id of it.
    pub fn add_directory_group(&self, name: &str) -> String {
        self.shared.add_group(DIRECTORY, name, self.clock().now()).unwrap_or_default()
    }

    /// A group has another name.
    pub fn rename_directory_group(&self, group: &str, name: &str) {
        self.change(DIRECTORY, |all, at, now| {
            let Some(directory) = all.directories.get_mut(at) else { return };
            let Some(known) = directory.groups.iter_mut().find(|known| known.id == group) else { return };
            let before = json!({"name": known.name});
            (known.name, known.updated_at) = (name.to_owned(), now);
            let mut data = known.document();
            data["previous_attributes"] = before;
            let organization = directory.organization.clone();
            all.tell("dsync.group.updated", &organization, data, now);
        });
    }

    /// A group is gone. Of those who belonged to it nothing is told.
    pub fn remove_directory_group(&self, group: &str) {
        self.change(DIRECTORY, |all, at, now| {
            let Some(directory) = all.directories.get_mut(at) else { return };
            let Some(place) = directory.groups.iter().position(|known| known.id == group) else { return };
            let gone = directory.groups.remove(place);
            directory.members.retain(|(of, _)| of != group);
            let organization = directory.organization.clone();
            all.tell("dsync.group.deleted", &organization, gone.document(), now);
        });
    }

    /// A person comes into a group.
    pub fn add_directory_member(&self, group: &str, user: &str) {
        self.shared.member(DIRECTORY, (group, user), true, self.clock().now());
    }

    /// A person leaves a group.
    pub fn remove_directory_member(&self, group: &str, user: &str) {
        self.shared.member(DIRECTORY, (group, user), false, self.clock().now());
    }

    /// The directory is deleted at WorkOS. Of its people and groups nothing is told.
    pub fn delete_directory(&self) {
        self.change(DIRECTORY, |all, at, now| {
            let gone = all.directories.remove(at);
            let organization = gone.organization.clone();
            all.tell("dsync.deleted", &organization, gone.document("deleting"), now);
        });
    }

    /// A directory of another customer, in which something happens: every endpoint is told of it.
    pub fn happen_elsewhere(&self) {
        let now = self.clock().now();
        let mut state = self.shared.state();
        let user = DirectoryUser::new(
            "directory_user_01ELSEWHERE",
            &NewDirectoryUser::sample("00u9", "a@tricell.example"),
            now,
        );
        let data = user.document("directory_01TRICELL", "org_01TRICELL");
        state.directories.tell("dsync.user.created", "org_01TRICELL", data, now);
    }

    /// Something is told of a person that describes nobody.
    pub fn happen_strangely(&self) {
        let now = self.clock().now();
        let data = json!({"id": 7, "directory_id": DIRECTORY});
        self.shared.state().directories.tell("dsync.user.created", ORGANIZATION, data, now);
    }

    /// Tells an address of everything from now on; the secret that deliveries to it are signed with.
    pub fn subscribe_events(&self, url: &str) -> String {
        let secret = format!("whsec_{}", crate::web::token());
        self.shared.state().directories.endpoints.push(Endpoint { url: url.to_owned(), secret: secret.clone() });
        secret
    }

    /// Gives every endpoint another secret; the last one's.
    pub fn rotate_event_secrets(&self) -> String {
        let secret = format!("whsec_{}", crate::web::token());
        for endpoint in &mut self.shared.state().directories.endpoints {
            endpoint.secret.clone_from(&secret);
        }
        secret
    }

    /// Lets deliveries wait until [`Self::deliver_events`].
    pub fn hold_events(&self, is_held: bool) {
        self.shared.state().directories.is_held = is_held;
    }

    /// Sends what is due.
    pub async fn deliver_events(&self) {
        self.sender.send_due(&self.shared).await;
    }

    /// Every delivery, sent or not.
    pub fn event_deliveries(&self) -> Vec<EventDelivery> {
        self.shared.state().directories.deliveries.clone()
    }

    /// Loses what was not sent yet, as an endpoint that is away for days does.
    pub fn lose_events(&self) {
        self.shared.state().directories.deliveries.retain(|delivery| delivery.due.is_none());
    }

    /// The next call of the API about directories or events is answered with this.
    pub fn next_api_answer(&self, status: u16, body: &str) {
        self.api_answer_after(0, status, body);
    }

    /// One call of the API about directories or events is answered with this, after so many as usual.
    pub fn api_answer_after(&self, calls: usize, status: u16, body: &str) {
        self.shared.state().directories.other_answers.push((calls, status, body.to_owned()));
    }

    /// Whether lists of people have an entry that describes nobody.
    pub fn list_strangely(&self, is_strange: bool) {
        self.shared.state().directories.is_strange = is_strange;
    }

    /// How the directory stands from now on, in the API's words: `linked`, `unlinked`, `validating`,
    /// `invalid_credentials`, `deleting`. While it is validated or not connected, nobody is listed.
    pub fn set_directory_state(&self, state: &str) {
        self.become_at_once(&Later::State(state.to_owned()));
    }

    /// The same after so many calls of the API about directories or events.
    pub fn set_directory_state_after(&self, calls: usize, state: &str) {
        self.shared.state().directories.later.push((calls, Later::State(state.to_owned())));
    }

    /// Nobody and nothing is in the directory any more, and nothing is told of it.
    pub fn empty_directory(&self) {
        self.become_at_once(&Later::Empty);
    }

    /// The same after so many calls of the API about directories or events.
    pub fn empty_directory_after(&self, calls: usize) {
        self.shared.state().directories.later.push((calls, Later::Empty));
    }

    fn become_at_once(&self, becomes: &Later) {
        self.change(DIRECTORY, |all, at, _| {
            if let Some(directory) = all.directories.get_mut(at) {
                directory.becomes(becomes);
            }
        });
    }

    /// The Events API forgets what it has.
    pub fn forget_events(&self) {
        self.shared.state().directories.events.clear();
    }
}

impl Directory {
    fn becomes(&mut self, later: &Later) {
        match later {
            Later::State(state) => state.clone_into(&mut self.state),
            Later::Empty => {
                self.users.clear();
                self.groups.clear();
                self.members.clear();
            }
        }
    }
}

impl Shared {
    fn add_user(&self, directory: &str, new: &NewDirectoryUser, now: Timestamp) -> Option<String> {
        let all = &mut self.state().directories;
        let id = all.id("directory_user");
        let own = all.directories.iter_mut().find(|own| own.id == directory)?;
        let user = DirectoryUser::new(&id, new, now);
        let (data, organization) = (user.document(directory, &own.organization), own.organization.clone());
        own.users.push(user);
        all.tell("dsync.user.created", &organization, data, now);
        Some(id)
    }

    fn change_user(&self, directory: &str, user: &str, now: Timestamp, change: impl FnOnce(&mut DirectoryUser)) {
        let all = &mut self.state().directories;
        let Some(own) = all.directories.iter_mut().find(|own| own.id == directory) else { return };
        let organization = own.organization.clone();
        let Some(known) = own.users.iter_mut().find(|known| known.id == user) else { return };
        let before = known.document(directory, &organization);
        change(known);
        known.updated_at = now;
        let mut data = known.document(directory, &organization);
        let previous = before.as_object().into_iter().flatten().filter(|(name, value)| data[*name] != **value);
        data["previous_attributes"] =
            Value::Object(previous.map(|(name, value)| (name.clone(), value.clone())).collect());
        all.tell("dsync.user.updated", &organization, data, now);
    }

    fn remove_user(&self, directory: &str, user: &str, now: Timestamp) {
        let all = &mut self.state().directories;
        let Some(own) = all.directories.iter_mut().find(|own| own.id == directory) else { return };
        let Some(place) = own.users.iter().position(|known| known.id == user) else { return };
        let mut gone = own.users.remove(place);
        own.members.retain(|(_, of)| of != user);
        gone.state = "inactive".to_owned();
        let (data, organization) = (gone.document(directory, &own.organization), own.organization.clone());
        all.tell("dsync.user.deleted", &organization, data, now);
    }

    fn add_group(&self, directory: &str, name: &str, now: Timestamp) -> Option<String> {
        let all = &mut self.state().directories;
        let id = all.id("directory_group");
        let own = all.directories.iter_mut().find(|own| own.id == directory)?;
        let group = DirectoryGroup::new(&id, directory, &own.organization, name, now);
        let (data, organization) = (group.document(), own.organization.clone());
        own.groups.push(group);
        all.tell("dsync.group.created", &organization, data, now);
        Some(id)
    }

    fn member(&self, directory: &str, (group, user): (&str, &str), comes: bool, now: Timestamp) {
        let all = &mut self.state().directories;
        let Some(own) = all.directories.iter_mut().find(|own| own.id == directory) else { return };
        let described =
            own.users.iter().find(|known| known.id == user).zip(own.groups.iter().find(|known| known.id == group));
        let Some((person, of)) = described else { return };
        let organization = own.organization.clone();
        let data = json!({
            "directory_id": directory,
            "user": person.document(directory, &organization),
            "group": of.document(),
        });
        let edge = (group.to_owned(), user.to_owned());
        let (is_change, kind) = match comes {
            true => (own.members.insert(edge), "dsync.group.user_added"),
            false => (own.members.remove(&edge), "dsync.group.user_removed"),
        };
        if is_change {
            all.tell(kind, &organization, data, now);
        }
    }
}

/// Sends what is due, and what becomes due while it runs.
#[derive(Debug)]
pub(super) struct Sender {
    one_at_a_time: Arc<Mutex<()>>,
    running: JoinHandle<()>,
}

impl Sender {
    pub(super) fn start(shared: Shared) -> Self {
        let one_at_a_time = Arc::new(Mutex::new(()));
        let turn = one_at_a_time.clone();
        let running = tokio::spawn(async move {
            loop {
                // Retries are due by the environment's clock, which can be moved.
                tokio::time::sleep(Duration::from_millis(200)).await;
                let is_held = shared.state().directories.is_held;
                if !is_held {
                    let _turn = turn.lock().await;
                    delivery::send_due(&shared).await;
                }
            }
        });
        Self { one_at_a_time, running }
    }

    async fn send_due(&self, shared: &Shared) {
        let _turn = self.one_at_a_time.lock().await;
        delivery::send_due(shared).await;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.running.abort();
    }
}
