// SPDX-License-Identifier: Apache-2.0
'use strict';

// Several HTTP/2 connections to one service. A call takes the less busy of two drawn at random, so that
// replicas behind a ClusterIP share the work although each connection sticks to one of them.
const {grpc} = require('../node/proto');

const OPTIONS = {
  'grpc.use_local_subchannel_pool': 1,  // a connection per channel, not one per address
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
};

class Pool {
  constructor(Client, address, size) {
    this.links = Array.from({length: size}, () => ({
      client: new Client(address, grpc.credentials.createInsecure(), OPTIONS), busy: 0}));
  }

  pick() {
    const draw = () => this.links[Math.floor(Math.random() * this.links.length)];
    const [one, other] = [draw(), draw()];
    return one.busy <= other.busy ? one : other;
  }

  // Resolves to the answer; `deadline` is a Date.
  call(method, request, deadline) {
    const link = this.pick();
    link.busy++;
    return new Promise((resolve, reject) => {
      link.client[method](request, {deadline}, (error, answer) => {
        link.busy--;
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }
}

module.exports = {Pool};
