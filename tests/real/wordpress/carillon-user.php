<?php
// php carillon-user.php NAME ROLE: a user of the site, with an application password.
require __DIR__ . '/wp-load.php';
[, $name, $role] = $argv;
$user = wp_insert_user([
    'user_login' => $name, 'user_email' => "$name@carillon.test", 'role' => $role, 'user_pass' => wp_generate_password(),
]);
[$password, $item] = WP_Application_Passwords::create_new_application_password($user, ['name' => 'carillon']);
echo json_encode(['id' => $user, 'name' => $name, 'password' => $password]);
