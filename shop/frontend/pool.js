// SPDX-License-Identifier: Apache-2.0
'use strict';

// Several HTTP/2 connections to one service, kept open. Of two that are ready, drawn at random, a call takes the one
// where it should wait less (recent latency times calls ahead), so that replicas behind a ClusterIP share the work
// although each connection sticks to one of them.
const {grpc} = require('../node/proto');
const {note} = require('./view');

const CHECK_MS = 500;
const CONNECT_TIMEOUT_MS = 3000;  // then dial anew: behind a ClusterIP the next try may meet another replica
const DRAWS = 4;
const NEWEST = 0.3;   // share of the newest call in a link's recent latency
const FORGET = 0.15;  // per check: a link may have come to another replica since

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
    this.latency = 1;  // ms, recent
    this.dial();
  }

  dial() {
    this.client = new this.Client(this.address, grpc.credentials.createInsecure(), OPTIONS);
    this.since = Date.now();
  }

  ready() {
    return this.client.getChannel().getConnectivityState(false) === READY;
  }

  cost() {
    return this.latency * (this.busy + 1);
  }

  done(ms, error) {
    this.busy--;
    const felt = error ? Math.max(ms, this.latency) : ms;  // a quick error is no reason to come back
    this.latency += (felt - this.latency) * NEWEST;
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
    const mean = this.links.reduce((sum, link) => sum + link.latency, 0) / this.links.length;
    for (const link of this.links) {
      link.latency += (mean - link.latency) * FORGET;
      link.keep(now);
    }
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
    return one.cost() <= other.cost() ? one : other;
  }

  // Resolves to the answer; `deadline` is a Date.
  call(method, request, deadline) {
    const link = this.pick();
    const begin = performance.now();
    link.busy++;
    return new Promise((resolve, reject) => {
      link.client[method](request, {deadline}, (error, answer) => {
        const ms = performance.now() - begin;
        link.done(ms, error);
        note(this.service, ms, error);
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }
}

module.exports = {Pool};
