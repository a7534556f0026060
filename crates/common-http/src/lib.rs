//! common-http
