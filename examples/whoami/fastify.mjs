import { getClient, wherefrom } from "@wherefrom/fastify";
import * as net from "@wherefrom/net";
import fastify from "fastify";
import { host, options, policy, port } from "./policy.mjs";

const app = fastify();
await app.register(wherefrom(policy));
app.get("/whoami", (request) => ({ ip: request.ip, ...getClient(request).toJSON() }));

// What comes before HTTP (TOA, the PROXY protocol) is the server's.
net.wherefrom(app.server, policy, options);
await app.listen({ port, host });
