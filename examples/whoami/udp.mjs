// Every datagram is answered with who sent it. UDP names what the balancer writes: "bytedance", "dpvs", "spp", "proxy-v2"; without it the source is the client.
import { createSocket } from "@wherefrom/dgram";
import { host, policy, port } from "./policy.mjs";

const type = host.includes(":") ? "udp6" : "udp4";
const socket = createSocket({ type, udp: process.env.UDP }, policy);
socket.on("message", (_payload, info) => {
  socket.send(`${JSON.stringify(info.client)}\n`, info.port, info.address);
});
socket.bind(port, host);
