import { createServer } from "node:http";
import { Server } from "socket.io";
import { tell } from "./tell.mjs";

const server = createServer();
new Server(server).on("connection", (socket) => {
  const { headers, address } = socket.handshake;
  socket.emit("ip", headers["x-forwarded-for"]?.split(",")[0] ?? address, address);
});
tell(server);
