//! quinn's settings, as measured for frames and bricks over lossy links (`docs/streaming.md`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    AckFrequencyConfig, ClientConfig, Endpoint, EndpointConfig, IdleTimeout, MtuDiscoveryConfig,
    ServerConfig, TransportConfig, VarInt,
};

use crate::congestion::{CongestionControl, PathSignals};
use crate::error::LinkError;
use crate::pki::Identity;

/// Name of the protocol in the TLS handshake (RFC 7301).
pub const ALPN: &[u8] = b"theatron-edge/1";

/// One-way streams that a peer may have open at once.
const UNI_STREAMS: u32 = 256;
/// Handshakes under way at once; further ones are refused.
const MOST_HANDSHAKES: usize = 256;
const KEEP_ALIVE: Duration = Duration::from_millis(200);
const IDLE_MS: u32 = 4_000;
/// Packets of up to this many bytes are tried: Ethernet without any tunnel.
const LARGEST_MTU: u16 = 1452;
const MAX_ACK_DELAY: Duration = Duration::from_millis(5);
/// Bytes of datagrams that the transport holds before it sends them.
const DATAGRAMS_IN_TRANSPORT: usize = 16 << 10;
/// Asked of the system for each socket; it may give less.
const SOCKET_BUFFER: usize = 8 << 20;

/// How a link behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkConfig {
    /// How fast it sends.
    pub congestion: CongestionControl,
}

impl LinkConfig {
    /// The usual settings with this congestion controller.
    pub fn with_congestion(congestion: CongestionControl) -> Self {
        Self { congestion }
    }
}

fn transport(config: LinkConfig, signals: &Arc<PathSignals>) -> Arc<TransportConfig> {
    // without it, what was lost last is sent again 25 ms later than the round trip asks for
    let mut acks = AckFrequencyConfig::default();
    acks.max_ack_delay(Some(MAX_ACK_DELAY));
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(LARGEST_MTU);
    let mut transport = TransportConfig::default();
    transport
        .congestion_controller_factory(config.congestion.factory(signals))
        .ack_frequency_config(Some(acks))
        // one lost first packet costs 0.2 s with this, 2 s with the default of 333 ms
        .initial_rtt(Duration::from_millis(30))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        // one segmented send: what waits longer waits in the scheduler, which knows what is urgent
        .datagram_send_buffer_size(DATAGRAMS_IN_TRANSPORT)
        .datagram_receive_buffer_size(Some(8 << 20))
        .stream_receive_window(VarInt::from_u32(32 << 20))
        .receive_window(VarInt::from_u32(64 << 20))
        // shared by all streams and blind to priority: bulk stays far below it by credit
        .send_window(4 << 20)
        // a stream is finished before the next of its priority is begun
        .send_fairness(false)
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(4))
        .mtu_discovery_config(Some(mtu));
    Arc::new(transport)
}

fn roots(identity: &Identity) -> Result<Arc<rustls::RootCertStore>, LinkError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in &identity.ca {
        roots.add(certificate.clone()).map_err(LinkError::setup)?;
    }
    Ok(Arc::new(roots))
}

/// An edge's settings for `quinn_proto`: mutual TLS and a transport with `config`, whose controller
/// shares `signals`. For programs that drive the protocol themselves, such as the link lab;
/// [`crate::Listener`] does all of this.
pub fn server_config(
    identity: &Identity,
    config: LinkConfig,
    signals: &Arc<PathSignals>,
) -> Result<ServerConfig, LinkError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots(identity)?, provider.clone())
            .build()
            .map_err(LinkError::setup)?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(LinkError::setup)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(LinkError::setup)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let tls = QuicServerConfig::try_from(tls).map_err(LinkError::setup)?;
    let mut server = ServerConfig::with_crypto(Arc::new(tls));
    server.transport_config(transport(config, signals)).max_incoming(MOST_HANDSHAKES);
    Ok(server)
}

/// The same edge for one connection more, whose controller has `signals` of its own.
pub(crate) fn for_one(
    server: &ServerConfig,
    config: LinkConfig,
    signals: &Arc<PathSignals>,
) -> Arc<ServerConfig> {
    let mut server = server.clone();
    server.transport_config(transport(config, signals));
    Arc::new(server)
}

/// A client's settings for `quinn_proto`; see [`server_config`].
pub fn client_config(
    identity: &Identity,
    config: LinkConfig,
    signals: &Arc<PathSignals>,
) -> Result<ClientConfig, LinkError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(LinkError::setup)?
        .with_root_certificates(roots(identity)?)
        .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(LinkError::setup)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let tls = QuicClientConfig::try_from(tls).map_err(LinkError::setup)?;
    let mut client = ClientConfig::new(Arc::new(tls));
    client.transport_config(transport(config, signals));
    Ok(client)
}

pub(crate) fn endpoint(addr: SocketAddr, server: Option<ServerConfig>) -> Result<Endpoint, LinkError> {
    let bind = || -> std::io::Result<Endpoint> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(addr), socket2::Type::DGRAM, None)?;
        // larger buffers are a wish: a system that caps them works, with more loss under load
        if socket.set_recv_buffer_size(SOCKET_BUFFER).is_err()
            || socket.set_send_buffer_size(SOCKET_BUFFER).is_err()
        {
            tracing::debug!("the system keeps its own socket buffer sizes");
        }
        socket.bind(&addr.into())?;
        Endpoint::new(EndpointConfig::default(), server, socket.into(), Arc::new(quinn::TokioRuntime))
    };
    bind().map_err(|error| LinkError::setup(format!("{addr}: {error}")))
}
