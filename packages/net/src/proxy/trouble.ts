import { channel } from "node:diagnostics_channel";
import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Server, Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import {
  type Connection,
  type ConnectionClaim,
  formatEndpoint,
  type Policy,
  type PolicySource,
  resolve,
} from "@wherefrom/core";
import { currentPolicy } from "@wherefrom/core/internal";
import { connectionOf } from "../connection/connection-of.ts";
import { GATE, type Kept, POLICY } from "../connection/kept.ts";
import { isQuiet, quoteBytes, tellOnce } from "../connection/notice.ts";
import type { CompiledProxy } from "./options.ts";
import type { RefusalReason } from "./refusal.ts";

/** Errors of OpenSSL for a connection that does not begin with TLS. */
const NOT_TLS: readonly (string | undefined)[] = [
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_BAD_RECORD_TYPE",
];

/** What came in place of what the server speaks. "tls-missing": anything but TLS, at a server of TLS. */
type Unread = "proxy-v1" | "proxy-v2" | "tls" | "tls-missing";

/** A connection that ended because the server and the machine at its other end do not speak the same. */
export interface UnreadConnection {
  readonly server: Server;
  readonly connection: Connection;
  readonly came: Unread;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every such connection of a watched server. */
export const UNREAD_CHANNEL = "wherefrom:connection-unread";

const unread = channel(UNREAD_CHANNEL);

function publishUnread(message: UnreadConnection): void {
  unread.publish(message);
}

const WATCHED: unique symbol = Symbol.for("wherefrom.troubleWatched");

/**
 * Tells once where connections fail because the server and the machine in front of it do not speak the same: Node answers a bare 400, or closes. A listener for
 * 'clientError' would take that answer from it; so the event is looked at on its way.
 */
export function watchTrouble(server: Server & Kept & { [WATCHED]?: true }): void {
  if (server[WATCHED] === true) return;
  server[WATCHED] = true;
  if (server instanceof TlsServer) {
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
      if (!NOT_TLS.includes(error.code)) return;
      const connection = connectionOf(socket);
      publishUnread({ server, connection, came: "tls-missing" });
      tellTlsMissing(server, connection, error.code as string);
    });
  }
  if (!(server instanceof HttpServer || server instanceof HttpsServer)) return;
  const emit = server.emit.bind(server) as (event: string | symbol, ...values: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event === "clientError") tellUnreadBytes(server, values[0] as RequestError, values[1] as Socket);
    return emit(event, ...values);
  };
}

/** node:http's parser hands over what it could not read. */
interface RequestError {
  readonly rawPacket?: Uint8Array | undefined;
}

function tellUnreadBytes(server: Server & Kept, { rawPacket }: RequestError, socket: Socket): void {
  if (rawPacket === undefined || rawPacket.length === 0) return;
  const protocol = protocolOf(rawPacket);
  const connection = connectionOf(socket);
  if (protocol === "proxy")
    publishUnread({ server, connection, came: rawPacket[0] === 0x50 ? "proxy-v1" : "proxy-v2" });
  else if (protocol === "tls") publishUnread({ server, connection, came: "tls" });
  const seen = `${quoteBytes(rawPacket)} came from ${nameOf(connection)}`;
  if (protocol === "proxy") {
    const cure =
      server[GATE] === undefined
        ? `this server does not read PROXY headers, and answers 400. If that machine is your balancer, write wherefrom(server, policy, { proxyProtocol: "required" }), with a rule { peers: [${peerText(connection)}], says: "proxy-protocol" }. If it is not, the header is spoofed`
        : `this server reads one PROXY header, and this is the next one. If another balancer of yours writes it, write wherefrom(server, policy, { proxyProtocol: { headers: 2 } }). If not, the header is spoofed by a client`;
    tellOnce(server, { code: "proxy-header-unread", detail: `${seen}, which is a PROXY header: ${cure}` });
  } else if (protocol === "tls" && isNamed(server[POLICY], connection)) {
    const detail = `${seen}, where the policy names that machine: it begins with TLS, and this server speaks plain HTTP. Create the server with https.createServer({ key, cert }), or let the balancer end TLS`;
    tellOnce(server, { code: "tls-unread", detail });
  }
}

function tellTlsMissing(server: Server & Kept, connection: Connection, code: string): void {
  if (!isNamed(server[POLICY], connection)) return;
  const cure =
    server[GATE] === undefined
      ? `If it writes PROXY headers, write wherefrom(server, policy, { proxyProtocol: "required" })`
      : `If it writes more than one PROXY header, write wherefrom(server, policy, { proxyProtocol: { headers: 2 } })`;
  const detail = `a connection from ${nameOf(connection)}, which the policy names, does not begin with TLS (${code}). ${cure}; if it ends TLS itself, create the server with http.createServer()`;
  tellOnce(server, { code: "tls-missing", detail });
}

/** A connection that the gate closes before its server sees it, told once for each server and reason. `seen` are the bytes that came. */
export function tellRefusal(
  server: Server,
  connection: Connection,
  { option, format: { noun, method } }: CompiledProxy,
  reason: RefusalReason,
  seen: Uint8Array | undefined,
): void {
  const hasBytes = seen !== undefined && seen.length > 0;
  const code = codeOf(reason, hasBytes);
  // Attackers are refused all day.
  if (code === undefined || isQuiet(server, `${code} ${reason}`)) return;
  const from = nameOf(connection);
  const what = hasBytes ? `${quoteBytes(seen)} came` : "nothing came";
  if (code === "proxy-untrusted-peer") {
    const detail = `a connection from ${from} was closed: ${option} is required, and no rule lets that machine write a header. If it is your balancer, type { peers: [${peerText(connection)}], says: "${method}" }; if it checks your health, wherefrom(server, policy, { ${option}: { offFrom: [${peerText(connection)}] } })`;
    return tellOnce(server, { code, detail }, `${code} ${reason}`);
  }
  if (code === "proxy-header-missing") {
    const looks = seen === undefined ? "" : looksLike(seen);
    const why = reason === "timeout" ? `its ${noun} did not come in time` : `it does not begin with a ${noun}`;
    const cure = reason === "timeout" && !hasBytes ? SERVER_FIRST : "Switch the header on at the balancer, or type";
    const detail = `a connection from ${from} was closed, because ${why}: ${what}${looks}. ${cure} wherefrom(server, policy, { ${option}: { optionalFrom: [${peerText(connection)}] } })`;
    return tellOnce(server, { code, detail }, `${code} ${reason}`);
  }
  const cure =
    reason === "too-long"
      ? `type wherefrom(server, policy, { ${option}: { limitBytes: 65551 } }), or let the balancer send less`
      : "see what the balancer sends, with tcpdump -X";
  const detail = `a connection from ${from} was closed, because its ${noun} is broken (${reason}): ${what}: ${cure}`;
  tellOnce(server, { code, detail }, `${code} ${reason}`);
}

/** A connection whose header does not name its peer, where every header must (`namesPeer`), or that has none. */
export function tellStranger(server: Server, connection: Connection, claim: ConnectionClaim | undefined): void {
  const code = claim === undefined ? "proxy-header-missing" : "proxy-header-broken";
  const kind = `${code} names-peer`;
  if (isQuiet(server, kind)) return;
  const what =
    claim === undefined
      ? "has no PROXY header: switch it on at the balancer (AWS NLB: proxy_protocol_v2.enabled)"
      : `has a PROXY header that names ${claim.endpoint === undefined ? "no machine" : formatEndpoint(claim.endpoint)}: where the balancer does not preserve client addresses, leave out namesPeer and name it in a rule that says "proxy-protocol"`;
  const detail = `proxyProtocol: { namesPeer: true } is set, and a connection from ${formatEndpoint({ address: nameOf(connection), port: connection.peerPort })} ${what}. Its client is absent`;
  tellOnce(server, { code, detail }, kind);
}

/** A balancer that writes its header with the client's first bytes writes none where the client waits for the server's: both wait. */
const SERVER_FIRST =
  "Where the server speaks first (SMTP, FTP, MySQL, SSH), a balancer that sends the header with the client's first bytes (AWS NLB: on_first_ack_with_payload) never sends it: ask AWS support for on_first_ack. Else switch the header on at the balancer, or type";

/** Undefined where nothing is told: a machine that connects, and ends or resets the connection without a byte, is a health check; HAProxy's resets behind its header. */
function codeOf(
  reason: RefusalReason,
  hasBytes: boolean,
): "proxy-untrusted-peer" | "proxy-header-missing" | "proxy-header-broken" | undefined {
  if (reason === "reset" || (reason === "ended" && !hasBytes)) return undefined;
  if (reason === "untrusted-peer") return "proxy-untrusted-peer";
  return reason === "not-proxy" || reason === "timeout" ? "proxy-header-missing" : "proxy-header-broken";
}

function looksLike(bytes: Uint8Array): string {
  const protocol = protocolOf(bytes);
  return protocol === "tls" ? ", as TLS begins" : protocol === "http" ? ", as HTTP begins" : "";
}

/** What these bytes begin; a PROXY header of either version by what no other protocol begins with. */
function protocolOf(bytes: Uint8Array): "proxy" | "tls" | "http" | undefined {
  const text = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  if (text.startsWith("PROXY ") || text.startsWith("\r\n\r\n\0\r\nQUIT\n")) return "proxy";
  // RFC 8446, 5.1: a handshake record, whose version begins with 3.
  if (text.startsWith("\x16\x03")) return "tls";
  return /^[A-Z]+ \S/.test(text) ? "http" : undefined;
}

function isNamed(given: Policy | PolicySource | undefined, connection: Connection): boolean {
  if (given === undefined) return false;
  const verdict = resolve({ connection }, currentPolicy(given)).hops[0]?.verdict;
  return verdict !== undefined && (verdict.trusted || verdict.reason !== "no-rule");
}

function nameOf({ peer, transport }: Connection): string {
  return peer ?? `a peer without an address (${transport})`;
}

function peerText({ peer, transport }: Connection): string {
  return JSON.stringify(peer ?? (transport === "unix" ? "unix" : "10.0.0.0/24"));
}
