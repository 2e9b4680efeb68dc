//! What a process proves itself with to the others, and checks them by: the keys of statements about callers, and mutual TLS.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use proto::statement::Keys;
use proto::transport::{Tls, Transport};

use crate::config::Config;
use crate::world::World;

/// What proves who is who between processes.
#[derive(Clone, Debug)]
pub(crate) struct Internal {
    pub(crate) keys: Keys,
    pub(crate) tls: Option<Tls>,
}

impl Internal {
    /// Reads the files that the configuration names.
    pub(crate) fn load(config: &Config, world: &World) -> anyhow::Result<Internal> {
        let time = world.clock.clone();
        let clock = Arc::new(move || time().timestamp_micros());
        let keys = match &config.internal.key_file {
            Some(path) => Keys::from_pem(&read(path)?, clock)
                .with_context(|| format!("{} cannot be used (see TILLROLL_INTERNAL_KEY_FILE)", path.display()))?,
            None => Keys::insecure(clock),
        };
        let tls = match &config.internal.tls {
            Some(files) => Some(Tls {
                certificate: read(&files.certificate)?,
                key: read(&files.key)?,
                authority: read(&files.authority)?,
            }),
            None => None,
        };
        Ok(Internal { keys, tls })
    }

    /// A channel to the services of another process. Only who has a private key can say who calls.
    pub(crate) fn remote(&self, variable: &str, url: Option<&str>) -> anyhow::Result<Transport> {
        let url = url.with_context(|| format!("{variable} is not set"))?;
        anyhow::ensure!(
            self.keys.can_sign(),
            "TILLROLL_INTERNAL_KEY_FILE has no PRIVATE KEY; who calls the services signs who asks"
        );
        Transport::remote(url, self.keys.clone(), self.tls.as_ref())
            .with_context(|| format!("{variable} cannot be used, or the files of TLS cannot"))
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}
