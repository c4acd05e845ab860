import { describe, expect, test } from "vitest";
import { HOP_LIMIT } from "../options/limits.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, FORGED, from, list } from "../../test/answer.ts";

describe("hops and ranges", () => {
  const hops = (count: number): PolicyOptions => ({ hops: count, peers: ["10.0.0.0/8"], from: "x-forwarded-for" });

  test("nobody is believed by default", () => {
    expect(ask({ trust: [] }, from("127.0.0.1"), list(FORGED)).client?.address).toBe("127.0.0.1");
  });

  test("a count believes no peer outside of its ranges (GHSA-3m5p-2c4r-xxw2)", () => {
    expect(ask(hops(1), from("203.0.113.7"), list(FORGED)).client?.address).toBe("203.0.113.7");
  });

  test("claim n is the client, whatever stands left of it, and the proof says that it was counted", () => {
    const { client, hops: proof } = ask(hops(2), from("10.0.0.1"), list(`<b>, ${FORGED}, 10.0.0.3, 10.0.0.2`));
    expect(client?.address).toBe("10.0.0.3");
    expect(proof.at(-1)?.verdict).toEqual({ trusted: false, reason: "hop-count" });
  });

  test("fewer claims than machines are carrier-absent", () => {
    for (const headers of [{}, list(""), list("10.0.0.2")]) {
      expect(ask(hops(2), from("10.0.0.1"), headers)).toMatchObject({ client: undefined, stop: "carrier-absent" });
    }
  });

  test("a counted machine outside of the ranges is where the walk ends", () => {
    expect(ask(hops(3), from("10.0.0.1"), list(`${FORGED}, ${CLIENT}, 10.0.0.2`)).client?.address).toBe(CLIENT);
  });

  test("the largest count is walked whole", () => {
    const count = HOP_LIMIT - 1;
    const headers = list([FORGED, CLIENT, ...Array<string>(count - 1).fill("10.0.0.2")].join(","));
    expect(ask(hops(count), from("10.0.0.1"), headers).client?.address).toBe(CLIENT);
  });

  test("a counted machine must meet the demand, and the client, which is counted, need not", () => {
    const demand = { header: "x-secret", equals: "12345678", machines: 2 };
    const options: PolicyOptions = { ...hops(2), with: demand } as PolicyOptions;
    const headers = list(`${CLIENT}, 10.0.0.2`);
    expect(ask(options, from("10.0.0.1"), { ...headers, "x-secret": "12345678" }).client?.address).toBe(CLIENT);
    expect(ask(options, from("10.0.0.1"), headers)).toMatchObject({
      client: { address: "10.0.0.1" },
      hops: [{ verdict: { reason: "demand-unmet" } }],
    });
  });

  test("a counted client inside the infrastructure is lost", () => {
    expect(
      ask({ ...hops(1), infrastructure: ["10.5.0.0/16"] } as PolicyOptions, from("10.0.0.1"), list("10.5.0.1")),
    ).toMatchObject({ client: undefined, stop: "address-lost" });
  });
});
