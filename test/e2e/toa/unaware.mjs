// An application that knows nothing of wherefrom, on two ports: it believes X-Forwarded-For as Express and most handlers do, and answers with whom it sees.
import { createServer } from "node:http";
import express from "express";

const { ports } = JSON.parse(process.argv[2]);
const app = express().set("trust proxy", true);
app.use((request, response) => {
  const { headers, rawHeaders, headersDistinct, socket } = request;
  const leftMost = headers["x-forwarded-for"]?.split(",")[0].trim();
  const all = JSON.stringify([headers, rawHeaders, headersDistinct]);
  response.json({ ip: request.ip, leftMost, realIp: headers["x-real-ip"], all, peer: socket.remoteAddress });
});
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
await Promise.all(ports.map((port) => new Promise((settle) => createServer(app).listen(port, "::", settle))));
say(ports);
process.stdin.resume().on("end", () => process.exit(0));
