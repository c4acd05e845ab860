import { type AddressInfo, Server, type Socket } from "node:net";
import { isMainThread, threadId } from "node:worker_threads";
import { type Policy, type PolicySource, WherefromError } from "@wherefrom/core";
import { currentPolicy } from "@wherefrom/core/internal";
import { compileNormalizing, coverServer, isHttpServer, type Normalizing, onServerSeen } from "@wherefrom/net/internal";
import { refuseStart } from "./refusal.ts";
import type { Settings } from "./settings.ts";

/** On a server: that it was looked at. */
const SEEN: unique symbol = Symbol.for("wherefrom.auto.seen");

type Covering = Settings & { readonly normalizing: Normalizing | undefined };

interface Seen {
  [SEEN]?: true;
}

/** Undocumented but stable: what every server of node:net inherits. */
interface Overridable {
  listen: (this: Server, ...values: unknown[]) => Server;
  emit: (this: Server, ...values: unknown[]) => boolean;
}

/** From now on each server of the process is put under the settings before its first connection is seen, and says so on standard error. */
export function coverServers(settings: Settings): void {
  const normalizing = compileNormalizing("the preload", settings.normalize);
  const all: Covering = { ...settings, normalizing };
  const prototype = Server.prototype as unknown as Overridable;
  const { listen, emit } = prototype;
  prototype.listen = function (...values) {
    // Here the port is known, and no connection has come. Another preload may stand in the way of `emit`.
    if ((this as Seen)[SEEN] === undefined) this.prependOnceListener("listening", () => cover(this, all));
    return listen.apply(this, values);
  };
  prototype.emit = function (...values) {
    if ((this as Seen)[SEEN] === undefined && values[0] === "connection") cover(this, all, values[1] as Socket);
    return Reflect.apply(emit, this, values) as boolean;
  };
  onServerSeen((server, socket) => {
    if ((server as Seen)[SEEN] === undefined) cover(server, all, socket);
  });
}

/** `socket` came to a server that does not listen itself, or listened before there was anything to cover it. */
function cover(server: Server, covering: Covering, socket?: Socket): void {
  const { policy, server: options, normalizing, ports, describe } = covering;
  if ((server as Seen)[SEEN] === true) return;
  (server as Seen)[SEEN] = true;
  const isHttp = isHttpServer(server);
  const place = placeOf(server);
  const port = place.port ?? socket?.localPort;
  if (ports !== undefined && (port === undefined || !ports.has(port))) {
    if (isHttp)
      say(
        place.text,
        `is not covered: its port is none of ${[...ports].join(", ")}. The application sees what clients send`,
      );
    return;
  }
  if (!isHttp && options.proxyProtocol === undefined && options.toa === undefined) return;
  try {
    requireReady(policy, place.text);
    const { isOwn, written, removed } = coverServer(server, policy, options, isHttp ? normalizing : undefined);
    const under = isOwn ? "the application's own policy" : describe();
    const headers = isHttp ? `; writes ${written.join(", ")}; removes ${removed} headers and what reads like them` : "";
    say(place.text, `is covered by ${under}${headers}`);
  } catch (error) {
    refuseStart(error);
  }
}

/** `--require` cannot wait for lists, and a server that would believe its clients meanwhile must not start. */
function requireReady(policy: Policy | PolicySource, place: string): void {
  try {
    currentPolicy(policy);
  } catch (cause) {
    throw new WherefromError(
      "ERR_WHEREFROM_NO_POLICY",
      `${place} listens before the lists of the policy are there: write --import @wherefrom/auto instead of --require, which cannot wait`,
      { cause },
    );
  }
}

/** Where a server listens. A path has no port. */
function placeOf(server: Server): { readonly text: string; readonly port: number | undefined } {
  const address = server.address() as AddressInfo | string | null;
  if (address === null) return { text: "a server that is handed its connections", port: undefined };
  if (typeof address === "string") return { text: address, port: undefined };
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return { text: `${host}:${address.port}`, port: address.port };
}

function say(place: string, what: string): void {
  const thread = isMainThread ? "" : `, thread ${threadId}`;
  process.stderr.write(`wherefrom: ${place} (process ${process.pid}${thread}) ${what}\n`);
}
