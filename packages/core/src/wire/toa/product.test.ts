import { describe, expect, test } from "vitest";
import { WherefromError } from "../../options/errors.ts";
import { parseToaOptions } from "./options.ts";
import { compileToaProduct, type CustomToa } from "./product.ts";
import type { ToaProductName } from "./products.ts";

const own: CustomToa = { kind: 77, length: 8, layout: "port-ipv4", packets: ["ack"] };

describe("a balancer that is no known product", () => {
  test("is one option: kind, length, layout and the packets that carry it", () => {
    const product = compileToaProduct(own);
    expect(product).toMatchObject({ name: "custom 77/8", packets: ["ack"], position: "any", strips: false });
    const options = Uint8Array.from(Buffer.from("01014d08c406cb007107", "hex"));
    expect(parseToaOptions(options, product, "ack", 4)).toMatchObject({
      claim: { format: "toa-77", endpoint: { address: "203.0.113.7", port: 50182 } },
    });
    expect(parseToaOptions(options, product, "syn", 4)).toMatchObject({ reason: "not-in-packet" });
  });

  test("may have its place directly behind the header", () => {
    const product = compileToaProduct({ ...own, position: "first", strips: true });
    const options = Uint8Array.from(Buffer.from("01014d08c406cb007107", "hex"));
    expect(parseToaOptions(options, product, "ack", 4)).toMatchObject({ reason: "misplaced" });
  });

  test("an open layout takes any length that its bytes fit in", () => {
    const product = compileToaProduct({ kind: 253, length: 8, layout: "host-id", packets: ["syn"] });
    const options = Uint8Array.from(Buffer.from("fd080348cb007107", "hex"));
    expect(parseToaOptions(options, product, "syn", 4)).toMatchObject({
      claim: { endpoint: { address: "203.0.113.7" } },
    });
  });
});

test.each<[title: string, option: unknown, message: RegExp]>([
  ["a misspelt product", "dvps", /^"dvps" is not a TOA product; did you mean "dpvs"\?$/],
  [
    "a product that nobody knows",
    "big-ip-9000-xl",
    /^"big-ip-9000-xl" is not a TOA product; "lvs", "dpvs", "dpvs-2022", "tencent-clb", "tencent-gaap", "tencentos", "alibaba-slb", "alibaba-cdn", "huawei-elb", "bytedance", "ucloud", "ecloud", "baidu", "f5", "rfc7974" are$/,
  ],
  ["no product", undefined, /^undefined is not a TOA product; "lvs", /],
  ["an inherited name", "constructor", /^"constructor" is not a TOA product/],
  ["a kind of TCP's own", { ...own, kind: 8 }, /^8 is not a kind of TCP option that a balancer may use$/],
  ["a kind beyond a byte", { ...own, kind: 256 }, /^256 is not a kind of TCP option that a balancer may use$/],
  ["a kind that is no number", { ...own, kind: "254" }, /^"254" is not a kind of TCP option that a balancer may use$/],
  [
    "a layout without a client",
    { ...own, layout: "vpc" },
    /^"vpc" is not a layout with a client's address; "port-ipv4", /,
  ],
  ["a layout that is no text", { ...own, layout: 4 }, /^4 is not a layout with a client's address/],
  ["a length of another layout", { ...own, length: 20 }, /^an option of layout "port-ipv4" has 8 bytes, not 20$/],
  [
    "an open layout that is too long for a header",
    { ...own, layout: "host-id", length: 41 },
    /^an option of layout "host-id" has 5 to 40 bytes, not 41$/,
  ],
  ["no packets", { ...own, packets: [] }, /^packets is a list of "syn", "ack", "data", not \[\]$/],
  ["an unknown packet", { ...own, packets: ["fin"] }, /^packets is a list of "syn", "ack", "data", not \["fin"\]$/],
  ["an unknown position", { ...own, position: "last" }, /^position is "first" or "any", not "last"$/],
  ["strips that is no boolean", { ...own, strips: "yes" }, /^strips is true or false, not "yes"$/],
  ["an unknown key", { ...own, lenght: 8 }, /lenght/],
])("%s is refused", (_title, option, message) => {
  const compile = (): unknown => compileToaProduct(option as ToaProductName);
  expect(compile).toThrow(WherefromError);
  expect(compile).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_CARRIER" }));
  expect(compile).toThrow(expect.objectContaining({ detail: expect.stringMatching(message) as string }));
});
