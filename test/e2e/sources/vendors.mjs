// Alone on a network of its own, where the hosts of vendors are this process: follows each vendor's list by its name, with what the vendor documents as its answer.
// Its argument is a file of JSON: `{ key, cert, answers: { "host/path": text }, vendors: [[name, options], ...] }`. Writes what was believed, and what was asked for, by name.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { policyText } from "@wherefrom/core";
import { followPolicy, vendorList } from "@wherefrom/sources";

const { key, cert, answers, vendors } = JSON.parse(readFileSync(process.argv[2], "utf8"));
let asked = [];
const server = createServer({ key, cert }, async (request, response) => {
  const place = `${request.headers.host}${request.url}`;
  let body = "";
  for await (const chunk of request) body += chunk;
  asked.push([request.method, place, body].join(" ").trim());
  if (answers[place] === undefined) response.statusCode = 404;
  response.end(answers[place]);
});
server.listen(443, "127.0.0.1");
await once(server, "listening");

const seen = {};
for (const [name, options] of vendors) {
  asked = [];
  const source = followPolicy({
    lists: { edge: vendorList(name, { ca: cert, ...options }) },
    policy: ({ edge }) => ({ trust: edge.prefixes, from: "x-forwarded-for" }),
    startMs: 3000,
  });
  const believed = await source.ready.then(
    () => JSON.parse(policyText(source)).trust,
    (error) => error.message,
  );
  source.close();
  seen[name] = { believed, asked };
}
server.closeAllConnections();
server.close();
console.log(JSON.stringify(seen));
