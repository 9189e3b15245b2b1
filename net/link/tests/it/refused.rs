//! Who is not let in, and what they are told.

use std::sync::Arc;
use std::time::Duration;

use net_link::pki::{Device, Identity};
use net_link::{
    ALPN, CertificateFault, CertificateProblem, Connection, LinkError, Listener, Role, Whose, connect,
};
use net_protocol::messages::{Bye, Hello, ToEdge};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{LOOPBACK, Site};

fn wrong(whose: Whose, fault: CertificateFault) -> LinkError {
    LinkError::WrongCertificate(CertificateProblem { whose, fault })
}

/// A certificate whose thirty days ended ten days ago.
fn expired(name: &str, role: Role) -> Device {
    let not_before = time::OffsetDateTime::now_utc() - time::Duration::days(40);
    Device { days: 30, not_before: Some(not_before), ..Device::new(name, role) }
}

/// Without a look at the clock, as a device with a wrong clock would.
fn unchecked(folder: &std::path::Path) -> Identity {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    Identity::from_pem(&read("ca.pem"), &read("cert.pem"), &read("key.pem")).unwrap()
}

async fn listen(identity: &Identity) -> Listener {
    Listener::bind(LOOPBACK.parse().unwrap(), identity).await.unwrap()
}

/// A server learns of a bad client certificate first; what the client is then told.
async fn told(connection: &Connection) -> LinkError {
    match connection.client_control().await {
        Ok((control, mut incoming)) => {
            control.send(&ToEdge::Hello(Hello::default())).await.ok();
            incoming.recv().await.expect_err("the edge must not answer")
        }
        Err(error) => error,
    }
}

/// A paragraph: what happened, what it means, what to do.
fn is_a_paragraph(error: &LinkError) {
    let text = error.to_string();
    assert!(!text.contains('\n') && text.matches(". ").count() >= 2 && text.ends_with('.'), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_of_one_site_know_each_other() {
    let site = Site::new();
    let mut listener = listen(&site.identity("edge-1", Role::Edge)).await;
    let client = connect(listener.local_addr().unwrap(), &site.identity("c-7", Role::Client)).await.unwrap();
    assert_eq!((client.peer().device.as_str(), client.peer().role), ("edge-1", Role::Edge));
    let edge = listener.accept().await.unwrap().unwrap();
    assert_eq!((edge.peer().device.as_str(), edge.peer().role), ("c-7", Role::Client));
    client.close(&Bye::default());
    assert!(matches!(edge.lost().await, LinkError::Closed { .. }));
    listener.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_another_site_is_refused() {
    let (site, other) = (Site::new(), Site::new());
    let mut listener = listen(&site.identity("edge-1", Role::Edge)).await;
    // it trusts our authority, but is enrolled at the other site
    let folder = other.issue(&Device::new("c", Role::Client));
    std::fs::copy(site.path("ca").join("ca.pem"), folder.join("ca.pem")).unwrap();
    let client = connect(listener.local_addr().unwrap(), &unchecked(&folder)).await.unwrap();
    let error = told(&client).await;
    assert_eq!(error, wrong(Whose::Ours, CertificateFault::UnknownCa));
    is_a_paragraph(&error);
    assert!(error.is_permanent());
    assert_eq!(
        listener.accept().await.unwrap().unwrap_err(),
        wrong(Whose::Theirs, CertificateFault::UnknownCa)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_of_another_site_is_refused() {
    let (site, other) = (Site::new(), Site::new());
    let listener = listen(&other.identity("edge-1", Role::Edge)).await;
    let error = connect(listener.local_addr().unwrap(), &site.identity("c", Role::Client)).await.unwrap_err();
    assert_eq!(error, wrong(Whose::Theirs, CertificateFault::UnknownCa));
    is_a_paragraph(&error);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_certificates_are_refused_both_ways() {
    let site = Site::new();
    let old_client = unchecked(&site.issue(&expired("c-old", Role::Client)));
    let mut listener = listen(&site.identity("edge-1", Role::Edge)).await;
    let client = connect(listener.local_addr().unwrap(), &old_client).await.unwrap();
    let error = told(&client).await;
    assert_eq!(error, wrong(Whose::Ours, CertificateFault::Expired));
    is_a_paragraph(&error);
    assert_eq!(
        listener.accept().await.unwrap().unwrap_err(),
        wrong(Whose::Theirs, CertificateFault::Expired)
    );

    let old_edge = unchecked(&site.issue(&expired("edge-old", Role::Edge)));
    let listener = listen(&old_edge).await;
    let error = connect(listener.local_addr().unwrap(), &site.identity("c", Role::Client)).await.unwrap_err();
    assert_eq!(error, wrong(Whose::Theirs, CertificateFault::Expired));
}

fn pem(folder: &std::path::Path) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap().map(Result::unwrap).collect();
    (chain, PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap())
}

fn roots(site: &Site) -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(site.path("ca").join("ca.pem")).unwrap()).unwrap();
    roots
}

fn builder() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A client that is not ours: it may show any certificate or none, and ask for any protocol.
async fn foreign_client(
    site: &Site,
    addr: std::net::SocketAddr,
    show: Option<&std::path::Path>,
    protocol: &[u8],
) -> Result<quinn::Connection, quinn::ConnectionError> {
    let tls = rustls::ClientConfig::builder_with_provider(builder())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots(site));
    let mut tls = match show {
        Some(folder) => {
            let (chain, key) = pem(folder);
            tls.with_client_auth_cert(chain, key).unwrap()
        }
        None => tls.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![protocol.to_vec()];
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let endpoint = quinn::Endpoint::client(LOOPBACK.parse().unwrap()).unwrap();
    endpoint.connect_with(config, addr, net_link::pki::EDGE_NAME).unwrap().await
}

/// A server that is not ours.
fn foreign_server(site: &Site, show: &std::path::Path, protocol: &[u8]) -> quinn::Endpoint {
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots(site)), builder());
    let (chain, key) = pem(show);
    let mut tls = rustls::ServerConfig::builder_with_provider(builder())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![protocol.to_vec()];
    let config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    let endpoint = quinn::Endpoint::server(config, LOOPBACK.parse().unwrap()).unwrap();
    let accepting = endpoint.clone();
    tokio::spawn(async move {
        while let Some(incoming) = accepting.accept().await {
            tokio::spawn(async move {
                if let Ok(connection) = incoming.await {
                    connection.closed().await;
                }
            });
        }
    });
    endpoint
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_a_certificate_is_refused() {
    let site = Site::new();
    let mut listener = listen(&site.identity("edge-1", Role::Edge)).await;
    let client = foreign_client(&site, listener.local_addr().unwrap(), None, ALPN).await.unwrap();
    assert_eq!(
        listener.accept().await.unwrap().unwrap_err(),
        wrong(Whose::Theirs, CertificateFault::Missing)
    );
    assert!(matches!(client.closed().await, quinn::ConnectionError::ConnectionClosed(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_protocol_is_refused_both_ways() {
    let site = Site::new();
    let mut listener = listen(&site.identity("edge-1", Role::Edge)).await;
    let client = site.issue(&Device::new("c", Role::Client));
    let refused =
        foreign_client(&site, listener.local_addr().unwrap(), Some(&client), b"theatron-edge/0").await;
    assert!(refused.is_err());
    assert_eq!(listener.accept().await.unwrap().unwrap_err(), LinkError::NotAnEdge);

    let server = foreign_server(&site, &site.issue(&Device::new("edge-2", Role::Edge)), b"h3");
    let error = connect(server.local_addr().unwrap(), &Identity::load(&client).unwrap()).await.unwrap_err();
    assert_eq!(error, LinkError::NotAnEdge);
    is_a_paragraph(&error);
    assert!(error.is_permanent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_cannot_pose_as_the_other() {
    let site = Site::new();
    let edge = site.issue(&Device::new("edge-1", Role::Edge));
    let client = site.issue(&Device::new("c", Role::Client));

    let mut listener = listen(&Identity::load(&edge).unwrap()).await;
    let posing = foreign_client(&site, listener.local_addr().unwrap(), Some(&edge), ALPN).await.unwrap();
    assert_eq!(
        listener.accept().await.unwrap().unwrap_err(),
        wrong(Whose::Theirs, CertificateFault::WrongRole)
    );
    posing.closed().await;

    let server = foreign_server(&site, &client, ALPN);
    let error = connect(server.local_addr().unwrap(), &Identity::load(&client).unwrap()).await.unwrap_err();
    assert_eq!(error, wrong(Whose::Theirs, CertificateFault::WrongRole));
    is_a_paragraph(&error);

    // and our own programs do not even try
    let error = connect(server.local_addr().unwrap(), &Identity::load(&edge).unwrap()).await.unwrap_err();
    assert!(matches!(error, LinkError::Setup { .. }), "{error}");
    let error =
        Listener::bind(LOOPBACK.parse().unwrap(), &Identity::load(&client).unwrap()).await.unwrap_err();
    assert!(matches!(error, LinkError::Setup { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_the_edge_is_unreachable() {
    let site = Site::new();
    let silent = std::net::UdpSocket::bind(LOOPBACK).unwrap();
    let addr = silent.local_addr().unwrap();
    let error = connect(addr, &site.identity("c", Role::Client)).await.unwrap_err();
    assert_eq!(error, LinkError::Unreachable { addr });
    is_a_paragraph(&error);
    assert!(!error.is_permanent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_in_use_is_named() {
    let site = Site::new();
    let identity = site.identity("edge-1", Role::Edge);
    let first = listen(&identity).await;
    let addr = first.local_addr().unwrap();
    let error = Listener::bind(addr, &identity).await.unwrap_err();
    assert!(error.to_string().contains(&addr.to_string()), "{error}");
    is_a_paragraph(&error);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_streams_are_protocol_errors_and_the_link_lives() {
    let site = Site::new();
    let mut listener = listen(&site.identity("edge-1", Role::Edge)).await;
    let client = connect(listener.local_addr().unwrap(), &site.identity("c", Role::Client)).await.unwrap();
    let edge = listener.accept().await.unwrap().unwrap();
    let long = vec![2; 200_000];
    let hostile: [&[u8]; 5] = [&[], &[99], &[1, 2, 3], &[2; 20], &long];
    for bytes in hostile {
        let mut stream = edge.open_bulk(0).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.finish().unwrap();
        let read = client.accept_uni().await.unwrap().read().await;
        assert!(matches!(read, Err(LinkError::Protocol { .. })), "{read:?}");
    }
    let mut endless = edge.open_bulk(0).await.unwrap();
    let writing = tokio::spawn(async move { while endless.write_all(&[1; 8_192]).await.is_ok() {} });
    let read = client.accept_uni().await.unwrap().read().await;
    assert!(matches!(read, Err(LinkError::Protocol { .. })), "{read:?}");
    tokio::time::timeout(Duration::from_secs(20), writing)
        .await
        .expect("the reader stops an endless stream")
        .unwrap();
    assert_eq!(client.lost_now(), None);
}
