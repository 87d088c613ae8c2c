<?php
// A SAML identity provider that is not ours, for tests. What changes from test to test is in the file that
// STOA_PEER names; PHP reads it for each request.
$peer = json_decode(file_get_contents(getenv('STOA_PEER')), true);
$config = [
    'baseurlpath' => $peer['url'] . '/',
    'secretsalt' => 'for tests only',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'technicalcontact_email' => 'nobody@example.org',
    'timezone' => 'UTC',
    'certdir' => $peer['keys'] . '/',
    'metadatadir' => __DIR__ . '/metadata/',
    'loggingdir' => $peer['folder'] . '/',
    'datadir' => $peer['folder'] . '/',
    'tempdir' => $peer['folder'] . '/',
    'logging.handler' => 'errorlog',
    'logging.level' => 3,
    'errorreporting' => false,
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'metadata.sources' => [['type' => 'flatfile']],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => $peer['folder'],
    // On http a browser keeps no Secure cookie of this host.
    'session.cookie.secure' => false,
    'session.phpsession.cookiename' => 'SimpleSAML',
    'language.available' => ['en'],
    'language.default' => 'en',
    // It would write into the installation's folders.
    'production' => true,
    'authproc.idp' => [],
    'authproc.sp' => [],
];
