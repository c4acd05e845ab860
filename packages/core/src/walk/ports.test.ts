import { describe, expect, test } from "vitest";
import { ask, claimOf, CLIENT, from, list, trusted } from "../../test/answer.ts";

describe("a port is undefined when nobody named one", () => {
  test("the claim's port, and never the balancer's", () => {
    const without = claimOf("toa", CLIENT, { endpoint: { address: CLIENT, port: undefined } });
    expect(ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims: [without] })).client).toEqual({
      address: CLIENT,
      port: undefined,
    });
    expect(ask(trusted, from("10.0.0.1"), list(`${CLIENT}:0`)).client).toEqual({ address: CLIENT, port: undefined });
    expect(ask(trusted, from("10.0.0.1"), list(CLIENT)).client).toEqual({ address: CLIENT, port: undefined });
    expect(ask(trusted, from("10.0.0.1"), list(`${CLIENT}:61598, 10.0.0.2:443`)).client).toEqual({
      address: CLIENT,
      port: 61_598,
    });
  });

  test("the peer's own port, where the peer is the answer", () => {
    expect(ask(trusted, from("203.0.113.7")).client).toEqual({ address: "203.0.113.7", port: 40_000 });
    expect(ask(trusted, from("203.0.113.7", { peerPort: undefined })).client).toEqual({
      address: "203.0.113.7",
      port: undefined,
    });
    expect(ask(trusted, from("10.0.0.1"), list("x")).nearest).toEqual({ address: "10.0.0.1", port: 40_000 });
  });
});
