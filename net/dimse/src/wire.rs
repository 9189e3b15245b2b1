//! The stream under an association, with a deadline for every byte.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// What an association needs of its stream. TCP today; a TLS session is to be the second implementation.
pub(crate) trait Wire: Read + Write + Send {
    /// Reads and writes after this instant fail with `TimedOut`.
    fn set_deadline(&mut self, deadline: Instant);
    /// Waits at most `time` for a byte to read; true also at the end of the stream.
    fn ready(&mut self, time: Duration) -> io::Result<bool>;
    /// Ends the connection without waiting.
    fn close(&mut self);
}

/// Plain TCP.
#[derive(Debug)]
pub(crate) struct Tcp {
    stream: TcpStream,
    deadline: Instant,
}

/// Why no connection came about.
#[derive(Debug)]
pub(crate) enum ConnectError {
    Name(io::Error),
    Io(io::Error),
}

impl Tcp {
    /// Connects to the first address of `host` that answers within `time`.
    pub(crate) fn connect(host: &str, port: u16, time: Duration) -> Result<Self, ConnectError> {
        let deadline = Instant::now() + time;
        let mut last = None;
        for address in (host, port).to_socket_addrs().map_err(ConnectError::Name)? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                last.get_or_insert_with(|| io::Error::from(io::ErrorKind::TimedOut));
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    // answers are short and awaited: do not hold them back
                    stream.set_nodelay(true).map_err(ConnectError::Io)?;
                    return Ok(Self { stream, deadline });
                }
                Err(error) => last = Some(error),
            }
        }
        let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        last.map_or_else(|| Err(ConnectError::Name(none())), |error| Err(ConnectError::Io(error)))
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Tcp {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(into)
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Wire for Tcp {
    fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    fn ready(&mut self, time: Duration) -> io::Result<bool> {
        self.stream.set_read_timeout(Some(time.max(Duration::from_millis(1))))?;
        match self.stream.peek(&mut [0]) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(false)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn close(&mut self) {
        if let Err(error) = self.stream.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "closing a connection that is already gone");
        }
    }
}
