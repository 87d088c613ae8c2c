//! What WorkOS tells of a customer's directory: each event is proven, counts by its own time, and what was missed is asked
//! for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stoa_core::directory::{Sealed, Sealing};
use stoa_core::dsync::MAX_BODY;
use stoa_core::ids::ConnectionId;
use stoa_core::keys::KeySet;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::workos::{DIRECTORY, EventDelivery, NewDirectoryUser};
use stoa_scim::ResourceType;
use stoa_service::operator::{Kept, NotYet, OperatorError, SecretName, SecretText};

use crate::odd_events::sample;
use crate::steps::World;

const FUNCTION: &str = "workos-webhook";
const ADAS_EMAIL: &str = "ada.wong@umbrella.example";

/// What Umbrella's file needs besides, before `[workos]`.
const DIRECTORY_SETTINGS: &str = r#"
[directory]
source = "workos"
workos = { directory = "directory_01UMBRELLA", api_url = "API" }

[[directory.grant]]
everybody = true
courses = [3]

[[directory.grant]]
group = "Leaders"
courses = [4]

[workos]
"#;

/// The calls of a function that hears of a directory, by action, and whether one counts before it is broken off: a read
/// leaves the same either way.
pub const BREAKS: [(&str, bool); 8] = [
    ("secretsmanager:GetSecretValue", false),
    ("dynamodb:GetItem", false),
    ("dynamodb:BatchGetItem", false),
    ("dynamodb:Query", false),
    ("dynamodb:PutItem", false),
    ("dynamodb:PutItem", true),
    ("dynamodb:UpdateItem", false),
    ("dynamodb:UpdateItem", true),
];
/// How a call is broken off that does not count, one after the other. The SDK asks three times in all.
const REFUSED: [(FaultKind, usize); 3] =
    [(FaultKind::Deny, 1), (FaultKind::CutConnection, 3), (FaultKind::Throttle, 3)];

pub struct Umbrella {
    pub world: World,
    secret: String,
}

impl Umbrella {
    /// A customer whose directory is at WorkOS. Nothing is sent before [`Self::deliver`].
    pub async fn start() -> Self {
        let world = World::start().await;
        let settings = DIRECTORY_SETTINGS.replace("API", &world.workos.url());
        world.connect_workos(|file| file.replacen("[workos]\n", &settings, 1)).await.unwrap();
        let secret = world.workos.subscribe_events(&format!("{}/workos/umbrella/webhook", world.url()));
        let umbrella = Self { world, secret };
        umbrella.put_secret(&umbrella.secret).await;
        umbrella.world.workos.hold_events(true);
        umbrella.world.forget();
        umbrella
    }

    async fn put_secret(&self, text: &str) {
        let name = SecretName::Workos(ConnectionId::parse("umbrella").unwrap());
        self.world.operator.put_secret(&name, SecretText::new(text).unwrap()).await.unwrap();
    }

    /// Somebody comes; WorkOS's id of them.
    pub fn add(&self, idp_id: &str, email: &str) -> String {
        self.world.workos.add_directory_user(&NewDirectoryUser::sample(idp_id, email))
    }

    /// What was told so far arrives.
    pub async fn deliver(&self) {
        self.world.workos.deliver_events().await;
    }

    /// What deliveries to the connection are signed with.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// One event of each kind.
    pub fn happen_everything(&self) {
        let workos = &self.world.workos;
        let ada = self.add("00u1a", ADAS_EMAIL);
        let leaders = workos.add_directory_group("Leaders");
        workos.add_directory_member(&leaders, &ada);
        workos.change_directory_user(&ada, |user| user.state = "inactive".to_owned());
        workos.rename_directory_group(&leaders, "Heads");
        workos.remove_directory_member(&leaders, &ada);
        workos.remove_directory_group(&leaders);
        workos.remove_directory_user(&ada);
        workos.delete_directory();
    }

    /// The function's answer to a body with a signature.
    pub async fn post(&self, body: &[u8], signature: Option<&str>) -> (u64, String) {
        let mut event = sample(FUNCTION, "unsigned");
        let text = event.to_string().replace("/workos/pg/", "/workos/umbrella/");
        event = serde_json::from_str(&text).unwrap();
        event["pathParameters"]["connection"] = "umbrella".into();
        if let Some(signature) = signature {
            event["headers"]["workos-signature"] = signature.into();
        }
        event["body"] = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body).into();
        event["isBase64Encoded"] = true.into();
        let answer = self.world.invoke(FUNCTION, event).await.unwrap();
        let fault = self.world.faults().pop().unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), fault)
    }

    /// The answer to a body that is signed now.
    pub async fn signed(&self, body: &str) -> (u64, String) {
        let signature = EventDelivery::signature(body, &self.secret, self.world.workos.clock().now());
        self.post(body.as_bytes(), Some(&signature)).await
    }

    /// What the clock starts every five minutes.
    pub async fn sync(&self) -> Value {
        self.world.invoke("workos-sync", Value::Null).await.unwrap()
    }

    /// Asks until a look at everything is over; what was news in all of it.
    pub async fn sync_all(&self) -> u64 {
        let answer = self.sync().await;
        assert_eq!(answer["WorkosSyncFailed"], 0, "{answer} {:?}", self.world.take_log());
        answer["news"].as_u64().unwrap()
    }

    fn items(&self) -> Vec<Value> {
        self.world.front.items(Table::Directory).unwrap()
    }

    /// Items whose keys begin and are so.
    pub fn count(&self, begin: &str, sk: impl Fn(&str) -> bool) -> usize {
        let items = self.items();
        let is = |item: &&Value| {
            item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(begin))
                && item["sk"]["S"].as_str().is_some_and(&sk)
        };
        items.iter().filter(is).count()
    }

    /// People, groups, memberships.
    pub fn counts(&self) -> (usize, usize, usize) {
        (
            self.count("user#umbrella#", |sk| sk == "itself"),
            self.count("group#umbrella#", |sk| sk == "itself"),
            self.count("group#umbrella#", |sk| sk.starts_with("member#")),
        )
    }

    /// Of each person: whether they are active.
    pub fn active(&self) -> Vec<bool> {
        let items = self.items().into_iter();
        items.filter_map(|item| item["active"]["BOOL"].as_bool()).collect()
    }

    /// What is left of everything that was told, without what differs from one writing to the next.
    fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        for mut item in self.items() {
            let key = format!("{} {}", item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap());
            if !key.contains("umbrella") || key.contains("sync#") {
                continue;
            }
            for changing in ["sealed", "seal_key", "version", "profile", "modified", "created", "rev", "since", "seen"]
            {
                item.as_object_mut().unwrap().remove(changing);
            }
            state.insert(key, item.to_string());
        }
        state
    }

    /// What is sealed, opened, with the rights of a function that may.
    pub async fn opened(&self) -> BTreeMap<String, String> {
        let world = &self.world;
        let request = json!({"SecretId": format!("{}/directory", world.front.stack().name())});
        let (_, answer) = crate::aws::call(world, "workos-sync", "secretsmanager.GetSecretValue", &request).await;
        let keys = KeySet::parse(answer["SecretString"].as_str().unwrap()).unwrap();
        let mut opened = BTreeMap::new();
        for item in self.items() {
            let [pk, sk] = ["pk", "sk"].map(|name| item[name]["S"].as_str().unwrap().to_owned());
            let (resource, version) = match pk.split_once('#') {
                Some(("user", _)) if sk == "itself" => (ResourceType::User, "version"),
                Some(("group", _)) if sk == "itself" => (ResourceType::Group, "profile"),
                Some(_) | None => continue,
            };
            let text = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
            let sealed = Sealed { key: text("seal_key"), text: text("sealed") };
            let version = item[version]["N"].as_str().unwrap().parse().unwrap();
            let profile = Sealing::new(&keys).open(&sealed, (&pk, version), resource).unwrap();
            opened.insert(pk, profile.to_json());
        }
        opened
    }

    /// Everything is looked at, due or not.
    pub async fn sync_whole(&self) -> Value {
        self.world.invoke("workos-sync", json!({"connection": "umbrella", "whole": true})).await.unwrap()
    }

    /// Does something one of whose calls is broken off, after so many. Whether there were so many.
    pub async fn breaks_off<T>(
        &self,
        (function, (action, counts)): (&str, (&str, bool)),
        skipped: usize,
        does: impl Future<Output = T>,
    ) -> bool {
        let front = &self.world.front;
        let (kind, times) = match counts {
            true => (FaultKind::ApplyThenCutConnection, 3),
            false => REFUSED[skipped % REFUSED.len()],
        };
        let met = front.faults_met();
        front.inject(Fault::next(function, action, kind).after(skipped).times(times));
        does.await;
        front.clear_faults();
        // Nothing that changes anything is passed over.
        let calls = front.take_calls().into_iter().filter(|call| call.principal == function);
        let mut writes: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for call in calls.filter(|call| call.is_write() && call.action != "dynamodb:ConditionCheckItem") {
            writes.entry(call.request).or_default().push(call.action);
        }
        let is_swept = |actions: &Vec<String>| actions.iter().any(|action| BREAKS.contains(&(action, true)));
        assert!(writes.values().all(is_swept), "{writes:?}");
        front.faults_met() > met
    }

    /// How far stoa has come with the directory.
    pub fn synced(&self) -> Value {
        self.items().into_iter().find(|item| item["pk"]["S"] == "workos#umbrella").unwrap()
    }

    /// Forgets everything that was told.
    pub async fn empty(&self) {
        let pks = self.items().into_iter().map(|item| item["pk"]["S"].as_str().unwrap().to_owned());
        let pks: BTreeSet<String> = pks.filter(|pk| pk.split('#').nth(1) == Some("umbrella")).collect();
        for pk in pks {
            crate::aws::delete(&self.world, Table::Directory, &pk).await;
        }
    }

    fn statuses(&self) -> Vec<u16> {
        let deliveries = self.world.workos.event_deliveries();
        deliveries.iter().map(|delivery| delivery.tries.last().map_or(0, |tried| tried.status)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_workos_tells_becomes_people_and_groups_and_reaches_the_school() {
    let umbrella = Umbrella::start().await;
    let ada = umbrella.add("00u1a", ADAS_EMAIL);
    let leaders = umbrella.world.workos.add_directory_group("Leaders");
    umbrella.world.workos.add_directory_member(&leaders, &ada);
    umbrella.deliver().await;
    assert_eq!(umbrella.statuses(), [204; 3]);
    assert_eq!(umbrella.counts(), (1, 1, 1));
    umbrella.world.invoke("provisioner", Value::Null).await.unwrap();
    let user = umbrella.world.thinkific.user(ADAS_EMAIL).expect("an account").id;
    let courses = || -> Vec<u64> {
        let now = umbrella.world.workos.clock().now();
        let all = umbrella.world.thinkific.enrollments().into_iter().filter(|own| own.user_id == user);
        all.filter(|own| own.expiry_date.is_none_or(|at| at > now)).map(|own| own.course_id).collect()
    };
    assert_eq!(courses(), [3, 4]);

    umbrella.world.advance(60);
    umbrella.world.workos.change_directory_user(&ada, |user| user.state = "inactive".to_owned());
    umbrella.deliver().await;
    assert_eq!(umbrella.active(), [false]);
    umbrella.world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!(courses(), [0; 0]);

    umbrella.world.advance(60);
    umbrella.world.workos.change_directory_user(&ada, |user| user.state = "active".to_owned());
    umbrella.deliver().await;
    umbrella.world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!(courses(), [3, 4], "they kept their memberships");

    umbrella.world.advance(60);
    umbrella.world.workos.remove_directory_user(&ada);
    umbrella.deliver().await;
    assert_eq!(umbrella.counts(), (0, 1, 0));
    umbrella.world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!(courses(), [0; 0]);

    // Whoever comes back has another id at WorkOS, and the account that they had; the groups are told again.
    umbrella.world.advance(60);
    let again = umbrella.add("00u1a", ADAS_EMAIL);
    assert_ne!(again, ada);
    umbrella.deliver().await;
    umbrella.world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!((umbrella.counts(), courses()), ((1, 1, 0), vec![3]));
    umbrella.world.workos.add_directory_member(&leaders, &again);
    umbrella.deliver().await;
    umbrella.world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!((umbrella.counts(), courses()), ((1, 1, 1), vec![3, 4]));
    assert!(umbrella.statuses().iter().all(|status| *status == 204), "{:?}", umbrella.statuses());
    assert_eq!(umbrella.world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c200_a_message_that_differs_by_one_byte_is_refused() {
    let umbrella = Umbrella::start().await;
    umbrella.add("00u1a", ADAS_EMAIL);
    let body = umbrella.world.workos.event_deliveries().pop().unwrap().body;
    let now = umbrella.world.workos.clock().now();
    let signature = EventDelivery::signature(&body, &umbrella.secret, now);
    let refused = (401, "workos_event_signature_wrong".to_owned());
    for at in (0..body.len()).step_by(7) {
        let mut altered = body.clone().into_bytes();
        altered[at] ^= 1;
        assert_eq!(umbrella.post(&altered, Some(&signature)).await, refused, "byte {at}");
    }
    // As another program would write the same JSON.
    let spaced = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&body).unwrap()).unwrap();
    assert_eq!(umbrella.post(spaced.as_bytes(), Some(&signature)).await, refused);
    assert_eq!(umbrella.post(body.as_bytes(), Some("t=1, v1=00")).await, refused);
    assert_eq!(umbrella.post(body.as_bytes(), None).await, (401, "workos_event_unsigned".to_owned()));
    let late = EventDelivery::signature(&body, &umbrella.secret, now - jiff::SignedDuration::from_secs(181));
    assert_eq!(umbrella.post(body.as_bytes(), Some(&late)).await, (401, "workos_event_stale".to_owned()));
    assert_eq!(umbrella.counts(), (0, 0, 0));
    assert_eq!(umbrella.post(body.as_bytes(), Some(&signature)).await.0, 204);
    assert_eq!(umbrella.counts().0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c207_what_another_directory_tells_changes_nothing_and_what_is_no_event_is_refused() {
    let umbrella = Umbrella::start().await;
    assert_eq!(umbrella.signed("{}").await, (422, "workos_event_malformed".to_owned()));
    let large = format!("\"{}\"", "x".repeat(MAX_BODY));
    assert_eq!(umbrella.signed(&large).await, (413, "body_too_large".to_owned()));
    let at = umbrella.world.workos.clock().now();
    let event = |kind: &str, directory: &str| {
        let data = json!({"id": "directory_user_1", "directory_id": directory, "state": "active"});
        json!({"id": "event_1", "event": kind, "created_at": at.to_string(), "data": data}).to_string()
    };
    assert_eq!(umbrella.signed(&event("dsync.token.created", DIRECTORY)).await, (204, String::new()));
    assert_eq!(umbrella.signed(&event("dsync.user.created", "directory_2")).await, (204, String::new()));
    assert_eq!(umbrella.counts(), (0, 0, 0), "of no use, and of another directory");
    let old = event("dsync.user.created", DIRECTORY).replace(&at.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(umbrella.signed(&old).await, (401, "workos_event_stale".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_directory_is_elsewhere_takes_nothing() {
    let world = World::start().await;
    let mut event = sample(FUNCTION, "not-by-workos");
    event["body"] = "{}".into();
    let answer = world.invoke(FUNCTION, event).await.unwrap();
    assert_eq!((answer["statusCode"].as_u64(), world.faults()), (Some(403), vec!["workos_source_off".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn c204_without_a_secret_nothing_is_believed() {
    let world = World::start().await;
    let settings = DIRECTORY_SETTINGS.replace("API", &world.workos.url());
    world.connect_workos(|file| file.replacen("[workos]\n", &settings, 1)).await.unwrap();
    world.workos.subscribe_events(&format!("{}/workos/umbrella/webhook", world.url()));
    world.workos.hold_events(true);
    world.workos.add_directory_user(&NewDirectoryUser::sample("00u1a", ADAS_EMAIL));
    world.workos.deliver_events().await;
    assert_eq!(world.workos.event_deliveries()[0].tries[0].status, 500);
    assert_eq!(world.faults(), ["secret_broken"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c208_an_event_that_cannot_be_read_stops_no_other() {
    let umbrella = Umbrella::start().await;
    umbrella.world.workos.happen_strangely();
    umbrella.add("00u1a", ADAS_EMAIL);
    umbrella.deliver().await;
    assert_eq!(umbrella.statuses(), [422, 204]);
    assert_eq!(umbrella.counts(), (1, 0, 0));
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    umbrella.world.workos.happen_strangely();
    umbrella.add("00u1b", "leon@umbrella.example");
    umbrella.world.workos.lose_events();
    umbrella.world.advance(600);
    umbrella.world.log();
    let answer = umbrella.sync().await;
    assert_eq!((&answer["strange"], &answer["WorkosSyncFailed"]), (&json!(1), &json!(0)), "{answer}");
    assert_eq!(umbrella.counts(), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn c205_two_secrets_count_while_one_follows_the_other() {
    let umbrella = Umbrella::start().await;
    umbrella.add("00u1a", ADAS_EMAIL);
    let next = umbrella.world.workos.rotate_event_secrets();
    umbrella.deliver().await;
    assert_eq!(umbrella.statuses(), [401]);
    let key = |id: &str, from: i64, value: &str| json!({"id": id, "from": from, "value": value});
    let both = json!({"keys": [key("2", 1, &next), key("1", 0, &umbrella.secret)]});
    umbrella.put_secret(&both.to_string()).await;
    // It is sent again, signed anew.
    umbrella.world.advance(4200);
    umbrella.deliver().await;
    assert_eq!(umbrella.statuses(), [204]);
    let body = umbrella.world.workos.event_deliveries().pop().unwrap().body;
    assert_eq!(umbrella.signed(&body).await.0, 204, "the earlier one counts too");
    assert_eq!(umbrella.world.workos.event_deliveries()[0].tries.len(), 2);
}

/// Every order of some events.
pub fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut longer = order.clone();
        longer.insert(at, count - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| insert(order, at))).collect()
}

/// In whichever order events come, and if each comes twice, the same is left.
#[tokio::test(flavor = "multi_thread")]
async fn c202_c203_every_order_of_events_and_each_twice_leaves_the_same() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    // Ada comes into a group, is called otherwise, and leaves it; the group gets another name.
    let ada = umbrella.add("00u1a", ADAS_EMAIL);
    let leaders = workos.add_directory_group("Leaders");
    umbrella.world.advance(1);
    workos.add_directory_member(&leaders, &ada);
    umbrella.world.advance(1);
    workos.change_directory_user(&ada, |user| user.first_name = Some("Adeline".to_owned()));
    umbrella.world.advance(1);
    workos.rename_directory_group(&leaders, "Heads");
    umbrella.world.advance(1);
    workos.remove_directory_member(&leaders, &ada);
    // That the group was made is told by its first member's event too.
    let told = workos.event_deliveries().into_iter().filter(|delivery| delivery.kind != "dsync.group.created");
    let bodies: Vec<String> = told.map(|delivery| delivery.body).collect();
    assert_eq!(bodies.len(), 5);
    let mut left: Option<(BTreeMap<String, String>, BTreeMap<String, String>)> = None;
    let orders = orders(bodies.len());
    for order in &orders {
        for at in order {
            assert_eq!(umbrella.signed(&bodies[*at]).await, (204, String::new()), "{order:?}");
        }
        let state = (umbrella.state(), umbrella.opened().await);
        let named = |name: &str| state.1.values().any(|profile| profile.contains(name));
        assert!(named("Adeline") && named("Heads") && !named("Leaders"), "{order:?} {:?}", state.1);
        // The last one again, and the first one.
        for at in [order[order.len() - 1], order[0]] {
            assert_eq!(umbrella.signed(&bodies[at]).await.0, 204);
        }
        assert_eq!((umbrella.state(), umbrella.opened().await), state, "{order:?}");
        assert_eq!(umbrella.counts(), (1, 1, 0), "{order:?}");
        match &left {
            None => left = Some(state),
            Some(left) => assert_eq!(&state, left, "{order:?}"),
        }
        if order == &orders[orders.len() - 1] {
            umbrella.world.provision().await.unwrap();
            assert_eq!(umbrella.world.open_to(ADAS_EMAIL), [3], "what everybody gets");
        }
        umbrella.empty().await;
    }
    println!("{} orders of {} events", orders.len(), bodies.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn p19_a_departure_stays_whatever_comes_late() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let ada = umbrella.add("00u1a", ADAS_EMAIL);
    let leaders = workos.add_directory_group("Leaders");
    umbrella.world.advance(1);
    workos.add_directory_member(&leaders, &ada);
    umbrella.world.advance(1);
    workos.remove_directory_user(&ada);
    let bodies: Vec<String> = workos.event_deliveries().into_iter().map(|delivery| delivery.body).collect();
    for order in orders(bodies.len()) {
        for at in &order {
            assert_eq!(umbrella.signed(&bodies[*at]).await.0, 204);
        }
        assert_eq!(umbrella.counts(), (0, 1, 0), "{order:?}");
        umbrella.empty().await;
    }
}

/// Whoever has left is forgotten once nothing of theirs is to be taken back, and no older event brings them back.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_left_is_forgotten_after_their_courses_have_ended() {
    let umbrella = Umbrella::start().await;
    let (world, umbrella_id) = (&umbrella.world, ConnectionId::parse("umbrella").unwrap());
    let ada = umbrella.add("00u1a", ADAS_EMAIL);
    umbrella.deliver().await;
    let early: Vec<String> = world.workos.event_deliveries().into_iter().map(|delivery| delivery.body).collect();
    world.provision().await.unwrap();
    let person = world.operator.directory_ids(&umbrella_id).await.unwrap().remove(0);
    world.advance(1);
    world.workos.remove_directory_user(&ada);
    umbrella.deliver().await;
    let account = world.thinkific.user(ADAS_EMAIL).unwrap().id;
    let stored = world.operator.stored_of(&umbrella_id, &person).await.unwrap();
    assert_eq!(stored.account, Some(account));
    let refused = world.operator.erase(&stored, "asked by letter").await.unwrap_err();
    assert!(matches!(refused, OperatorError::NotErasable(NotYet::Given)), "{refused}");
    assert_eq!(world.open_to(ADAS_EMAIL), [3]);

    world.provision().await.unwrap();
    assert_eq!(world.open_to(ADAS_EMAIL), [0; 0]);
    let stored = world.operator.stored_of(&umbrella_id, &person).await.unwrap();
    assert_eq!(stored.outlived_by(), [Kept::Told].into(), "{stored:?}");
    world.operator.erase(&stored, "asked by letter").await.unwrap();
    for body in &early {
        assert_eq!(umbrella.signed(body).await.0, 204);
    }
    assert_eq!(umbrella.counts().0, 0, "what came late brings nobody back");
}

/// Whoever is back has another id at WorkOS, and the word that the earlier one is gone may come after.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_under_another_id_is_one_person() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let first = umbrella.add("00u1a", ADAS_EMAIL);
    let leaders = workos.add_directory_group("Leaders");
    umbrella.world.advance(1);
    workos.add_directory_member(&leaders, &first);
    umbrella.world.advance(1);
    workos.remove_directory_user(&first);
    umbrella.world.advance(1);
    umbrella.add("00u1a", ADAS_EMAIL);
    let told = workos.event_deliveries().into_iter().filter(|delivery| delivery.kind != "dsync.group.created");
    let bodies: Vec<String> = told.map(|delivery| delivery.body).collect();
    for order in orders(bodies.len()) {
        for at in &order {
            assert_eq!(umbrella.signed(&bodies[*at]).await, (204, String::new()), "{order:?}");
        }
        // The groups of before are not theirs any more.
        assert_eq!((umbrella.counts(), umbrella.active()), ((1, 1, 0), vec![true]), "{order:?}");
        umbrella.empty().await;
    }
}

/// Each call of some deliveries, broken off before and after it counts, refused and throttled: what was told is there in the
/// end, once, since WorkOS sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_delivery_breaks_off_the_next_one_heals_it() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    let mut before = umbrella.add("s-0", "s0@umbrella.example");
    workos.add_directory_member(&leaders, &before);
    umbrella.deliver().await;
    let mut points: usize = 0;
    for breaks in BREAKS {
        for skipped in 0.. {
            points += 1;
            let at = format!("{breaks:?} {skipped}");
            // An hour and more: nothing is held of the secrets.
            umbrella.world.advance(3700);
            let [stays, leaves] = ["s", "l"].map(|who| {
                let user = umbrella.add(&format!("{who}-{points}"), &format!("{who}{points}@umbrella.example"));
                workos.add_directory_member(&leaders, &user);
                user
            });
            umbrella.world.advance(1);
            workos.remove_directory_member(&leaders, &leaves);
            workos.rename_directory_group(&leaders, &format!("Leaders {points}"));
            umbrella.world.advance(1);
            workos.remove_directory_user(&leaves);
            workos.remove_directory_user(&std::mem::replace(&mut before, stays.clone()));
            workos.change_directory_user(&stays, |user| user.first_name = Some(format!("Ada {points}")));
            let has_met = umbrella.breaks_off((FUNCTION, breaks), skipped, umbrella.deliver()).await;
            umbrella.world.log();
            umbrella.world.advance(4200);
            umbrella.deliver().await;
            umbrella.world.advance(8400);
            umbrella.deliver().await;
            assert_eq!(umbrella.counts(), (1, 1, 1), "{at}");
            assert!(umbrella.statuses().iter().all(|status| *status == 204), "{at}");
            let opened = umbrella.opened().await;
            for name in [format!("\"Ada {points}\""), format!("\"Leaders {points}\"")] {
                assert!(opened.values().any(|profile| profile.contains(&name)), "{at} {name}");
            }
            if !has_met {
                assert!(skipped > 0, "{at} hit nothing");
                break;
            }
        }
    }
    println!("{points} points at which a delivery breaks off");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_webhook_missed_is_asked_for_and_nothing_twice() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let ada = umbrella.add("00u1a", ADAS_EMAIL);
    let leon = umbrella.add("00u1b", "leon@umbrella.example");
    let leaders = workos.add_directory_group("Leaders");
    workos.add_directory_member(&leaders, &ada);
    workos.lose_events();
    umbrella.world.advance(600);
    // The first look: everything, since nothing is known of any event.
    assert!(umbrella.sync_all().await > 0);
    assert_eq!(umbrella.counts(), (2, 1, 1));
    umbrella.world.advance(600);
    assert_eq!(umbrella.sync_all().await, 0, "twice changes nothing");

    // Events that the webhook missed.
    workos.remove_directory_member(&leaders, &ada);
    workos.add_directory_member(&leaders, &leon);
    umbrella.world.advance(1);
    workos.remove_directory_user(&ada);
    workos.happen_elsewhere();
    workos.lose_events();
    umbrella.world.advance(600);
    let calls = workos.take_calls().len();
    assert!(umbrella.sync_all().await > 0);
    assert_eq!(umbrella.counts(), (1, 1, 1));
    // The directory and one page of events.
    assert_eq!(workos.take_calls().len(), 2, "{calls}");
    umbrella.world.advance(600);
    assert_eq!(umbrella.sync_all().await, 0);

    // Events that nobody can ask for any more: everything is looked at, and who is in none of it is gone.
    let new = umbrella.add("00u1c", "claire@umbrella.example");
    workos.add_directory_member(&leaders, &new);
    workos.remove_directory_user(&leon);
    workos.remove_directory_group(&leaders);
    workos.add_directory_group("Others");
    workos.lose_events();
    workos.forget_events();
    umbrella.world.advance(30 * 86_400);
    umbrella.sync_all().await;
    umbrella.world.advance(300);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (1, 1, 0));
    assert_eq!(umbrella.world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_people_and_events_are_read_to_their_end() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    for number in 0..130 {
        let user = umbrella.add(&format!("idp-{number}"), &format!("p{number}@umbrella.example"));
        workos.add_directory_member(&leaders, &user);
    }
    workos.lose_events();
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (130, 1, 130));
    for number in 130..260 {
        umbrella.add(&format!("idp-{number}"), &format!("p{number}@umbrella.example"));
    }
    workos.lose_events();
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (260, 1, 130));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_which_workos_cannot_be_asked_has_its_fault() {
    let umbrella = Umbrella::start().await;
    let oidc = SecretName::Oidc(ConnectionId::parse("umbrella").unwrap());
    let put = |text: &str| SecretText::new(text).unwrap();
    umbrella.world.operator.put_secret(&oidc, put("sk_test_another")).await.unwrap();
    umbrella.world.advance(3700);
    assert_eq!(umbrella.sync().await["WorkosSyncFailed"], 1);
    assert_eq!(umbrella.world.faults(), ["workos_key_refused"]);
    let key = umbrella.world.workos.api_key().expose().to_owned();
    umbrella.world.operator.put_secret(&oidc, put(&key)).await.unwrap();
    for (status, body, fault) in [
        (500, "", "workos_unavailable"),
        (429, "", "workos_unavailable"),
        (200, "<!doctype html>", "workos_answer_strange"),
        (418, "", "workos_answer_strange"),
    ] {
        umbrella.world.advance(3700);
        umbrella.world.workos.next_api_answer(status, body);
        assert_eq!(umbrella.sync().await["WorkosSyncFailed"], 1, "{status}");
        assert_eq!(umbrella.world.faults(), [fault]);
    }
    // Nobody is taken away where a directory is.
    umbrella.add("00u1a", ADAS_EMAIL);
    umbrella.deliver().await;
    umbrella.world.workos.delete_directory();
    umbrella.deliver().await;
    assert_eq!(umbrella.statuses(), [204, 204]);
    umbrella.world.advance(600);
    assert_eq!(umbrella.sync().await["WorkosSyncFailed"], 1);
    assert_eq!(umbrella.world.faults(), ["workos_directory_gone"]);
    assert_eq!(umbrella.counts(), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_kept_or_logged_names_the_person() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let needle = NewDirectoryUser {
        idp_id: "needle-idp".to_owned(),
        email: Some("needle@umbrella.example".to_owned()),
        first_name: Some("Needle".to_owned()),
        last_name: Some("Haystack".to_owned()),
    };
    let user = workos.add_directory_user(&needle);
    let group = workos.add_directory_group("Needlework");
    workos.add_directory_member(&group, &user);
    umbrella.deliver().await;
    workos.change_directory_user(&user, |user| user.state = "inactive".to_owned());
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    workos.remove_directory_user(&user);
    umbrella.deliver().await;
    // Refused ones too.
    let body = workos.event_deliveries()[0].body.clone();
    umbrella.post(body.as_bytes(), Some("t=1, v1=00")).await;
    umbrella.signed(&body.replace("\"id\":\"directory_user", "\"id\":\"needle@directory_user")).await;
    let kept = Table::ALL.iter().map(|table| format!("{:?}", umbrella.world.front.items(*table).unwrap()));
    let all = format!("{:?}{:?}", kept.collect::<Vec<_>>(), umbrella.world.whole_log()).to_lowercase();
    for needle in ["needle", "haystack", "whsec_"] {
        assert!(!all.contains(needle), "{needle}");
    }
}
