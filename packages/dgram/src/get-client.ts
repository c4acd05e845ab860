import { type Policy, type PolicySource, type Resolution, WherefromError } from "@wherefrom/core";
import { describe } from "@wherefrom/core/internal";
import { requirePolicy } from "@wherefrom/net/internal";
import { MessageInfo } from "./message-info.ts";

/** What a listener of 'message' was given beside the payload. */
export interface RemoteInfo {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly port: number;
  readonly size: number;
}

const EXAMPLE = `compilePolicy({ trust: [...], from: "udp-option" })`;

/**
 * The canonical address of the client that sent this datagram, or undefined where the policy cannot prove one. Without `policy` the socket's own answers. Throws
 * `ERR_WHEREFROM_NO_POLICY` for a message of a socket that `createSocket` did not make, and `ERR_WHEREFROM_NOT_A_SOURCE` for what is no message's.
 */
export function getClientIp(info: RemoteInfo, policy?: Policy | PolicySource): string | undefined {
  const other = policy === undefined ? undefined : requirePolicy("getClientIp(rinfo, policy)", policy, EXAMPLE);
  return MessageInfo.clientIp(known("getClientIp", info), other);
}

/** Who sent this datagram, and how we know. What the socket's own policy answers is kept; another one is asked afresh. */
export function getClient(info: RemoteInfo, policy?: Policy | PolicySource): Resolution {
  const message = known("getClient", info);
  if (policy === undefined) return message.client;
  return MessageInfo.resolve(message, requirePolicy("getClient(rinfo, policy)", policy, EXAMPLE));
}

function known(asked: string, info: RemoteInfo): MessageInfo {
  if (info instanceof MessageInfo) return info;
  if (typeof (info as Partial<RemoteInfo> | null | undefined)?.address !== "string") {
    throw new WherefromError(
      "ERR_WHEREFROM_NOT_A_SOURCE",
      `${asked} was given ${describe(info)}, which cannot tell who sent a datagram: pass rinfo, the second argument of a listener for 'message'`,
    );
  }
  throw new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `${asked}(rinfo) was called for a datagram from ${info?.address} port ${info?.port} of a socket without a policy: type createSocket("udp4", policy) of @wherefrom/dgram where the socket is made`,
  );
}
