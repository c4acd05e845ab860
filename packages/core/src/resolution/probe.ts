import type { Resolution } from "./resolution.ts";

/** On globalThis: Resolutions of the doctor's probes, one set for all copies of this package. */
const PROBES: unique symbol = Symbol.for("wherefrom.probe-resolutions");

let known: WeakSet<Resolution> | undefined;

function probes(): WeakSet<Resolution> {
  return (known ??= (globalThis as { [PROBES]?: WeakSet<Resolution> })[PROBES] ??= new WeakSet());
}

/** From now on `resolution` is one of a probe that the operator has sent, with spoofed headers: it is counted for no client, and audited by nothing. */
export function markProbe(resolution: Resolution): void {
  probes().add(resolution);
}

/** Whether `resolution` is one of the doctor's probes, whose proof was verified. */
export function isProbe(resolution: Resolution): boolean {
  return probes().has(resolution);
}
