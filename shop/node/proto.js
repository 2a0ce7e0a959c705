// SPDX-License-Identifier: Apache-2.0
'use strict';

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const {shop} = grpc.loadPackageDefinition(
  loader.loadSync(process.env.SHOP_PROTO, {longs: Number, defaults: true}));

module.exports = {grpc, shop};
