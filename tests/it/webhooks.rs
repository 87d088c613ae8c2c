//! What a school tells stoa: each event is proven, counts once, and counts for what it says.

use serde_json::{Value, json};
use stoa_core::ids::SchoolId;
use stoa_core::routes::Table;
use stoa_core::webhook::{MAX_BODY, TOPICS};
use stoa_sandbox::aws::journal::Call;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::thinkific::{ApiKey, Delivery, NewUser};
use stoa_service::operator::{SecretName, SecretText};

use crate::odd_events::sample;
use crate::steps::World;

const FUNCTION: &str = "thinkific-webhook";
/// A course of the sandbox's school that needs an enrollment.
const COURSE: u64 = 3;
const STUDENT: &str = "existing@pg.com";

struct Told {
    world: World,
    user: u64,
}

impl Told {
    /// A school that tells of everything that stoa asks for, one delivery at a time.
    async fn start() -> Self {
        let world = World::start().await;
        world.thinkific.hold_webhooks(true);
        let target = format!("{}/thinkific/pg-academy/webhook", world.url());
        for topic in TOPICS.iter().chain(&["order.created", "lesson.completed"]) {
            world.thinkific.subscribe(topic, &target);
        }
        let user = world.thinkific.user(STUDENT).unwrap().id;
        Self { world, user }
    }

    /// The last delivery, which has not been sent yet.
    fn last(&self) -> Delivery {
        self.world.thinkific.deliveries().pop().unwrap()
    }

    /// The function's answer to a body with a signature.
    async fn post(&self, body: &[u8], signature: Option<&str>) -> (u64, String) {
        let mut event = sample(FUNCTION, "unsigned");
        if let Some(signature) = signature {
            event["headers"]["x-thinkific-hmac-sha256"] = signature.into();
        }
        let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body);
        event["body"] = body.into();
        event["isBase64Encoded"] = true.into();
        let answer = self.world.invoke(FUNCTION, event).await.unwrap();
        let fault = self.world.faults().pop().unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), fault)
    }

    /// A body, signed with the school's key.
    async fn signed(&self, body: &str) -> (u64, String) {
        let delivery = Delivery { body: body.to_owned(), ..self.any() };
        let signature = delivery.signature(&self.world.thinkific.api_key());
        self.post(body.as_bytes(), Some(&signature)).await
    }

    fn any(&self) -> Delivery {
        self.world.thinkific.send_example("user.signup");
        self.last()
    }

    /// How far the student is in the course: percent, and whether it was ever done.
    fn progress(&self) -> Option<(u64, bool)> {
        let items = self.world.front.items(Table::Directory).unwrap();
        let key = format!("progress#pg-academy#{}", self.user);
        let item = items.into_iter().find(|item| item["pk"]["S"] == key.as_str())?;
        assert_eq!(item["sk"]["S"], format!("course#{COURSE}"));
        Some((item["percent"]["N"].as_str()?.parse().ok()?, item.get("completed").is_some()))
    }

    fn statuses(&self) -> Vec<u16> {
        self.world
            .thinkific
            .deliveries()
            .iter()
            .map(|delivery| delivery.tries.last().map_or(0, |tried| tried.status))
            .collect()
    }

    fn calls(&self) -> Vec<Call> {
        self.world.front.take_calls().into_iter().filter(|call| call.principal == FUNCTION).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_achieve_is_noted() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.thinkific.deliver().await;
    assert_eq!(told.progress(), Some((0, false)));
    told.world.thinkific.study(told.user, COURSE, 24);
    told.world.forget();
    told.world.thinkific.deliver().await;
    assert_eq!(told.progress(), Some((24, false)));
    // The units of one event: the school, the secret once, and one transaction.
    let actions: Vec<String> = told.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(actions, ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]);
    told.world.thinkific.study(told.user, COURSE, 100);
    told.world.thinkific.deliver().await;
    assert_eq!(told.progress(), Some((100, true)));
    // A lesson is added: the school says that it is not done any more, and whoever did it has done it.
    told.world.advance(5);
    told.world.thinkific.study(told.user, COURSE, 90);
    told.world.thinkific.deliver().await;
    assert_eq!(told.progress(), Some((90, true)));
    assert!(told.statuses().iter().all(|status| *status == 204), "{:?}", told.statuses());
    assert_eq!(told.world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_topic_is_taken_and_those_of_no_use_change_nothing() {
    let told = Told::start().await;
    told.world.thinkific.edit_user(told.user, |user| user.first_name = "Other".to_owned());
    told.world.thinkific.send_event("lesson.completed", json!({"lesson": {"id": 1}}));
    told.world.thinkific.send_event("user.signup", json!({"id": 8, "email": "new@pg.com", "roles": []}));
    told.world.thinkific.remove_user(told.user);
    let before = told.world.front.items(Table::Directory).unwrap().len();
    told.world.thinkific.deliver().await;
    assert_eq!(told.statuses(), [204; 4]);
    assert_eq!(told.world.front.items(Table::Directory).unwrap().len(), before);
}

/// What the mirror has under an address: the account's id.
fn mirrored(told: &Told, user: u64) -> usize {
    let items = told.world.front.items(Table::Directory).unwrap();
    items.iter().filter(|item| item["mirror"]["M"]["user"]["N"] == user.to_string().as_str()).count()
}

fn privileged(told: &Told) -> Vec<String> {
    let items = told.world.front.items(Table::Directory).unwrap();
    let school = items.into_iter().find(|item| item["pk"]["S"] == "school#pg-academy" && item["sk"]["S"] == "mirrored");
    let list = school.and_then(|item| item["privileged"]["L"].as_array().cloned()).unwrap_or_default();
    list.iter().map(|holder| holder["M"]["user"]["N"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_learns_of_accounts_and_roles_at_once() {
    let told = Told::start().await;
    // Before the first look at all accounts, no domain is written down, and nobody's address.
    told.world.thinkific.add_user(NewUser::student("first@pg.com", "F", "First"));
    told.world.thinkific.deliver().await;
    assert_eq!(told.world.faults(), [""; 0]);
    told.world.mirror().await.unwrap();
    told.world.advance(60);
    told.world.mirror().await.unwrap();
    assert_eq!(mirrored(&told, told.user), 1, "the look has seen them");

    let new = told.world.thinkific.add_user(NewUser::student("new@pg.com", "N", "New"));
    let foreign = told.world.thinkific.add_user(NewUser::student("new@elsewhere.example", "N", "New"));
    told.world.thinkific.deliver().await;
    assert_eq!((mirrored(&told, new), mirrored(&told, foreign)), (1, 0));

    let before = privileged(&told).len();
    told.world.thinkific.edit_user(new, |user| user.roles = vec!["site_admin".to_owned()]);
    told.world.thinkific.edit_user(foreign, |user| user.roles = vec!["affiliate".to_owned()]);
    told.world.thinkific.deliver().await;
    assert!(privileged(&told).contains(&new.to_string()) && privileged(&told).len() == before + 2);
    // Events may come in any order, so none takes a role away.
    told.world.thinkific.edit_user(new, |user| user.roles = vec!["affiliate".to_owned()]);
    told.world.thinkific.deliver().await;
    let school = crate::aws::matching(&told.world, Table::Directory, "school#")[0].to_string();
    assert!(school.contains("site_admin"), "{school}");
    told.world.thinkific.edit_user(new, |user| user.roles = Vec::new());
    told.world.thinkific.deliver().await;
    assert!(privileged(&told).contains(&new.to_string()));

    told.world.thinkific.remove_user(new);
    told.world.thinkific.deliver().await;
    assert_eq!(mirrored(&told, new), 0);
    assert!(told.statuses().iter().all(|status| *status == 204), "{:?}", told.statuses());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_differs_by_one_bit_is_refused() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    let delivery = told.last();
    let signature = delivery.signature(&told.world.thinkific.api_key());
    let refused = (401, "webhook_signature_wrong".to_owned());
    let body = delivery.body.as_bytes();
    for at in (0..body.len()).step_by(5) {
        let mut altered = body.to_vec();
        altered[at] ^= 1;
        assert_eq!(told.post(&altered, Some(&signature)).await, refused, "byte {at}");
    }
    for altered in [&body[1..], &body[..body.len() - 1], &[body, b"\n"].concat(), b""] {
        assert_eq!(told.post(altered, Some(&signature)).await, refused);
    }
    for wrong in ["0".repeat(64), signature[..63].to_owned(), format!("sha256={signature}"), "é".to_owned()] {
        let fault = told.post(body, Some(&wrong)).await;
        assert!(fault == refused || fault == (401, "webhook_unsigned".to_owned()), "{wrong}: {fault:?}");
    }
    // Spaces between members are part of what is signed.
    let respelled = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&delivery.body).unwrap()).unwrap();
    assert_eq!(told.post(respelled.as_bytes(), Some(&signature)).await, refused);
    assert_eq!(told.progress(), None);
    assert_eq!(told.post(body, Some(&signature)).await, (204, String::new()));
    assert_eq!(told.progress(), Some((0, false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_by_hand_is_not_believed() {
    let told = Told::start().await;
    let target = format!("{}/thinkific/pg-academy/webhook", told.world.url());
    for subscription in told.world.thinkific.subscriptions() {
        told.world.thinkific.edit_subscription(&subscription.id, |own| own.topic = "plan.updated".to_owned());
    }
    told.world.thinkific.subscribe_by_hand("enrollment.created", &target);
    told.world.thinkific.buy(told.user, COURSE);
    told.world.thinkific.deliver().await;
    assert_eq!(told.statuses(), [401]);
    assert_eq!(told.world.faults(), ["webhook_unsigned"]);
    assert_eq!(told.progress(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn p23_an_example_is_taken_and_is_about_nobody() {
    let told = Told::start().await;
    let before = told.world.front.items(Table::Directory).unwrap().len();
    for topic in TOPICS {
        told.world.thinkific.send_example(topic);
    }
    told.world.thinkific.deliver().await;
    assert!(told.statuses().iter().all(|status| *status == 204));
    assert_eq!(told.world.front.items(Table::Directory).unwrap().len(), before);
    assert!(told.world.thinkific.user("[TEST] ada@x.test").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_counts_once_and_never_after_a_newer_one() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.advance(1);
    told.world.thinkific.study(told.user, COURSE, 10);
    let older = told.last();
    told.world.advance(1);
    told.world.thinkific.study(told.user, COURSE, 60);
    let newer = told.last();
    let key = told.world.thinkific.api_key();
    for (delivery, percent) in [(&newer, 60), (&older, 60), (&newer, 60), (&older, 60)] {
        let answer = told.post(delivery.body.as_bytes(), Some(&delivery.signature(&key))).await;
        assert_eq!((answer, told.progress()), ((204, String::new()), Some((percent, false))));
    }
    // The very same event by Thinkific itself.
    told.world.thinkific.deliver().await;
    assert!(told.world.thinkific.repeat_event(&newer.event));
    told.world.thinkific.deliver().await;
    assert!(told.statuses().iter().all(|status| *status == 204));
    assert_eq!(told.progress(), Some((60, false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_course_is_done_is_noted_whichever_event_comes_first() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.advance(1);
    told.world.thinkific.study(told.user, COURSE, 99);
    let last: Value = serde_json::from_str(&told.last().body).unwrap();
    let at = last["payload"]["updated_at"].as_str().unwrap().to_owned();
    let event = |id: &str, action: &str, (percent, updated_at): (&str, &str)| {
        let mut event = last.clone();
        event["id"] = id.into();
        event["action"] = action.into();
        event["payload"]["percentage_completed"] = percent.into();
        event["payload"]["updated_at"] = updated_at.into();
        event.to_string()
    };
    // The last lesson makes two events of one instant.
    let taken = (204, String::new());
    assert_eq!(told.signed(&event("a1", "progress", ("99.0", &at))).await, taken);
    assert_eq!(told.progress(), Some((99, false)));
    for _ in 0..2 {
        assert_eq!(told.signed(&event("a2", "completed", ("1.0", &at))).await, taken);
        assert_eq!(told.progress(), Some((100, true)));
        assert_eq!(told.signed(&event("a3", "progress", ("1.0", &at))).await, taken);
        assert_eq!(told.progress(), Some((100, true)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_course_was_done_is_noted_after_a_newer_event() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.advance(1);
    told.world.thinkific.study(told.user, COURSE, 100);
    let mut done: Value = serde_json::from_str(&told.last().body).unwrap();
    done["action"] = "completed".into();
    done["id"] = "b1".into();
    // A lesson is added, and the newer event overtakes the one that was sent again for hours.
    told.world.advance(3600);
    told.world.thinkific.study(told.user, COURSE, 90);
    let mut newer: Value = serde_json::from_str(&told.last().body).unwrap();
    newer["payload"]["completed_at"] = Value::Null;
    let taken = (204, String::new());
    assert_eq!(told.signed(&newer.to_string()).await, taken);
    assert_eq!(told.progress(), Some((90, false)));
    for _ in 0..2 {
        assert_eq!(told.signed(&done.to_string()).await, taken);
        assert_eq!(told.progress(), Some((90, true)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_or_no_event_is_refused_although_it_is_signed() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    let body = told.last().body;
    told.world.advance(4 * 86_400);
    assert_eq!(told.signed(&body).await, (422, "webhook_stale".to_owned()));
    for body in ["", "{}", "null", "<html>", r#"{"id":"7","resource":"enrollment","action":"progress"}"#] {
        assert_eq!(told.signed(body).await, (422, "webhook_malformed".to_owned()), "{body}");
    }
    let large = format!("{{\"id\":\"{}\"}}", "7".repeat(MAX_BODY));
    assert_eq!(told.signed(&large).await, (413, "body_too_large".to_owned()));
    assert_eq!(told.progress(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_does_not_exist_costs_no_look_at_a_secret() {
    let told = Told::start().await;
    told.world.forget();
    let answer = told.world.invoke(FUNCTION, sample(FUNCTION, "unknown-school")).await.unwrap();
    assert_eq!(answer["statusCode"], 404);
    assert_eq!(told.world.faults(), ["school_unknown"]);
    assert!(told.calls().iter().all(|call| call.action == "dynamodb:GetItem"));
    // Nor does a message without a signature cost anything at all.
    assert_eq!(told.post(b"{}", None).await, (401, "webhook_unsigned".to_owned()));
    assert!(told.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_key_is_used_as_soon_as_it_is_stored() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.thinkific.deliver().await;
    told.world.thinkific.rotate_api_key(ApiKey::new("fedcba9876543210fedcba9876543210"));
    told.world.advance(1);
    told.world.thinkific.study(told.user, COURSE, 50);
    told.world.thinkific.deliver().await;
    assert_eq!(told.world.faults(), ["webhook_signature_wrong"]);
    let school = SchoolId::parse("pg-academy").unwrap();
    let key = SecretText::new("fedcba9876543210fedcba9876543210").unwrap();
    told.world.operator.put_secret(&SecretName::Thinkific(school), key).await.unwrap();
    told.world.advance(60);
    told.world.thinkific.deliver().await;
    assert_eq!(told.progress(), Some((50, false)), "Thinkific sends it again");
}

/// Each call of one delivery, broken off before and after it counts, refused and throttled: what was told is noted in the
/// end, once, since Thinkific sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_delivery_breaks_off_the_next_one_heals_it() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.thinkific.deliver().await;
    let kinds = [
        FaultKind::CutConnection,
        FaultKind::ApplyThenCutConnection,
        FaultKind::Throttle,
        FaultKind::Unavailable,
        FaultKind::Deny,
    ];
    let mut points = 0;
    let mut percent = 0;
    for action in ["dynamodb:GetItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue"] {
        for kind in kinds {
            points += 1;
            percent += 1;
            // A minute and more: neither the school's key nor anything else is held.
            told.world.advance(3700);
            told.world.thinkific.study(told.user, COURSE, percent);
            told.world.front.inject(Fault::next(FUNCTION, action, kind).times(3));
            told.world.thinkific.deliver().await;
            told.world.front.clear_faults();
            told.world.log();
            told.world.advance(8);
            told.world.thinkific.deliver().await;
            assert_eq!(told.progress(), Some((u64::from(percent), false)), "{action} {kind:?}");
            assert_eq!(told.statuses().last(), Some(&204), "{action} {kind:?}");
        }
    }
    println!("{points} points at which a delivery breaks off");
    let receipts = told.world.front.items(Table::Logins).unwrap();
    let receipts = receipts.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("webhook#")).count();
    // The order, the enrollment and each progress.
    assert_eq!(receipts, 2 + points);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_kept_or_logged_names_the_person() {
    let told = Told::start().await;
    told.world.thinkific.buy(told.user, COURSE);
    told.world.thinkific.study(told.user, COURSE, 100);
    told.world.thinkific.remove_user(told.user);
    told.world.thinkific.deliver().await;
    let kept = [Table::Logins, Table::Directory].map(|table| format!("{:?}", told.world.front.items(table).unwrap()));
    let all = format!("{kept:?}{:?}", told.world.log());
    for needle in [STUDENT, "Erin", "Existing"] {
        assert!(!all.contains(needle), "{needle}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_takes_posts_only() {
    let told = Told::start().await;
    let page = told.world.browser().get(&format!("{}/thinkific/pg-academy/webhook", told.world.url())).await.unwrap();
    assert_eq!(page.status, 405);
    assert_eq!(told.world.faults(), ["method_not_allowed"]);
}
