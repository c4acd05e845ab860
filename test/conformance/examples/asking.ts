import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";

/** What a hop in front of a service sends. */
export interface Ask {
  /** The hop's own address, on loopback. */
  readonly from: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In front of everything else. */
  readonly preface?: Buffer;
}

/** What a service answers. */
export interface Whoami {
  readonly ip?: string;
  readonly client?: { readonly address: string };
  readonly method: string;
  readonly stop: string;
  readonly hops: readonly { readonly endpoint?: { readonly address: string } }[];
}

const EMPTY = Buffer.alloc(0);

/** GET /whoami, as the balancer of a topology sends it. */
export async function askHttp(port: number, { from, headers = {}, preface = EMPTY }: Ask): Promise<Whoami> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET /whoami HTTP/1.1\r\nHost: whoami.example\r\nConnection: close\r\n${lines.join("")}\r\n`;
  const answer = await exchange(port, from, Buffer.concat([preface, Buffer.from(request)]));
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as Whoami;
}

export async function askTcp(port: number, { from, preface = EMPTY }: Ask): Promise<Whoami> {
  return JSON.parse(await exchange(port, from, Buffer.concat([preface, Buffer.from("who\n")]))) as Whoami;
}

async function exchange(port: number, from: string, bytes: Buffer): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, localAddress: from });
  socket.setTimeout(50_000, () => socket.destroy(new Error("no answer")));
  socket.write(bytes);
  let text = "";
  for await (const part of socket.setEncoding("utf8")) text += part;
  return text;
}

/** Asks again until it is answered: a service that does not listen yet loses what it is sent. */
export async function askUdp(port: number, { from, preface = EMPTY }: Ask): Promise<Whoami> {
  const socket = createSocket("udp4").bind(0, from);
  const again = setInterval(() => socket.send(Buffer.concat([preface, Buffer.from("who\n")]), port, "127.0.0.1"), 50);
  try {
    const [answer] = (await once(socket, "message", { signal: AbortSignal.timeout(50_000) })) as [Buffer];
    return JSON.parse(String(answer)) as Whoami;
  } finally {
    clearInterval(again);
    socket.close();
  }
}
