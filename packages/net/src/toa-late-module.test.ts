import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import type * as Native from "./native.ts";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { getClient } from "./get-client.ts";
import { loadSockopt } from "./native.ts";
import { toaModule } from "./toa-module.ts";
import { toaStatus } from "./toa-server.ts";
import { wherefrom } from "./wherefrom.ts";

// The real calls, but no programs, which would be attached to the group that the tests run in, and no tap.
vi.mock("./native.ts", async (original) => {
  const native = await original<typeof Native>();
  const { attachToa: _, tapOpen: __, ...sockopt } = native.loadSockopt() ?? {};
  return { ...native, loadSockopt: () => (Object.keys(sockopt).length === 0 ? undefined : sockopt) };
});
afterEach(() => vi.restoreAllMocks());

describe.skipIf(loadSockopt() === undefined)("a module that is loaded while a server listens", () => {
  test("is noticed, and SYNs are kept from then on, because only they tell who the peer is", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const trace = vi.spyOn(toaModule, "trace").mockReturnValue(undefined);
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
    const none = "off: dpvs puts nothing into SYNs";
    expect(await reach()).toEqual(["tcp", "carrier-absent", "none", none]);
    trace.mockReturnValue("/sys/module/toa");
    // The first connection finds out, and came too early to be known.
    expect(await reach()).toEqual(["unverified", "untrusted-hop", "module", "on"]);
    expect(await reach()).toEqual(["tcp", "carrier-absent", "module", "on"]);
  });
});
