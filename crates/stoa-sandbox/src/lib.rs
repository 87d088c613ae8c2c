//! A laptop's stand-in for everything around stoa: AWS, the identity providers and the school. Loopback only.

pub mod aws;
pub mod browser;
pub mod clock;
pub mod events;
pub mod gateway;
pub mod in_process;
pub mod openid;
pub mod pingfederate;
pub mod sandbox;
pub mod show;
pub mod thinkific;
pub mod workos;

mod control;
mod defects;
mod listen;
mod rotation;
mod web;
