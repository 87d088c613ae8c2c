//! The flows of stoa over its concrete clients: DynamoDB, Secrets Manager, outbound HTTP, the Lambda edge.
//!
//! The only crate that names AWS. Each function is a module of [`functions`], and its binary is one call of `serve`.
//! What a flow decides is in `stoa-core`; here it is carried out.
//!
//! | module | does |
//! |---|---|
//! | [`functions`] | joins each name of the register to its flow, and runs it |
//! | `edge`, `gateway`, `incoming`, `fields`, `invoked` | an event in, an answer out, whatever happens in between |
//! | `ahead` | what a request asks for before it needs it, all at once |
//! | `visit` | one request on its way through a flow, and what it is answered |
//! | `flows` | one file a function |
//! | [`store`] | DynamoDB, one file a table |
//! | `objects`, `signing` | S3, and what is asked of AWS without an SDK |
//! | `secrets`, `environment` | what a function is told |
//! | `http_client`, `egress`, `api` | calls to the outside: guarded where somebody else chose the address; the school's API |
//! | `log`, `trust_log`, `provision_log` | the one line of an invocation, and the lines of `trust-refresh` and `provisioner` |
//! | `log_line`, `metrics` | what those lines have in common, and which of their fields CloudWatch counts |
//! | [`operator`] | what the command `stoa` does in AWS |
//! | `clients`, `clock`, `credentials`, `random` | what all of them are handed |
//! | `held`, `pace` | what a process keeps, mostly for a minute, and how many requests of a client it takes |

mod ahead;
mod api;
mod clients;
mod clock;
mod credentials;
mod edge;
mod egress;
mod environment;
mod fields;
mod flows;
pub mod functions;
mod gateway;
mod held;
mod http_client;
mod incoming;
mod invoked;
mod log;
mod log_line;
mod metrics;
mod objects;
pub mod operator;
mod pace;
mod provision_log;
mod random;
mod secrets;
mod signing;
pub mod store;
mod trust_log;
mod visit;

pub use clients::Clients;
pub use clock::Clock;
pub use credentials::Credentials;
pub use edge::Handler;
pub use environment::{Environment, EnvironmentError, Variables};
pub use invoked::{Invoked, NotAnswered};
pub use log::Log;
