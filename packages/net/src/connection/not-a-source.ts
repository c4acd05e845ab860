import { WherefromError } from "@wherefrom/core";
import { isRequest } from "./source.ts";

/** Where frameworks that are not built on node:http keep its request, with the name that their own documentation gives to what is asked about. */
const PLACES = [
  ["c", "env", "incoming"], // Hono under @hono/node-server
  ["event", "node", "req"], // h3 1, Nitro
  ["event", "runtime", "node", "req"], // h3 2, and the web Request of srvx
  ["response", "req"], // an http.ServerResponse
  ["session", "socket"], // an http2.Http2Session
  ["client", "_socket"], // a WebSocket of ws
] as const;

/** Keys of an object that are told. */
const KEYS_TOLD = 5;

/** Says what was given, and what to pass in its place. */
export function notASource(asked: string, source: unknown): WherefromError {
  return new WherefromError(
    "ERR_WHEREFROM_NOT_A_SOURCE",
    `${asked} was given ${describe(source)}, which cannot tell who is connected: ${advise(source)}`,
  );
}

function advise(source: unknown): string {
  const place = PLACES.find(([, ...path]) => isAskable(path.reduce(read, source)));
  if (place !== undefined) return `pass ${place.join(".")}`;
  return "pass the request of node:http or node:http2 (c.env.incoming in Hono, event.node.req in h3), or a socket";
}

/** Whether the headers are those of the Fetch standard, whose fields are no properties. A field of node:http is text. */
export function hasWebHeaders(headers: unknown): boolean {
  return typeof read(headers, "get") === "function";
}

function isAskable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (isRequest(value) || "remoteAddress" in value);
}

/** A property, of whatever it is; its getter's fault is no answer. */
function read(value: unknown, key: string): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  if (hasWebHeaders(read(value, "headers")) && isRequest(value)) return "an object with web Headers";
  const name = read(read(value, "constructor"), "name");
  if (typeof name === "string" && name !== "" && name !== "Object") return `a ${name}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return "an object without properties";
  return `an object with ${keys.slice(0, KEYS_TOLD).join(", ")}${keys.length > KEYS_TOLD ? ", ..." : ""}`;
}
