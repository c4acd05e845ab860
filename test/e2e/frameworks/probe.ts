import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { io } from "socket.io-client";
import { WebSocket } from "ws";

/** Where the trusted proxy and a client that forges have their addresses: both ends are this machine. */
export const PROXY = "127.0.0.2";
export const STRANGER = "127.0.0.9";
export const CLIENT = "203.0.113.7";
export const FORGED = "6.6.6.6";
/** The policy of the proxy; it vouches for the protocol and the host, which it writes over what clients send. */
export const POLICY = `trust=${PROXY} from=x-forwarded-for origin=x-forwarded-proto,x-forwarded-host`;

/** Who asks, and with what headers. */
export interface Probe {
  readonly from: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The client's address. */
  readonly client: string;
}

const LIES = {
  "x-real-ip": FORGED,
  "x-client-ip": FORGED,
  "cf-connecting-ip": FORGED,
  "true-client-ip": FORGED,
  forwarded: `for=${FORGED};proto=https;host=evil.example`,
  x_forwarded_for: FORGED,
};
const OF_PROXY = { "x-forwarded-proto": "https", "x-forwarded-host": "app.example" };

export const PROBES: Readonly<Record<string, Probe>> = {
  "honest, proxied": { from: PROXY, headers: { "x-forwarded-for": CLIENT, ...OF_PROXY }, client: CLIENT },
  "forged, proxied": {
    from: PROXY,
    headers: { ...LIES, "x-forwarded-for": `${FORGED}, ${CLIENT}`, ...OF_PROXY },
    client: CLIENT,
  },
  "honest, direct": { from: STRANGER, headers: {}, client: STRANGER },
  "forged, direct": {
    from: STRANGER,
    headers: { ...LIES, "x-forwarded-for": FORGED, "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" },
    client: STRANGER,
  },
};

/** Asks as the application's clients do, and answers what it says. */
export type Question = (port: number, probe: Probe) => Promise<string>;

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
}

async function ask(
  port: number,
  { from, headers }: Probe,
  { path = "/", method = "GET", body }: Asked,
): Promise<string> {
  // Auth.js then answers with the place that a browser would be sent to.
  const json = body === undefined ? {} : { "content-type": "application/json", "x-auth-return-redirect": "1" };
  const sent = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    localAddress: from,
    headers: { ...headers, ...json },
    agent: false,
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const part of response) text += String(part);
  if (response.statusCode !== 200) throw new Error(`${path} answers ${response.statusCode}: ${text}`);
  return text;
}

export const overHttp =
  (path?: string): Question =>
  (port, probe) =>
    ask(port, probe, path === undefined ? {} : { path });

export const overGraphql =
  (path: string): Question =>
  async (port, probe) => {
    const text = await ask(port, probe, { path, method: "POST", body: JSON.stringify({ query: "{ ip }" }) });
    return (JSON.parse(text) as { readonly data: { readonly ip: string } }).data.ip;
  };

export const overTrpc: Question = async (port, probe) => {
  const text = await ask(port, probe, { path: "/ip" });
  return (JSON.parse(text) as { readonly result: { readonly data: string } }).result.data;
};

export const overFeathers: Question = async (port, probe) => {
  const [ip] = JSON.parse(await ask(port, probe, { path: "/ip" })) as readonly [string];
  return ip;
};

/** Signs in, and answers what the application's function of Auth.js of this name has seen. */
export const overAuthJs =
  (which: "authorize" | "callback"): Question =>
  async (port, probe) => {
    const text = await ask(port, probe, { path: "/auth/callback/credentials", method: "POST", body: "{}" });
    return new URL((JSON.parse(text) as { readonly url: string }).url).searchParams.get(which) ?? text;
  };

export const overWebSocket: Question = async (port, { from, headers }) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { ...headers }, localAddress: from });
  const [text] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return text.toString();
};

/** What the application emits: whom it takes for the client, and the address of the handshake. */
export const overSocketIo =
  (transport: "polling" | "websocket", which: 0 | 1): Question =>
  async (port, { from, headers }) => {
    const agent = new Agent({ localAddress: from });
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: [transport],
      extraHeaders: { ...headers },
      agent: agent as never,
      forceNew: true,
    });
    try {
      return await new Promise<string>((settle, fail) => {
        socket.once("ip", (...answers: readonly string[]) => settle(answers[which] as string));
        socket.once("connect_error", fail);
      });
    } finally {
      socket.close();
      agent.destroy();
    }
  };
