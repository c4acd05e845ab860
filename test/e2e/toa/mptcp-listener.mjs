// A server on a listener of another process: argv[2] is its descriptor. Tells the server's status as one line of JSON.
import { createServer } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { toaStatus, wherefrom } from "@wherefrom/net";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa", nodesFilterToa: true });
const server = wherefrom(createServer(), policy, { toa: "dpvs" });
server.listen({ fd: Number(process.argv[2]) }, () => {
  console.log(JSON.stringify(toaStatus(server)));
  server.close();
});
