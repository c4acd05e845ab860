import { FoundAddress } from "../../address/found.ts";
import { readPort } from "../../address/node.ts";
import { readAddress } from "../../address/reader.ts";
import { foundText } from "../../address/text.ts";
import type { ConnectionClaim } from "../../evidence/claim.ts";
import type { Endpoint } from "../../address/endpoint.ts";

/** Longest line with its CRLF, in bytes (specification, 2.1). */
export const PROXY_V1_LIMIT_BYTES = 107;

/** Where the family stands, behind "PROXY ". */
const FAMILY_AT = 6;

const found = new FoundAddress();

/** Of a line whose destination is of the other family: nginx's stream module with realip writes its own socket's address beside the client's of the header before. */
const DESTINATION_FAMILY: readonly string[] = ["destination-family"];

/** What is wrong with a line: its words, an address that is not valid or, of the source, not of the line's family, or a port that is not valid. */
export type ProxyV1Fault = "bad-line" | "bad-address" | "bad-port";

/**
 * A line without its CRLF. One space between words; addresses strict, and the source of the family that is named; ports decimal without leading zeros. A
 * destination of the other family is left out, and the claim is odd. What stands behind UNKNOWN is not looked at: the sender does not know (specification, 2.1).
 */
export function parseProxyV1(line: string): ConnectionClaim | ProxyV1Fault {
  if (!line.startsWith("PROXY ")) return "bad-line";
  if (line.startsWith("UNKNOWN", FAMILY_AT) && (line.length === FAMILY_AT + 7 || line[FAMILY_AT + 7] === " ")) {
    return { method: "proxy-protocol", format: "proxy-v1", raw: line, says: "unknown" };
  }
  const family = line.startsWith("TCP4 ", FAMILY_AT) ? 4 : line.startsWith("TCP6 ", FAMILY_AT) ? 6 : 0;
  if (family === 0) return "bad-line";
  const source = FAMILY_AT + 5;
  const destination = line.indexOf(" ", source) + 1;
  const sourcePort = line.indexOf(" ", destination) + 1;
  const destinationPort = line.indexOf(" ", sourcePort) + 1;
  // A word that is missing begins the search anew, before its place.
  const isWhole = source < destination && destination < sourcePort && sourcePort < destinationPort;
  if (!isWhole || line.includes(" ", destinationPort)) return "bad-line";
  const from = readEndpoint(line, source, destination - 1, sourcePort, destinationPort - 1);
  if (typeof from === "string") return from;
  if (foundFamily() !== family) return "bad-address";
  const to = readEndpoint(line, destination, sourcePort - 1, destinationPort, line.length);
  if (typeof to === "string") return to;
  const claim = { method: "proxy-protocol", format: "proxy-v1", raw: line, says: "address", endpoint: from } as const;
  return foundFamily() === family
    ? { ...claim, destination: to }
    : { ...claim, oddities: DESTINATION_FAMILY, destination: undefined };
}

/** The family that the address which was read last is written in: a mapped one is IPv6. */
function foundFamily(): 4 | 6 {
  return found.family === 6 || found.mapped ? 6 : 4;
}

/** The address in line[from, to) and the port in line[portFrom, portTo). */
function readEndpoint(
  line: string,
  from: number,
  to: number,
  portFrom: number,
  portTo: number,
): Endpoint | ProxyV1Fault {
  if (!readAddress(found, line, from, to) || found.zone >= 0) return "bad-address";
  const address = foundText(found, line);
  const port = readPort(line, portFrom, portTo);
  if (port < 0) return "bad-port";
  // No client connects from port 0: it means that no port was named.
  return { address, port: port === 0 ? undefined : port };
}
