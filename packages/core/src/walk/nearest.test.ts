import { describe, expect, test } from "vitest";
import { ask, claimOf, CLIENT, FORGED, from, list, trusted } from "../../test/answer.ts";

describe("the walk goes from the nearest", () => {
  test.each([
    { title: "a list", headers: list(FORGED) },
    { title: "a list that names a believed machine", headers: list(`${FORGED}, 10.0.0.1`) },
    {
      title: "every header that exists",
      headers: {
        ...list(FORGED),
        "x-real-ip": FORGED,
        "cf-connecting-ip": FORGED,
        "true-client-ip": FORGED,
        forwarded: `for=${FORGED}`,
      },
    },
    { title: "garbage", headers: list("<script>") },
    { title: "8 KiB", headers: list(`${FORGED},`.repeat(1000)) },
  ])("a header from an untrusted peer never changes the client: $title", ({ headers }) => {
    const { client, stop, hops, method } = ask(trusted, from("203.0.113.50"), headers);
    expect(client).toEqual({ address: "203.0.113.50", port: 40_000 });
    expect([stop, method, hops.length]).toEqual(["untrusted-hop", "socket", 1]);
    expect(hops[0]?.verdict).toEqual({ trusted: false, reason: "no-rule" });
  });

  test("a connection claim of an untrusted peer changes nothing", () => {
    const connection = from("203.0.113.50", { claims: [claimOf("proxy-protocol", FORGED)] });
    const { client } = ask({ trust: ["10.0.0.0/8"], from: "proxy-protocol" }, connection);
    expect(client?.address).toBe("203.0.113.50");
  });

  test("what stands left of an untrusted machine is not read", () => {
    expect(ask(trusted, from("10.0.0.1"), list(`10.0.0.2, <garbage>, ${CLIENT}`)).client?.address).toBe(CLIENT);
  });
});
