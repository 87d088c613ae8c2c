//! The local API Gateway.
