import { found, readAddress, readPort } from "../address-reader.ts";
import { foundText } from "../address-text.ts";
import type { ConnectionClaim } from "../claim.ts";
import type { Endpoint } from "../endpoint.ts";

/** Longest line with its CRLF, in bytes (specification, 2.1). */
export const PROXY_V1_LIMIT_BYTES = 107;

const LINE = /^PROXY (?:(UNKNOWN)(?: .*)?|TCP([46]) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+))$/;

/** What is wrong with a line: its words, an address that is none of its family, or a port that is none. */
export type ProxyV1Fault = "bad-line" | "bad-address" | "bad-port";

/**
 * A line without its CRLF. One space between words; addresses strict and of the family that is named; ports decimal without leading zeros. What stands
 * behind UNKNOWN is not looked at: the sender does not know (specification, 2.1).
 */
export function parseProxyV1(line: string): ConnectionClaim | ProxyV1Fault {
  const match = LINE.exec(line);
  if (match === null) return "bad-line";
  const [, unknown, family, source = "", destination = "", sourcePort = "", destinationPort = ""] = match;
  const claim = { method: "proxy-protocol", format: "proxy-v1", raw: line } as const;
  if (unknown !== undefined) return { ...claim, says: "unknown" };
  const from = readEndpoint(source, sourcePort, family);
  if (typeof from === "string") return from;
  const to = readEndpoint(destination, destinationPort, family);
  if (typeof to === "string") return to;
  return { ...claim, says: "address", endpoint: from, destination: to };
}

function readEndpoint(text: string, portText: string, family: string | undefined): Endpoint | ProxyV1Fault {
  if (!readAddress(text, 0, text.length) || found.zone >= 0) return "bad-address";
  if ((found.family === 6 || found.mapped ? "6" : "4") !== family) return "bad-address";
  const address = foundText(text);
  const port = readPort(portText, 0, portText.length);
  if (port < 0) return "bad-port";
  // Nobody connects from port 0: it says that no port was named.
  return { address, port: port === 0 ? undefined : port };
}
