import { expect, test } from "vitest";
import { type Bounds, type Judgement, judgeList } from "./bounds.ts";
import { compileWithin } from "./within.ts";

const ANY: Bounds = { within: undefined, isPublic: false, most: 10_000 };
const PUBLIC: Bounds = { ...ANY, isPublic: true };
const PRIVATE: Bounds = { ...ANY, within: compileWithin() };

function judge(entries: readonly string[], bounds: Bounds, before = 0): Judgement {
  const steps = judgeList(entries, bounds, before);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

test("prefixes are written in one way, once each", () => {
  expect(judge(["10.0.0.1", "10.0.0.1/32", "FD00::/8"], ANY)).toEqual({ prefixes: ["10.0.0.1/32", "fd00::/8"] });
});

test.each<[string, readonly string[], Bounds, RegExp]>([
  ["nothing", [], ANY, /has no prefixes/],
  ["all of IPv4", ["0.0.0.0/0"], ANY, /eighth of all addresses/],
  ["a prefix of length 3", ["32.0.0.0/3"], ANY, /eighth of all addresses/],
  ["a prefix of length 3 of IPv6", ["2000::/3"], PUBLIC, /eighth of all addresses/],
  ["many wide ones", Array.from({ length: 5 }, (_, index) => `${20 + index}.0.0.0/8`), ANY, /2\.0 % of all IPv4/],
  [
    "bits behind the length",
    ["10.0.0.1/8"],
    ANY,
    /has bits set behind its prefix length; did you mean "10\.0\.0\.0\/8"\?/,
  ],
  ["a netmask", ["10.0.0.0/255.0.0.0"], ANY, /did you mean "10\.0\.0\.0\/8"\?/],
  ["a wildcard", ["10.0.0.*"], ANY, /did you mean "10\.0\.0\.0\/24"\?/],
  ["a port", ["10.0.0.1:80"], ANY, /did you mean "10\.0\.0\.1(?:\/32)?"\?/],
  ["a directive of nginx", ["set_real_ip_from 10.0.0.0/8;"], ANY, /write "10\.0\.0\.0\/8" alone/],
  ["a line of Apache", ["RemoteIPTrustedProxy 10.0.0.1"], ANY, /write "10\.0\.0\.1" alone/],
  ["several on a line", ["10.0.0.1, 10.0.0.2"], ANY, /write "10\.0\.0\.1" and "10\.0\.0\.2" alone, each as an entry/],
  ["a text in quotes", ['"10.0.0.1"'], ANY, /write "10\.0\.0\.1" alone/],
  ["a named range", ["loopback"], ANY, /"loopback" is not an address or prefix/],
  ["a name that a policy takes for a range", ["localhost"], ANY, /"localhost" is not an address or prefix/],
  ["a long line", ["1".repeat(100)], ANY, /^"1{60}…" is not an address or prefix$/],
  ["a host name", ["balancer.example"], ANY, /is not an address or prefix/],
  ["a control sequence", ["\u001b[2J"], ANY, /^"\\/],
  [
    "a private range where the internet is meant",
    ["10.0.0.0/8"],
    PUBLIC,
    /meets 10\.0\.0\.0\/8, which is not of the internet/,
  ],
  ["what holds a private range", ["172.0.0.0/8"], PUBLIC, /meets 172\.16\.0\.0\/12/],
  ["a documentation range", ["192.0.2.0/24"], ANY, /which is for documentation/],
  ["a documentation range of IPv6", ["2001:db8:1::/48"], PUBLIC, /which is for documentation/],
  [
    "the internet where private ranges are meant",
    ["8.8.8.8"],
    PRIVATE,
    /lies outside of 10\.0\.0\.0\/8, .*\("within"\)/,
  ],
  ["what holds all that is meant", ["172.0.0.0/8"], PRIVATE, /lies outside/],
  ["a zone", ["fe80::1%eth0"], ANY, /has a zone/],
  [
    "too many",
    Array.from({ length: 11 }, (_, index) => `10.0.0.${index}`),
    { ...ANY, most: 10 },
    /11 prefixes, and 10 are the most/,
  ],
])("%s is refused", (_title, entries, bounds, refusal) => {
  const judgement = judge(entries, bounds);
  expect("refusal" in judgement ? judgement.refusal : judgement).toMatch(refusal);
});

test("a list may shrink to one prefix, and grow to four times, and no more at once", () => {
  const entries = Array.from({ length: 401 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  expect(judge(entries.slice(0, 1), ANY, 100)).toHaveProperty("prefixes");
  expect(judge(entries.slice(0, 400), ANY, 100)).toHaveProperty("prefixes");
  expect(judge(entries, ANY, 100)).toEqual({ refusal: "it has grown from 100 to 401 prefixes at once" });
});

test("ten thousand prefixes are judged in steps of a thousand", () => {
  const entries = Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  expect([...judgeList(entries, ANY, 0)]).toHaveLength(10);
});
