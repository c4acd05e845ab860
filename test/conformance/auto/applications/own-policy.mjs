// An application with a policy of its own, of another header, and a route with a third one.
import { createServer } from "node:http";
import { compilePolicy, getClientIp, wherefrom } from "@wherefrom/net";

const own = compilePolicy({ trust: ["127.0.0.1"], from: "cf-connecting-ip" });
const route = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });

const server = createServer((request, response) => {
  const { headers } = request;
  response.end(JSON.stringify({ headers, server: getClientIp(request), route: getClientIp(request, route) }));
});
if (process.env.WHEN === "before") wherefrom(server, own);
server.listen(0, "127.0.0.1", () => {
  if (process.env.WHEN === "after") wherefrom(server, own, { normalize: false });
  process.stdout.write(`${JSON.stringify([server.address().port])}\n`);
});
