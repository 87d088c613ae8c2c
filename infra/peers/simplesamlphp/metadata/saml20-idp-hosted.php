<?php
$peer = json_decode(file_get_contents(getenv('STOA_PEER')), true);
$metadata['https://simplesamlphp.example'] = [
    'host' => '__DEFAULT__',
    'privatekey' => $peer['idp'] . '.key',
    'certificate' => $peer['idp'] . '.crt',
    'auth' => 'people',
    'signature.algorithm' => $peer['algorithm'],
    'sign.logout' => true,
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'authproc' => [
        10 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid',
            'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
    ],
];
