import { describe, expect, test } from "vitest";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, FORGED, from, list, trusted } from "../../test/answer.ts";

describe("addresses are strict, wherever they stand", () => {
  test.each(["010.0.0.1", "0x0a.0.0.1", "167772161", "10.1", "10.0.0.01", "::10.0.0.1", "10.0.0.1\u00a0"])(
    "%s is not 10.0.0.1",
    (text) => {
      expect(ask(trusted, from(text), list(FORGED)).client?.address).not.toBe(FORGED);
      expect(ask(trusted, from("10.0.0.9"), list(`${FORGED}, ${text}`)).client?.address).not.toBe(FORGED);
    },
  );

  test.each(["0.0.0.0", "::", "::ffff:0.0.0.0"])("a peer %s is nobody's address", (peer) => {
    expect(
      ask({ trust: ["0.0.0.0/0", "::/0"], from: "x-forwarded-for", originIsPrivate: true }, from(peer), list(FORGED)),
    ).toMatchObject({
      client: undefined,
      nearest: undefined,
      stop: "no-peer",
    });
  });

  test("::ffff:a.b.c.d gets the verdict of a.b.c.d, as peer and as claim", () => {
    for (const peer of ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "0:0:0:0:0:ffff:10.0.0.1"]) {
      const { client, hops } = ask(trusted, from(peer), list(`${FORGED}, ::ffff:${CLIENT}, ${peer}`));
      expect(client?.address).toBe(CLIENT);
      expect(hops.map(({ endpoint }) => endpoint?.address)).toEqual(["10.0.0.1", "10.0.0.1", CLIENT]);
    }
    expect(ask(trusted, from("::ffff:8.8.8.8"), list(FORGED)).client?.address).toBe("8.8.8.8");
  });

  test("a zone stays with its address in every answer", () => {
    const options: PolicyOptions = { trust: ["fe80::1%eth0", "10.0.0.0/8"], from: "x-forwarded-for" };
    expect(ask(options, from("fe80::1%eth0"), list("FE80::2%Eth1")).client).toEqual({
      address: "fe80::2%Eth1",
      port: undefined,
    });
    expect(ask(options, from("fe80::1%eth0"), {}).nearest?.address).toBe("fe80::1%eth0");
    expect(ask(options, from("fe80::9%eth0"), {}).client?.address).toBe("fe80::9%eth0");
    expect(ask(options, from("10.0.0.1"), list("[fe80::2%eth0]:80")).client).toEqual({
      address: "fe80::2%eth0",
      port: 80,
    });
  });
});
