import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePolicy, type Resolution, WherefromError } from "@wherefrom/core";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { getClient } from "../request/get-client.ts";
import { loadNative, loadSockopt } from "../connection/native.ts";
import type { ServerOptions } from "../server-options.ts";
import { toaStatus } from "./server.ts";
import { wherefrom } from "../wherefrom.ts";

/** Saved SYNs alone: BPF programs have a suite of their own (test/e2e/bpf). */
const LVS = { product: "lvs", reader: "saved-syn" } as const;

const policy = compilePolicy({ trust: ["127.0.0.0/8"], from: "toa" });
const sockopt = loadSockopt();
const hasModule = existsSync("/sys/module/toa");
/** The listener from which the kernel keeps no SYN, as it keeps none of a connection that it has answered with a cookie. */
const forgetSyns = (server: Server): void => {
  sockopt?.saveSyn((server as unknown as { _handle: { fd: number } })._handle.fd, 0);
};

/** One connection from 127.0.0.1 to a server of `options`: its client, and what the server says of itself. */
async function reach(options: ServerOptions, more: { policy?: typeof policy; late?: true } = {}) {
  const server = createServer();
  const put = (): Server => wherefrom(server, more.policy ?? policy, options);
  if (more.late === undefined) put();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  if (more.late !== undefined) put();
  onTestFinished(() => void server.close());
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  const [socket] = await accepted;
  return { resolution: getClient(socket), socket, client, status: toaStatus(server) };
}

const summaryOf = ({ client, nearest, stop, hops }: Resolution) => ({
  client: client?.address,
  nearest: nearest?.address,
  stop,
  hops: hops.map(({ method, format }) => `${method} ${format}`),
});

afterEach(() => vi.restoreAllMocks());

describe.skipIf(sockopt === undefined || hasModule)("without a kernel module", () => {
  test("a balancer's connection whose SYN carries no option is carrier-absent, and its peer is known", async () => {
    const { resolution, status } = await reach({ toa: LVS });
    expect(status).toMatchObject({ product: "lvs", reader: "saved-syn", savedSyn: "on", module: undefined });
    expect(summaryOf(resolution)).toEqual({
      client: undefined,
      nearest: "127.0.0.1",
      stop: "carrier-absent",
      hops: ["socket tcp"],
    });
    expect(resolution.warnings).toEqual([]);
  });

  test("a server that listens already keeps SYNs from then on", async () => {
    const { status, resolution } = await reach({ toa: LVS }, { late: true });
    expect(status?.savedSyn).toBe("on");
    expect(resolution.stop).toBe("carrier-absent");
  });

  test("a product that puts nothing into SYNs cannot be read, which is said once and in the status", async () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { status } = await reach({ toa: { product: "dpvs", reader: "saved-syn" } });
    expect(status).toMatchObject({
      reader: "none",
      readers: [],
      savedSyn: "on",
      programs: "off: the reader is saved-syn",
    });
    expect(emitted.mock.calls).toEqual([
      [
        "the TCP options of dpvs cannot be read here: no kernel module; BPF programs are off: the reader is saved-syn; the tap is off: the reader is saved-syn; saved SYNs are on, and dpvs puts nothing into them. Clients behind it stay unknown (https://github.com/wherefrom/wherefrom/blob/main/docs/reference/warnings.md#wherefrom_toa_unreadable)",
        { type: "WherefromWarning", code: "WHEREFROM_TOA_UNREADABLE" },
      ],
    ]);
  });

  test("where a module is said to be there, the SYN's source is the peer, and a peer that was not replaced named nobody", async () => {
    const { resolution, status } = await reach({ toa: { product: "lvs", reader: "module" } });
    expect(status).toMatchObject({ reader: "module", savedSyn: "on" });
    expect(summaryOf(resolution)).toMatchObject({ client: undefined, stop: "carrier-absent", hops: ["socket tcp"] });
  });

  test("where a module is said to be there and no SYN was kept, nobody knows the peer", async () => {
    const server = wherefrom(createServer(), policy, { toa: { product: "lvs", reader: "module" } });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    forgetSyns(server);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    const [socket] = await accepted;
    expect(getClient(socket)).toMatchObject({
      client: undefined,
      stop: "untrusted-hop",
      hops: [{ format: "unverified", verdict: { trusted: false, reason: "peer-unverified" } }],
    });
    // Whoever lets nobody but the balancer reach the port may say so.
    const believing = compilePolicy({ trust: ["unverified"], from: "toa" });
    expect(getClient(socket, believing)).toMatchObject({
      client: { address: "127.0.0.1", port: client.localPort },
      method: "toa",
      stop: "untrusted-hop",
    });
  });

  test("where no packet tells who is connected the kernel's word is unverified, module or not, and headers are not believed", async () => {
    const mixed = compilePolicy({ rules: [{ peers: ["127.0.0.0/8"], says: ["toa", "x-forwarded-for"] }] });
    const server = wherefrom(createServer(), mixed, { toa: LVS }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    forgetSyns(server);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    const [socket] = await accepted;
    const unverified = { format: "unverified", endpoint: undefined, verdict: { reason: "peer-unverified" } };
    expect(getClient(socket)).toMatchObject({ client: undefined, stop: "untrusted-hop", hops: [unverified] });
    // Nobody has said that a module is there: the kernel's name is no claim either.
    const believing = compilePolicy({ trust: ["unverified"], from: "toa" });
    expect(getClient(socket, believing)).toMatchObject({ client: undefined, stop: "carrier-absent" });
  });

  test("a connection's SYN is read in the tick of 'connection', and what comes later changes nothing", async () => {
    const { socket, resolution } = await reach({ toa: LVS });
    const fd = (socket as unknown as { _handle: { fd: number } })._handle.fd;
    expect(sockopt?.savedSyn(fd)).toBe(0);
    expect(getClient(socket)).toBe(resolution);
  });

  test("who asks first when both ends are gone is told what was there at 'connection'", async () => {
    const server = wherefrom(createServer(), policy, { toa: LVS }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [socket] = await accepted;
    const port = client.localPort;
    client.resetAndDestroy();
    socket.destroy();
    await once(socket, "close");
    expect(socket.remoteAddress).toBeUndefined();
    expect(getClient(socket)).toMatchObject({
      stop: "carrier-absent",
      hops: [{ method: "socket", endpoint: { address: "127.0.0.1", port } }],
    });
  });

  test("a listener that is no TCP one keeps no SYNs, which is said, and its connections are served", async () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-toa-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const server = wherefrom(createServer(), policy, { toa: LVS }).listen(join(directory, "socket"));
    await once(server, "listening");
    onTestFinished(() => void server.close());
    expect(toaStatus(server)).toMatchObject({ reader: "none", savedSyn: "unavailable: errno 95" });
    expect(emitted).toHaveBeenCalledTimes(1);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = connect(join(directory, "socket"));
    onTestFinished(() => void client.destroy());
    expect(getClient((await accepted)[0])).toMatchObject({ client: undefined, hops: [{ format: "unix" }] });
  });

  test("a later policy without toa ends the reading", async () => {
    const server = wherefrom(createServer(), policy, { toa: LVS });
    wherefrom(server, policy);
    expect(toaStatus(server)).toBeUndefined();
  });
});

/** Whether this process may open a tap (CAP_NET_RAW). */
const canTap = loadNative()?.tap?.probe() === 0;

describe.skipIf(!canTap || hasModule)("with a tap", () => {
  const TAP = { product: "dpvs", reader: "tap" } as const;

  test("a balancer's connection without an option is carrier-absent, and stays so when data has come", async () => {
    const { socket, client, resolution, status } = await reach({ toa: TAP });
    expect(status).toMatchObject({
      reader: "tap",
      tap: "on",
      tapLost: 0,
      savedSyn: "on",
      programs: "off: the reader is tap",
    });
    expect(resolution).toMatchObject({ client: undefined, stop: "carrier-absent", nearest: { address: "127.0.0.1" } });
    client.write("x");
    await once(socket, "readable");
    expect(getClient(socket)).toMatchObject({ client: undefined, stop: "carrier-absent" });
  });

  test("it ends with the server, and begins again with it", async () => {
    const server = wherefrom(createServer(), policy, { toa: TAP });
    for (const tap of ["on", "on"]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      expect(toaStatus(server)).toMatchObject({ tap, reader: "tap" });
      server.close();
      await once(server, "close");
      expect(toaStatus(server)).toMatchObject({ tap: "unavailable: the server does not listen", reader: "none" });
    }
  });

  test("where another reader is wanted there is none", async () => {
    const { status } = await reach({ toa: LVS });
    expect(status).toMatchObject({ tap: "off: the reader is saved-syn", tapLost: 0 });
  });
});

test.each<[title: string, ServerOptions["toa"], code: string, detail: string]>([
  [
    "an unknown product",
    "lsv" as "lvs",
    "ERR_WHEREFROM_INVALID_CARRIER",
    '"lsv" is not a TOA product; did you mean "lvs"?',
  ],
  [
    "an unknown reader",
    { product: "lvs", reader: "saved-sin" as "saved-syn" },
    "ERR_WHEREFROM_INVALID_CARRIER",
    '"saved-sin" is not a TOA reader; did you mean "saved-syn"?',
  ],
  [
    "an unknown key",
    { product: "lvs", readers: 1 } as ServerOptions["toa"],
    "ERR_WHEREFROM_INVALID_CARRIER",
    'toa has no key "readers"; did you mean "reader"?',
  ],
])("%s is refused when the server is made", (_title, toa, code, detail) => {
  const server = createServer();
  expect(() => wherefrom(server, policy, { toa })).toThrow(expect.objectContaining({ code, detail }));
  expect(toaStatus(server)).toBeUndefined();
});

test("options that no rule of the policy would believe are refused", () => {
  const headers = compilePolicy({ trust: ["127.0.0.0/8"], from: "x-forwarded-for" });
  const put = (): unknown => wherefrom(createServer(), headers, { toa: "lvs" });
  expect(put).toThrow(WherefromError);
  expect(put).toThrow(
    'toa: "lvs" is read, and no rule believes it: name the balancer with { peers: ["10.0.0.0/24"], says: "toa" }',
  );
});
