import { describe, expect, test } from "vitest";
import type { Stop } from "../evidence/claim.ts";
import type { Headers } from "../evidence/evidence.ts";
import type { HeaderOption } from "../policy/carrier.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ask, CLIENT, FORGED, from, list } from "../../test/answer.ts";

describe("{ all } demands agreement", () => {
  const options: PolicyOptions = {
    trust: ["10.0.0.0/8"],
    from: { all: ["x-forwarded-for", "x-real-ip", "cloudfront-viewer-address"] },
  };
  test.each<[title: string, headers: Headers, client: string | undefined, stop: Stop]>([
    [
      "all agree",
      { ...list(CLIENT), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
      CLIENT,
      "untrusted-hop",
    ],
    [
      "all agree in other spellings",
      { ...list(`::ffff:${CLIENT}`), "x-real-ip": CLIENT, "cloudfront-viewer-address": `::ffff:cb00:7107:443` },
      CLIENT,
      "untrusted-hop",
    ],
    [
      "all agree on IPv6",
      { ...list("2001:DB8::1"), "x-real-ip": "[2001:db8::1]", "cloudfront-viewer-address": "2001:db8::1:443" },
      "2001:db8::1",
      "untrusted-hop",
    ],
    [
      "the second disagrees",
      { ...list(CLIENT), "x-real-ip": FORGED, "cloudfront-viewer-address": `${CLIENT}:443` },
      undefined,
      "conflict",
    ],
    [
      "the third disagrees",
      { ...list(CLIENT), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${FORGED}:443` },
      undefined,
      "conflict",
    ],
    [
      "the last word of IPv6 disagrees",
      { ...list("2001:db8::1"), "x-real-ip": "2001:db8::2", "cloudfront-viewer-address": "2001:db8::1:443" },
      undefined,
      "conflict",
    ],
    [
      "the second word of IPv6 disagrees",
      { ...list("2001:db8::1"), "x-real-ip": "2001:db8:1::1", "cloudfront-viewer-address": "2001:db8::1:443" },
      undefined,
      "conflict",
    ],
    [
      "the third word of IPv6 disagrees",
      { ...list("2001:db8::1"), "x-real-ip": "2001:db8::1:0:1", "cloudfront-viewer-address": "2001:db8::1:443" },
      undefined,
      "conflict",
    ],
    [
      "the families disagree",
      { ...list("::203.0.113.7"), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
      undefined,
      "conflict",
    ],
    ["one is missing", { ...list(CLIENT), "x-real-ip": CLIENT }, undefined, "conflict"],
    [
      "the first is missing",
      { "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
      undefined,
      "conflict",
    ],
    [
      "one is garbage",
      { ...list(CLIENT), "x-real-ip": "<b>", "cloudfront-viewer-address": `${CLIENT}:443` },
      undefined,
      "conflict",
    ],
    [
      "the first is garbage",
      { ...list("<b>"), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
      undefined,
      "malformed-hop",
    ],
    [
      "the last is garbage",
      { ...list(CLIENT), "x-real-ip": CLIENT, "cloudfront-viewer-address": "<b>" },
      undefined,
      "malformed-hop",
    ],
    ["all are missing", {}, undefined, "carrier-absent"],
  ])("%s", (_, headers, client, stop) => {
    expect(ask(options, from("10.0.0.1"), headers)).toMatchObject({
      client: client === undefined ? undefined : { address: client },
      stop,
    });
  });

  test("the answer has the first header's method, text and port", () => {
    const headers = {
      ...list(`${CLIENT}:1234`),
      "x-real-ip": `${CLIENT}:99`,
      "cloudfront-viewer-address": `${CLIENT}:443`,
    };
    const { client, method, hops } = ask(options, from("10.0.0.1"), headers);
    expect([client, method]).toEqual([{ address: CLIENT, port: 1234 }, "x-forwarded-for"]);
    expect(hops[1]).toMatchObject({ format: "x-forwarded-for", raw: `${CLIENT}:1234` });
  });

  test("agreement is asked for at every machine, and the list is taken up where it was left", () => {
    const two: PolicyOptions = {
      trust: ["10.0.0.0/8"],
      from: { all: ["x-forwarded-for", { header: "x-other-for", form: "list" }] },
    };
    const agreed = { ...list(`${FORGED}, ${CLIENT}, 10.0.0.2`), "x-other-for": `${CLIENT},10.0.0.2` };
    expect(ask(two, from("10.0.0.1"), agreed).client?.address).toBe(CLIENT);
    const forged = { ...list(`${CLIENT}, 10.0.0.2`), "x-other-for": `${FORGED}, 10.0.0.2` };
    expect(ask(two, from("10.0.0.1"), forged)).toMatchObject({
      client: undefined,
      nearest: { address: "10.0.0.2" },
      stop: "conflict",
    });
  });

  test.each<{ readonly title: string; readonly all: readonly HeaderOption[] }>([
    { title: "the list first", all: ["x-forwarded-for", "x-real-ip"] },
    { title: "the single value first", all: ["x-real-ip", "x-forwarded-for"] },
  ])(
    "of headers that must agree, one that is not there proves nothing, although the other is a list at its end: $title",
    ({ all }) => {
      const rules: readonly RuleOptions[] = [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: { all } },
      ];
      const { client, nearest, stop } = ask({ rules }, from("10.1.0.1"), list("10.2.0.1"));
      expect([client, nearest?.address, stop]).toEqual([undefined, "10.2.0.1", "carrier-absent"]);
    },
  );
});
