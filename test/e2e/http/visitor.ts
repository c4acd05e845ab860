import { type Agent, type IncomingHttpHeaders, request as openHttp } from "node:http";
import { request as openHttps } from "node:https";
import { HOST, LOCALHOST6, MACHINES } from "./machine.ts";
import type { Whoami } from "./service.ts";

/** Header fields by name; an array is as many lines. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** Somewhere that listens over IPv4 and over IPv6. */
export interface Entrance {
  readonly host: string;
  readonly port: number;
  readonly port6: number;
  /** The certificate, where it speaks TLS. */
  readonly certificate?: string | undefined;
}

export interface Visit {
  /** The visitor's address, and with it the family. */
  readonly from?: string;
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request. Without an agent it has a connection of its own. */
export function send(
  entrance: Entrance,
  fields: Fields = {},
  { from = MACHINES.visitor, agent }: Visit = {},
): Promise<Reply> {
  const isIpv6 = from.includes(":");
  const { certificate } = entrance;
  const options = {
    host: isIpv6 ? LOCALHOST6 : entrance.host,
    port: isIpv6 ? entrance.port6 : entrance.port,
    localAddress: from,
    path: "/whoami",
    agent: agent ?? false,
    headers: { host: HOST, ...(fields as Record<string, string | string[]>) },
    ...(certificate === undefined ? {} : { ca: certificate, servername: "" }),
  } as const;
  return new Promise((settle, fail) => {
    const request = (certificate === undefined ? openHttp : openHttps)(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.once("error", fail);
      response.once("end", () => settle({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.once("error", fail);
    request.end();
  });
}

/** One request that the service itself must answer. */
export async function ask(entrance: Entrance, fields?: Fields, visit?: Visit): Promise<Whoami> {
  const { status, text } = await send(entrance, fields, visit);
  if (status !== 200) throw new Error(`status ${status}: ${text}`);
  return JSON.parse(text) as Whoami;
}
