//! c132: what each state of a connection takes, on every route, whichever protocol brings the identity. The Teams tab
//! has its own in `teams`.

use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::{Method, ROUTES, Route};
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::GLOBEX;

use crate::oidc::{as_it_comes, login_url, our_calls};
use crate::steps::{Answer, MARY, World, go_on};

const KINDS: [Kind; 3] = [Kind::Saml, Kind::Oidc, Kind::Workos];

/// A way by which an identity arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Saml,
    Oidc,
    Workos,
}

/// What the identity provider has answered and the browser has not brought to us yet.
enum Held {
    Form(Answer),
    Redirect(Page),
}

impl Held {
    async fn deliver(&self, browser: &Browser) -> Page {
        match self {
            Self::Form(answer) => answer.post(browser).await,
            Self::Redirect(page) => go_on(browser, page).await,
        }
    }
}

impl Kind {
    const fn id(self) -> &'static str {
        match self {
            Self::Saml => "pg",
            Self::Oidc => GLOBEX.id,
            Self::Workos => "umbrella",
        }
    }

    /// A sandbox in which the connection is active and somebody is about to sign on.
    async fn world(self) -> World {
        let world = World::start().await;
        match self {
            Self::Saml => world.pingfederate.sign_on_as(MARY),
            Self::Oidc => {
                world.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
                world.openid.sign_on_as(GLOBEX.product, GLOBEX.person);
            }
            Self::Workos => {
                world.connect_workos(str::to_owned).await.unwrap();
                world.workos.sign_on_as("00u1a");
            }
        }
        world
    }

    fn login(self, world: &World, query: &str) -> String {
        format!("{}/login/{}{query}", world.url(), self.id())
    }

    /// A login up to the identity provider's answer.
    async fn answer(self, world: &World, browser: &Browser, query: &str) -> Held {
        let address = self.login(world, query);
        match self {
            Self::Saml => {
                Held::Form(Answer::on(browser.following(Follow::WithoutScripts).get(&address).await.unwrap()))
            }
            Self::Oidc | Self::Workos => {
                let stopped = browser.following(Follow::Nothing);
                let ours = stopped.get(&address).await.unwrap();
                Held::Redirect(go_on(&stopped, &ours).await)
            }
        }
    }

    /// Something that arrives.
    const fn arrives(self) -> &'static str {
        match self {
            Self::Saml => "firstName Mary",
            Self::Oidc => "oid ",
            Self::Workos => "idp_id 00u1a",
        }
    }

    /// Where the identity provider begins a login by itself, if it can.
    fn portal(self, world: &World) -> Option<String> {
        match self {
            Self::Saml => Some(world.pingfederate.start_url(world.pingfederate_partner(), None)),
            Self::Oidc => None,
            Self::Workos => Some(world.workos.start_url(stoa_sandbox::workos::CONNECTION)),
        }
    }

    /// An answer out of thin air.
    async fn answer_from_nowhere(self, world: &World) -> Page {
        let (url, id) = (world.url(), self.id());
        match self {
            Self::Saml => {
                let fields = [("SAMLResponse", "PHg+PC94Pg==")];
                world.browser().post(None, &format!("{url}/saml/{id}/acs"), &fields).await.unwrap()
            }
            Self::Oidc | Self::Workos => {
                world.browser().get(&format!("{url}/oidc/{id}/callback?code=c&state=s")).await.unwrap()
            }
        }
    }

    async fn set_state(self, world: &World, state: ConnectionState) {
        world.set_state(self.id(), state).await;
        world.advance(61);
    }
}

/// Before the functions' copies are a minute old, the launch knows already.
async fn pending(kind: Kind, state: ConnectionState, fault: &str) {
    let world = kind.world().await;
    let browser = world.browser();
    let held = kind.answer(&world, &browser, "").await;
    let ticket = kind.answer(&world, &browser, "").await.deliver(&browser.following(Follow::Nothing)).await;
    assert_eq!(ticket.status, 303, "{kind:?}: {}", ticket.text());
    world.set_state(kind.id(), state).await;
    world.refused_and_traced(&go_on(&browser, &ticket).await, fault);
    world.advance(61);
    world.refused(&held.deliver(&browser).await, fault);
    assert_eq!(world.launches(), 0, "{kind:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_draft_and_a_tested_connection_take_test_logins_only() {
    for kind in KINDS {
        let world = kind.world().await;
        let id = ConnectionId::parse(kind.id()).unwrap();
        for state in [ConnectionState::Draft, ConnectionState::Tested] {
            kind.set_state(&world, state).await;
            let get = async |address: &str| world.browser().get(address).await.unwrap();
            world.refused(&get(&kind.login(&world, "")).await, "connection_not_active");
            if let Some(portal) = kind.portal(&world) {
                world.refused(&get(&portal).await, "connection_not_active");
            }
            let plain = get(&kind.login(&world, "?test=1")).await;
            assert!(plain.text().contains("The test login worked"), "{kind:?}: {}", plain.text());
            let (link, _) = world.operator.open_test_link(&id).await.unwrap();
            let shown = get(&link.address(&world.url())).await;
            assert!(shown.text().contains("because you used a test link"), "{kind:?}: {}", shown.text());
            assert!(shown.text().contains(kind.arrives()), "{kind:?}: {}", shown.text());
        }
        assert_eq!(world.launches(), 0, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_disabled_connection_takes_nothing() {
    for kind in KINDS {
        let world = kind.world().await;
        let id = ConnectionId::parse(kind.id()).unwrap();
        let (link, _) = world.operator.open_test_link(&id).await.unwrap();
        kind.set_state(&world, ConnectionState::Disabled).await;
        let mut addresses = vec![kind.login(&world, ""), kind.login(&world, "?test=1"), link.address(&world.url())];
        addresses.extend(kind.portal(&world));
        if kind == Kind::Saml {
            addresses.push(format!("{}/saml/pg/metadata", world.url()));
        }
        for address in addresses {
            world.refused(&world.browser().get(&address).await.unwrap(), "connection_disabled");
        }
        world.refused(&kind.answer_from_nowhere(&world).await, "connection_disabled");
        assert_eq!(world.launches(), 0, "{kind:?}");
    }
}

/// Signing out lets nobody in.
const LETS_NOBODY_IN: &str = "GET /sign-out/{connection}";

/// What a route answers whose connection is switched off, and what its log line says.
async fn at_closed(world: &World, route: Route) -> (Page, serde_json::Value) {
    let Route::On(method, pattern) = route else { panic!("{route:?}") };
    let address = format!("{}{}", world.url(), pattern.replace("{connection}", Kind::Saml.id()));
    let browser = world.browser().following(Follow::Nothing);
    let page = match method {
        Method::Get => browser.get(&address).await.unwrap(),
        Method::Post => browser.post(Some(&world.url()), &address, &[("SAMLResponse", "PHg+PC94Pg==")]).await.unwrap(),
        Method::Put | Method::Patch | Method::Delete => panic!("{route:?}: no browser sends it"),
    };
    (page, serde_json::from_str(&world.log().pop().unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_every_route_of_a_disabled_connection_is_closed_and_its_line_names_the_connection() {
    let world = Kind::Saml.world().await;
    Kind::Saml.set_state(&world, ConnectionState::Disabled).await;
    // A SCIM client is told so only if it has a token, and WorkOS if it has signed: tests/it/scim.rs, workos_directory.rs.
    let proves_first = |name: &str| ["scim", "workos-webhook"].contains(&name);
    let routes = ROUTES.iter().filter(|function| !proves_first(function.name)).flat_map(|function| function.routes);
    let (of_a_connection, others): (Vec<Route>, Vec<Route>) =
        routes.partition(|route| route.key().contains("{connection}"));
    for route in of_a_connection {
        let (page, line) = at_closed(&world, route).await;
        assert_eq!(line["connection"], Kind::Saml.id(), "{route:?}: {line}");
        if route.key() == LETS_NOBODY_IN {
            assert_eq!((page.status, line["fault"].as_str()), (303, None), "{route:?}");
        } else {
            assert_eq!(line["fault"], "connection_disabled", "{route:?}: {line}");
            assert!(page.status == 403 && page.text().contains("connection-closed"), "{route:?}: {}", page.text());
        }
    }
    // A test above goes through the launch and one of `discovery` through `POST /login`; the others know no connection.
    let others: Vec<String> = others.into_iter().map(Route::key).collect();
    assert_eq!(
        others,
        [
            "GET /login",
            "POST /login",
            "GET /teams/script.js",
            "GET /launch",
            "POST /launch",
            "GET /return",
            "$default",
            "POST /thinkific/{school}/webhook"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_who_is_on_the_way_when_the_state_changes_is_not_let_in() {
    for kind in KINDS {
        pending(kind, ConnectionState::Disabled, "connection_disabled").await;
        pending(kind, ConnectionState::Draft, "connection_not_active").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c133_who_is_on_the_way_when_the_connection_is_deleted_is_not_let_in() {
    use stoa_core::routes::Table;
    for kind in KINDS {
        let world = kind.world().await;
        let browser = world.browser();
        let held = kind.answer(&world, &browser, "").await;
        let ticket = kind.answer(&world, &browser, "").await.deliver(&browser.following(Follow::Nothing)).await;
        crate::aws::delete(&world, Table::Connections, "connection#").await;
        world.refused(&go_on(&browser, &ticket).await, "connection_unknown");
        world.advance(61);
        world.refused(&held.deliver(&browser).await, "connection_unknown");
        world.refused(&world.browser().get(&kind.login(&world, "")).await.unwrap(), "connection_unknown");
    }
}

/// A customer who has left would be an alarm for ever.
#[tokio::test(flavor = "multi_thread")]
async fn c132_nobody_asks_the_provider_of_a_disabled_connection_for_its_keys() {
    let world = as_it_comes(&GLOBEX).await;
    world.set_state(GLOBEX.id, ConnectionState::Disabled).await;
    world.openid.take_calls();
    world.refresh_trust().await.unwrap();
    assert_eq!(our_calls(&world), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c175_what_was_read_by_a_clock_that_ran_ahead_is_read_again() {
    const DAY: i64 = 24 * 3600;
    let world = as_it_comes(&GLOBEX).await;
    let begin = async || {
        let browser = world.browser().following(Follow::Nothing);
        browser.get(&login_url(&world, &GLOBEX, "")).await.unwrap()
    };
    world.advance(DAY);
    assert_eq!(begin().await.status, 303);
    world.advance(-DAY);
    world.set_state(GLOBEX.id, ConnectionState::Disabled).await;
    world.refused(&begin().await, "connection_disabled");
}
