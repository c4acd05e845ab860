// A DNS server that tells whoever asks who they are: `dig @127.0.0.1 -p 5353 TXT whoami.example`.
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { policyFromEnv } from "@wherefrom/core";
import { createSocket, getClientIp, udpStatus } from "@wherefrom/dgram";
import { answerTo } from "./dns-message.mjs";

/** `udp` is a format of docs/guides/udp.md, or undefined where nothing stands before this server. Resolves when it listens. */
export async function startServer({ host, port, udp, trust }) {
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", udp }, policyFromEnv(trust));
  socket.on("message", (query, info) => {
    const { stop, hops } = info.client;
    const texts = [
      `client=${getClientIp(info) ?? "unknown"}`,
      `stop=${stop}`,
      ...hops.map(({ format, endpoint }) => `${format}=${endpoint?.address}`),
    ];
    const answer = answerTo(query, texts);
    // Where the balancer wants its header before replies, the socket writes it.
    if (answer !== undefined) socket.send(answer, info.port, info.address);
  });
  socket.bind(port, host);
  await once(socket, "listening");
  return socket;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { HOST = "127.0.0.1", PORT = "5353", UDP, TRUST = "trust=nobody" } = process.env;
  const socket = await startServer({ host: HOST, port: Number(PORT), udp: UDP, trust: TRUST });
  console.log(socket.address(), udpStatus(socket));
}
