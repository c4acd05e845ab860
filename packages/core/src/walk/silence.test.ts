import { describe, expect, test } from "vitest";
import type { Stop } from "../evidence/claim.ts";
import type { Silence } from "../policy/rule.ts";
import { ask, claimOf, CLIENT, FORGED, from, list, trusted } from "../../test/answer.ts";

describe("client or nearest", () => {
  test.each([
    { title: "a word that begins like unknown", element: "unknowns" },
    { title: "a path behind unix:", element: "unix:/tmp/x.sock" },
    { title: "unix", element: "unix" },
    { title: "unix: in capitals", element: "UNIX:" },
    { title: "an obfuscated node", element: "_hidden" },
    { title: "a host name", element: "localhost" },
    { title: "markup", element: "<b>" },
    { title: "octal text", element: "010.0.0.5" },
    { title: "a no-break space", element: "10.0.0.5\u00a0" },
    { title: "a vertical tab", element: "\v10.0.0.5" },
    { title: "two addresses and a space", element: "10.0.0.5 10.0.0.6" },
    { title: "a semicolon", element: "10.0.0.5; 10.0.0.6" },
    { title: "a quoted address", element: '"10.0.0.5"' },
    { title: "::", element: "::" },
    { title: "a mapped 0.0.0.0", element: "::ffff:0.0.0.0" },
    { title: "a zone on a global address", element: "2001:db8::1%eth0" },
    { title: "an address behind 64 spaces", element: `10.0.0.5${" ".repeat(64)}` },
    { title: "100 letters", element: "x".repeat(100) },
    { title: "100 letters and an address", element: `${"x".repeat(100)}10.0.0.5` },
    { title: "100 spaces", element: " ".repeat(100) },
  ])("garbage is never stepped over: $title", ({ element }) => {
    for (const text of [`${FORGED},${element},10.0.0.2`, `${FORGED}, ${element} , 10.0.0.2`]) {
      const { client, nearest, stop, hops } = ask(trusted, from("10.0.0.1"), list(text));
      expect(client).toBeUndefined();
      expect([nearest?.address, stop]).toEqual(["10.0.0.2", "malformed-hop"]);
      expect(hops.at(-1)).toMatchObject({ endpoint: undefined, verdict: { trusted: false, reason: "not-an-address" } });
    }
  });

  test.each(["unknown", "UNKNOWN", "unix:", "0.0.0.0", "0.0.0.0:80"])(
    "%j in a list is a machine without an address, which is never stepped over",
    (element) => {
      for (const text of [
        `${FORGED},${element},10.0.0.2`,
        `${FORGED}, ${element} , 10.0.0.2`,
        `${element}, 10.0.0.2`,
      ]) {
        const { client, nearest, stop, hops } = ask(trusted, from("10.0.0.1"), list(text));
        expect([client, nearest?.address, stop]).toEqual([undefined, "10.0.0.2", "anonymous-hop"]);
        expect(hops.at(-1)).toMatchObject({ endpoint: undefined, raw: element });
      }
    },
  );

  test.each([
    { title: "spaces and tabs", text: `${FORGED} ,\t ${CLIENT}\t,\t 10.0.0.2 \t` },
    { title: "no white space", text: `${FORGED},${CLIENT},10.0.0.2` },
    { title: "empty elements (RFC 9110, 5.6.1.2)", text: `${FORGED}, ,${CLIENT},,\t, 10.0.0.2,` },
    { title: "a zone behind", text: `${CLIENT}, 10.0.0.2, 10.0.0.3:80` },
    { title: "60 spaces", text: `${CLIENT},${" ".repeat(50)}10.0.0.2` },
    { title: "the first element behind white space", text: `  ${CLIENT} , 10.0.0.2` },
    { title: "an empty first element", text: `,${CLIENT}, 10.0.0.2` },
  ])("white space is SP and HTAB, and empty elements are nothing: $title", ({ text }) => {
    expect(ask(trusted, from("10.0.0.1"), list(text)).client?.address).toBe(CLIENT);
  });

  const silences: [silent: Silence | undefined, overHttp: Stop, overToa: Stop][] = [
    [undefined, "carrier-absent", "carrier-absent"],
    ["is-client", "path-exhausted", "path-exhausted"],
    ["unknown", "carrier-absent", "carrier-absent"],
    ["self", "self", "self"],
  ];
  test.each(silences)(
    "silent: %s ends a missing header in %s and a missing option in %s",
    (silent, overHttp, overToa) => {
      const more = silent === undefined ? {} : { silent };
      for (const headers of [{}, list(""), list(" , ")]) {
        expect(ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for", ...more }, from("10.0.0.1"), headers).stop).toBe(
          overHttp,
        );
      }
      const { stop, client, nearest } = ask({ trust: ["10.0.0.0/8"], from: "toa", ...more }, from("10.0.0.1"));
      expect(stop).toBe(overToa);
      expect(client?.address).toBe(overToa === "path-exhausted" ? "10.0.0.1" : undefined);
      expect(nearest?.address).toBe("10.0.0.1");
    },
  );

  test("before there is a request, a machine that says a header has said nothing yet", () => {
    expect(ask(trusted, from("10.0.0.1"), undefined)).toMatchObject({
      client: undefined,
      nearest: { address: "10.0.0.1" },
      stop: "carrier-absent",
    });
    const chained = from("10.0.0.1", { claims: [claimOf("toa", "10.0.0.2")] });
    expect(ask({ trust: ["10.0.0.0/8"], from: ["toa", "x-forwarded-for"] }, chained, undefined).stop).toBe(
      "carrier-absent",
    );
  });
});
