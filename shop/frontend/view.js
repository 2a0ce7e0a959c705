// SPDX-License-Identifier: Apache-2.0
'use strict';

// How the services behind look from here: a line of JSON per INTERVAL_MS on standard output.
const INTERVAL_MS = 5000;
let seen = new Map();

function note(service, ms, failed) {
  let entry = seen.get(service);
  if (!entry) seen.set(service, entry = {ms: [], failed: 0});
  entry.ms.push(ms);
  entry.failed += failed ? 1 : 0;
}

function summary({ms, failed}) {
  ms.sort((a, b) => a - b);
  const rank = (share) => Math.round(ms[Math.ceil(share * ms.length) - 1] * 10) / 10;
  return {calls: ms.length, errors: failed, p50_ms: rank(0.5), p95_ms: rank(0.95)};
}

setInterval(() => {
  const services = Object.fromEntries([...seen].map(([name, entry]) => [name, summary(entry)]));
  console.log(JSON.stringify({time: Math.floor(Date.now() / 1000), services}));
  seen = new Map();
}, INTERVAL_MS);

module.exports = {note};
