// SPDX-License-Identifier: Apache-2.0
// An HTTP server that is told on its standard input to be "well", to "fail" or to be "slow". Prints
// its port, then the time (ms since the epoch) of the first answer after each change.
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const SLOW_MS = 300;
let mode = "well";
let told = true;

function answer(response) {
  if (!told) {
    told = true;
    console.log(`${mode} ${Date.now()}`);
  }
  response.writeHead(mode === "fail" ? 503 : 200, { "content-type": "text/plain" });
  response.end("done\n");
}

const server = createServer((request, response) => {
  if (mode === "slow") setTimeout(() => answer(response), SLOW_MS);
  else answer(response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
createInterface({ input: process.stdin }).on("line", (line) => {
  mode = line;
  told = false;
}).on("close", () => process.exit(0));
