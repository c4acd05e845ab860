import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./source.mjs";

/** What proxies that run here were seen to pass on: the suites that keep it fail if it changes. */
const RECORDED = ["test/e2e/platforms/recorded.json", "test/e2e/peers/recorded.json"];
/** Headers that name clients; the others are on the page of origin headers. */
const ADDRESSES = ["forwarded", "x-forwarded-for", "x-real-ip"];
/** A header that one proxy alone writes. */
const OWN = { tinyproxy: "x-tinyproxy" };
/** A request of a client at 127.0.0.5, one that brings every header with another address in it, and one of these over IPv6. */
const REQUESTS = { honest: "honest", forged: "lying", ipv6: "lying, IPv6" };

function linesOf(name, recording) {
  const headers = name in OWN ? [...ADDRESSES, OWN[name]] : ADDRESSES;
  return Object.entries(REQUESTS).flatMap(([kind, title]) =>
    headers.flatMap((header) =>
      (recording[kind]?.[header] ?? []).map((value) => `${`${title}:`.padEnd(13)}${header}: ${value}`),
    ),
  );
}

/** What each proxy was seen to write. */
export function sendersText() {
  const recorded = RECORDED.flatMap((file) => Object.entries(JSON.parse(readFileSync(join(ROOT, file), "utf8"))));
  const sections = recorded
    .toSorted(([a], [b]) => a.localeCompare(b, "en"))
    .map(([name, recording]) => [`### ${name}`, "", "```text", ...linesOf(name, recording), "```"].join("\n"));
  return [
    "## As recorded",
    "Headers that name a client, as they arrive at the service. The client is at 127.0.0.5 or ::1. The lying one writes 198.51.100.66 into each header of its own. A proxy is named as its preset is, or by its name and the header that it was set up to write.",
    ...sections,
  ].join("\n\n");
}
