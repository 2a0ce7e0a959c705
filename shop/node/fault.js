// SPDX-License-Identifier: Apache-2.0
'use strict';

// Faults on demand: lines "NAME VALUE" in the file named by SHOP_FAULT_FILE, read at most twice a second.
const fs = require('fs');

const MAX_AGE_MS = 500;
const MEBIBYTE = 1 << 20;
const path = process.env.SHOP_FAULT_FILE;
const leaked = [];
let values = new Map();
let read = 0;
let held = Promise.resolve();

function fault(name) {
  const now = Date.now();
  if (path && now - read > MAX_AGE_MS) {
    read = now;
    values = new Map();
    try {
      for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
        const [key, value] = line.trim().split(/\s+/);
        if (value !== undefined) values.set(key, Number(value));
      }
    } catch {
      // no file: healthy
    }
  }
  return values.get(name) || 0;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Waits, leaks or locks as told; throws when this call is to fail.
async function suffer() {
  if (fault('slow') > 0) await sleep(fault('slow'));
  if (fault('lock') > 0) {
    const turn = held.then(() => sleep(fault('lock')));
    held = turn;
    await turn;
  }
  if (fault('leak') > 0) leaked.push(Buffer.alloc(fault('leak') * MEBIBYTE, 1));
  if (Math.random() < fault('errors')) throw Object.assign(new Error('fault: errors'), {code: 13});
}

module.exports = {suffer};
