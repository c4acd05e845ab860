import { callback, either, having, listOf, oneOf, required, type Shape } from "@wherefrom/core/internal";
import { AUDIT_EVENT_NAMES } from "./event.ts";

/** Events by name. */
const EVENT: Shape = oneOf(...AUDIT_EVENT_NAMES);
export const EVENTS: Shape = listOf(EVENT);

export const PRIVACY: Shape = either(oneOf("full", "truncated"), {
  ...callback,
  expected: "a function such as keyedHash(key)",
});

/** Judged by what it can do: another copy of this package may have made it. */
export const SINK: Shape = having(`a sink, such as jsonLines("audit.jsonl")`, "write", "lose", "format", "close");

export const REDIS_CLIENT: Shape = either(
  having("a client of ioredis", "call"),
  having("a client of node-redis", "sendCommand"),
);

export const SOCKET: Shape = having("a socket of @wherefrom/dgram", "on", "off", "address");
export const SERVER: Shape = having("a server of node:net or tls", "on", "off", "address");
export const LOCATE: Shape = { ...callback, expected: "a function such as geo.locate" };
export const NEEDED_LOCATE: Shape = required(LOCATE);
