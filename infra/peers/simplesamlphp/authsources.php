<?php
$config = [
    'people' => [
        'exampleauth:UserPass',
        'ada:lovelace' => [
            'uid' => ['u-1001'],
            'email' => ['ada@example.org'],
            'firstName' => ['Ada'],
            'lastName' => ['Lovelace'],
            'groups' => ['learners', 'Everyone'],
        ],
        'jose:nunez' => [
            'uid' => ['u-1002'],
            'email' => ['jose@example.org'],
            'firstName' => ['José'],
            'lastName' => ['Núñez & Søn'],
            'groups' => ['learners'],
        ],
    ],
];
