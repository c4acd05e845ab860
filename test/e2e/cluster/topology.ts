import type { PolicyOptions } from "@wherefrom/core";
import type { Family } from "./place.ts";

/** Servers that a Pod runs, and how a visitor speaks to each. */
export const KINDS = {
  Express: { server: "express", client: "http" },
  Fastify: { server: "fastify", client: "http" },
  Koa: { server: "koa", client: "http" },
  /** Answers the client and the stop alone. */
  "node:http": { server: "http", client: "http" },
  TCP: { server: "net", client: "net" },
  UDP: { server: "udp", client: "udp" },
  "HTTP/2": { server: "http2", client: "http2" },
  WebSocket: { server: "ws", client: "ws" },
  /** HTTP/2 up to the nearest proxy, which goes on in HTTP/1.1. */
  "Express behind HTTP/2": { server: "express", client: "http2" },
} as const;
export type Kind = keyof typeof KINDS;
export type ServerName = (typeof KINDS)[Kind]["server"];

const HTTP1 = ["Express", "Fastify", "Koa"] as const satisfies readonly Kind[];
/** Where connections reach the service itself, and where a proxy that speaks HTTP stands between. */
export const OVER_TCP = [...HTTP1, "HTTP/2", "WebSocket", "TCP"] as const satisfies readonly Kind[];
export const OVER_HTTP = [...HTTP1, "HTTP/2", "WebSocket"] as const satisfies readonly Kind[];
/** Behind nginx, which speaks HTTP/1.1 to what is behind it. */
export const BEHIND_NGINX = [...HTTP1, "Express behind HTTP/2", "WebSocket"] as const satisfies readonly Kind[];

/** How the services of a topology are set up: the arguments of `compilePolicy`, `wherefrom` and `createSocket`. */
export interface Setup {
  readonly policy: PolicyOptions;
  readonly toa?: string;
  readonly proxyProtocol?: "required";
  readonly udp?: string;
}

/** What is the same in every answer to every visitor, with machines by their roles. */
export interface Outcome {
  /** "client": the visitor itself. */
  readonly client: string;
  /** "own": the visitor's port. "none": nobody named one. */
  readonly port: "own" | "none" | "wrong";
  readonly method: string;
  readonly stop: string;
  /** Nearest first: who, and told by what. */
  readonly hops: readonly string[];
}

/** A way from the visitor to the service. */
export interface Topology {
  readonly title: string;
  readonly setup: Setup;
  readonly kinds: readonly Kind[];
  /** Where a visitor goes that wants the service on this port of the Pods. */
  readonly entrance: (service: { readonly port: number; readonly kind: Kind }, family: Family) => Entrance;
  /** What runs while its cases do, on each IP version; answers how to end it. */
  readonly during?: (family: Family) => Promise<() => Promise<void>>;
  readonly expected: Outcome;
  /** Where a forgery is believed (and the table says so): what comes out then. */
  readonly fooled?: Outcome;
}

export interface Entrance {
  readonly host: string;
  readonly port: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The usual outcome: the client is named, by `method`, and the walk ends there. */
export function named(method: string, ...hops: readonly string[]): Outcome {
  return { client: "client", port: "own", method, stop: "untrusted-hop", hops };
}

export const withoutPort = (outcome: Outcome): Outcome => ({ ...outcome, port: "none" });

/** Nobody is named. */
export function unknown(stop: string, method: string, ...hops: readonly string[]): Outcome {
  return { client: "nobody", port: "none", method, stop, hops };
}
