import type { Server } from "node:net";
import { COLLECTOR, type Kept } from "../connection/kept.ts";
import { tellOperator } from "../connection/notice.ts";
import { ToaCollector, type ToaStatus } from "./collector.ts";
import type { CompiledToa } from "./options.ts";

/** Reads TCP options on the server's connections from now on; says once, as a process warning, where that cannot work here. */
export function collectToa(server: Server & Kept, toa: CompiledToa): void {
  endToa(server);
  const collector = new ToaCollector(toa);
  server[COLLECTOR] = collector;
  let isWarned = false;
  const listen = (): void => {
    if (server[COLLECTOR] !== collector) return;
    collector.listen(server);
    if (collector.status.reader !== "none" || isWarned) return;
    isWarned = true;
    warn(collector.status);
  };
  if (server.listening) listen();
  // Also a second time: a server that was closed may listen again, on another port.
  server.on("listening", listen);
}

/** Options are not read on the server's connections from now on. */
export function endToa(server: Server & Kept): void {
  const collector = server[COLLECTOR];
  if (collector instanceof ToaCollector) collector.close();
  server[COLLECTOR] = undefined;
}

/** What `wherefrom(server, policy, { toa })` can read now, and why not more; undefined for a server without `toa`. */
export function toaStatus(server: Server): ToaStatus | undefined {
  const collector = (server as Kept)[COLLECTOR];
  return collector instanceof ToaCollector ? collector.status : undefined;
}

function warn({ product, savedSyn, programs, tap, native }: ToaStatus): void {
  const calls = native.skipped.map(({ source, reason }) => `${source}: ${reason}`).join("; ");
  const why =
    native.source === "none"
      ? `no native calls (${calls})`
      : `no kernel module; BPF programs are ${programs}; the tap is ${tap}; saved SYNs are ${savedSyn === "on" ? `on, and ${product} puts nothing into them` : savedSyn}`;
  const detail = `the TCP options of ${product} cannot be read here: ${why}. Clients behind it stay unknown`;
  tellOperator({ code: "toa-unreadable", detail });
}
