// SPDX-License-Identifier: Apache-2.0
'use strict';

// payment charges a card, after looking whether it can be one.
const {randomUUID} = require('crypto');

const {suffer} = require('../node/fault');
const {grpc, shop} = require('../node/proto');

// The check digit every card number ends with.
function plausible(number) {
  let sum = 0;
  [...number].reverse().forEach((character, place) => {
    const digit = Number(character) * (place % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  });
  return /^\d{12,19}$/.test(number) && sum % 10 === 0;
}

async function charge({request}, answer) {
  try {
    await suffer();
    const {card} = request;
    const expires = new Date(card.expiryYear, card.expiryMonth);
    if (!plausible(card.number) || expires < new Date()) {
      answer({code: grpc.status.INVALID_ARGUMENT, message: 'card refused'});
    } else {
      answer(null, {transactionId: randomUUID()});
    }
  } catch (error) {
    answer({code: grpc.status.INTERNAL, message: error.message});
  }
}

const server = new grpc.Server();
server.addService(shop.Payment.service, {charge});
server.bindAsync(`0.0.0.0:${process.env.SHOP_PORT}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
