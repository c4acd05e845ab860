import { compilePolicy, type Connection, type ConnectionClaim, type PolicyOptions } from "@wherefrom/core";
import type { Answer, AnsweredResolution } from "@wherefrom/doctor/protocol";
import { canonical } from "../evidence/address.ts";
import type { HeaderLine, OwnAnswer, Service, Sighting } from "../evidence/sighting.ts";
import { withoutDemands } from "../candidates/policy-shape.ts";

/** Longest text of one header that is looked at, in characters: what the doctor of a service sends at most. */
const TEXT_LIMIT = 8192;
/** Most lines, claims, gateways and notices that are looked at. */
const ENTRY_LIMIT = 256;
/** Node's own `maxHeadersCount`. */
const NODE_LINES = 1000;

/** The sighting that an opened answer tells. Only the token's owner writes one, and still it is data: undefined where it does not have the shape. */
export function readAnswer(text: string): Sighting | undefined {
  let answer: Partial<Answer>;
  try {
    answer = JSON.parse(text) as Partial<Answer>;
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null || answer.v !== 1 || !isTransport(answer.transport))
    return undefined;
  const lines = numberOf(answer.lines) ?? 0;
  const http = textOf(answer.http) ?? "1.1";
  return {
    http,
    lines,
    connection: readConnection(answer),
    raw: listOf(answer.headers).flatMap(readLine),
    headers: readHeaders(answer.read),
    headersCutAt: numberOf(answer.headersCutAt),
    answer: readResolution(answer.resolution),
    service: readService(answer),
  };
}

const TRANSPORTS: readonly unknown[] = ["tcp", "udp", "unix", "unverified"];

function isTransport(value: unknown): value is Connection["transport"] {
  return TRANSPORTS.includes(value);
}

function readConnection({ transport, peer, peerPort, claims }: Partial<Answer>): Connection {
  return {
    transport: transport as Connection["transport"],
    peer: canonical(textOf(peer)),
    peerPort: numberOf(peerPort),
    claims: listOf(claims).flatMap(readClaim),
  };
}

function readClaim(claim: unknown): readonly ConnectionClaim[] {
  const { method, format, says, endpoint, destination } = objectOf(claim) as Partial<ConnectionClaim>;
  if (textOf(method) === undefined || textOf(format) === undefined || textOf(says) === undefined) return [];
  const end = readEndpoint(endpoint);
  if (says === "address" && end === undefined) return [];
  return [
    {
      method: method as ConnectionClaim["method"],
      format: format as string,
      raw: "",
      says: says as ConnectionClaim["says"],
      endpoint: end,
      destination: readEndpoint(destination),
    },
  ];
}

function readEndpoint(value: unknown): ConnectionClaim["endpoint"] {
  const { address, port } = objectOf(value);
  const text = canonical(textOf(address));
  return text === undefined ? undefined : { address: text, port: numberOf(port) };
}

function readLine(line: unknown): readonly HeaderLine[] {
  const [name, value] = listOf(line).map(textOf);
  return name === undefined || value === undefined ? [] : [[name, value]];
}

function readHeaders(read: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOf(read)).slice(0, ENTRY_LIMIT);
  return Object.fromEntries(
    entries.flatMap(([name, value]): readonly HeaderLine[] => {
      const text = textOf(value);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function readResolution(resolution: AnsweredResolution | undefined): OwnAnswer | undefined {
  if (resolution === undefined) return undefined;
  const { client, nearest, stop, origin, hops } = objectOf(resolution) as Partial<AnsweredResolution>;
  const path = listOf(hops);
  const last = objectOf(path.at(-1));
  const { protocol, host, port } = objectOf(origin);
  return {
    client: readEndpoint(client)?.address,
    nearest: readEndpoint(nearest)?.address,
    stop: textOf(stop) ?? "",
    namer: textOf(last["format"]),
    distrust: textOf(objectOf(last["verdict"])["reason"]),
    hops: path.length,
    protocol: textOf(protocol),
    host: textOf(host),
    port: numberOf(port),
  };
}

function readService({ server, self }: Partial<Answer>): Service {
  const { policy, maxHeadersCount, options } = objectOf(server);
  const { gateways, interfaces, notices } = objectOf(self);
  const compiled = readPolicy(policy);
  const limit = numberOf(maxHeadersCount);
  return {
    policy: compiled ?? { trust: [] },
    hasPolicy: compiled !== undefined,
    maxHeadersCount: limit === NODE_LINES ? undefined : limit,
    interfaces: listOf(interfaces).flatMap((prefix) => canonical(textOf(prefix)?.split("/")[0]) ?? []),
    gateways: listOf(gateways).flatMap((gateway) => canonical(textOf(gateway)) ?? []),
    notices: listOf(notices).flatMap((notice) => {
      const { code, detail } = objectOf(notice);
      const [word, sentence] = [textOf(code), textOf(detail)];
      return word === undefined || sentence === undefined ? [] : [{ code: word, detail: sentence }];
    }),
    readsProxy: objectOf(options)["proxyProtocol"] !== undefined,
  };
}

/** Undefined for what does not compile: no policy of wherefrom's. */
function readPolicy(policy: unknown): PolicyOptions | undefined {
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) return undefined;
  try {
    compilePolicy(withoutDemands(policy as PolicyOptions));
    return policy as PolicyOptions;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= TEXT_LIMIT ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]).slice(0, ENTRY_LIMIT) : [];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
