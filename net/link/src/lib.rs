//! QUIC links: mutual TLS, streams by priority, reconnect.
