import type { Server } from "node:net";
import { COLLECTOR, type Kept } from "./kept.ts";
import { ToaCollector, type ToaStatus } from "./toa-collector.ts";
import type { CompiledToa } from "./toa-options.ts";

/** Reads TCP options on the server's connections from now on; says once, as a process warning, where that cannot work here. */
export function collectToa(server: Server & Kept, toa: CompiledToa): void {
  const collector = new ToaCollector(toa);
  server[COLLECTOR] = collector;
  const listen = (): void => {
    collector.listen(server);
    const { reader } = collector.status;
    if (reader === "none") warn(collector.status);
  };
  if (server.listening) listen();
  else server.once("listening", listen);
}

/** What `wherefrom(server, policy, { toa })` can read now, and why not more; undefined for a server without `toa`. */
export function toaStatus(server: Server): ToaStatus | undefined {
  const collector = (server as Kept)[COLLECTOR];
  return collector instanceof ToaCollector ? collector.status : undefined;
}

function warn({ product, savedSyn, programs, native }: ToaStatus): void {
  const calls = native.skipped.map(({ source, reason }) => `${source}: ${reason}`).join("; ");
  const detail =
    native.source === "none"
      ? `no native calls (${calls})`
      : `no kernel module; BPF programs are ${programs}; saved SYNs are ${savedSyn}`;
  process.emitWarning(`the TCP options of ${product} cannot be read here: ${detail}. Clients behind it stay unknown`, {
    type: "WherefromWarning",
    code: "WHEREFROM_TOA_UNREADABLE",
  });
}
