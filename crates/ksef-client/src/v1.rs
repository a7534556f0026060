//! KSeF 1.x: the interface of the specification 1.9.
