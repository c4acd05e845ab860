import { expect } from "vitest";
import { VISIT_EVENTS } from "./services.ts";

export { VISIT_EVENTS } from "./services.ts";

/** A line as `formatEcsLine` writes it, as far as it is looked at. */
interface EcsLine {
  readonly event: { readonly action: string; readonly reason?: string };
  readonly source: { readonly ip?: string; readonly port?: number; readonly nat: { readonly ip: string } };
  readonly network: { readonly transport: string };
}

/** How much one visit leaves in a sink, whatever its form. */
export const VISIT_LINES = VISIT_EVENTS.length;

/** Holds the lines of one visit against what happened. A visitor's own port is any. */
export function expectVisit(lines: readonly string[]): void {
  const events = lines.map((line) => JSON.parse(line) as EcsLine);
  const told = events.map(({ event }) => [event.action, event.reason].filter((part) => part !== undefined).join(" "));
  expect(told.toSorted()).toEqual(VISIT_EVENTS.toSorted());
  const resolved = events.filter(({ event }) => event.action === "client.resolved");
  const clients = resolved.map(({ source: { ip = "nobody", port = "-", nat }, network }) =>
    [network.transport, ip, ip === nat.ip ? "its own" : port, nat.ip].join(" "),
  );
  expect(clients.toSorted()).toEqual([
    "tcp 127.0.0.2 its own 127.0.0.2",
    "tcp 203.0.113.7 - 127.0.0.1",
    "tcp 203.0.113.7 50000 127.0.0.1",
    "tcp 203.0.113.8 - 127.0.0.1",
    "tcp 203.0.113.8 50000 127.0.0.1",
    "udp 203.0.113.7 50000 127.0.0.1",
    "udp 203.0.113.8 50000 127.0.0.1",
    "udp nobody - 127.0.0.1",
  ]);
  expect(lines.join("\n")).not.toContain("secret");
}
