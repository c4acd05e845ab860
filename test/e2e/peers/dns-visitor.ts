import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { framed, questionFor, unframed } from "./dns-message.ts";

/** How a client asks: over a datagram, a connection, a connection with TLS, or HTTP. */
export type DnsTransport = "udp" | "tcp" | "dot" | "doh";

/** Where a client asks from, whom, and about what. */
export interface DnsVisit {
  readonly transport: DnsTransport;
  readonly from: string;
  readonly host: string;
  readonly port: number;
  readonly names: readonly string[];
  /** Sent before the first question; a liar's header. */
  readonly prefix?: Buffer;
}

/** How long a datagram may take before it is sent again, in milliseconds: UDP may lose it. */
const RESEND_MS = 2000;

/** Asks about each name on one connection or socket, all at once where dnsdist allows it, and waits for as many answers. Answers the port that it asked from. */
export function askDns(visit: DnsVisit): Promise<number> {
  switch (visit.transport) {
    case "udp":
      return askDatagrams(visit);
    case "tcp":
    case "dot":
      return askStream(visit);
    case "doh":
      return askHttp(visit);
  }
}

/** RFC 8484, 4.1, over HTTP/1.1 without TLS, which dnsdist serves behind a proxy that ends it. */
async function askHttp({ from, host, port, names }: DnsVisit): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const own = new Set<number>();
  try {
    for (const [id, name] of names.entries()) {
      const headers = { "content-type": "application/dns-message" };
      const asked = request({ host, port, localAddress: from, agent, method: "POST", path: "/dns-query", headers });
      asked.end(questionFor(name, id));
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      own.add(asked.socket?.localPort ?? 0);
      response.resume();
      await once(response, "end");
      if (response.statusCode !== 200) throw new Error(`dnsdist answered ${response.statusCode} over HTTP`);
    }
  } finally {
    agent.destroy();
  }
  const [first, ...others] = own;
  if (first === undefined || others.length > 0) throw new Error("the connection was not kept");
  return first;
}

async function askDatagrams({ from, host, port, names, prefix = Buffer.alloc(0) }: DnsVisit): Promise<number> {
  const socket = createSocket(from.includes(":") ? "udp6" : "udp4");
  socket.bind(0, from);
  await once(socket, "listening");
  const open = new Map(names.map((name, id) => [id, Buffer.concat([prefix, questionFor(name, id)])]));
  const send = (): void => {
    for (const question of open.values()) socket.send(question, port, host);
  };
  const own = socket.address().port;
  const timer = setInterval(send, RESEND_MS);
  try {
    await new Promise<void>((settle, fail) => {
      socket.on("error", fail).on("message", (answer) => {
        open.delete(answer.readUInt16BE(0));
        if (open.size === 0) settle();
      });
      send();
    });
  } finally {
    clearInterval(timer);
    socket.close();
  }
  return own;
}

async function askStream({ transport, from, host, port, names, prefix }: DnsVisit): Promise<number> {
  const carrier = connect({ host, port, localAddress: from });
  await once(carrier, "connect");
  const own = carrier.localPort ?? 0;
  let socket: Socket = carrier;
  if (transport === "dot") {
    socket = connectTls({ socket: carrier, rejectUnauthorized: false });
    await once(socket, "secureConnect");
  }
  if (prefix !== undefined) socket.write(prefix);
  const questions = names.map((name, id) => framed(questionFor(name, id)));
  // dnsdist 1.7 ends a connection with TLS that brings a question while another one is open.
  const isInTurn = transport === "dot";
  socket.write(isInTurn ? (questions.shift() ?? "") : Buffer.concat(questions));
  let bytes = Buffer.alloc(0);
  let count = 0;
  for await (const chunk of socket) {
    const { messages, rest } = unframed(Buffer.concat([bytes, chunk as Buffer]));
    bytes = Buffer.from(rest);
    count += messages.length;
    if (count >= names.length) break;
    if (isInTurn) socket.write(questions.shift() ?? "");
  }
  socket.destroy();
  carrier.destroy();
  if (count < names.length)
    throw new Error(
      `over ${transport} from ${from}, ${count} of ${names.length} answers came before the connection ended`,
    );
  return own;
}
