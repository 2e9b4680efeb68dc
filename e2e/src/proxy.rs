//! A way to PostgreSQL on which answers get lost.

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// The message that ends a session.
const GOODBYE: &[u8] = &[b'X', 0, 0, 0, 4];

/// How an answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The statement is carried out, and then the connection closes without its answer.
    Closed,
    /// The statement is carried out, and then nothing is heard any more, on a connection that stays open.
    Silent,
    /// The connection closes before the statement has reached the server, which gets it only when [`Proxy::deliver`] says so.
    Late,
}

/// Stands between a client and PostgreSQL, without TLS. Gone with this value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    rule: Mutex<Option<Rule>>,
    /// To let go what is [`Loss::Late`].
    late: Notify,
    /// The server has had its say on what came late.
    done: Notify,
}

#[derive(Debug)]
struct Rule {
    statements: &'static [&'static str],
    /// How many of them still get their answers.
    left: usize,
    loss: Loss,
}

impl Proxy {
    /// Opens the way to the server at `server`.
    pub async fn to(server: SocketAddr) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            rule: Mutex::new(None),
            late: Notify::new(),
            done: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).carry(client));
            }
        });
        Ok(Proxy { address, shared, task })
    }

    /// Where clients connect instead of to the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// After `left` more statements that contain one of the texts, the answer to the next one gets lost.
    pub fn lose(&self, statements: &'static [&'static str], left: usize, loss: Loss) {
        *self.shared.rule() = Some(Rule { statements, left, loss });
    }

    /// Whether the answer that was to get lost is lost; if not, it will not be any more.
    #[must_use]
    pub fn lost(&self) -> bool {
        self.shared.rule().take().is_none()
    }

    /// Lets the server have the statement that is late, and waits until it is through with it.
    pub async fn deliver(&self) {
        self.shared.late.notify_one();
        self.shared.done.notified().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn rule(&self) -> std::sync::MutexGuard<'_, Option<Rule>> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let (doom, doomed) = mpsc::unbounded_channel();
        let ended = {
            let mut from_server = from_server;
            let ended = tokio::select! {
                asked = self.asks(from_client, to_server, doom) => asked.ok().flatten(),
                _ = answers(&mut from_server, to_client, doomed) => None,
            };
            ended.map(|late| (late, from_server))
        };
        // Both ways to the client are closed by now.
        if let Some(((mut to_server, statement), mut from_server)) = ended {
            self.late.notified().await;
            let _ = to_server.write_all(&statement).await;
            let _ = to_server.write_all(GOODBYE).await;
            let _ = from_server.read_to_end(&mut Vec::new()).await;
            self.done.notify_one();
        }
    }

    /// Client to server, and for each statement whether its answer is to get lost. Ends with a statement that is to come late.
    async fn asks(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        doom: mpsc::UnboundedSender<Option<Loss>>,
    ) -> Result<Option<(OwnedWriteHalf, Vec<u8>)>> {
        // The message that opens a session has no kind.
        let mut length = [0; 4];
        from.read_exact(&mut length).await?;
        to.write_all(&length).await?;
        to.write_all(&body(&mut from, length).await?).await?;
        let mut prepared: HashMap<Vec<u8>, String> = HashMap::new();
        let (mut pending, mut texts) = (Vec::new(), String::new());
        loop {
            let (kind, message) = message(&mut from).await?;
            let fields: Vec<&[u8]> = message[5..].splitn(3, |byte| *byte == 0).collect();
            match (kind, fields.as_slice()) {
                (b'P', [name, text, ..]) => {
                    prepared.insert(name.to_vec(), String::from_utf8_lossy(text).into_owned());
                }
                (b'B', [_, name, ..]) => texts.push_str(prepared.get(*name).map_or("", String::as_str)),
                (b'Q', [text, ..]) => texts.push_str(&String::from_utf8_lossy(text)),
                _ => {}
            }
            pending.extend_from_slice(&message);
            match kind {
                b'S' | b'Q' => {
                    let loss = self.loss(&std::mem::take(&mut texts));
                    if loss == Some(Loss::Late) {
                        return Ok(Some((to, pending)));
                    }
                    let _ = doom.send(loss);
                    to.write_all(&std::mem::take(&mut pending)).await?;
                }
                // Sent on at once: an answer comes before the next end of a request.
                b'H' | b'X' | b'p' | b'd' | b'c' | b'f' => to.write_all(&std::mem::take(&mut pending)).await?,
                _ => {}
            }
        }
    }

    fn loss(&self, texts: &str) -> Option<Loss> {
        let mut rule = self.rule();
        let Rule { statements, left, loss } = rule.as_mut()?;
        if !statements.iter().any(|statement| texts.contains(statement)) {
            return None;
        }
        if *left > 0 {
            *left -= 1;
            return None;
        }
        let loss = *loss;
        *rule = None;
        Some(loss)
    }
}

/// Server to client, one answer after the other.
async fn answers(
    from: &mut OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut doomed: mpsc::UnboundedReceiver<Option<Loss>>,
) -> Result<()> {
    let mut opened = false;
    let mut answer = Vec::new();
    loop {
        let (kind, message) = message(from).await?;
        answer.extend_from_slice(&message);
        if !opened {
            opened = kind == b'Z';
            to.write_all(&std::mem::take(&mut answer)).await?;
        } else if kind == b'Z' {
            match doomed.recv().await.flatten() {
                None => to.write_all(&std::mem::take(&mut answer)).await?,
                Some(Loss::Closed | Loss::Late) => return Ok(()),
                Some(Loss::Silent) => std::future::pending().await,
            }
        } else if kind == b'G' || answer.len() > 1 << 16 {
            to.write_all(&std::mem::take(&mut answer)).await?;
        }
    }
}

/// A message with its kind and length.
async fn message(from: &mut OwnedReadHalf) -> Result<(u8, Vec<u8>)> {
    let kind = from.read_u8().await?;
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let mut message = vec![kind];
    message.extend_from_slice(&length);
    message.extend(body(from, length).await?);
    Ok((kind, message))
}

async fn body(from: &mut OwnedReadHalf, length: [u8; 4]) -> Result<Vec<u8>> {
    let length = u32::from_be_bytes(length) as usize;
    let mut body = vec![0; length.checked_sub(4).ok_or(Error::from(ErrorKind::InvalidData))?];
    from.read_exact(&mut body).await?;
    Ok(body)
}
