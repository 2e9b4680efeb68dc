//! Clients that say just what they want to, byte by byte.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use e2e::{PATIENCE, System};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A connection from `127.0.0.<host>`: to the system each of them is a client of its own.
pub(super) async fn connect(url: &str, host: u8) -> TcpStream {
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    socket.connect(address).await.unwrap()
}

pub(super) async fn gateway(system: &System, host: u8) -> TcpStream {
    connect(&system.url(), host).await
}

/// An answer over HTTP/1.1.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Heard {
    /// Whether it says that the connection ends with it.
    pub(super) fn is_last(&self) -> bool {
        self.head.to_lowercase().contains("\r\nconnection: close\r\n")
    }
}

/// The next answer; `None`: the connection has ended instead.
pub(super) async fn hear(stream: &mut TcpStream) -> Option<Heard> {
    timeout(PATIENCE, async {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
        let length = text
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        while bytes.len() < head + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        Some(Heard {
            status: text.split(' ').nth(1)?.parse().ok()?,
            body: String::from_utf8_lossy(&bytes[head..head + length]).into_owned(),
            head: text,
        })
    })
    .await
    .expect("an answer, or the end of the connection")
}

/// Sends a request over HTTP/1.1 and hears the answer.
pub(super) async fn ask(stream: &mut TcpStream, request: &str) -> Option<Heard> {
    stream.write_all(request.as_bytes()).await.ok()?;
    hear(stream).await
}

/// Returns when the server has ended the connection.
pub(super) async fn ended(stream: &mut TcpStream) {
    let reading = async { while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {} };
    timeout(PATIENCE, reading).await.expect("the connection is ended");
}

/// A client of HTTP/2 that sends frames and reads none.
pub(super) struct Http2 {
    pub(super) stream: TcpStream,
    next: u32,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const INITIAL_WINDOW_SIZE: u16 = 4;

impl Http2 {
    /// `window`: how many bytes of each answer it is ready for.
    pub(super) async fn over(mut stream: TcpStream, window: u32) -> Self {
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut this = Self { stream, next: 1 };
        let mut setting = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
        setting.extend(window.to_be_bytes());
        this.frame(SETTINGS, 0, 0, &setting).await;
        this
    }

    async fn frame(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(id.to_be_bytes());
        bytes.extend(payload);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// Begins a request, and ends it if it has no body.
    pub(super) async fn request(&mut self, method: &str, path: &str, token: &str, body: Option<&str>) {
        let id = self.next;
        self.next += 2;
        let authorization = format!("Bearer {token}");
        let mut block = Vec::new();
        for (name, value) in [
            (":method", method),
            (":scheme", "http"),
            (":path", path),
            (":authority", "x"),
            ("authorization", &authorization),
            ("content-type", "application/json"),
        ] {
            block.push(0);
            literal(&mut block, name);
            literal(&mut block, value);
        }
        let end = if body.is_none() { END_STREAM } else { 0 };
        self.frame(HEADERS, END_HEADERS | end, id, &block).await;
        if let Some(body) = body {
            self.frame(DATA, 0, id, body.as_bytes()).await;
        }
    }

    /// Whether the server has not ended the connection.
    pub(super) async fn is_open(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match timeout(Duration::from_millis(1), self.stream.read(&mut buffer)).await {
                Ok(Ok(1..)) => {}
                Ok(_) => return false,
                Err(_) => return true,
            }
        }
    }
}

/// A string as HPACK spells it without compression.
fn literal(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).unwrap() | 128);
            length /= 128;
        }
        block.push(u8::try_from(length).unwrap());
    }
    block.extend(text.as_bytes());
}
