import { createServer } from "node:net";
import { compilePolicy, type Connection } from "@wherefrom/core";
import { createPeerMemory } from "@wherefrom/core/internal";
import { compileToaProduct } from "@wherefrom/core/wire";
import { afterEach, describe, expect, test, vi } from "vitest";
import { wherefrom } from "../wherefrom.ts";
import { foreignOption, tellForeignOption } from "./foreign-option.ts";
import type { ToaSight } from "./testimony.ts";

const sight = (hex: string, packet: ToaSight["packet"] = "syn"): ToaSight => {
  const bytes = Buffer.from(hex, "hex");
  return { packet, family: 4, bytes, from: 0, to: bytes.length };
};

/** MSS, SACK permitted, timestamps, no operation, window scale: what Linux sends. */
const HOST = "020405b40402080a0000000100000000010303 07".replace(" ", "");
const OF_200 = "c808c454cb007107";

describe("an option that hosts do not send of themselves", () => {
  test.each([
    ["is none among those of a host", [sight(HOST)], undefined],
    ["is none behind the end of the list", [sight(`00${OF_200}`)], undefined],
    ["is found behind those of a host", [sight(HOST + OF_200)], { kind: 200, length: 8, packet: "syn" }],
    [
      "is found in the second packet",
      [sight(HOST), sight(`0101${OF_200}`, "ack")],
      { kind: 200, length: 8, packet: "ack" },
    ],
    ["is none where its length leads out of the packet", [sight("c809c454cb007107")], undefined],
    ["is none without a length", [sight("c8"), sight("c800"), sight("c801")], undefined],
  ] as const)("%s", (_title, sights, expected) => {
    expect(foreignOption(sights)).toEqual(expected);
  });
});

describe("a balancer of another product", () => {
  afterEach(() => vi.restoreAllMocks());

  const connection = (peer: string): Connection => ({
    transport: "tcp",
    peer,
    peerPort: 40_312,
    claims: [],
    certificate: undefined,
    memory: createPeerMemory(),
  });
  const policy = compilePolicy({ trust: ["10.0.0.9"], from: "toa", nodesFilterToa: true });
  const lvs = compileToaProduct("lvs");

  test("is told once for each server, with the products that write such an option", () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const server = wherefrom(createServer(), policy, { toa: "lvs" });
    tellForeignOption(server, connection("10.0.0.9"), lvs, { kind: 200, length: 8, packet: "ack" });
    tellForeignOption(server, connection("10.0.0.9"), lvs, { kind: 200, length: 8, packet: "ack" });
    expect(emitted.mock.calls.map(([text, options]) => [text, (options as { code: string }).code])).toEqual([
      [
        expect.stringMatching(
          /^a connection from 10\.0\.0\.9:40312, .* kind 200 \(8 bytes\) in the handshake's last packet; lvs writes kind 254 \(8 bytes\) or 253 \(20 bytes\).*write toa: "tencent-clb" or toa: "tencent-gaap" or toa: "tencentos" or toa: "ucloud" or toa: "ecloud"\. Its client is unknown/,
        ),
        "WHEREFROM_TOA_PRODUCT_DIFFERS",
      ],
    ]);
  });

  test("is not told where the peer may not write options, which is a client's own", () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const server = wherefrom(createServer(), policy, { toa: "lvs" });
    tellForeignOption(server, connection("203.0.113.7"), lvs, { kind: 200, length: 8, packet: "ack" });
    expect(emitted).not.toHaveBeenCalled();
  });
});
