import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import type * as Native from "../connection/native.ts";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { getClient } from "../request/get-client.ts";
import { loadSockopt } from "../connection/native.ts";
import { toaModule } from "./module.ts";
import { toaStatus } from "./server.ts";
import { wherefrom } from "../wherefrom.ts";

// The real calls, but no programs, which would be attached to the group that the tests run in, and no tap.
vi.mock("../connection/native.ts", async (original) => {
  const native = await original<typeof Native>();
  const calls = native.loadNative();
  return { ...native, loadNative: () => calls && { ...calls, bpf: undefined, tap: undefined } };
});
afterEach(() => vi.restoreAllMocks());

describe.skipIf(loadSockopt() === undefined)("a module that is loaded while a server listens", () => {
  test("is noticed, and changes nothing in who the peer is, because SYNs were kept from the beginning", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const trace = vi.spyOn(toaModule, "look").mockReturnValue(undefined);
    vi.spyOn(toaModule, "trace").mockImplementation(() => toaModule.look());
    const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
    const server = wherefrom(createServer(), policy, { toa: "dpvs" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const reach = async () => {
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
      onTestFinished(() => void client.destroy());
      const { hops, stop } = getClient((await accepted)[0]);
      return [hops[0]?.format, stop, toaStatus(server)?.reader, toaStatus(server)?.savedSyn];
    };
    expect(await reach()).toEqual(["tcp", "carrier-absent", "none", "on"]);
    trace.mockReturnValue("/sys/module/toa");
    expect(await reach()).toEqual(["tcp", "carrier-absent", "module", "on"]);
    trace.mockReturnValue(undefined);
    expect(await reach()).toEqual(["tcp", "carrier-absent", "none", "on"]);
  });
});
