import type { BlockList } from "node:net";

/** A list of node:net, as far as it is used here. */
export type AddressBlockList = Pick<BlockList, "check">;

/** Whether datagrams of this source are not to be delivered: as node:dgram asks. */
export function isBlocked(list: AddressBlockList, address: string, family: 4 | 6): boolean {
  return list.check(address, family === 4 ? "ipv4" : "ipv6");
}
