//! Keys and certificates with which the roles trust each other during development.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use proto::caller::Part;
use proto::statement::key_pair;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};

use crate::world::random_bytes;

/// How long the certificates are good.
const LIFETIME: TimeDelta = TimeDelta::days(365);
/// One for each role, and one for tools.
const PARTS: [Part; 6] = [
    Part::Gateway,
    Part::Command,
    Part::Query,
    Part::Projector,
    Part::Worker,
    Part::Operator,
];

/// Makes a folder with an authority, a certificate of each role, and the keys of statements about callers; all of it or nothing. `hosts` are
/// names of machines besides `localhost` and the role's own name. Answers with false, and changes nothing, when the folder is there.
pub fn make(folder: &Path, hosts: &[String], now: DateTime<Utc>) -> anyhow::Result<bool> {
    if folder.exists() {
        return Ok(false);
    }
    let mut draft = folder.as_os_str().to_owned();
    draft.push(format!(".{}.draft", std::process::id()));
    let draft = PathBuf::from(draft);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&draft)
        .with_context(|| format!("{} cannot be made", draft.display()))?;
    let made = fill(&draft, hosts, now)
        .and_then(|()| std::fs::rename(&draft, folder).with_context(|| format!("{} cannot be made", folder.display())));
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&draft);
    }
    made.map(|()| true)
}

fn fill(folder: &Path, hosts: &[String], now: DateTime<Utc>) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("{} cannot be written", path.display()))
    };
    let mut authority = params("Tillroll development authority", now);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    write("ca.pem", &authority.self_signed(&key)?.pem())?;
    write("ca-key.pem", &key.serialize_pem())?;
    let issuer = Issuer::new(authority, key);
    for part in PARTS {
        let name = part.name();
        let mut certificate = params(&name, now);
        let hosts = ["localhost", &*name]
            .into_iter()
            .chain(hosts.iter().map(String::as_str));
        let mut names = hosts
            .map(|host| Ok(SanType::DnsName(host.try_into()?)))
            .collect::<Result<Vec<_>, rcgen::Error>>()?;
        names.extend([[127, 0, 0, 1].into(), std::net::Ipv6Addr::LOCALHOST.into()].map(SanType::IpAddress));
        names.push(SanType::URI(format!("tillroll:role:{name}").as_str().try_into()?));
        certificate.subject_alt_names = names;
        certificate.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        certificate.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        write(&format!("{name}.pem"), &certificate.signed_by(&key, &issuer)?.pem())?;
        write(&format!("{name}-key.pem"), &key.serialize_pem())?;
    }
    let (private, public) = key_pair(&random_bytes()?)?;
    write("caller-key.pem", &private)?;
    write("caller.pem", &public)
}

fn params(name: &str, now: DateTime<Utc>) -> CertificateParams {
    let day = |time: DateTime<Utc>| {
        // Both are at most 31.
        let [month, day] = [time.month(), time.day()].map(|number| u8::try_from(number).unwrap_or(1));
        date_time_ymd(time.year(), month, day)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = day(now - TimeDelta::days(1));
    params.not_after = day(now + LIFETIME);
    params
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::make;

    #[test]
    fn they_are_made_once_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let certs = folder.path().join("certs");
        let now = (crate::world::clock())();
        assert!(make(&certs, &["shop.internal".to_owned()], now).unwrap());
        let mut files: Vec<_> = std::fs::read_dir(&certs).unwrap().map(Result::unwrap).collect();
        files.sort_by_key(std::fs::DirEntry::file_name);
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(certs.clone()), 0o700);
        assert_eq!(files.len(), 2 + 6 * 2 + 2);
        for file in &files {
            assert_eq!(mode(file.path()), 0o600, "{file:?}");
        }
        let before = std::fs::read(certs.join("ca.pem")).unwrap();
        assert!(!make(&certs, &[], now).unwrap());
        assert_eq!(std::fs::read(certs.join("ca.pem")).unwrap(), before);
        assert!(
            make(
                &folder.path().join("others"),
                &["no host".to_owned(), "ü".to_owned()],
                now
            )
            .is_err()
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing half made is left"
        );
    }
}
