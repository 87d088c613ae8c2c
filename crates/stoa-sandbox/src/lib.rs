//! A laptop's stand-in for everything around stoa: AWS, the identity providers and the school. Loopback only.
//!
//! Each simulator is as strict as the real one is known to be, says where its knowledge comes from, has a control page
//! at `/sandbox`, and can be told to go wrong.
//!
//! | module | stands for |
//! |---|---|
//! | [`sandbox`] | the whole of it, as tests and the command start it |
//! | [`aws`] | DynamoDB, Secrets Manager and Lambda, with the grants of the register enforced |
//! | [`gateway`] | API Gateway |
//! | [`functions`] | what runs the functions, as the gateway and the local Lambda see it |
//! | [`in_process`] | Lambda, where the functions run in this process instead of as their binaries |
//! | [`pingfederate`] | a customer's SAML identity provider |
//! | [`openid`] | customers' OpenID providers: PingFederate, Entra, Okta, Google |
//! | [`providers`] | identity providers by the hundred, some of which never answer |
//! | [`workos`] | WorkOS |
//! | [`thinkific`] | the school |
//! | [`browser`] | the person's browser, with the rules of cookies, forms and origins |
//! | [`clock`] | the time, which tests move |
//! | [`processor`] | what processes have used of the processor, for whoever measures them |
//! | [`events`] | the gateway's events as files: the samples of `events/`, and fresh ones |
//! | [`arguments`] | what the command takes |
//! | [`show`] | what the command prints |
//! | `control`, `defects`, `listen`, `rotation`, `web` | what the simulators have in common |

pub mod arguments;
pub mod aws;
pub mod browser;
pub mod clock;
pub mod events;
pub mod functions;
pub mod gateway;
pub mod in_process;
pub mod openid;
pub mod pingfederate;
pub mod processor;
pub mod providers;
pub mod sandbox;
pub mod show;
pub mod thinkific;
pub mod workos;

mod control;
mod defects;
mod listen;
mod rotation;
mod web;
