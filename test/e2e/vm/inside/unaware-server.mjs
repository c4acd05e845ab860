// A server that knows nothing of wherefrom: tells every connection its remoteAddress and remotePort.
import { createServer } from "node:net";

const { host, port } = JSON.parse(process.argv[2]);
const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", () => {
    const { remoteAddress: address, remotePort } = socket;
    socket.end(`${JSON.stringify({ client: { address, port: remotePort } })}\n`);
  });
});
server.listen({ host, port }, () => process.stdout.write("{}\n"));
process.stdin.resume().on("end", () => process.exit(0));
