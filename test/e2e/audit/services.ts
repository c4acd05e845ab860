import { createSocket as createPlainSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { auditConnections, auditDatagrams, auditHttp, LoginGuard } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { createSocket } from "@wherefrom/dgram";
import { getClient, wherefrom } from "@wherefrom/net";
import { onTestFinished } from "vitest";

/** Where the two clients are; they are the same user's. */
const PLACES: Readonly<Record<string, { country: string }>> = {
  "203.0.113.7": { country: "DE" },
  "203.0.113.8": { country: "AU" },
};
export const PROXY = "127.0.0.1";
/** A neighbour that no rule names, and says the same as the proxy. */
export const STRANGER = "127.0.0.2";

/** An HTTP, a TCP and a UDP server of this process behind a proxy each, all of them audited, until the test is over. */
interface Services {
  /** Two clients of one user come to each server through its proxy; then a stranger says that he is a proxy or, over UDP, the proxy names nobody. */
  readonly visit: () => Promise<void>;
}

/** What one `visit` brings to a server before its third request, as `action reason`. */
const LOGINS = ["login.location", "client.resolved", "login.location", "login.anomaly new-country", "client.resolved"];

/** What one `visit` brings to each server. A TCP stranger is refused by the gate, and has nothing resolved. */
export const VISIT_EVENTS: readonly string[] = [
  ...LOGINS,
  "client.rejected header-from-untrusted-peer",
  "client.resolved",
  ...LOGINS,
  "client.rejected untrusted-peer",
  ...LOGINS,
  "client.rejected malformed-hop",
  "client.resolved",
];

export async function startServices(): Promise<Services> {
  const [http, tcp, udp] = await Promise.all([serveHttp(), serveTcp(), serveUdp()]);
  const visit = async (): Promise<void> => {
    for (const server of [http, tcp, udp]) {
      await server(PROXY, "203.0.113.7");
      await server(PROXY, "203.0.113.8");
    }
    await http(STRANGER, "203.0.113.9");
    await tcp(STRANGER, "203.0.113.9");
    await udp(PROXY, "0.0.0.0");
  };
  return { visit };
}

/** Each server by itself, audited until the test is over. */
export const SERVERS = { HTTP: serveHttp, TCP: serveTcp, UDP: serveUdp } as const;

/** Sends one request from `from`, which says that it is `client`'s, and returns when the server has done with it. */
export type Visit = (from: string, client: string) => Promise<void>;

const guardOf = (id: string): ((resolution: ReturnType<typeof getClient>, transport: "tcp" | "udp") => void) => {
  const guard = new LoginGuard({ locate: (address) => PLACES[address], learningLogins: 1 });
  return (resolution, transport) => {
    if (PLACES[resolution.client?.address ?? ""] === undefined) return;
    guard.check({ user: { id }, resolution, success: true, transport });
  };
};

async function serveHttp(): Promise<Visit> {
  const login = guardOf("http");
  const server = createHttpServer((request, response) => {
    login(getClient(request), "tcp");
    response.end("hello");
  });
  wherefrom(server, compilePolicy({ trust: [PROXY], from: "x-forwarded-for" })).listen(0, PROXY);
  onTestFinished(auditHttp());
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return async (localAddress, client) => {
    const headers = { "x-forwarded-for": client, "user-agent": "visitor" };
    const request = get({ host: PROXY, port, localAddress, headers, agent: false, path: "/http?token=secret" });
    const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, "end");
  };
}

async function serveTcp(): Promise<Visit> {
  const login = guardOf("tcp");
  const server = createServer((socket) => {
    login(getClient(socket), "tcp");
    socket.end("hello");
  });
  const policy = compilePolicy({ trust: [PROXY], from: "proxy-protocol" });
  wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, PROXY);
  onTestFinished(auditConnections(server));
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return async (localAddress, client) => {
    const socket = connect({ host: PROXY, port, localAddress }).resume();
    socket.on("error", () => {});
    socket.write(`PROXY TCP4 ${client} 192.0.2.1 50000 443\r\n`);
    await once(socket, "close");
  };
}

async function serveUdp(): Promise<Visit> {
  const login = guardOf("udp");
  const socket = createSocket({ type: "udp4", udp: "spp" }, compilePolicy({ trust: [PROXY], from: "spp" }));
  socket.on("message", (_payload, rinfo) => {
    login(rinfo.client, "udp");
    socket.send("hello", rinfo.port, rinfo.address);
  });
  socket.bind(0, PROXY);
  await once(socket as never, "listening");
  onTestFinished(auditDatagrams(socket));
  onTestFinished(() => void socket.close());
  const { port } = socket.address();
  return async (from, client) => {
    const visitor = createPlainSocket("udp4").bind(0, from);
    await once(visitor, "listening");
    visitor.send(Buffer.concat([sppHeader(client), Buffer.from("hello")]), port, PROXY);
    await once(visitor, "message");
    visitor.close();
  };
}

/** Simple Proxy Protocol: magic, client, proxy, ports. */
function sppHeader(client: string): Buffer {
  const nobody = client === "0.0.0.0" ? "0".repeat(32) : `${"0".repeat(20)}ffff${hexOf(client)}`;
  return Buffer.from(`56ec${nobody}${"0".repeat(20)}ffffc0000201c35001bb`, "hex");
}

function hexOf(address: string): string {
  return Buffer.from(address.split(".").map(Number)).toString("hex");
}
