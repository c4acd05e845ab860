import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort } from "../free-port.ts";
import type { Product } from "./product.ts";

/** Where clients connect from. None of them is the machine that `peers` names. */
export const CLIENTS = { ipv4: "127.0.0.5", ipv6: "::1" } as const;

/** What a client writes, to be taken for another one. */
export const FORGED: Readonly<Record<string, string>> = {
  "x-forwarded-for": "198.51.100.66",
  forwarded: "for=198.51.100.66;proto=https;host=evil.example",
  "x-real-ip": "198.51.100.66",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "evil.example",
  "x-forwarded-port": "4443",
};

/** The headers of address, protocol, host and port that arrived, each with its lines in their order. */
type Arrived = Readonly<Record<string, readonly string[]>>;

/** What the product passed on of three requests. */
export interface Recording {
  readonly honest: Arrived;
  readonly forged: Arrived;
  readonly ipv6: Arrived;
}

/** Ports differ from run to run, and so do names that a proxy makes up for itself (RFC 7239, 6.3). */
function withoutPorts(text: string, ports: readonly number[]): string {
  let plain = text;
  for (const port of ports) plain = plain.replaceAll(String(port), "8080");
  return plain.replace(/(127\.0\.0\.5|\[::1\]|::1):\d{4,5}/g, "$1:50000").replace(/\bby=_[\w.-]+/g, "by=_obfuscated");
}

/** The lines of `names` in a message, with the ports of no run. */
export function arrivedIn(message: IncomingMessage, ports: readonly number[], names = Object.keys(FORGED)): Arrived {
  const lines: Record<string, string[]> = {};
  for (const [index, name] of message.rawHeaders.entries()) {
    const key = name.toLowerCase();
    if (index % 2 === 1 || !names.includes(key)) continue;
    (lines[key] ??= []).push(withoutPorts(message.rawHeaders[index + 1] ?? "", ports));
  }
  return Object.fromEntries(Object.entries(lines).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Starts the product, sends it an honest and a forged request and one over IPv6, and shows each one that arrives to `see`. */
export async function record(product: Product, see: (message: IncomingMessage) => void): Promise<Recording> {
  const port = await freePort("127.0.0.1");
  const arrived: Arrived[] = [];
  const service = createServer((message, response) => {
    arrived.push(arrivedIn(message, [port, target]));
    see(message);
    response.end();
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  const { port: target } = service.address() as AddressInfo;
  const running = await product.start({ port, target });
  try {
    await ask({ host: "127.0.0.1", localAddress: CLIENTS.ipv4, port, path: "/1", headers: {} });
    await ask({ host: "127.0.0.1", localAddress: CLIENTS.ipv4, port, path: "/2", headers: FORGED });
    await ask({ host: "::1", localAddress: CLIENTS.ipv6, port, path: "/3", headers: FORGED });
  } finally {
    await running.stop();
    service.closeAllConnections();
    service.close();
  }
  const [honest = {}, forged = {}, ipv6 = {}] = arrived;
  return { honest, forged, ipv6 };
}

/** Sends one request, and waits for its answer; throws where that is not 200. */
export async function ask(where: {
  readonly host: string;
  readonly localAddress: string;
  readonly port: number;
  /** Each request has its own: a cache would answer the second one itself. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}): Promise<void> {
  const asked = request({ ...where, agent: false, headers: { host: "app.test", ...where.headers } });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  if (response.statusCode !== 200) throw new Error(`the product answered ${response.statusCode}`);
}
