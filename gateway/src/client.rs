//! Whom a request is counted against.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::HeaderMap;

/// Whom a request is counted against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    User(Arc<str>),
    V4([u8; 4]),
    /// The network of a subscriber: one has 2^64 addresses to choose from.
    V6([u8; 8]),
    /// No address is known: the router runs without `serve`.
    Unknown,
}

impl Client {
    /// The client behind an address: IPv6 by its /64, IPv4 in IPv6's clothes as IPv4.
    pub(crate) fn of_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => Self::V6(address.octets().first_chunk().copied().unwrap_or_default()),
        }
    }

    /// The client behind a connection; see [`address`].
    pub(crate) fn of_connection(peer: Option<SocketAddr>, headers: &HeaderMap, proxies: usize) -> Self {
        address(peer, headers, proxies).map_or(Self::Unknown, Self::of_address)
    }
}

/// The client's address. With `proxies` > 0 that many proxies are trusted to have appended the address that they saw to
/// `X-Forwarded-For`, so the one counted that far from the right is the client's; what stands left of it the client may
/// have written itself.
pub(crate) fn address(peer: Option<SocketAddr>, headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let forwarded = proxies.checked_sub(1).and_then(|skip| {
        headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .nth(skip)
            .and_then(|address| address.trim().parse().ok())
    });
    forwarded.or(peer.map(|peer| peer.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(address: &str) -> Client {
        Client::of_address(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_client_is_its_network_and_mapped_addresses_are_ipv4() {
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:10.0.0.1"), client("10.0.0.1"));
        assert_ne!(client("10.0.0.1"), client("10.0.0.2"));
    }

    #[test]
    fn forwarded_addresses_count_only_behind_trusted_proxies() {
        let peer = Some("10.0.0.9:1234".parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1, 2.2.2.2"));
        headers.append("x-forwarded-for", HeaderValue::from_static("3.3.3.3"));
        for (proxies, expected) in [(0, "10.0.0.9"), (1, "3.3.3.3"), (2, "2.2.2.2"), (9, "10.0.0.9")] {
            assert_eq!(
                Client::of_connection(peer, &headers, proxies),
                client(expected),
                "{proxies}"
            );
        }
        headers.append("x-forwarded-for", HeaderValue::from_static("nonsense"));
        assert_eq!(Client::of_connection(peer, &headers, 1), client("10.0.0.9"));
        assert_eq!(Client::of_connection(None, &headers, 0), Client::Unknown);
    }
}
