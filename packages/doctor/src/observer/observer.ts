import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import type { Connection } from "@wherefrom/core";
import { REFUSED_CHANNEL, type Refusal } from "@wherefrom/net";
import { serverOf, UNREAD_CHANNEL, type UnreadConnection, watchTrouble } from "@wherefrom/net/internal";
import { type Report, REPORTS_LIMIT } from "../protocol/report.ts";

/** Published by node:net when a server has accepted a connection. */
const ACCEPTED = "net.server.socket";

/** What a report says beside its peer and time. */
type Seen = Report extends infer Each ? (Each extends Report ? Omit<Each, keyof ReportedPeer> : never) : never;
type ReportedPeer = Pick<Report, "at" | "transport" | "peer" | "peerPort" | "localPort">;

/** Keeps the last things that never became a request, of all servers of this process, while it watches. */
export class Observer {
  readonly #reports: Report[] = [];
  readonly #servers = new Set<WeakRef<Server>>();
  readonly #now: () => number;
  #end: (() => void) | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Oldest first. */
  get reports(): readonly Report[] {
    return [...this.#reports];
  }

  /** Servers that reports are about, as far as they are in use. */
  get servers(): readonly Server[] {
    return [...this.#servers].flatMap((each) => each.deref() ?? []);
  }

  /** From now on. What was kept before is forgotten. */
  watch(): void {
    if (this.#end !== undefined) return;
    this.#reports.length = 0;
    const onRefused = (message: unknown): void => {
      const { server, connection, reason } = message as Refusal;
      this.keep(server, connection, { kind: "proxy-refused", reason });
    };
    const onUnread = (message: unknown): void => {
      const { server, connection, came } = message as UnreadConnection;
      this.keep(server, connection, seenFor(came));
    };
    // A server that is under no policy is looked at from its next connection on.
    const onAccepted = (message: unknown): void => {
      const server = serverOf((message as { readonly socket: Socket }).socket);
      if (server !== undefined) watchTrouble(server);
    };
    const listeners = [
      [REFUSED_CHANNEL, onRefused],
      [UNREAD_CHANNEL, onUnread],
      [ACCEPTED, onAccepted],
    ] as const;
    for (const [name, listener] of listeners) subscribe(name, listener);
    this.#end = () => {
      for (const [name, listener] of listeners) unsubscribe(name, listener);
    };
  }

  /** Nothing is kept any more; what was kept can still be read. */
  end(): void {
    this.#end?.();
    this.#end = undefined;
  }

  /** Keeps one thing. Nothing while it does not watch. */
  keep(server: Server | undefined, { transport, peer, peerPort }: Connection, seen: Seen): void {
    if (this.#end === undefined) return;
    const address = server?.address() ?? undefined;
    this.#reports.push({
      at: this.#now(),
      transport,
      ...(peer !== undefined && { peer }),
      ...(peerPort !== undefined && { peerPort }),
      ...(typeof address === "object" && { localPort: address.port }),
      ...seen,
    });
    if (this.#reports.length > REPORTS_LIMIT) this.#reports.shift();
    if (server !== undefined && !this.servers.includes(server)) this.#addServer(server);
  }

  #addServer(server: Server): void {
    for (const each of this.#servers) if (each.deref() === undefined) this.#servers.delete(each);
    if (this.#servers.size < REPORTS_LIMIT) this.#servers.add(new WeakRef(server));
  }
}

function seenFor(came: UnreadConnection["came"]): Seen {
  switch (came) {
    case "proxy-v1":
      return { kind: "proxy-unread", version: 1 };
    case "proxy-v2":
      return { kind: "proxy-unread", version: 2 };
    case "tls":
      return { kind: "tls-unread" };
    case "tls-missing":
      return { kind: "tls-missing" };
  }
}
