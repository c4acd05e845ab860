import type { ClientCertificate, Connection, Policy } from "@wherefrom/core";
import { amendConnection, connectionOf, keepConnection } from "./connection-of.ts";
import { parentOf } from "./socket-internals.ts";
import type { SocketLike } from "./source.ts";

/** What a tls.TLSSocket says of the client's certificate. */
interface CertificateHolder {
  readonly authorized?: boolean;
  readonly getPeerCertificate?: () => { readonly fingerprint256?: string } | null | undefined;
}

/** What `policy` may ask of the connection: the client's certificate is read, and then kept, only where a rule demands one. */
export function connectionFor(policy: Policy, socket: SocketLike): Connection {
  const connection = connectionOf(socket);
  if (!policy.demandsCertificate || connection.certificate !== undefined) return connection;
  const certificate = readCertificate(socket);
  return certificate === undefined ? connection : keepConnection(socket, amendConnection(connection, { certificate }));
}

/** Undefined without TLS, before the handshake is done, and where the client showed none that this server accepts. */
function readCertificate(socket: SocketLike & CertificateHolder): ClientCertificate | undefined {
  if (socket.authorized === undefined) {
    // An HTTP/2 stream.
    const parent = parentOf(socket);
    return parent === undefined ? undefined : readCertificate(parent);
  }
  if (socket.authorized !== true) return undefined;
  const fingerprint256 = socket.getPeerCertificate?.()?.fingerprint256;
  return fingerprint256 === undefined ? undefined : { authorized: true, fingerprint256 };
}
