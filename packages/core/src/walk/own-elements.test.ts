import { describe, expect, test } from "vitest";
import { ELEMENT_LIMIT } from "./header-reader.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, FORGED, from, list } from "../../test/answer.ts";

describe("appends", () => {
  const options: PolicyOptions = {
    rules: [
      { peers: ["10.1.0.0/16"], says: "x-real-ip", appends: ["x-forwarded-for"] },
      { peers: ["10.2.0.0/16"], says: "x-forwarded-for" },
    ],
  };

  test("the element that a machine appends besides is passed over", () => {
    const headers = { ...list(`${FORGED}, ${CLIENT}, 10.2.0.1`), "x-real-ip": "10.2.0.1" };
    expect(ask(options, from("10.1.0.1"), headers).client?.address).toBe(CLIENT);
  });

  test("where it appended nothing, nothing is passed over", () => {
    expect(ask(options, from("10.1.0.1"), { "x-real-ip": CLIENT }).client?.address).toBe(CLIENT);
  });

  test("an appended element that is no address is not stepped over to reach what stands left of it", () => {
    const headers = { ...list(`${FORGED}, 10.2.0.1x`), "x-real-ip": "10.2.0.1" };
    const { client, nearest, stop, hops } = ask(options, from("10.1.0.1"), headers);
    expect([client, nearest?.address, stop]).toEqual([undefined, "10.1.0.1", "malformed-hop"]);
    expect(hops.at(-1)).toMatchObject({ format: "x-forwarded-for", raw: "10.2.0.1x", endpoint: undefined });
  });

  test("a list that is not there is as absent for the machine behind, and proves nothing of it", () => {
    const { client, nearest, stop } = ask(options, from("10.1.0.1"), { "x-real-ip": "10.2.0.1" });
    expect([client, nearest?.address, stop]).toEqual([undefined, "10.2.0.1", "carrier-absent"]);
  });

  test("a list of empty elements is not stepped through without end", () => {
    const headers = { ...list(`${FORGED}${",".repeat(ELEMENT_LIMIT + 1)}`), "x-real-ip": "10.2.0.1" };
    expect(ask(options, from("10.1.0.1"), headers)).toMatchObject({ client: undefined, stop: "hop-limit" });
  });
});

describe("skip", () => {
  const google = (skip: number): PolicyOptions => ({
    trust: ["35.191.0.0/16"],
    from: { header: "x-forwarded-for", skip },
  });

  test("the elements that a machine writes about itself are in the proof, as its own", () => {
    const { client, hops } = ask(google(2), from("35.191.0.1"), list(`${FORGED}, ${CLIENT}, 34.1.1.1, 34.1.1.2`));
    expect(client?.address).toBe(CLIENT);
    expect(hops.map(({ raw, verdict }) => [raw, verdict])).toEqual([
      ["35.191.0.1", { trusted: true, rule: "35.191.0.0/16" }],
      ["34.1.1.2", { trusted: true, rule: "skip" }],
      ["34.1.1.1", { trusted: true, rule: "skip" }],
      [CLIENT, { trusted: false, reason: "no-rule" }],
    ]);
  });

  test("an element of its own that is no address stops the walk", () => {
    expect(ask(google(1), from("35.191.0.1"), list(`${FORGED}, x`))).toMatchObject({
      client: undefined,
      stop: "malformed-hop",
    });
  });
});
