import { compilePolicy, type Policy } from "@wherefrom/core";
import { describe, expect, test } from "vitest";
import { createSocket, udpStatus } from "./create-socket.ts";
import { getClientIp } from "./get-client.ts";
import { compileUdpFormat, type UdpFormat } from "./udp-format.ts";

const policy = compilePolicy({ rules: [{ peers: ["10.0.0.0/24"], says: ["udp-option", "spp", "proxy-protocol"] }] });

test.each<[UdpFormat, object]>([
  ["dpvs", { name: "dpvs", method: "udp-option", remembers: true }],
  ["dpvs-opp", { name: "dpvs-opp", method: "udp-option", remembers: true }],
  ["bytedance", { name: "bytedance", method: "udp-option", remembers: false }],
  ["uoa-module", { name: "uoa-module", method: "udp-option", remembers: true, product: undefined }],
  ["proxy-v2", { name: "proxy-v2", method: "proxy-protocol", remembers: false, isRequired: false }],
  ["spp", { name: "spp", method: "spp", remembers: false }],
  [{ format: "dpvs", sends: "every-datagram" }, { remembers: false }],
  [{ format: "bytedance", sends: "first-of-flow" }, { remembers: true }],
  [
    { format: "proxy-v2", sends: "first-of-flow", required: true, flowLimit: 4, flowIdleMs: 1 },
    { remembers: true, isRequired: true },
  ],
  [
    { where: "ipv4-option", kind: 25, length: 6, family: 4, address: 2 },
    { name: "custom 25/6", remembers: false },
  ],
])("%j", (option, expected) => {
  expect(compileUdpFormat(option, policy)).toMatchObject(expected);
});

describe("a format that is wrong", () => {
  test.each<[unknown, message: RegExp]>([
    ["spq", /"spq" is not a product or format of datagrams; did you mean "spp"\?/],
    ["uoa-modul", /did you mean "uoa-module"\?/],
    ["some-balancer", /"dpvs", "dpvs-opp", "bytedance", "uoa-module", "proxy-v2", "spp" are/],
    [null, /.+/],
    [7, /.+/],
    [["dpvs"], /.+/],
    [{}, /.+/],
    [{ format: undefined }, /format is missing/],
    [{ format: null }, /format is the name or description/],
    [{ format: { format: "dpvs" } }, /.+/],
    [{ format: "spp", requierd: true }, /did you mean "required"\?/],
    [{ format: "spp", zzz: true }, /"format", "sends", .* are/],
    [{ format: "spp", sends: "first-of-flow" }, /of "spp" it is known/],
    [{ format: "uoa-module", sends: "every-datagram" }, /of "uoa-module" it is known/],
    [{ format: "dpvs", sends: "often" }, /sends is/],
    [{ format: "dpvs", required: true }, /required is for "proxy-v2" and "spp"/],
    [{ format: "spp", required: "yes" }, /required is true or false, not a text/],
    [{ format: "dpvs", flowLimit: 3 }, /flowLimit is a whole number from 4/],
    [{ format: "dpvs", flowIdleMs: 0 }, /flowIdleMs is a whole number from 1/],
  ])("%j", (option, message) => {
    expect(() => compileUdpFormat(option as UdpFormat, policy)).toThrow(message);
    expect(() => compileUdpFormat(option as UdpFormat, policy)).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_CARRIER" }),
    );
  });

  test("a format that no rule believes would be read for nobody", () => {
    const other = compilePolicy({ trust: ["10.0.0.0/24"], from: "spp" });
    expect(() => compileUdpFormat("dpvs", other)).toThrow(
      expect.objectContaining({
        code: "ERR_WHEREFROM_INVALID_POLICY",
        message: expect.stringContaining(`says: "udp-option"`) as string,
      }),
    );
  });

  test("no socket is made without a compiled policy", () => {
    expect(() => createSocket("udp4", { trust: [] } as unknown as Policy)).toThrow(
      /compilePolicy\(\{ trust: \[\] \}\)/,
    );
    expect(() => createSocket("udp4", undefined as unknown as Policy)).toThrow(
      expect.objectContaining({ code: "ERR_WHEREFROM_NO_POLICY" }),
    );
  });

  test("a datagram of another socket has no policy", () => {
    const info = { address: "192.0.2.1", family: "IPv4", port: 1, size: 0 } as const;
    expect(() => getClientIp(info)).toThrow(/datagram from 192\.0\.2\.1 port 1 of a socket without a policy/);
    expect(udpStatus({})).toBeUndefined();
  });
});
