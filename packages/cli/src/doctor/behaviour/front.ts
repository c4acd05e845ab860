import { type Evidence, isPrefixed } from "../evidence/probe.ts";

/** Whether a machine in front of the service parses HTTP: it answers to a PROXY header, and the service's own parser does not. */
export function speaksHttp({ probes, incidents }: Evidence): boolean {
  const prefixed = probes.filter((probe) => isPrefixed(probe) && probe.route === "public");
  const isParsed =
    prefixed.some(({ failure }) => failure?.isBare) || (incidents ?? []).some(({ kind }) => kind === "proxy-unread");
  return !isParsed && prefixed.some(({ failure }) => failure?.status !== undefined && failure.status >= 400);
}
