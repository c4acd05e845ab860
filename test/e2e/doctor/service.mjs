// A service with its doctor, as a user writes it: node service.mjs '{ "policy": {…}, "listen": {…}, … }'. Every request that is no probe is answered with its client.
import { createServer } from "node:http";
import { doctor } from "@wherefrom/doctor";
import { compilePolicy, getClient, wherefrom } from "@wherefrom/net";

const { policy, options, listen, socket, maxHeadersCount } = JSON.parse(process.argv[2]);
const handle = doctor({ token: process.env.WHEREFROM_DOCTOR_TOKEN, arm: "15m", socket });
const server = createServer((request, response) => {
  handle(request, response, () => {
    const { client, nearest } = getClient(request);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ client: client?.address, nearest: nearest?.address }));
  });
});
if (maxHeadersCount !== undefined) server.maxHeadersCount = maxHeadersCount;
wherefrom(server, compilePolicy(policy), { notices: false, ...options });
server.listen(listen);
