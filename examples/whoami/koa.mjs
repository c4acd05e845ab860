import { createServer } from "node:http";
import { getClient, wherefrom } from "@wherefrom/koa";
import * as net from "@wherefrom/net";
import Koa from "koa";
import { host, options, policy, port } from "./policy.mjs";

const app = new Koa();
app.use(wherefrom(policy));
app.use((context) => {
  if (context.path === "/whoami") context.body = { ip: context.ip, ...getClient(context).toJSON() };
});

// Behind HTTP proxies app.listen() does. What comes before HTTP (TOA, the PROXY protocol) is the server's.
net.wherefrom(createServer(app.callback()), policy, options).listen({ port, host });
