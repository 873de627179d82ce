<?php
// What the browser's installer does, and links as they are on nearly every site.
define('WP_INSTALLING', true);

// WordPress would mail the administrator.
function wp_new_blog_notification($title, $url, $user, $password) {}

$database = new mysqli('localhost', 'root', '', null, 0, getenv('SITE_SOCKET'));
$database->query('CREATE DATABASE ' . getenv('SITE_DATABASE') . ' CHARACTER SET utf8mb4');

require __DIR__ . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Bell tower', 'admin', 'admin@carillon.test', true, '', wp_generate_password());
update_option('permalink_structure', '/%postname%/');
echo json_encode(['version' => $wp_version]);
