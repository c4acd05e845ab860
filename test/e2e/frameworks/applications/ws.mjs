import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { tell } from "./tell.mjs";

const server = createServer();
new WebSocketServer({ server }).on("connection", (socket, { headers, socket: { remoteAddress } }) => {
  socket.send(headers["x-forwarded-for"]?.split(",")[0].trim() ?? remoteAddress);
});
tell(server);
