// SPDX-License-Identifier: Apache-2.0
'use strict';

// frontend: HTTP/1.1 in, gRPC out. Every request is answered within DEADLINE_MS, if only with an error.
const http = require('http');

const {suffer} = require('../node/fault');
const {grpc} = require('../node/proto');
const {route} = require('./pages');

const DEADLINE_MS = 7500;
const KEEP_ALIVE_MS = 120000;  // longer than any shopper thinks
const BACKLOG = 4096;
const MAX_BODY_BYTES = 65536;

const HTTP_STATUS = new Map([
  [grpc.status.NOT_FOUND, 404],
  [grpc.status.INVALID_ARGUMENT, 400],
  [grpc.status.UNAVAILABLE, 503],
  [grpc.status.DEADLINE_EXCEEDED, 504],
]);

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw Object.assign(new Error('body too large'), {code: grpc.status.INVALID_ARGUMENT});
    chunks.push(chunk);
  }
  return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : {};
}

function answer(response, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {'Content-Type': 'application/json', 'Content-Length': body.length});
  response.end(body);
}

async function serve(request, response) {
  const deadline = new Date(Date.now() + DEADLINE_MS);
  const {pathname, searchParams} = new URL(request.url, 'http://frontend');
  const found = route(request.method, pathname);
  if (!found) return answer(response, 404, {error: 'no such page'});
  const [handler, argument] = found;
  try {
    const body = request.method === 'POST' ? await readBody(request) : {};
    await suffer();
    return answer(response, 200, await handler(searchParams, body, deadline, argument));
  } catch (error) {
    return answer(response, HTTP_STATUS.get(error.code) || 500, {error: error.message});
  }
}

const server = http.createServer(serve);
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.requestTimeout = 0;
server.headersTimeout = 0;
server.listen({host: '0.0.0.0', port: Number(process.env.SHOP_PORT), backlog: BACKLOG});
