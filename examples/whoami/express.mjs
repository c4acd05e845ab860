import { createServer } from "node:http";
import { getClient, wherefrom } from "@wherefrom/express";
import * as net from "@wherefrom/net";
import express from "express";
import { host, options, policy, port } from "./policy.mjs";

const app = express();
app.use(wherefrom(policy));
app.get("/whoami", (request, response) => response.json({ ip: request.ip, ...getClient(request).toJSON() }));

// Behind HTTP proxies app.listen() does. What comes before HTTP (TOA, the PROXY protocol) is the server's.
net.wherefrom(createServer(app), policy, options).listen({ port, host });
