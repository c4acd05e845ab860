import { type Policy, type Resolution, WherefromError } from "@wherefrom/core";
import { MessageInfo } from "./message-info.ts";

/** What a listener of 'message' was given beside the payload. */
export interface RemoteInfo {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly port: number;
  readonly size: number;
}

/**
 * The canonical address of whoever sent this datagram, or undefined where the policy cannot prove one. Without `policy` the socket's own answers. Throws
 * `ERR_WHEREFROM_NO_POLICY` for a message of a socket that `createSocket` did not make.
 */
export function getClientIp(info: RemoteInfo, policy?: Policy): string | undefined {
  return MessageInfo.clientIp(known("getClientIp", info), policy);
}

/** Who sent this datagram, and how we know. What the socket's own policy answers is kept; another one is asked afresh. */
export function getClient(info: RemoteInfo, policy?: Policy): Resolution {
  const message = known("getClient", info);
  return policy === undefined ? message.client : MessageInfo.resolve(message, policy);
}

function known(asked: string, info: RemoteInfo): MessageInfo {
  if (info instanceof MessageInfo) return info;
  throw new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `${asked}(rinfo) was called for a datagram from ${info?.address} port ${info?.port} of a socket without a policy: type createSocket("udp4", policy) of @wherefrom/dgram where the socket is made`,
  );
}
