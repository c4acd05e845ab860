import type { PolicyOptions } from "@wherefrom/core";
import { expect, test } from "vitest";
import type { Adapter } from "./adapter.ts";
import { askRaw, type RawAnswer } from "./raw-question.ts";
import { openSite, type Site, type SiteOptions } from "./site.ts";

const LIST: PolicyOptions = { trust: ["127.0.0.1"], from: "x-forwarded-for" };
const SINGLE = { trust: ["127.0.0.1"], from: "x-real-ip" } as const satisfies PolicyOptions;
const SECRET: PolicyOptions = {
  trust: ["127.0.0.1"],
  from: "x-real-ip",
  with: { header: "x-origin-secret", equals: "0123456789abcdef0123456789abcdef" },
};
const PROXY_LINES = [
  "X-Forwarded-For: 203.0.113.7",
  "X-Real-IP: 203.0.113.7",
  "X-Origin-Secret: 0123456789abcdef0123456789abcdef",
];
const CLIENT_LINES = ["X-Forwarded-For: 203.0.113.66", "X-Real-IP: 203.0.113.66"];
const HOST_AND_CONNECTION = 2;

const fill = (count: number): string[] => Array.from({ length: count }, (_, index) => `a:${index % 10}`);

/** Whether nothing is proven. Later versions of Node answer 431 where there are more lines than the limit, and earlier ones leave lines out. */
const isCutAnswer = (answer: RawAnswer): boolean =>
  answer === 431 || (typeof answer === "object" && answer.stop === "headers-cut" && answer.client === undefined);

/** The client that was proven, or the status of an answer that names none. */
const clientIn = (answer: RawAnswer): string | number | undefined =>
  typeof answer === "object" ? answer.client : answer;

/** What node:http makes of the lines of a request, and what is proven by it. */
export function testHeaderLines(adapter: Adapter): void {
  const open = (policy: PolicyOptions, more: Partial<SiteOptions> = {}): Promise<Site> =>
    openSite({ adapter, policy, ...more });

  test.each([
    ["a list", LIST, false],
    ["a single value", SINGLE, false],
    ["a secret", SECRET, false],
    ["a list, over TLS", LIST, true],
  ] as const)("where lines may have been left out nothing is proven by %s", async (_title, policy, tls) => {
    const site = await open(policy, { tls });
    // The proxy writes its lines last, or first, or sorts them.
    for (const lines of [
      [...CLIENT_LINES, ...fill(1000), ...PROXY_LINES],
      [...PROXY_LINES, ...fill(1000), ...CLIENT_LINES],
      [...fill(1000), "X-Forwarded-For: 203.0.113.66, 203.0.113.7", ...PROXY_LINES.slice(1)],
      [...CLIENT_LINES, ...fill(1100), ...PROXY_LINES],
    ]) {
      expect(isCutAnswer(await askRaw(site, lines, tls))).toBe(true);
    }
  });

  test("at the limit nothing is proven, and one line below it everything is", async () => {
    const site = await open(LIST);
    const least = HOST_AND_CONNECTION + 1;
    expect(await askRaw(site, [...fill(1000 - least), "X-Forwarded-For: 203.0.113.7"])).toMatchObject({
      stop: "headers-cut",
    });
    expect(await askRaw(site, [...fill(999 - least), "X-Forwarded-For: 203.0.113.7"])).toMatchObject({
      client: "203.0.113.7",
    });
  });

  test.each([
    [10, 7, true],
    [62, 58, false],
    [62, 59, true],
    [62, 100, true],
    [0, 1500, false],
    [-1, 1500, false],
    [1100, 1050, false],
    [1100, 1097, true],
  ])(
    "with maxHeadersCount %i and %i lines before the proxy's, lines may be missing: %s",
    async (count, before, isCut) => {
      const site = await open(LIST, { prepare: (server) => void (server.maxHeadersCount = count) });
      const answer = await askRaw(site, [...fill(before), "X-Forwarded-For: 203.0.113.7"]);
      expect(isCutAnswer(answer)).toBe(isCut);
      expect([431, isCut ? undefined : "203.0.113.7"]).toContain(clientIn(answer));
    },
  );

  test("a client that needs no header is proven however many lines it sends", async () => {
    const answer = await askRaw(await open({ trust: [] }), [...fill(1100), ...CLIENT_LINES]);
    expect([431, "127.0.0.1"]).toContain(clientIn(answer));
  });

  test.each(["from", "referer", "user-agent", "authorization", "if-match", "x-content-type-options"])(
    "where the client has written %s before the proxy does, neither line is believed",
    async (header) => {
      const site = await open({ trust: ["127.0.0.1"], from: { header, form: "address" } });
      expect(await askRaw(site, [`${header}: 203.0.113.7`])).toMatchObject({ client: "203.0.113.7" });
      for (const lines of [
        ["203.0.113.66", "203.0.113.7"],
        ["203.0.113.7", "203.0.113.66"],
        ["203.0.113.7", "203.0.113.7"],
      ]) {
        const answer = await askRaw(
          site,
          lines.map((value) => `${header}: ${value}`),
        );
        expect(answer).toMatchObject({ stop: "conflict" });
        expect(answer).not.toHaveProperty("client");
      }
    },
  );

  test("a list in a header of which node:http keeps one line is read to its last line", async () => {
    const site = await open({ trust: ["127.0.0.1"], from: { header: "from", form: "list" } });
    expect(await askRaw(site, ["From: 203.0.113.66", "From: 203.0.113.7"])).toMatchObject({ client: "203.0.113.7" });
  });

  test.each(["authorization", "proxy-authorization", "user-agent", "from"])(
    "a secret in %s is shown by the only line, not by one of two",
    async (header) => {
      const site = await open({ ...SINGLE, with: { header, equals: "0123456789abcdef0123456789abcdef" } });
      const secret = `${header}: 0123456789abcdef0123456789abcdef`;
      expect(await askRaw(site, ["X-Real-IP: 203.0.113.7", secret])).toMatchObject({ client: "203.0.113.7" });
      for (const pair of [
        [secret, `${header}: x`],
        [`${header}: x`, secret],
      ]) {
        const answer = await askRaw(site, ["X-Real-IP: 203.0.113.7", ...pair]);
        expect(answer).toMatchObject({ stop: "untrusted-hop" });
        expect(answer).not.toMatchObject({ client: "203.0.113.7" });
      }
    },
  );

  test("the same field in another case is the same field, and look-alikes are none", async () => {
    const list = await open(LIST);
    expect(await askRaw(list, ["X-FORWARDED-FOR: 203.0.113.66", "x-forwarded-for: 203.0.113.7"])).toMatchObject({
      client: "203.0.113.7",
    });
    for (const alike of [
      "X_Forwarded_For: 203.0.113.66",
      "X-Forwarded-For-: 203.0.113.66",
      "X-Forwarded-Fo\xaar: 203.0.113.66",
    ]) {
      const answer = await askRaw(list, ["X-Forwarded-For: 203.0.113.7", alike]);
      expect([400, "203.0.113.7"]).toContain(clientIn(answer));
    }
    const single = await open(SINGLE);
    const twice = await askRaw(single, ["X-REAL-IP: 203.0.113.66", "x-real-ip: 203.0.113.7"]);
    expect(twice).toMatchObject({ stop: "conflict" });
    expect(twice).not.toHaveProperty("client");
  });

  test("a field of the trailers is none of the request's", async () => {
    const site = await open(LIST);
    const body = "Transfer-Encoding: chunked\r\nTrailer: X-Forwarded-For\r\n\r\n0\r\nX-Forwarded-For: 203.0.113.66";
    const answer = await askRaw(site, ["X-Forwarded-For: 203.0.113.7", body]);
    expect(answer).toMatchObject({ client: "203.0.113.7" });
    expect(await askRaw(site, [body])).toMatchObject({ stop: "carrier-absent" });
  });
}
