import { createSocket as createPlain } from "node:dgram";
import { BlockList } from "node:net";
import { promisify } from "node:util";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSocket, udpStatus } from "./create-socket.ts";
import { getClient, getClientIp } from "./get-client.ts";
import { MessageInfo } from "./message-info.ts";
import { type ClientSocketOptions, unappliedOptions } from "./socket-options.ts";

const turn = promisify(setImmediate);
const NOBODY = compilePolicy({ trust: [] });
const LIST = new BlockList();

/** Warnings of the process while the test runs. */
function listen(): { readonly code?: string; readonly message: string }[] {
  const heard: Error[] = [];
  const onWarning = (warning: Error): number => heard.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  return heard;
}

const create = (options: unknown, policy: Policy = NOBODY): { close(): void } =>
  createSocket(options as ClientSocketOptions, policy);

describe("options of createSocket", () => {
  test("are those of the newest node:dgram, and ours", () => {
    const signal = new AbortController().signal;
    const options: Required<Omit<ClientSocketOptions, "udp">> = {
      type: "udp6",
      reuseAddr: true,
      reusePort: false,
      ipv6Only: true,
      recvBufferSize: 100_000,
      sendBufferSize: 0,
      lookup: (() => {}) as never,
      signal,
      receiveBlockList: LIST,
      sendBlockList: LIST,
      notices: false,
    };
    expect(() => create(options).close()).not.toThrow();
    expect(() => createPlain(options as never).close()).not.toThrow();
  });

  test("count also where they come from another object or a class, as they do for node:dgram", async () => {
    const list = new BlockList();
    list.addAddress("127.0.0.1");
    class Setting {
      readonly type = "udp4";
      get receiveBlockList(): BlockList {
        return list;
      }
    }
    for (const options of [new Setting(), Object.create({ type: "udp4", receiveBlockList: list })] as Setting[]) {
      const socket = createSocket(options, NOBODY);
      const sender = createPlain("udp4");
      onTestFinished(() => {
        socket.close();
        sender.close();
      });
      await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
      const { port } = socket.address();
      sender.send("x", port, "127.0.0.1");
      await expect.poll(() => udpStatus(socket)?.dropped).toEqual({ blocked: 1 });
    }
  });

  test("may be left out, or undefined", () => {
    for (const options of [
      "udp4",
      { type: "udp4" },
      { type: "udp4", udp: undefined, signal: undefined, reuseAddr: undefined, notices: undefined },
    ]) {
      expect(() => create(options).close()).not.toThrow();
    }
  });

  test.each<[unknown, message: string]>([
    [{ type: "udp4", Udp: "dpvs" }, `has no key "Udp"; did you mean "udp"?`],
    [{ type: "udp4", recieveBlockList: LIST }, `has no key "recieveBlockList"; did you mean "receiveBlockList"?`],
    [{ type: "udp4", reuseaddr: true }, `has no key "reuseaddr"; did you mean "reuseAddr"?`],
    [{ type: "udp4", policy: NOBODY }, `has no key "policy"; "type", "udp", "notices"`],
    [{}, `type is missing: it is "udp4" or "udp6"`],
    [{ type: "udp5" }, `type is "udp4" or "udp6", not a text; did you mean "udp4"?`],
    [{ type: "udp4", reuseAddr: "yes" }, "reuseAddr is true or false, not a text"],
    [{ type: "udp4", reusePort: 1 }, "reusePort is true or false, not 1"],
    [{ type: "udp6", ipv6Only: null }, "ipv6Only is true or false, not null"],
    [{ type: "udp4", recvBufferSize: -1 }, "recvBufferSize is a whole number from 0 to 4294967295, not -1"],
    [{ type: "udp4", sendBufferSize: "64k" }, "sendBufferSize is a whole number"],
    [{ type: "udp4", lookup: "8.8.8.8" }, "lookup is a function, not a text"],
    [{ type: "udp4", signal: true }, "signal is an AbortSignal"],
    [{ type: "udp4", signal: new AbortController() }, "signal is an AbortSignal"],
    [{ type: "udp4", receiveBlockList: ["192.0.2.1"] }, "receiveBlockList is a BlockList of node:net"],
    [{ type: "udp4", sendBlockList: {} }, "sendBlockList is a BlockList of node:net"],
    [{ type: "udp4", notices: "off" }, "notices is true or false"],
    [undefined, "takes an object with the keys"],
    [null, "takes an object with the keys"],
    [4, "takes an object with the keys"],
    [["udp4"], "takes an object with the keys"],
  ])("%j: %s", (options, message) => {
    expect(() => create(options)).toThrow(
      expect.objectContaining({
        code: "ERR_WHEREFROM_INVALID_OPTION",
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  test("a listener is a function, of messages and of batches", () => {
    expect(() => createSocket("udp4", NOBODY, "message" as never)).toThrow("the listener is a function, not a text");
    const socket = createSocket("udp4", NOBODY);
    onTestFinished(() => void socket.close());
    expect(() => socket.receiveBatches({} as never)).toThrow("the listener is a function, not an empty object");
  });

  test.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    ["192.0.2.1", "a text"],
    [{}, "an empty object"],
    [Buffer.from("x"), 'an object with "0"'],
  ])("what is no rinfo is refused with what to pass: %j", (given, came) => {
    for (const ask of [getClientIp, getClient]) {
      expect(() => ask(given as never)).toThrow(
        expect.objectContaining({
          code: "ERR_WHEREFROM_NOT_A_SOURCE",
          detail: `${ask.name} was given ${came}, which cannot tell who sent a datagram: pass rinfo, the second argument of a listener for 'message'`,
        }),
      );
    }
  });

  test("another policy that is asked under is a compiled one", () => {
    const peer = { address: "192.0.2.1", memory: undefined, isBelieved: undefined };
    const site = { policy: NOBODY, claims: () => [], clientIp: () => undefined };
    const info = new MessageInfo(site, peer, "IPv4", 1, 0, []);
    for (const ask of [getClientIp, getClient]) {
      expect(() => ask(info, { trust: [] } as never)).toThrow(
        expect.objectContaining({ code: "ERR_WHEREFROM_NO_POLICY" }),
      );
    }
    expect(getClientIp(info, NOBODY)).toBe("192.0.2.1");
  });
});

describe("what a socket has to say at start-up", () => {
  test("stale ranges are announced once for a policy, as for a server", async () => {
    const heard = listen();
    const stale = { code: "stale-ranges", detail: "the ranges of a test are old" } as const;
    const policy: Policy = { ...NOBODY, notices: [stale] };
    create("udp4", policy).close();
    create("udp6", policy).close();
    await turn();
    expect(heard.map(({ code, message }) => [code, message])).toEqual([
      [
        "stale-ranges",
        `${stale.detail} (https://github.com/wherefrom/wherefrom/blob/main/docs/reference/warnings.md#stale-ranges)`,
      ],
    ]);
  });

  test.each([
    ["v20.20.2", ["sendBlockList", "reusePort"]],
    ["v22.11.0", ["sendBlockList", "reusePort"]],
    ["v22.12.0", ["sendBlockList"]],
    ["v22.13.0", []],
    ["v26.10.0", []],
  ])("under Node %s these are not applied: %j", (version, keys) => {
    const details = unappliedOptions({ type: "udp4", sendBlockList: LIST, reusePort: true }, version);
    expect(
      details.map((detail) => /given (\w+), which node:dgram of this Node \((.*)\)/.exec(detail)?.slice(1)),
    ).toEqual(keys.map((key) => [key, version]));
    expect(unappliedOptions({ type: "udp4", reusePort: false }, version)).toEqual([]);
  });

  test("which is a warning, and off by option", async () => {
    const heard = listen();
    const options = { type: "udp4", sendBlockList: LIST } as const;
    create({ ...options, notices: false }).close();
    await turn();
    expect(heard).toEqual([]);
    create(options).close();
    await turn();
    expect(heard.map(({ code }) => code)).toEqual(
      unappliedOptions(options).map(() => "WHEREFROM_SOCKET_OPTION_UNAPPLIED"),
    );
  });
});
