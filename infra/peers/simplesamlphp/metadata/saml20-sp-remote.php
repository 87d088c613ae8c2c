<?php
$peer = json_decode(file_get_contents(getenv('STOA_PEER')), true);
// Its own parser reads the metadata that we publish, as an administrator's import would.
$parsed = \SimpleSAML\Metadata\SAMLParser::parseString($peer['sp_metadata'])->getMetadata20SP();
$metadata[$parsed['entityid']] = array_merge($parsed, [
    'saml20.sign.response' => $peer['sign_response'],
    'saml20.sign.assertion' => $peer['sign_assertion'],
    'assertion.encryption' => $peer['encrypt'],
    'sharedkey_algorithm' => $peer['encryption'],
    'validate.authnrequest' => $peer['requests_signed'],
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
]);
