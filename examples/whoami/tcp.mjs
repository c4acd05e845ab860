// Any protocol over TCP: says who it is as soon as the other end has said something.
import { createServer } from "node:net";
import { getClient, wherefrom } from "@wherefrom/net";
import { host, options, policy, port } from "./policy.mjs";

const server = wherefrom(createServer(), policy, options);
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.once("data", () => socket.end(`${JSON.stringify(getClient(socket))}\n`));
});
server.listen({ port, host });
