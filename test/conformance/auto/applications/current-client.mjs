// A callback without a request, in a bundle that has a copy of @wherefrom/audit of its own: dist/esm is what bundlers take in.
import { createServer } from "node:http";
import { setTimeout as later } from "node:timers/promises";

const COPY = new URL("../../../../packages/audit/dist/esm/index.mjs", import.meta.url);
const { currentClient } = await import(COPY.href);

async function action() {
  await later(1);
  return currentClient()?.client?.address ?? "unknown";
}

const server = createServer(async (_request, response) => response.end(JSON.stringify(await action())));
server.listen(0, "127.0.0.1", () => process.stdout.write(`${JSON.stringify([server.address().port])}\n`));
