import { clientAddress, type Policy, type Resolution, resolve } from "@wherefrom/core";
import { connectionFor } from "./connection-for.ts";
import { keepResolution, type Kept, keptResolution, POLICY } from "./kept.ts";
import { noPolicy } from "./no-policy.ts";
import { parentOf } from "./socket-internals.ts";
import { isRequest, type SocketLike, type Source } from "./source.ts";

/**
 * The client's canonical address, or undefined where the policy cannot prove one. Without `policy` the one in force answers: the middleware's,
 * else the server's; without any, `ERR_WHEREFROM_NO_POLICY` is thrown, never the bare peer returned. Nothing is allocated but the text.
 */
export function getClientIp(source: Source, policy?: Policy): string | undefined {
  const kept = keptResolution(source);
  if (kept !== undefined && (policy === undefined || policy === kept.policy)) return kept.client?.address;
  if (isRequest(source)) {
    const { socket } = source;
    const known = policy ?? requirePolicyOf(socket, source);
    return clientAddress(connectionFor(known, socket), source.headers, known, source.rawHeaders);
  }
  const known = policy ?? requirePolicyOf(source, source);
  return clientAddress(connectionFor(known, source), undefined, known);
}

/**
 * Who the client is, and how we know. A socket answers for its connection, whatever was requested over it, until an upgrade makes it the request's.
 * What the policy in force answers is kept, and outlives the client's disconnect; another policy is asked afresh.
 */
export function getClient(source: Source, policy?: Policy): Resolution {
  const kept = keptResolution(source);
  if (kept !== undefined && (policy === undefined || policy === kept.policy)) return kept;
  const inForce = kept === undefined ? policyOf(isRequest(source) ? source.socket : source) : undefined;
  const known = policy ?? inForce;
  if (known === undefined) throw noPolicy("getClient", source);
  const resolution = resolveNow(source, known);
  return known === inForce && isFinal(source, known) ? keepResolution(source, resolution) : resolution;
}

/** A TLS socket may still be shaking hands: a certificate that the policy asks for may come yet. A request comes after it. */
function isFinal(source: Source, policy: Policy): boolean {
  return isRequest(source) || !policy.demandsCertificate || connectionFor(policy, source).certificate !== undefined;
}

/** Resolves what is known now, and keeps nothing. */
export function resolveNow(source: Source, policy: Policy): Resolution {
  return resolve(
    isRequest(source)
      ? { connection: connectionFor(policy, source.socket), headers: source.headers, rawHeaders: source.rawHeaders }
      : { connection: connectionFor(policy, source) },
    policy,
  );
}

function requirePolicyOf(socket: SocketLike, source: Source): Policy {
  const policy = policyOf(socket);
  if (policy === undefined) throw noPolicy("getClientIp", source);
  return policy;
}

/** The policy of the server that the socket came in through. A TLS socket has that of the socket under it. */
export function policyOf(socket: SocketLike): Policy | undefined {
  const policy = (socket as Kept)[POLICY];
  if (policy !== undefined) return policy;
  const parent = parentOf(socket);
  return parent === undefined ? undefined : policyOf(parent);
}
