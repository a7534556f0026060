//! kros-client
