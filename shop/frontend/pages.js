// SPDX-License-Identifier: Apache-2.0
'use strict';

// What each address of the shop asks of the services behind it.
const {shop} = require('../node/proto');
const {Pool} = require('./pool');

// Connections per replica set: many where replicas come and go under load.
const POOLS = {
  productcatalog: [shop.ProductCatalog, 3550, 24],
  cart: [shop.CartService, 7070, 12],
  recommendation: [shop.Recommendation, 9001, 2],
  currency: [shop.Currency, 7001, 2],
  ad: [shop.AdService, 9555, 2],
  checkout: [shop.Checkout, 5050, 2],
};

const to = {};
for (const [name, [Client, port, size]] of Object.entries(POOLS)) {
  to[name] = new Pool(name, Client, process.env[`${name.toUpperCase()}_ADDRESS`] || `${name}:${port}`, size);
}

async function index(query, body, deadline) {
  const [{products}, {codes}] = await Promise.all([
    to.productcatalog.call('listProducts', {}, deadline),
    to.currency.call('listCurrencies', {}, deadline),
  ]);
  return {products, currencies: codes};
}

async function product(query, body, deadline, id) {
  const found = await to.productcatalog.call('getProduct', {id}, deadline);
  const currency = query.get('currency') || 'EUR';
  found.price = await to.currency.call('convert', {from: found.price, toCurrency: currency}, deadline);
  return found;
}

async function recommendations(query, body, deadline) {
  const request = {userId: query.get('user'), productIds: [query.get('product')]};
  const {ids} = await to.recommendation.call('listRecommendations', request, deadline);
  return to.productcatalog.call('getProducts', {ids}, deadline);
}

function ads(query, body, deadline) {
  return to.ad.call('getAds', {contextKeys: [query.get('context')]}, deadline);
}

async function viewCart(query, body, deadline) {
  const {items} = await to.cart.call('getCart', {id: query.get('user')}, deadline);
  const ids = items.map((item) => item.productId);
  const {products} = await to.productcatalog.call('getProducts', {ids}, deadline);
  return {items, products};
}

async function addToCart(query, {userId, productId, quantity}, deadline) {
  await to.productcatalog.call('getProduct', {id: productId}, deadline);
  await to.cart.call('addItem', {userId, item: {productId, quantity}}, deadline);
  return to.cart.call('getCart', {id: userId}, deadline);
}

function checkout(query, body, deadline) {
  return to.checkout.call('placeOrder', body, deadline);
}

const ROUTES = {
  'GET /': index,
  'GET /api/recommendations': recommendations,
  'GET /api/ads': ads,
  'GET /api/cart': viewCart,
  'POST /api/cart': addToCart,
  'POST /api/checkout': checkout,
};
const PRODUCT = '/api/products/';

// The handler of a request and its path's argument; undefined when there is none.
function route(method, path) {
  if (method === 'GET' && path.startsWith(PRODUCT)) return [product, path.slice(PRODUCT.length)];
  const handler = ROUTES[`${method} ${path}`];
  return handler && [handler];
}

module.exports = {route};
