<?php
// SPDX-License-Identifier: Apache-2.0
// quote tells what it costs to send a number of things: a base price, then less and less per piece.
declare(strict_types=1);

const BASE_CENTS = 490;
const PIECE_CENTS = 180;
const DISCOUNT = 0.93;  // each further piece costs this share of the one before

// Faults on demand: lines "NAME VALUE" in the file named by SHOP_FAULT_FILE.
function faults(): array
{
    $values = [];
    $path = getenv('SHOP_FAULT_FILE') ?: '';
    if (is_file($path)) {
        foreach (file($path, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
            [$name, $value] = explode(' ', $line, 2);
            $values[$name] = (float) $value;
        }
    }
    return $values;
}

// True when this request is to fail. A PHP request forgets all it had: a leak lasts as long as the request.
function suffer(): bool
{
    $on = faults();
    usleep((int) (($on['slow'] ?? 0) * 1000));
    if (isset($on['lock'])) {
        $held = fopen(sys_get_temp_dir() . '/shop-quote.lock', 'c');
        flock($held, LOCK_EX);
        usleep((int) ($on['lock'] * 1000));
        flock($held, LOCK_UN);
    }
    return mt_rand() / mt_getrandmax() < ($on['errors'] ?? 0);
}

function cents(int $items): int
{
    $sum = $items > 0 ? BASE_CENTS : 0;
    for ($piece = 0; $piece < min($items, 1000); $piece++) {
        $sum += PIECE_CENTS * DISCOUNT ** $piece;
    }
    return (int) round($sum);
}

header('Content-Type: application/json');
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || $_SERVER['REQUEST_URI'] !== '/getquote') {
    http_response_code(404);
    echo '{"error":"no such page"}';
} elseif (suffer()) {
    http_response_code(500);
    echo '{"error":"fault: errors"}';
} else {
    $request = json_decode(file_get_contents('php://input'), true);
    echo json_encode(['cents' => cents((int) ($request['items'] ?? 0))]);
}
