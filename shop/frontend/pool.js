// SPDX-License-Identifier: Apache-2.0
'use strict';

// Several HTTP/2 connections to one service, kept open. A call takes the less busy of two drawn from those that
// are ready, so that replicas behind a ClusterIP share the work although each connection sticks to one of them.
const {grpc} = require('../node/proto');
const {note} = require('./view');

const CHECK_MS = 500;
const CONNECT_TIMEOUT_MS = 3000;  // then dial anew: behind a ClusterIP the next try may meet another replica
const DRAWS = 4;

const OPTIONS = {
  'grpc.use_local_subchannel_pool': 1,  // a connection per channel, not one per address
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
};

const {READY} = grpc.connectivityState;

class Link {
  constructor(Client, address) {
    this.Client = Client;
    this.address = address;
    this.busy = 0;
    this.dial();
  }

  dial() {
    this.client = new this.Client(this.address, grpc.credentials.createInsecure(), OPTIONS);
    this.since = Date.now();
  }

  ready() {
    return this.client.getChannel().getConnectivityState(false) === READY;
  }

  // Connects when idle, dials anew when connecting takes too long.
  keep(now) {
    if (this.client.getChannel().getConnectivityState(true) === READY) {
      this.since = now;
    } else if (now - this.since > CONNECT_TIMEOUT_MS) {
      this.client.close();
      this.dial();
      this.client.getChannel().getConnectivityState(true);
    }
  }
}

class Pool {
  constructor(service, Client, address, size) {
    this.service = service;
    this.links = Array.from({length: size}, () => new Link(Client, address));
    this.keep();
    setInterval(() => this.keep(), CHECK_MS);
  }

  keep() {
    const now = Date.now();
    for (const link of this.links) link.keep(now);
  }

  draw() {
    let link;
    for (let i = 0; i < DRAWS; i++) {
      link = this.links[Math.floor(Math.random() * this.links.length)];
      if (link.ready()) break;
    }
    return link;
  }

  pick() {
    const [one, other] = [this.draw(), this.draw()];
    if (one.ready() !== other.ready()) return one.ready() ? one : other;
    return one.busy <= other.busy ? one : other;
  }

  // Resolves to the answer; `deadline` is a Date.
  call(method, request, deadline) {
    const link = this.pick();
    const begin = performance.now();
    link.busy++;
    return new Promise((resolve, reject) => {
      link.client[method](request, {deadline}, (error, answer) => {
        link.busy--;
        note(this.service, performance.now() - begin, error);
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }
}

module.exports = {Pool};
