// kube-proxy's answer on a Service's healthCheckNodePort: 200 where this node has a Pod of it, 503 where it has none. Reads how many there are, a line each.
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const { port } = JSON.parse(process.argv[2]);
let localEndpoints = 0;

createServer((_request, response) => {
  response.writeHead(localEndpoints > 0 ? 200 : 503, { "content-type": "application/json" });
  response.end(JSON.stringify({ service: { namespace: "default", name: "whoami" }, localEndpoints }));
}).listen(port, "::", () => process.stdout.write("{}\n"));

for await (const line of createInterface({ input: process.stdin })) {
  ({ localEndpoints } = JSON.parse(line));
  process.stdout.write("{}\n");
}
process.exit(0);
