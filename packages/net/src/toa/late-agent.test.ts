import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { TOA_RECORD_BYTES } from "@wherefrom/core/wire";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { getClient } from "../request/get-client.ts";
import type * as Native from "../connection/native.ts";
import { loadSockopt } from "../connection/native.ts";
import { PEER_BYTES, TOLD_SHIFT, WANT_RECORD } from "../connection/native-numbers.ts";
import { toaStatus } from "./server.ts";
import { wherefrom } from "../wherefrom.ts";

/** Whether an agent's programs watch every socket. */
const agent = vi.hoisted(() => ({ isThere: false }));

// The real calls, but no programs of our own and no tap; and a kernel in which the agent's programs have kept dpvs' option of 203.0.113.7:4660 of every connection.
vi.mock("../connection/native.ts", async (original) => {
  const native = await original<typeof Native>();
  const sockopt = native.loadSockopt();
  if (sockopt === undefined) return native;
  const option = [254, 8, 0x12, 0x34, 203, 0, 113, 7];
  const readAccepted = (fd: number, wants: number): number => {
    const result = sockopt.readAccepted(fd, wants & ~WANT_RECORD);
    if (!agent.isThere || (wants & WANT_RECORD) === 0 || result < 0) return result;
    const { buffer } = sockopt;
    buffer.copyWithin(PEER_BYTES + TOA_RECORD_BYTES, PEER_BYTES, result);
    buffer.fill(0, PEER_BYTES, PEER_BYTES + TOA_RECORD_BYTES);
    // Version, the handshake's ACK, bytes of options, IPv4; the port of the peer, two unused bytes, its address.
    buffer.set([1, 2, option.length, 4], PEER_BYTES);
    buffer.copyWithin(PEER_BYTES + 4, 2, 4);
    buffer.copyWithin(PEER_BYTES + 8, 16, 20);
    buffer.set(option, PEER_BYTES + 24);
    return (WANT_RECORD << TOLD_SHIFT) | (result + TOA_RECORD_BYTES);
  };
  const toaRecord = (): number => (agent.isThere ? TOA_RECORD_BYTES : -92);
  const sockets = { ...sockopt, readAccepted, toaRecord };
  const loadNative = () => ({ sockets, bpf: undefined, tap: undefined, udp: undefined });
  return { ...native, loadNative, loadSockopt: () => sockets };
});
afterEach(() => vi.restoreAllMocks());

describe.skipIf(loadSockopt() === undefined)("an agent that comes and goes while a server listens", () => {
  test("names the client of the first connection that its programs see, the first time and after a time without it", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    // Time stands still: nothing is looked at again because a while has passed.
    vi.spyOn(performance, "now").mockReturnValue(0);
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
    const server = wherefrom(createServer(), policy, { toa: "dpvs" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const reach = async () => {
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
      onTestFinished(() => void client.destroy());
      const { client: named, stop } = getClient((await accepted)[0]);
      return [named?.address, stop];
    };
    for (const time of ["first", "second"]) {
      agent.isThere = false;
      // Which is noticed: to ask for the status is to look.
      expect([time, toaStatus(server)?.reader]).toEqual([time, "none"]);
      expect([time, await reach()]).toEqual([time, [undefined, "carrier-absent"]]);
      agent.isThere = true;
      expect([time, await reach()]).toEqual([time, ["203.0.113.7", "untrusted-hop"]]);
      expect([time, toaStatus(server)?.reader]).toEqual([time, "sock-ops"]);
    }
  });
});
