//! What the emulator itself can carry here: offers packets of 1,400 bytes and prints what arrives.
//!
//! `cargo run -p net_sim --example link_figures -- embb-good 400 5` = profile, offered Mbit/s, seconds.

use std::error::Error;
use std::io::Write as _;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use net_sim::{Link, Profile};

const PACKET: usize = 1400;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let profile = Profile::named(&arguments.next().unwrap_or_else(|| "embb-good".into()))?;
    let mbit: f64 = arguments.next().map_or(Ok(400.0), |text| text.parse())?;
    let seconds: f64 = arguments.next().map_or(Ok(5.0), |text| text.parse())?;

    let server = UdpSocket::bind("127.0.0.1:0")?;
    let client = UdpSocket::bind("127.0.0.1:0")?;
    // what the system caps this at is what a real client has too
    socket2::SockRef::from(&client).set_recv_buffer_size(8 << 20)?;
    client.set_read_timeout(Some(Duration::from_millis(500)))?;
    let link = Link::start(&profile, server.local_addr()?, 1)?;
    client.send_to(b"here", link.addr())?;
    let (_, back) = server.recv_from(&mut [0; 16])?;

    let began = Instant::now();
    let sender =
        std::thread::Builder::new().name("offer".into()).spawn(move || -> std::io::Result<u64> {
            let mut packet = [0; PACKET];
            let mut sent = 0_u64;
            while began.elapsed().as_secs_f64() < seconds {
                let due = (began.elapsed().as_secs_f64() * mbit * 1e6 / 8.0 / PACKET as f64) as u64;
                while sent < due {
                    packet[..8].copy_from_slice(&(began.elapsed().as_nanos() as u64).to_le_bytes());
                    server.send_to(&packet, back)?;
                    sent += 1;
                }
                std::thread::sleep(Duration::from_micros(500));
            }
            Ok(sent)
        })?;
    let mut delays_ms = Vec::new();
    let mut last = began.elapsed();
    let mut buffer = [0; PACKET];
    while let Ok((PACKET, _)) = client.recv_from(&mut buffer) {
        last = began.elapsed();
        if let Some(stamp) = buffer.first_chunk::<8>() {
            delays_ms.push((last.as_nanos() as f64 - u64::from_le_bytes(*stamp) as f64) / 1e6);
        }
    }
    let sent = sender.join().map_err(|_panic| "the sender panicked")??;
    delays_ms.sort_by(f64::total_cmp);
    let at =
        |share: f64| delays_ms.get((delays_ms.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    let down = link.stats().down;
    writeln!(
        std::io::stdout(),
        "{}: offered {sent} packets, arrived {} = {:.0} Mbit/s; delay p50 {:.1} p99 {:.1} ms; emulator: seen {}, lost {}, \
         queue full {}, in gaps {}",
        profile.title,
        delays_ms.len(),
        (delays_ms.len() * PACKET) as f64 * 8e-6 / last.as_secs_f64(),
        at(0.5),
        at(0.99),
        down.packets,
        down.lost,
        down.queue_dropped,
        down.gap_dropped,
    )?;
    Ok(())
}
