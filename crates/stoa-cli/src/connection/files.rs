//! Which files belong together.

use std::path::{Path, PathBuf};

use stoa_core::connection::{ConnectionDocument, IdpDocument, ProviderDocument};
use stoa_service::operator::{ConnectionFile, NamedFile};

use crate::CliError;

/// A school's file.
pub(super) struct SchoolFile {
    pub(super) path: String,
    pub(super) text: String,
}

/// What a folder, or one connection's file, asks for.
pub(super) struct Files {
    pub(super) schools: Vec<SchoolFile>,
    pub(super) connections: Vec<ConnectionFile>,
}

/// Reads a folder with everything in it, or one connection's file with its school.
pub(super) fn read(path: &Path) -> Result<Files, CliError> {
    let files = if path.is_dir() { folder(path)? } else { one(path)? };
    if files.schools.is_empty() && files.connections.is_empty() {
        return Err(CliError::NoFiles(path.to_owned()));
    }
    Ok(files)
}

fn folder(path: &Path) -> Result<Files, CliError> {
    let connections = toml_files(path)?.iter().map(|path| connection(path)).collect::<Result<_, _>>()?;
    let schools = path.join("schools");
    let schools = if schools.is_dir() { toml_files(&schools)? } else { Vec::new() };
    Ok(Files { schools: schools.iter().map(|path| school(path)).collect::<Result<_, _>>()?, connections })
}

fn one(path: &Path) -> Result<Files, CliError> {
    let connection = connection(path)?;
    // What does not parse is reported when it is planned.
    let named = toml::from_str::<ConnectionDocument>(&connection.text).ok().map(|document| document.school);
    let beside = named.map(|school| path.with_file_name("schools").join(format!("{school}.toml")));
    let schools = beside.filter(|path| path.is_file()).map(|path| school(&path)).transpose()?;
    Ok(Files { schools: schools.into_iter().collect(), connections: vec![connection] })
}

/// A connection's file and the files that it names, beside it.
pub(super) fn connection(path: &Path) -> Result<ConnectionFile, CliError> {
    let (text, by) = (read_text(path)?, path.display().to_string());
    let named = |file| {
        let beside = ConnectionFile::named(&text, file).map(|name| path.with_file_name(name));
        let unread = |path, source| CliError::Beside { path, by: by.clone(), source };
        beside.map(|path| std::fs::read(&path).map_err(|source| unread(path, source))).transpose()
    };
    let metadata = named(NamedFile::Metadata)?;
    let (discovery, jwks) = (named(NamedFile::Discovery)?, named(NamedFile::Jwks)?);
    Ok(ConnectionFile { path: by, text, metadata, discovery, jwks })
}

/// Puts something in the place of what the identity provider publishes, where that is not at hand, so that the rest can
/// be looked at.
pub(super) fn stand_in(document: &mut ConnectionDocument) {
    let address = || "https://identity-provider.invalid/".to_owned();
    if let Some(saml) = &mut document.saml {
        saml.idp.get_or_insert_with(|| IdpDocument {
            entity_id: address(),
            sso_redirect: Some(address()),
            sso_post: Some(address()),
        });
    }
    if let Some(oidc) = &mut document.oidc {
        oidc.provider.get_or_insert_with(|| ProviderDocument {
            authorization_endpoint: address(),
            token_endpoint: address(),
            userinfo_endpoint: None,
            jwks_uri: address(),
            response_iss: false,
        });
    }
}

fn school(path: &Path) -> Result<SchoolFile, CliError> {
    Ok(SchoolFile { path: path.display().to_string(), text: read_text(path)? })
}

fn read_text(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.to_owned(), source })
}

/// In the order of their names, so that a plan is the same twice.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let failed = |source| CliError::File { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
