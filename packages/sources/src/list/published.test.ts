import { expect, test } from "vitest";
import { type ListFormat, readList } from "./published.ts";

const json = (value: unknown): string => JSON.stringify(value);

/** Shapes as the vendors' documentation shows them (read in November 2026). */
test.each<[string, string, ListFormat, string | undefined]>([
  ["lines, with comments", "# ours\n10.0.0.1 # one\r\n\n10.0.0.2\n", "text", undefined],
  ["CSV with a head", 'name,prefix\n"a","10.0.0.1"\nb,10.0.0.2\n', "csv", undefined],
  ["CSV without a head", "10.0.0.1;a\n10.0.0.2;b\n", "csv", undefined],
  ["a JSON list (Bunny)", json(["10.0.0.1", "10.0.0.2"]), "json", undefined],
  ["prefixes as texts (KeyCDN)", json({ prefixes: ["10.0.0.1", "10.0.0.2"] }), "json", undefined],
  ["Fastly", json({ addresses: ["10.0.0.1"], ipv6_addresses: ["10.0.0.2"] }), "json", undefined],
  [
    "Cloudflare's API",
    json({ result: { ipv4_cidrs: ["10.0.0.1"], ipv6_cidrs: ["10.0.0.2"], etag: "x" }, success: true, errors: [] }),
    "json",
    undefined,
  ],
  ["Imperva", json({ ipRanges: ["10.0.0.1"], ipv6Ranges: ["10.0.0.2"], res: 0 }), "json", undefined],
  [
    "AWS",
    json({
      prefixes: [
        { ip_prefix: "10.0.0.1", service: "CLOUDFRONT_ORIGIN_FACING" },
        { ip_prefix: "10.9.9.9", service: "EC2" },
      ],
      ipv6_prefixes: [{ ipv6_prefix: "10.0.0.2", service: "CLOUDFRONT_ORIGIN_FACING" }],
    }),
    "json",
    "CLOUDFRONT_ORIGIN_FACING",
  ],
  [
    "Azure",
    json({
      values: [
        { name: "AzureFrontDoor.Backend", properties: { addressPrefixes: ["10.0.0.1", "10.0.0.2"] } },
        { name: "AzureCloud", properties: { addressPrefixes: ["10.9.9.9"] } },
      ],
    }),
    "json",
    "AzureFrontDoor.Backend",
  ],
])("%s", (_title, text, format, service) => {
  expect(readList(text, format, service, false)).toEqual(["10.0.0.1", "10.0.0.2"]);
});

test.each<[string, string, ListFormat, RegExp]>([
  ["a page of HTML", "<!DOCTYPE html><html>", "text", /page of HTML/],
  ["a page of HTML where JSON is meant", "\n <html>", "json", /page of HTML/],
  ["half a line", "10.0.0.1\n10.0.0.2", "text", /last line has no line end/],
  ["half of a JSON file", '["10.0.0.1",', "json", /not JSON, or only half of it/],
  ["another object", "{}", "json", /has none of "prefixes"/],
  ["a text", '"10.0.0.1"', "json", /neither a list nor an object/],
  ["numbers", "[1]", "json", /where a prefix should be is a number/],
  ["a failure of an API", json({ success: false, result: null }), "json", /success: false/],
  ["rows without a prefix", json({ prefixes: [{ region: "eu" }] }), "json", /a row has no prefix/],
  [
    "rows of AWS of which none was picked",
    json({ prefixes: [{ ip_prefix: "3.5.140.0/22", region: "ap-northeast-2", service: "EC2" }] }),
    "json",
    /rows are of several services/,
  ],
  [
    "tags of Azure of which none was picked",
    json({ values: [{ name: "AzureCloud", properties: { addressPrefixes: ["4.144.0.0/12"] } }] }),
    "json",
    /rows are of several services/,
  ],
  [
    "Google's cloud",
    json({ prefixes: [{ ipv4Prefix: "34.1.208.0/20", service: "Google Cloud", scope: "africa-south1" }] }),
    "json",
    /rows are of several services/,
  ],
  ["no list", json({ prefixes: "10.0.0.1" }), "json", /its prefixes are not a list/],
  ["a short row", "name,prefix\na\n", "csv", /row 2 has no column "prefix"/],
])("%s is refused", (_title, text, format, refusal) => {
  expect(() => readList(text, format, undefined, false)).toThrow(refusal);
});

test("the end of an answer that came whole needs no line end", () => {
  expect(readList("10.0.0.1\n10.0.0.2", "text", undefined, true)).toEqual(["10.0.0.1", "10.0.0.2"]);
});

test("rows of a service that the file does not have are refused", () => {
  const file = json({ prefixes: [{ ip_prefix: "10.9.9.9", service: "EC2" }] });
  expect(() => readList(file, "json", "CLOUDFRONT_ORIGIN_FACING", true)).toThrow(
    /no rows of "CLOUDFRONT_ORIGIN_FACING"/,
  );
});

test("Google's own file has rows of one service", () => {
  const file = json({ syncToken: "1", prefixes: [{ ipv4Prefix: "10.0.0.1" }, { ipv6Prefix: "10.0.0.2" }] });
  expect(readList(file, "json", undefined, true)).toEqual(["10.0.0.1", "10.0.0.2"]);
});
