import { describe, expect, test } from "vitest";
import type { Transport } from "../evidence/evidence.ts";
import { ask, claimOf, CLIENT, from } from "../../test/answer.ts";

describe("UDP sources are forgeable", () => {
  const udp: Transport = "udp";
  test("the verdict on a datagram's peer says so, whether it is believed or not", () => {
    const connection = from("10.0.0.1", { transport: udp, claims: [claimOf("udp-option", CLIENT)] });
    expect(ask({ trust: ["10.0.0.0/8"], from: "udp-option" }, connection).hops[0]?.verdict).toEqual({
      trusted: true,
      rule: "10.0.0.0/8",
      forgeable: true,
    });
    expect(ask({ trust: [] }, connection).hops[0]?.verdict).toEqual({
      trusted: false,
      reason: "no-rule",
      forgeable: true,
    });
    expect(ask({ trust: [] }, from("10.0.0.1")).hops[0]?.verdict).not.toHaveProperty("forgeable");
  });

  test("so does the verdict on a client whose datagram a balancer passes on over TCP", () => {
    const verdict = (transport: "stream" | "datagram") =>
      ask(
        { trust: ["10.0.0.0/8"], from: "proxy-protocol" },
        from("10.0.0.1", { claims: [claimOf("proxy-protocol", CLIENT, { transport })] }),
      ).hops[1]?.verdict;
    expect(verdict("datagram")).toEqual({ trusted: false, reason: "no-rule", forgeable: true });
    expect(verdict("stream")).toEqual({ trusted: false, reason: "no-rule" });
  });

  test("an answer from flow memory says so, with its age", () => {
    const claim = claimOf("udp-option", CLIENT, { via: "flow", ageMs: 1500 });
    const { hops } = ask(
      { trust: ["10.0.0.0/8"], from: "udp-option" },
      from("10.0.0.1", { transport: udp, claims: [claim] }),
    );
    expect(hops[1]?.claim).toMatchObject({ via: "flow", ageMs: 1500 });
  });
});
