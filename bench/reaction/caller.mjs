// SPDX-License-Identifier: Apache-2.0
// Calls 127.0.0.1:PORT 40 times a second, whether answers come or not. Ends with its standard input.
import { Agent, get } from "node:http";

const EVERY_MS = 25;
const agent = new Agent({ keepAlive: true, maxSockets: 200 });
const port = Number(process.argv[2]);
setInterval(() => {
  get({ host: "127.0.0.1", port, path: "/work", agent }, (response) => response.resume()).on("error", () => {});
}, EVERY_MS);
process.stdin.on("end", () => process.exit(0)).resume();
